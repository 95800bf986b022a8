"""A function and its gradient under test, on straight lines."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from ..._evaluation.checks import require_usable, value_with_bar
from ..._evaluation.evaluator import Evaluator
from ..._foundation.errors import InputError, outcome_of
from ..._model.estimate import Estimate
from ..._model.problem import Problem
from ...methods._base import AbstractMethod, fitting_estimate
from ...methods._extrapolation.noise.measurement import measure_noise
from ..settings import Settings, evaluator_of

Vector = Float[np.ndarray, " d"]


@dataclass(frozen=True)
class Field:
    """A function and its gradient near one point.

    Attributes:
        evaluator: The evaluator of the point.
        method: The method that gives the gradient; it has run at least once.
        here: The gradient at the point, with its rounding error.
        noise: A bound of the noise of the value near the point, with its rounding.
    """

    evaluator: Evaluator
    method: AbstractMethod
    here: Estimate
    noise: float

    @classmethod
    def of(cls, evaluator: Evaluator, method: AbstractMethod) -> "Field":
        """Returns the field at the point of an evaluator."""
        here = fitting_estimate(method, evaluator)
        noise = measure_noise(evaluator)
        rounding = float(value_with_bar(evaluator).error[0])
        return cls(evaluator, method, here, max(rounding, noise.bound, noise.stair))

    @classmethod
    def at(cls, problem: Problem, settings: Settings) -> "Field":
        """Returns the field at a point of the user's.

        Raises:
            InputError: if the functions cannot be used, or the value at the point is not finite or
                differs from call to call.
        """
        evaluator = evaluator_of(problem, settings)
        require_usable(evaluator)
        field = cls.of(evaluator, settings.methods[0])
        bad = np.flatnonzero(~np.isfinite(field.here.value))
        if bad.size:
            name = problem.layout.name(int(bad[0]))
            raise InputError(f"the gradient is {field.here.value[bad[0]]} at {name} of the point")
        return field

    def moved(self, x: Vector) -> "Field":
        """Returns the same functions at another point; `here` and `noise` stay."""
        problem = self.evaluator.problem
        return replace(self, evaluator=self.evaluator.at(problem.moved(x, problem.label)))

    def values(self, u: Vector, t: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
        """Returns f at x + t u; NaN where it raises an error."""
        return self.evaluator.along(t, self.evaluator.problem.layout.unflatten(u))

    def gradient(self, u: Vector, t: float) -> Vector:
        """Returns the gradient at x + t u; NaN where it raises an error."""
        x = self.evaluator.x + t * u
        gradient = outcome_of(lambda: self.evaluator.run_at(self.method, x))
        return np.full(len(x), np.nan) if isinstance(gradient, Exception) else gradient

    def slopes(self, u: Vector, t: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
        """Returns the derivative along u at x + t u, by the gradient."""
        return np.array([float(self.gradient(u, each) @ u) for each in t])
