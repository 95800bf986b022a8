"""Noise that f shows only where a tiny parameter has moved further.

1 − cos x does not change within 1e-8 of 0: all of its digits below 1e-16 are lost inside, and
values near the point show neither the slope nor the loss. Where x has moved so far that f shows
the slope, it shows the noise as well.
"""

import numpy as np
from jaxtyping import Float

from ...._model.estimate import EPS
from ..._base import AbstractValues
from ..lines import coordinate_scale, usual_length
from .level import NOISE_FACTOR
from .waves import varies

VALUES = 10
"""Number of values at each distance."""

TINY_PARAMETER = 2.0**-8
"""Length below which a parameter is tiny, beside the usual one."""

OUTWARD = tuple(2.0**-power for power in range(43, 0, -5))
"""Distances at which noise is looked for, beside the usual length; the nearest first."""

FURTHER = 4.0
"""Least ratio of such a distance to the parameter."""

WIDTH = 2.0**-16
"""Width of the range of values there, beside the distance."""

DEGREE = 3
"""Degree of the polynomial that the smooth part of f nearly is in that range."""

ANOTHER = EPS**-0.5
"""Ratio of f there to f at the point above which it is another function; so far it may fail."""

PURE = 0.1
"""Share of the changes of f there above which it shows nothing but noise, or unresolved waves."""

NEAR = 2.0**-5
"""Width of the range around the point, beside the lengths of the tiny parameters, over which f is
smooth if it is a function of such lengths."""

SMOOTH_NEAR = 0.01
"""Largest share of noise in how f varies in that range, and least share of the noise further out
that this is, if f is smooth there."""

UNEXPLAINED = 30.0
"""Least ratio of noise inside f to that which rounding of x and of the value explains."""


def noise_outward(evaluator: AbstractValues) -> tuple[float, int]:
    """Returns a bound of the noise that f shows further out, and the number of values it took.

    Noise that grows with f or with x is none of f at the point, and does not count.
    """
    scale, spent = coordinate_scale(evaluator), 1
    usual = usual_length(scale)
    if not has_tiny(evaluator, scale):
        return 0.0, 0
    limit = ANOTHER * abs(evaluator.value()) or np.inf
    moved = evaluator.problem.layout.unflatten(
        np.where(scale < TINY_PARAMETER * usual, scale, 0.0)
    )
    steps = np.random.default_rng(1).random(VALUES)
    for distance in usual * np.array(OUTWARD):
        reach = moved_outward(evaluator, scale, distance)
        if not reach.any():
            continue
        line = evaluator.problem.layout.unflatten(reach)
        values = evaluator.along(1 + WIDTH * steps, line)
        spent += VALUES
        size = np.max(np.abs(values))
        if not np.isfinite(size) or size > limit:
            break
        level = float(residual(steps, values))
        if level <= UNEXPLAINED * explained(values):
            continue
        if level > PURE * np.ptp(values):
            near = evaluator.along(NEAR * (steps - 0.5), moved)
            spent += VALUES
            change = float(np.ptp(near))
            if change > SMOOTH_NEAR * level and residual(steps, near) < SMOOTH_NEAR * change:
                continue
        smooth, more = varies(evaluator, reach, level, start=1.0)
        spent += more
        return (NOISE_FACTOR * level if smooth is None else 0.0), spent
    return 0.0, spent


def has_tiny(evaluator: AbstractValues, scale: Float[np.ndarray, " d"]) -> bool:
    """Whether a parameter without a bound is tiny beside the usual one."""
    lower, upper = evaluator.problem.bounds
    tiny = (scale < TINY_PARAMETER * usual_length(scale)) & np.isinf(lower) & np.isinf(upper)
    return bool(tiny.any())


def moved_outward(
    evaluator: AbstractValues, scale: Float[np.ndarray, " d"], distance: float
) -> Float[np.ndarray, " d"]:
    """Returns how far each tiny coordinate without a bound moves."""
    x, (lower, upper) = evaluator.x, evaluator.problem.bounds
    # A parameter with a bound has a scale of its own, and a small one is never moved far.
    moving = (scale * FURTHER <= distance) & np.isinf(lower) & np.isinf(upper)
    # Not powers of two, with which sums of the coordinates are exact.
    lengths = distance * np.random.default_rng(0).uniform(0.6, 1.0, size=x.shape)
    return np.where(moving, lengths, 0.0)


def residual(
    steps: Float[np.ndarray, " n"], values: Float[np.ndarray, "..."]
) -> Float[np.ndarray, "..."]:
    """Returns the standard deviation of values from the polynomial in `steps` that fits best.

    The steps are random: rounding repeats itself over equal ones, and differences do not show it.
    """
    powers = np.vander(2 * steps - 1, DEGREE + 1)
    size = np.max(np.abs(values - values[0]), axis=0)
    size = np.where(size > 0, size, 1.0)
    deviations = (values - values[0]) / size
    deviations = np.where(np.isfinite(deviations), deviations, 0.0)
    rest = deviations - powers @ np.linalg.lstsq(powers, deviations, rcond=None)[0]
    return size * np.sqrt(np.sum(rest**2, axis=0) / (len(steps) - DEGREE - 1))


def explained(values: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """Returns how far rounding of x and of f moves values that lie within WIDTH of x."""
    slope = np.ptp(values, axis=0) / WIDTH
    return EPS * (slope + np.max(np.abs(values), axis=0))
