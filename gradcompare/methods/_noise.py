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
