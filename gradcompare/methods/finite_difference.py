"""Plain finite differences with one step per coordinate, as one compiled program.

    forward   (f(x + h eᵢ) − f(x)) / h             error  h/2 · f″  + 2ε|f|/h
    central   (f(x + h eᵢ) − f(x − h eᵢ)) / 2h     error  h²/6 · f‴ +  ε|f|/h

The sum of truncation and rounding error is least at h ∝ ε^(1/2) and h ∝ ε^(1/3), ε being the
unit of rounding; h is in proportion to max(|xᵢ|, 1) (Dennis & Schnabel, Numerical Methods for
Unconstrained Optimization, 1983, section 5.4; Press et al., Numerical Recipes, 3rd ed. 2007,
section 5.7). The difference is divided by the step that was really taken, (x + h) − x. Along
a direction u, h is a multiple of u, and |xᵢ| is replaced by ‖x‖/‖u‖.
"""

import abc
from dataclasses import dataclass
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._chunks import map_chunks
from .._estimate import Estimate
from .._method import AbstractMethod
from .._programs import Programs


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
    def quotient(self, f, h: Float[Array, ""], x: Float[Array, ""]) -> Float[Array, ""]:
        """The difference quotient of `f`, a function of the displacement from `x`."""

    @abc.abstractmethod
    def evaluations(self, entries: int) -> int:
        """How many values of f the program takes for so many entries."""

    def estimate(self, programs: Programs) -> Estimate:
        layout, quantity = programs.problem.layout, programs.problem.quantity
        function = self._gradient(programs) if quantity == "gradient" else self._slope(programs)
        once, twice = (np.asarray(factor, programs.dtype) for factor in (1, 2))
        value = programs.run(self, function, once)
        # D(2h) − D(h) is (2^order − 1) times the truncation error of D(h).
        truncation = np.abs(programs.run(self, function, twice) - value) / (2**self.order - 1)
        if quantity == "gradient":
            scale = programs.x
        else:
            length = np.linalg.norm(layout.flatten(programs.problem.direction))
            scale = np.array([np.linalg.norm(programs.x)]) / length
        epsilon = float(jnp.finfo(programs.dtype).eps)
        steps = self._step(np.maximum(np.abs(scale), 1), epsilon)
        rounding = 2 * epsilon * abs(programs.value()) / steps
        return Estimate(value, truncation + rounding, 2 * self.evaluations(len(value)) + 1)

    def _step(self, scale, epsilon: float | np.floating):
        """The step for a coordinate of that scale: relative by default, or as given."""
        if self.step is not None:
            return self.step + 0 * scale
        return epsilon ** (1 / (self.order + 1)) * scale

    def _gradient(self, programs: Programs):
        value, layout, chunk = (
            programs.problem.objective.value,
            programs.problem.layout,
            programs.chunk,
        )

        def gradient(params, data, direction, stretch):
            x = layout.ravel(params)
            steps = stretch * self._step(jnp.maximum(jnp.abs(x), 1), jnp.finfo(x.dtype).eps)

            def partial(i, h):
                def displaced(t):
                    return value(layout.unflatten(x.at[i].add(t)), data)

                return self.quotient(displaced, h, x[i])

            return map_chunks(partial, jnp.arange(layout.size), steps, chunk=chunk)

        return gradient

    def _slope(self, programs: Programs):
        value, layout = programs.problem.objective.value, programs.problem.layout

        def slope(params, data, direction, stretch):
            x, u = layout.ravel(params), layout.ravel(direction)
            scale = jnp.maximum(jnp.linalg.norm(x) / jnp.linalg.norm(u), 1)
            h = stretch * self._step(scale, jnp.finfo(x.dtype).eps)
            return self.quotient(lambda t: value(layout.unflatten(x + t * u), data), h, 0 * h)

        return slope


@dataclass(frozen=True)
class Forward(AbstractDifference):
    """Forward differences, (f(x + h) − f(x)) / h."""

    label: ClassVar = "forward"
    symbol: ClassVar = "D"
    standard: ClassVar = False
    order: ClassVar = 1

    def quotient(self, f, h, x):
        return (f(h) - f(jnp.zeros_like(h))) / ((x + h) - x)

    def evaluations(self, entries):
        return entries + 1


@dataclass(frozen=True)
class Central(AbstractDifference):
    """Central differences, (f(x + h) − f(x − h)) / 2h."""

    label: ClassVar = "central"
    symbol: ClassVar = "C"
    order: ClassVar = 2

    def quotient(self, f, h, x):
        return (f(h) - f(-h)) / ((x + h) - (x - h))

    def evaluations(self, entries):
        return 2 * entries


METHODS = (Central(), Forward())
