"""The noise of an objective, measured from differences of closely spaced values.

Over a spacing at which the smooth part of f is nearly a polynomial, the k-th differences of
f consist of noise alone, and their variance is (2k)!/(k!)² times that of the noise. So

    σₖ² = (k!)² / (2k)! · mean of (Δᵏf)²

levels off at the noise as k grows. J. J. Moré & S. M. Wild, Estimating computational noise,
SIAM J. Sci. Comput. 33 (2011), equations (2.3) and (2.4) and section 3.
"""

from math import factorial
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ..._model.estimate import EPS
from .._base import AbstractEvaluator
from .lines import coordinate_scale
from .stairs import POINTS, are_stairs, rounded_by, stairs

NOISE_FACTOR = 2.2
"""Ratio of the bound of one value's noise to the standard deviation of the noise in f."""

SPACINGS = (2.0**-32, 2.0**-20)
"""Spacings of the values from which the noise is measured, in units of the coordinates' scales.

Two, because the noise of an inner solver can be invisible within a few units in the last
place, and a wide spacing can show the curvature of f instead of noise.
"""

CLOSE_SPACINGS = (2.0**-40, 2.0**-46)
"""Spacings for an f that is so curved, or ends so near, that the usual ones show no noise."""

BETWEEN = tuple(2.0**-power for power in range(48, 20, -2))
"""Spacings at which an oscillation may be seen, the closest first, each four times the last."""

BENT = 3.0
"""Largest ratio of what looks like noise to how far f bends, if it is an oscillation."""

FALL = (4.0, 300.0)
"""Range of the ratio by which the bend of a smooth f falls from one such spacing to the next."""

MUCH = 1e6 * EPS
"""Fraction of f above which what looks like noise may be an oscillation."""

WHOLE = 0.03
"""Share of all changes of f above which noise may be an oscillation."""

OSCILLATION = 30.0
"""Ratio of the noise at the wide spacing to that at the close one above which f may oscillate."""

ORDERS = (4, 5, 6)
"""Orders of the differences: over so small a range, the smooth part of f is nearly a cubic."""

PLATEAU = 4.0
"""Largest ratio of the levels of different orders that show noise (Moré & Wild, section 3)."""

HALF_PLATEAU = 100.0
"""The same ratio for half of the values, whose few sixth differences scatter more."""

ONE_SIDED = 30.0
"""Ratio of the noise in both halves above which one half contains a kink."""


def noise_level(values: Float[np.ndarray, " n"]) -> float | None:
    """Returns the standard deviation of the noise in equally spaced `values` of f.

    Returns None if the differences of successive orders disagree by more than PLATEAU, so that
    the spacing shows something other than noise, or if a value is not finite. A kink among the
    values looks like noise in one half of them; the other half then counts.
    """
    if not np.all(np.isfinite(values)):
        return None
    # Fourth differences that cross a kink are as large as its gap times the spacing; all others
    # are not affected. So the half without the kink shows the noise.
    first, second = (_plateau(half, HALF_PLATEAU) for half in np.split(values, 2))
    if first is not None and second is not None:
        low, high = sorted([first, second])
        if high > ONE_SIDED * low:
            return low or None  # a constant half shows nothing
    return _plateau(values, PLATEAU)


def _plateau(values: Float[np.ndarray, " n"], within: float) -> float | None:
    """Returns the largest of the levels σₖ; None if they differ by more than `within`."""
    levels = [_level(values, order) for order in ORDERS]
    return max(levels) if max(levels) <= within * min(levels) else None


def _level(values: Float[np.ndarray, " n"], order: int) -> float:
    """Returns the standard deviation σₖ of the noise, from the differences of order k."""
    # Δᵏ adds k + 1 values with binomial coefficients, whose squares sum to (2k)!/(k!)². Squares
    # of the differences themselves may under- or overflow.
    differences = np.diff(values, order)
    size = np.max(np.abs(differences))
    if not 0 < size < np.inf:
        return float(size)
    scale = factorial(order) ** 2 / factorial(2 * order)
    return float(size * np.sqrt(scale * np.mean((differences / size) ** 2)))


class Noise(NamedTuple):
    """The noise of f near a point.

    Attributes:
        bound: A bound of the noise in one value.
        size: The largest value of f that was seen.
        stair: The height of its stairs if f is a staircase on purpose, else 0.
        evaluations: The number of values it took.
    """

    bound: float
    size: float
    stair: float
    evaluations: int


def measure_noise(evaluator: AbstractEvaluator) -> Noise:
    """Returns the noise of f near the point.

    If f is too curved, or not finite, at the usual spacings, smaller ones are tried, in the
    opposite direction as well; if those do not show noise alone either, the spread of the
    closest values stands for it.
    """
    direction = _inward(evaluator)
    levels, values = _levels(evaluator, direction, SPACINGS)
    spent, size = values.size, float(np.fmax.reduce(np.abs(values), axis=None))
    digits = rounded_by(values[np.isfinite(values)])
    # If most values equal their neighbours, most differences are 0 and hide the few that are a
    # whole stair.
    if are_stairs(values[0]):
        noise, stair, more = stairs(evaluator, direction, values)
        return Noise(max(noise, digits), size, stair, spent + more)
    if _may_oscillate(levels, values):
        varying, more = _varies(evaluator, direction, max(levels))
        spent += more
        if varying is not None:
            # What the close spacing shows, if it shows less, is noise.
            close = [level for level in levels[:1] if level < max(levels) / OSCILLATION]
            levels = close or varying
    if not levels:
        for way in (direction, -direction):
            closer, values = _levels(evaluator, way, CLOSE_SPACINGS)
            levels += closer
            spent += values.size
    if not levels:
        # The spread also holds the change of f over the closest spacing: it is a wide bound.
        closest = values[-1][np.isfinite(values[-1])]
        levels = [float(np.ptp(closest))] if closest.size else [0.0]
    return Noise(max(NOISE_FACTOR * max(levels), digits), size, 0.0, spent)


def _may_oscillate(levels: list[float], values: Float[np.ndarray, "s n"]) -> bool:
    """Whether what looks like noise may be an oscillation of f, or a peak.

    At the wide spacing alone there is more of it, or it is as large as f itself.
    """
    if not levels:
        return False
    most = max(levels)
    alone = len(levels) < len(values) or min(levels) < most / OSCILLATION
    return most > MUCH * np.max(np.abs(values)) and (alone or most > WHOLE * np.ptp(values))


def _varies(
    evaluator: AbstractEvaluator, direction: Float[np.ndarray, " d"], level: float
) -> tuple[list[float] | None, int]:
    """Returns the noise where f varies smoothly by `level`, and the number of values it took.

    Over some closer spacing, a function that oscillates bends by as much, and without noise there
    and at all closer ones; the noise of a solver is as large over each spacing, or freezes. None
    where f does not vary so.
    """
    line, steps = evaluator.problem.layout.unflatten(direction), np.arange(1, POINTS + 1)
    levels, bound, closer, number = [], 0.0, 0.0, 0
    for number, spacing in enumerate(BETWEEN, 1):
        values = evaluator.along(spacing * steps, line)
        noise = noise_level(values)
        if noise is not None and noise >= level / OSCILLATION:
            break
        levels += [] if noise is None else [noise]
        bend = float(np.ptp(values - np.polyval(np.polyfit(steps, values, 1), steps)))
        if bend > level / BENT:
            # A smooth f bends 16 times less over a quarter of the way; the step that a solver
            # makes is as high, or not there.
            smooth = bend < FALL[1] * closer and bend > FALL[0] * closer
            return levels[: len(SPACINGS)] or [bound] if smooth else None, number * POINTS
        # Where they show curvature as well as noise, sixth differences bound the noise.
        bound, closer = bound or _level(values, ORDERS[-1]), bend
    return None, number * POINTS


def _levels(
    evaluator: AbstractEvaluator, direction: Float[np.ndarray, " d"], spacings: tuple[float, ...]
) -> tuple[list[float], Float[np.ndarray, "s n"]]:
    """Returns the noise at each spacing that shows it, and the values of f."""
    # The point itself is left out: it may be a kink or a jump, which is not noise.
    steps = np.concatenate([spacing * np.arange(1, POINTS + 1) for spacing in spacings])
    line = evaluator.problem.layout.unflatten(direction)
    values = evaluator.along(steps, line).reshape(len(spacings), POINTS)
    return [level for level in map(noise_level, values) if level is not None], values


def _inward(evaluator: AbstractEvaluator) -> Float[np.ndarray, " d"]:
    """Returns a direction in which every coordinate moves by its scale, with random signs.

    A coordinate with a bound moves towards its wider side, and stays inside.
    """
    scale, x, (lower, upper) = coordinate_scale(evaluator), evaluator.x, evaluator.problem.bounds
    rng = np.random.default_rng(0)
    signs = rng.choice([-1.0, 1.0], size=scale.shape)
    # Not powers of two: with those, sums of the coordinates are exact, and show no noise.
    reach = scale * rng.uniform(0.6, 1.0, size=scale.shape)
    # The farthest of POINTS values uses at most half of the room, at the widest spacing.
    reach = np.minimum(reach, np.maximum(upper - x, x - lower) / (2 * POINTS * max(SPACINGS)))
    inward = np.where(upper - x > x - lower, 1.0, -1.0)
    return np.where(np.isinf(lower) & np.isinf(upper), signs, inward) * reach
