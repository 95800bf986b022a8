"""The values of a function with several results, and the noise of each result."""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from ...._evaluation.near.vectors import Moves, VectorFunction
from ...._foundation.layout import PyTree
from ...._model.problem import Problem
from ..lines import Derivatives
from ..noise.measurement import Noise


@dataclass(frozen=True)
class Slopes:
    """The derivatives along lines, with the noise of each.

    Attributes:
        along: The derivatives.
        noises: The noise of each result.
        noise_of: The number of the result on each line.
        evaluations: The number of evaluations of the function.
    """

    along: Derivatives
    noises: tuple[Noise, ...]
    noise_of: Int[np.ndarray, " k"]
    evaluations: int

    @property
    def stairs(self) -> np.ndarray:
        """Which lines lie on a staircase."""
        return np.array([noise.stair > 0 for noise in self.noises])[self.noise_of]


class Counted:
    """A function with several results that remembers the values near the point."""

    def __init__(self, function: VectorFunction):
        self.function = function
        self.evaluations = 1
        self._known: dict[tuple, Float[np.ndarray, " m"]] = {}

    def perturbed(
        self, indices: Int[np.ndarray, " k"], steps: Float[np.ndarray, " k"]
    ) -> tuple[Float[np.ndarray, "u m"], Int[np.ndarray, " k"]]:
        """Returns the values at different points, and the number of the point of each step."""
        d = len(self.function.evaluator.x)
        lengths, place = np.unique(steps, return_inverse=True)
        # Whole numbers are sorted ten times as fast as pairs.
        keys = indices * len(lengths) + np.reshape(place, -1)  # NumPy 2.0.0 keeps an axis
        pairs, number = np.unique(keys, return_inverse=True)
        coordinate, length = np.divmod(pairs, len(lengths))
        values = self.function.at(Moves.of(d, coordinate, lengths[length]))
        self.evaluations += len(values)
        return values, np.reshape(number, -1)

    def at_points(self, points: Float[np.ndarray, "k d"]) -> Float[np.ndarray, "k m"]:
        """Returns the values at points that are given whole."""
        self.evaluations += len(points)
        return self.function.at_points(points)

    def along(
        self, steps: Float[np.ndarray, " k"], u: Float[np.ndarray, " d"]
    ) -> Float[np.ndarray, "k m"]:
        key = (steps.tobytes(), u.tobytes())
        if key not in self._known:
            d = len(self.function.evaluator.x)
            self._known[key] = self.function.at(Moves.of(d, shifts=steps), u)
            self.evaluations += len(steps)
        return self._known[key]


@dataclass(frozen=True)
class OneResult:
    """One result of a function, as an evaluator of a scalar whose noise can be measured."""

    values: Counted
    number: int

    @property
    def problem(self) -> Problem:
        return self.values.function.evaluator.problem

    @property
    def x(self) -> Float[np.ndarray, " d"]:
        return self.values.function.evaluator.x

    def value(self) -> float:
        return float(self.values.function.centre[self.number])

    def epsilon(self, key: Hashable) -> float:
        return self.values.function.evaluator.epsilon("value")

    def along(
        self, steps: Float[np.ndarray, " k"], direction: PyTree | None = None
    ) -> Float[np.ndarray, " k"]:
        line = self.problem.layout.flatten(direction)
        return self.values.along(np.asarray(steps), line)[:, self.number]
