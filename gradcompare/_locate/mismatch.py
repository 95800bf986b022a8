"""A gradient compared with differences of f along directions: the mismatch and its bound."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from .._evaluation.evaluator import Evaluator
from .._model.estimate import SAFETY, Estimate
from ..methods._extrapolation.ladder import derivatives_along
from ..methods._extrapolation.lines import RATIO, Lines, room_along
from ..methods._extrapolation.noise.measurement import measure_noise
from ..methods._extrapolation.windows import FIRST_LEVEL


@dataclass(frozen=True, eq=False)
class Direction:
    """A direction in which some coordinates move.

    Attributes:
        where: The numbers of the coordinates.
        entries: How far each of them moves.
        mixed: Whether the signs of the entries are random. Then the squares of the rounding
            errors of the gradient add up, even if the errors are correlated.
        origin: The value of a coordinate that moves alone; else 0.
        unit: The unit of the steps.
        enough: The error bar at which measuring may stop; 0 if it depends on the derivative.
    """

    where: Int[np.ndarray, " n"]
    entries: Float[np.ndarray, " n"]
    mixed: bool = True
    origin: float = 0.0
    unit: float = 1.0
    enough: float = 0.0


@dataclass(frozen=True)
class Mismatch:
    """The gradient and differences along one direction.

    Attributes:
        given: The directional derivative by the gradient.
        measured: The directional derivative by differences.
        bar: The sum of the error bars of `given` and `measured`.
        bound: The largest distance between the two if both are right; infinite where that
            cannot be told.
        floor: The smallest error of the derivative that is always detected.
        unit: The unit of the steps to begin with along a similar direction.
    """

    given: float
    measured: float
    bar: float
    bound: float
    floor: float
    unit: float


class Mismatches:
    """Compares one gradient with differences of f, and counts the cost.

    Attributes:
        evaluations: The number of values of f.
        directions: The number of directions.
        kinks: The number of directions along which f has a kink.
    """

    def __init__(self, evaluator: Evaluator, gradient: Estimate):
        self._programs = evaluator
        self._gradient = gradient
        with np.errstate(all="ignore"):
            noise = measure_noise(evaluator)
        self._centre = evaluator.value()
        size = np.abs(gradient.value)
        largest = np.max(size, where=np.isfinite(size), initial=0.0)
        self._accepted = (evaluator.problem.objective.accuracy or 0.0) * float(largest)
        self._noise, self.evaluations = noise.bound, noise.evaluations + 1
        self.directions = self.kinks = 0

    def along(self, directions: Sequence[Direction]) -> list[Mismatch]:
        """Returns the mismatch along each direction."""
        with np.errstate(all="ignore"):  # values that are not finite are expected
            along = derivatives_along(self._lines(directions))
        self.evaluations += along.evaluations
        self.directions += len(directions)
        self.kinks += int(np.sum(along.gap != 0))
        return [
            self._mismatch(
                direction, along.value[i], along.error[i], along.gap[i], float(along.step[i])
            )
            for i, direction in enumerate(directions)
        ]

    def _mismatch(
        self, direction: Direction, measured: float, error: float, gap: float, step: float
    ) -> Mismatch:
        where, entries = direction.where, direction.entries
        given = float(np.sum(self._gradient.value[where] * entries))
        bars = np.abs(self._gradient.error[where] * entries)
        rounding = float(np.linalg.norm(bars) if direction.mixed else np.sum(bars))
        error = float(error) if np.isfinite(measured) else np.inf
        # At a kink, every value between the one-sided derivatives is right.
        accepted = self._accepted * float(np.linalg.norm(entries))
        bound = SAFETY * (error + rounding) + abs(gap) / 2 + accepted
        return Mismatch(
            given,
            float(measured),
            error + float(np.nan_to_num(rounding)),  # NaN if an entry is not finite
            bound,
            bound + error + abs(gap) / 2,
            float(step) * RATIO**FIRST_LEVEL,
        )

    def _lines(self, directions: Sequence[Direction]) -> Lines:
        evaluator = self._programs
        rooms = [self._room(direction) for direction in directions]

        def sample(lines, steps):
            values = np.empty(len(steps))
            for line in np.unique(lines):
                u = np.zeros_like(evaluator.x)
                u[directions[line].where] = directions[line].entries
                at = lines == line
                values[at] = evaluator.along(steps[at], evaluator.problem.layout.unflatten(u))
            return values

        return Lines(
            sample,
            np.array([d.origin for d in directions]),
            np.array([d.unit for d in directions]),
            np.array([below for below, _ in rooms]),
            np.array([above for _, above in rooms]),
            np.full(len(directions), self._centre),
            np.full(len(directions), self._noise),
            enough=np.array([d.enough for d in directions]),
        )

    def _room(self, direction: Direction) -> tuple[float, float]:
        lower, upper = self._programs.problem.bounds
        where = direction.where
        return room_along(self._programs.x[where], lower[where], upper[where], direction.entries)
