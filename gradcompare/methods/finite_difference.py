"""Plain finite differences with one step per coordinate, as one compiled program.

The formulas and the rule for the step are in `_quotients`. Along a direction u, h is a multiple
of u, and ‖x‖/‖u‖ replaces |xᵢ|.

One step cannot suit every scale of f: if f varies with a coordinate on a scale of 10⁻⁶, the
default step is too large, and the error bar, which comes from the same program at twice the
step, too small. `richardson` is for that.
"""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax.numpy as jnp
import numpy as np

from .._evaluation.function import Function, OfValue
from .._model.estimate import Estimate
from ._base import AbstractEvaluator, AbstractMethod
from ._extrapolation.lines import room, typical_size
from ._extrapolation.noise.measurement import measure_noise
from ._quotients import CENTRAL, FORWARD, Formula, traced_values


@dataclass(frozen=True)
class AbstractDifference(AbstractMethod):
    """Differences with one step per coordinate.

    Attributes:
        step: The step h, the same for every coordinate; None for the default rule.
    """

    source: ClassVar = "differences"
    formula: ClassVar[Formula]

    step: float | None = None

    def estimate(self, evaluator: AbstractEvaluator) -> Estimate:
        once, twice = (np.asarray(factor, evaluator.dtype) for factor in (1, 2))
        rooms = room(evaluator)
        extra = [np.asarray(side, evaluator.dtype) for side in rooms]
        function = self._function(evaluator)
        value = evaluator.run(self, function, once, *extra)
        wider = evaluator.run(self, function, twice, *extra)
        epsilon = float(jnp.finfo(evaluator.dtype).eps)
        steps = self.formula.step(np.maximum(typical_size(evaluator), 1), epsilon, self.step)
        # D(2h) − D(h) is (2^order − 1) times the truncation error of D(h) as h goes to 0, or 1
        # times if the domain cuts a step short; so that the bar is at least twice of what it shows
        # for forward differences, whose next term may have the other sign (1/x: the error is
        # larger than the difference at every h). If the domain cuts both steps, the two are the
        # same and show nothing.
        cut = np.all([side < 2 * steps for side in rooms], axis=0)
        noise = measure_noise(evaluator)
        bound = max(noise.bound, epsilon * abs(evaluator.value()))
        rounding = 2 * bound / np.minimum(steps, np.maximum(*rooms))
        factor = max(1, 3 - self.formula.order)
        error = np.where(cut, np.inf, factor * np.abs(wider - value) + rounding)
        evaluations = 2 * self.formula.evaluations(len(value)) + noise.evaluations + 1
        return Estimate(value, error, evaluations)

    def _function(self, evaluator: AbstractEvaluator) -> Function:
        layout, chunk = evaluator.problem.layout, evaluator.chunk

        def quotients(f, x, size, chunk, stretch, below, above):
            h = stretch * self.formula.step(size, float(jnp.finfo(x.dtype).eps), self.step)
            sides = jnp.minimum(h, below), jnp.minimum(h, above)
            return self.formula.quotients(traced_values(f, x, chunk), x, *sides)

        def gradient(value, params, data, direction, *steps):
            x = layout.ravel(params)

            def f(x):
                return value(layout.unflatten(x), data)

            return quotients(f, x, jnp.maximum(jnp.abs(x), 1), chunk, *steps)

        def slope(value, params, data, direction, *steps):
            x, u = layout.ravel(params), layout.ravel(direction)
            size = jnp.maximum(jnp.linalg.norm(x) / jnp.linalg.norm(u), 1)

            def along(t):
                return value(layout.unflatten(x + t[0] * u), data)

            return quotients(along, jnp.zeros(1, x.dtype), size, 2, *steps)

        function = gradient if evaluator.problem.quantity == "gradient" else slope
        recipe = (self, evaluator.problem.quantity, chunk)
        return OfValue(recipe, lambda f: partial(function, f), evaluator.problem.objective.value)


@dataclass(frozen=True)
class Forward(AbstractDifference):
    """Forward differences, (f(x + h) − f(x)) / h; backward ones at an upper bound."""

    label: ClassVar = "forward"
    symbol: ClassVar = "D"
    standard: ClassVar = False
    formula: ClassVar = FORWARD


@dataclass(frozen=True)
class Central(AbstractDifference):
    """Central differences, (f(x + h) − f(x − h)) / 2h."""

    label: ClassVar = "central"
    symbol: ClassVar = "C"
    formula: ClassVar = CENTRAL


METHODS = (Central(), Forward())
