"""The judge: adaptive central differences with Richardson extrapolation and error bars.

For every coordinate, f is evaluated at five steps from about s/4 to s/50 on either side, s being
the power of two just below |x|, and at further steps where that is not enough (`_ladder`); the
differences are divided by the steps that were really taken and extrapolated (`_tableau`). The
bar adds the last correction of the extrapolation and the noise of f, which is measured
(`_noise`). Nothing here looks at another derivative.
"""

import itertools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .._estimate import Estimate
from .._method import AbstractMethod
from .._programs import Programs
from ._ladder import Ladder, Lines
from ._noise import POINTS, noise_level

NOISE_FACTOR = 2.5
"""From the standard deviation of the noise in f to a bound of one value's noise."""

SPACINGS = (2.0**-32, 2.0**-20)
"""Of the values from which the noise is measured, in units of the coordinates' scales.

Two, because the noise of an inner solver can be invisible within a few units in the last
place, and a wide spacing can show the curvature of f instead of noise.
"""


@dataclass(frozen=True)
class Richardson(AbstractMethod):
    """Adaptive central differences with Richardson extrapolation and error bars."""

    label: ClassVar = "richardson"
    symbol: ClassVar = "F"
    source: ClassVar = "differences"
    votes: ClassVar = True
    judges: ClassVar = True

    def estimate(self, programs: Programs) -> Estimate:
        with np.errstate(all="ignore"):  # values that are not finite are part of the work
            scale = coordinate_scale(programs)
            noise, spent = measure_noise(programs, scale)
            centre = programs.value()
            if programs.problem.quantity == "gradient":
                lines = Lines(programs.perturbed, programs.x, scale, centre, noise)
            else:
                lines = direction_line(programs, centre, noise)
            ladder = Ladder(lines)
            ladder.climb()
            left, right = ladder.one_sided()
        return Estimate(ladder.value, ladder.error, ladder.evaluations + spent + 1, left, right)


def coordinate_scale(programs: Programs) -> Float[np.ndarray, " d"]:
    """The power of two just below |x| for each coordinate.

    A coordinate at zero takes the median scale of the others in its own array, or 1.
    """
    x, offsets = programs.x, programs.problem.layout.offsets
    scale = np.ones_like(x)
    for start, stop in itertools.pairwise(offsets):
        block = np.abs(x[start:stop])
        typical = np.median(block[block > 0]) if np.any(block > 0) else 1.0
        scale[start:stop] = np.where(block > 0, block, typical)
    return np.exp2(np.floor(np.log2(scale)))


def direction_line(programs: Programs, centre: float, noise: float) -> Lines:
    """The line x + t u, its unit of t such that t u is about as long as x."""
    length = np.linalg.norm(programs.problem.layout.flatten(programs.problem.direction))
    size = np.linalg.norm(programs.x) or 1.0
    scale = np.exp2(np.floor(np.log2(size / length))) if length > 0 else 1.0

    def sample(_, steps):
        return programs.along(steps)

    return Lines(sample, np.zeros(1), np.full(1, scale), centre, noise)


def measure_noise(programs: Programs, scale: Float[np.ndarray, " d"]) -> tuple[float, int]:
    """Returns a bound of the noise of f near the point, and how many values it took."""
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=scale.shape)
    direction = programs.problem.layout.unflatten(signs * scale)
    steps = np.concatenate([spacing * np.arange(POINTS) for spacing in SPACINGS])
    levels = map(noise_level, np.split(programs.along(steps, direction), len(SPACINGS)))
    return NOISE_FACTOR * max((level or 0.0 for level in levels), default=0.0), len(steps)


METHODS = (Richardson(),)
