"""The cost of a case, from one timed value and its number of lines.

The judge computes 10 to 14 values of f on the line of each coordinate (13.5 in the median over the
registry, with the 33 for the noise of f), and each of the exact derivatives is computed some times
at a point, for its rounding. So one timed value predicts the time of a check to a factor of about
two; what is compiled comes on top of it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import jax
import numpy as np

from ..._evaluation.evaluator import Evaluator
from ..._foundation.errors import outcome_of
from ..._foundation.wording import duration
from ..._model.arguments.directions import ALONG_RANDOM
from ..._model.problem import Problem

VALUES_OF_LINE = 12
"""Number of values of f on one line, about."""

VALUES_OF_POINT = 60
"""Number of values of f at each point beside those on lines: for noise, branches and rounding."""

DERIVATIVES_OF_POINT = 10
"""Number of times that a gradient is computed at each point, about."""

REVERSE_COST = 4
"""Time of a compiled gradient relative to a value, about."""

MOST_GAIN = 64
"""Largest ratio of the times of one value alone and among many that are computed together."""


@dataclass(frozen=True)
class Prediction:
    """What a case is predicted to cost.

    Attributes:
        points: The number of points.
        lines: The number of lines at each point: of coordinates, mostly.
        value_seconds: The seconds of one value of f.
        line_value_seconds: The seconds of one of the values on the lines, many of which may be
            computed together.
        derivative_seconds: The seconds of one gradient.
    """

    points: int
    lines: int
    value_seconds: float
    line_value_seconds: float
    derivative_seconds: float

    @property
    def values(self) -> int:
        """The number of values of f."""
        return self.points * (VALUES_OF_LINE * self.lines + VALUES_OF_POINT)

    @property
    def seconds(self) -> float:
        """The seconds through every line, without what is compiled."""
        on_lines = VALUES_OF_LINE * self.lines * self.line_value_seconds
        return self.points * (on_lines + self._at_a_point)

    @property
    def seconds_along(self) -> float:
        """The seconds along a few random directions instead."""
        on_lines = VALUES_OF_LINE * len(ALONG_RANDOM) * self.value_seconds
        return self.points * (on_lines + self._at_a_point)

    @property
    def _at_a_point(self) -> float:
        values = VALUES_OF_POINT * self.value_seconds
        return values + DERIVATIVES_OF_POINT * self.derivative_seconds

    def __str__(self) -> str:
        points = f"{self.points} point{'s' * (self.points != 1)}"
        return (
            f"a value takes {duration(self.value_seconds, 2)}, and {points} take about "
            f"{self.values} of them: about {duration(self.seconds, 2)}"
        )


def predicted(evaluator: Evaluator, points: int, precise: float) -> Prediction:
    """Returns what a case costs.

    Args:
        evaluator: The functions at the first point.
        points: The number of points.
        precise: The seconds above which values that are computed together are timed as well.
    """
    problem = evaluator.problem
    lines, value = lines_of(problem), _seconds(evaluator.value)
    derivative = _derivative_seconds(evaluator, value)
    if problem.quantity in ("hessian", "hvp") and problem.objective.gradient is not None:
        value = derivative  # the gradient is what is differenced
    plain = Prediction(points, lines, value, value, derivative)
    together = problem.quantity == "gradient" and not evaluator.cache.opaque
    if not together or not precise < plain.seconds < MOST_GAIN * precise:
        return plain
    return Prediction(points, lines, value, min(value, _together(evaluator)), derivative)


def lines_of(problem: Problem) -> int:
    """Returns the number of lines along which values are computed at a point."""
    d, pattern = problem.layout.size, problem.sparsity
    by_gradient = problem.objective.gradient is not None
    match problem.quantity:
        case "gradient":
            return d
        case "jacobian":
            return d if pattern is None else pattern.count
        case "hessian" if by_gradient:
            return d if pattern is None else pattern.count
        case "hessian":
            return d * (d + 1)
        case "hvp" if not by_gradient:
            return 2 * d
    return 1


def _seconds(call: Callable[[], object]) -> float:
    call()  # what is compiled, and the first run of it, is not the time of a value
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _derivative_seconds(evaluator: Evaluator, value: float) -> float:
    """Returns the seconds of a gradient: measured on the host, estimated where it is compiled."""
    gradient = evaluator.problem.objective.gradient
    if gradient is None or "gradient" not in evaluator.cache.untraceable:
        return REVERSE_COST * value if evaluator.has_program else 0.0
    params, data, _ = jax.tree.map(np.array, evaluator.host_args)
    start = time.perf_counter()
    outcome_of(lambda: gradient(params, data))
    return time.perf_counter() - start


def _together(evaluator: Evaluator) -> float:
    """Returns the seconds of one of the values that are computed together."""
    count = min(evaluator.chunk, 2 * evaluator.problem.layout.size)
    indices = np.arange(count) % evaluator.problem.layout.size
    return _seconds(lambda: evaluator.perturbed(indices, np.zeros(count))) / count
