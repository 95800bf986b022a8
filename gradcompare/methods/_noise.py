"""How noisy an objective is, from differences of closely spaced values.

Over a spacing at which the smooth part of f is nearly a polynomial, the k-th differences of
f consist of noise alone, and their variance is (2k)!/(k!)² times that of the noise. So

    σₖ² = (k!)² / (2k)! · mean of (Δᵏf)²

levels off at the noise as k grows. J. J. Moré & S. M. Wild, Estimating computational noise,
SIAM J. Sci. Comput. 33 (2011), equations (2.3) and (2.4) and section 3.
"""

from math import factorial

import numpy as np
from jaxtyping import Float

from .._programs import Programs
from ._lines import coordinate_scale

NOISE_FACTOR = 2.5
"""From the standard deviation of the noise in f to a bound of one value's noise."""

SPACINGS = (2.0**-32, 2.0**-20)
"""Of the values from which the noise is measured, in units of the coordinates' scales.

Two, because the noise of an inner solver can be invisible within a few units in the last
place, and a wide spacing can show the curvature of f instead of noise.
"""

POINTS = 16
"""How many equally spaced values are used."""

_ORDERS = (4, 5, 6)
_PLATEAU = 4.0


def noise_level(values: Float[np.ndarray, " n"]) -> float | None:
    """Returns the standard deviation of the noise in equally spaced `values` of f.

    Returns None where the differences of successive orders disagree by more than a factor
    of 4, so that the spacing shows something other than noise, or a value is not finite.
    """
    if not np.all(np.isfinite(values)):
        return None
    levels = []
    for order in _ORDERS:
        scale = factorial(order) ** 2 / factorial(2 * order)
        levels.append(np.sqrt(scale * np.mean(np.diff(values, order) ** 2)))
    if max(levels) > _PLATEAU * min(levels):
        return None
    return float(max(levels))


def measure_noise(programs: Programs) -> tuple[float, int]:
    """Returns a bound of the noise of f near the point, and how many values it took."""
    scale = coordinate_scale(programs)
    # The point itself is left out: it may be a kink or a jump, which is not noise.
    x, (lower, upper) = programs.x, programs.problem.bounds
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=scale.shape)
    reach = np.minimum(scale, np.maximum(upper - x, x - lower) / (2 * POINTS * max(SPACINGS)))
    # Towards the wider side, so that no value lies outside the domain.
    inward = np.where(upper - x > x - lower, 1.0, -1.0)
    signs = np.where(np.isinf(lower) & np.isinf(upper), signs, inward)
    direction = programs.problem.layout.unflatten(signs * reach)
    steps = np.concatenate([spacing * np.arange(1, POINTS + 1) for spacing in SPACINGS])
    levels = map(noise_level, np.split(programs.along(steps, direction), len(SPACINGS)))
    return NOISE_FACTOR * max((level or 0.0 for level in levels), default=0.0), len(steps)
