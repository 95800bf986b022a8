"""The noise of an objective near a point, measured from closely spaced values."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ..._base import AbstractValues
from ..lines import coordinate_scale
from .level import NOISE_FACTOR, noise_level
from .outward import noise_outward
from .stairs import POINTS, are_stairs, rounded_by, stairs
from .waves import OSCILLATION, may_oscillate, varies

SPACINGS = (2.0**-32, 2.0**-20)
"""Spacings of the values from which the noise is measured, in units of the coordinates' scales.

Two, because the noise of an inner solver can be invisible within a few units in the last
place, and a wide spacing can show the curvature of f instead of noise.
"""

CLOSE_SPACINGS = (2.0**-40, 2.0**-46)
"""Spacings for an f that is so curved, or ends so near, that the usual ones show no noise."""


class Noise(NamedTuple):
    """The noise of f near a point.

    Attributes:
        bound: A bound of the noise in one value.
        size: The largest value of f that was seen.
        stair: The height of its stairs if f is a staircase, else 0.
        evaluations: The number of values it took.
    """

    bound: float
    size: float
    stair: float
    evaluations: int


def measure_noise(evaluator: AbstractValues) -> Noise:
    """Returns the noise of f near the point, and further out where a parameter is tiny."""
    near = _noise_near(evaluator)
    outward, spent = noise_outward(evaluator)
    return near._replace(bound=max(near.bound, outward), evaluations=near.evaluations + spent)


def _noise_near(evaluator: AbstractValues) -> Noise:
    """Returns the noise of f near the point.

    If f is too curved, or not finite, at the usual spacings, smaller ones are tried, in the
    opposite direction as well; if those do not show noise alone either, the spread of the
    closest values stands for it.
    """
    direction = inward(evaluator)
    levels, values = _levels(evaluator, direction, SPACINGS)
    spent, size = values.size, float(np.fmax.reduce(np.abs(values), axis=None))
    digits = rounded_by(values[np.isfinite(values)])
    # If most values equal their neighbours, most differences are 0 and hide the few that are a
    # whole stair.
    if are_stairs(values[0]):
        noise, stair, more = stairs(evaluator, direction, values)
        return Noise(max(noise, digits), size, stair, spent + more)
    if may_oscillate(levels, values):
        varying, more = varies(evaluator, direction, max(levels))
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


def _levels(
    evaluator: AbstractValues, direction: Float[np.ndarray, " d"], spacings: tuple[float, ...]
) -> tuple[list[float], Float[np.ndarray, "s n"]]:
    """Returns the noise at each spacing that shows it, and the values of f."""
    # The point itself is left out: it may be a kink or a jump, which is not noise.
    steps = np.concatenate([spacing * np.arange(1, POINTS + 1) for spacing in spacings])
    line = evaluator.problem.layout.unflatten(direction)
    values = evaluator.along(steps, line).reshape(len(spacings), POINTS)
    return [level for level in map(noise_level, values) if level is not None], values


def inward(evaluator: AbstractValues) -> Float[np.ndarray, " d"]:
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
    wider = np.where(upper - x > x - lower, 1.0, -1.0)
    return np.where(np.isinf(lower) & np.isinf(upper), signs, wider) * reach
