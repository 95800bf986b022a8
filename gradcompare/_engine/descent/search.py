"""Gradient descent with backtracking, inside of bounds.

A step is halved until f falls by at least a part of what the gradient predicts (L. Armijo,
Pacific J. Math. 16, 1966); the next one starts at twice its length. At a bound, the step is
projected onto the domain (D. Bertsekas, IEEE Trans. Automatic Control 21, 1976).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

Vector = Float[np.ndarray, " d"]

SUFFICIENT = 1e-4
"""Share of the predicted decrease that a step has to achieve."""

BACKTRACKS = 50
"""Largest number of halvings of one step."""

FIRST_LENGTH = 0.1
"""Length of the first step that is tried, relative to the point."""

CONVERGED = "the gradient is small"
STUCK = "no step along −g decreases f"
ENDED = "the iterations are used up"
BROKEN = "the gradient is not finite"


@dataclass
class Trace:
    """A descent.

    Attributes:
        points: The iterates, from the start.
        values: f at them.
        evaluations: The number of values of f.
        reason: Why it stopped.
    """

    points: list[Vector] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    evaluations: int = 0
    reason: str = ENDED


def descend_from(
    x: Vector,
    value: Callable[[Vector], float],
    gradient: Callable[[Vector], Vector],
    bounds: tuple[Vector, Vector],
    scale: float,
    iterations: int,
    tolerance: float,
) -> Trace:
    """Returns the descent from a point.

    Args:
        x: The point.
        value: f; not finite outside of its domain.
        gradient: The gradient.
        bounds: The lower and the upper bounds.
        scale: The length of the point.
        iterations: The largest number of steps.
        tolerance: The ratio of the largest entry of the gradient to that at the start at which the
            descent is at its end.
    """
    trace = Trace([x], [value(x)], 1)
    step = largest = 0.0
    for _ in range(iterations):
        x, g = trace.points[-1], gradient(trace.points[-1])
        if not np.all(np.isfinite(g)):
            trace.reason = BROKEN
            return trace
        size = float(np.max(np.abs(_inward(x, g, bounds)), initial=0.0))
        largest = largest or size
        if size <= tolerance * largest:
            trace.reason = CONVERGED
            return trace
        step = 2 * step or FIRST_LENGTH * scale / float(np.linalg.norm(g))
        step = _searched(trace, g, value, bounds, step)
        if step == 0:
            trace.reason = STUCK
            return trace
    return trace


def _inward(x: Vector, g: Vector, bounds: tuple[Vector, Vector]) -> Vector:
    """Returns the gradient without the entries that lead out of the domain."""
    lower, upper = bounds
    return np.where(((x <= lower) & (g > 0)) | ((x >= upper) & (g < 0)), 0.0, g)


def _searched(
    trace: Trace,
    g: Vector,
    value: Callable[[Vector], float],
    bounds: tuple[Vector, Vector],
    step: float,
) -> float:
    """Makes one step, and returns its length; 0 if none decreases f."""
    x, f = trace.points[-1], trace.values[-1]
    for _ in range(BACKTRACKS):
        y = np.clip(x - step * g, *bounds)
        there, predicted = value(y), float(g @ (y - x))
        trace.evaluations += 1
        if predicted < 0 and there < f and there <= f + SUFFICIENT * predicted:
            trace.points.append(y)
            trace.values.append(there)
            return step
        step /= 2
    return 0.0
