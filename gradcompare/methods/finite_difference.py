"""Plain finite differences with one step per coordinate, as one compiled program.

    forward   (f(x + h eᵢ) − f(x)) / h             error  h/2 · f″  + 2ε|f|/h
    central   (f(x + h eᵢ) − f(x − h eᵢ)) / 2h     error  h²/6 · f‴ +  ε|f|/h

The sum of truncation and rounding error is least at h ∝ ε^(1/2) and h ∝ ε^(1/3), where ε is the
unit of rounding; h is in proportion to max(|xᵢ|, 1) (Dennis & Schnabel, Numerical Methods for
Unconstrained Optimization, 1983, section 5.4; Press et al., Numerical Recipes, 3rd ed. 2007,
section 5.7). The difference is divided by the effective step, (x + h) − x. Along a direction u,
h is a multiple of u, and ‖x‖/‖u‖ replaces |xᵢ|.

One step cannot suit every scale of f: if f varies with a coordinate on a scale of 10⁻⁶, the
default step is too large, and the error bar, which comes from the same program at twice the
step, too small. `richardson` is for that.
"""

import abc
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._evaluation.function import Function
from .._evaluation.near.chunks import values_at
from .._model.estimate import Estimate
from ._base import AbstractEvaluator, AbstractMethod
from ._extrapolation.lines import room, typical_size
from ._extrapolation.noise.measurement import measure_noise


@dataclass(frozen=True)
class AbstractDifference(AbstractMethod):
    """Differences with one step per coordinate.

    Attributes:
        step: The step h, the same for every coordinate; None for the default rule.
    """

    source: ClassVar = "differences"
    order: ClassVar[int]
    """The power of h in the truncation error."""

    step: float | None = None

    @abc.abstractmethod
    def quotients(
        self,
        f: Callable[[Float[Array, " k"]], Float[Array, ""]],
        x: Float[Array, " k"],
        steps: tuple[Float[Array, " k"], Float[Array, " k"]],
        chunk: int,
    ) -> Float[Array, " k"]:
        """Returns the difference quotients of `f` at `x`, for steps backwards and forwards."""

    @abc.abstractmethod
    def evaluations(self, entries: int) -> int:
        """Returns the number of values of f that the program takes for this many entries."""

    def estimate(self, evaluator: AbstractEvaluator) -> Estimate:
        once, twice = (np.asarray(factor, evaluator.dtype) for factor in (1, 2))
        rooms = room(evaluator)
        extra = [np.asarray(side, evaluator.dtype) for side in rooms]
        function = self._function(evaluator)
        value = evaluator.run(self, function, once, *extra)
        wider = evaluator.run(self, function, twice, *extra)
        epsilon = float(jnp.finfo(evaluator.dtype).eps)
        steps = self._step(np.maximum(typical_size(evaluator), 1), epsilon)
        # D(2h) − D(h) is (2^order − 1) times the truncation error of D(h) as h goes to 0, or 1
        # times if the domain cuts a step short; so that the bar is at least twice of what it shows
        # for forward differences, whose next term may have the other sign (1/x: the error is
        # larger than the difference at every h). If the domain cuts both steps, the two are the
        # same and show nothing.
        cut = np.all([side < 2 * steps for side in rooms], axis=0)
        noise = measure_noise(evaluator)
        bound = max(noise.bound, epsilon * abs(evaluator.value()))
        rounding = 2 * bound / np.minimum(steps, np.maximum(*rooms))
        error = np.where(
            cut, np.inf, np.maximum(1, 3 - self.order) * np.abs(wider - value) + rounding
        )
        return Estimate(value, error, 2 * self.evaluations(len(value)) + noise.evaluations + 1)

    def _step(self, size, epsilon):
        """Returns the step for coordinates of this size: relative by default, or the fixed one."""
        if self.step is not None:
            return self.step + 0 * size
        return epsilon ** (1 / (self.order + 1)) * size

    def _function(self, evaluator: AbstractEvaluator) -> Function:
        value, layout = evaluator.problem.objective.value, evaluator.problem.layout
        chunk = evaluator.chunk

        def gradient(params, data, direction, stretch, below, above):
            x = layout.ravel(params)
            h = stretch * self._step(jnp.maximum(jnp.abs(x), 1), float(jnp.finfo(x.dtype).eps))
            steps = jnp.minimum(h, below), jnp.minimum(h, above)
            return self.quotients(lambda x: value(layout.unflatten(x), data), x, steps, chunk)

        def slope(params, data, direction, stretch, below, above):
            x, u = layout.ravel(params), layout.ravel(direction)
            size = jnp.maximum(jnp.linalg.norm(x) / jnp.linalg.norm(u), 1)
            h = stretch * self._step(size, float(jnp.finfo(x.dtype).eps))
            steps = jnp.minimum(h, below), jnp.minimum(h, above)

            def along(t):
                return value(layout.unflatten(x + t[0] * u), data)

            return self.quotients(along, jnp.zeros(1, x.dtype), steps, 2)

        return gradient if evaluator.problem.quantity == "gradient" else slope


@dataclass(frozen=True)
class Forward(AbstractDifference):
    """Forward differences, (f(x + h) − f(x)) / h; backward ones at an upper bound."""

    label: ClassVar = "forward"
    symbol: ClassVar = "D"
    standard: ClassVar = False
    order: ClassVar = 1

    def quotients(self, f, x, steps, chunk):
        below, above = steps
        moved = jnp.where(above >= below, x + above, x - below)
        # f(x) is one more point of the same batch. A program of its own could differ in the last
        # place, and a coordinate that f ignores would not get the derivative 0.
        indices = jnp.append(jnp.arange(len(x)), 0)
        values = values_at(f, x, indices, jnp.append(moved, x[0]), chunk)
        return (values[:-1] - values[-1]) / (moved - x)

    def evaluations(self, entries):
        return entries + 1


@dataclass(frozen=True)
class Central(AbstractDifference):
    """Central differences, (f(x + h) − f(x − h)) / 2h."""

    label: ClassVar = "central"
    symbol: ClassVar = "C"
    order: ClassVar = 2

    def quotients(self, f, x, steps, chunk):
        down, up = x - steps[0], x + steps[1]
        indices = jnp.tile(jnp.arange(len(x)), 2)
        right, left = jnp.split(values_at(f, x, indices, jnp.append(up, down), chunk), 2)
        return (right - left) / (up - down)

    def evaluations(self, entries):
        return 2 * entries


METHODS = (Central(), Forward())
