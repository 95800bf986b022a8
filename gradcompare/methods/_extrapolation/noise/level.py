"""The noise of an objective, measured from differences of closely spaced values.

Over a spacing at which the smooth part of f is nearly a polynomial, the k-th differences of
f consist of noise alone, and their variance is (2k)!/(k!)² times that of the noise. So

    σₖ² = (k!)² / (2k)! · mean of (Δᵏf)²

levels off at the noise as k grows. J. J. Moré & S. M. Wild, Estimating computational noise,
SIAM J. Sci. Comput. 33 (2011), equations (2.3) and (2.4) and section 3.
"""

from math import factorial

import numpy as np
from jaxtyping import Float

NOISE_FACTOR = 2.2
"""Ratio of the bound of one value's noise to the standard deviation of the noise in f."""

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
    levels = [float(level_of_order(values, order)) for order in ORDERS]
    return max(levels) if max(levels) <= within * min(levels) else None


def level_of_order(values: Float[np.ndarray, "n ..."], order: int) -> Float[np.ndarray, "..."]:
    """Returns the standard deviation σₖ of the noise, from the differences of order k."""
    # Δᵏ adds k + 1 values with binomial coefficients, whose squares sum to (2k)!/(k!)². Squares
    # of the differences themselves may under- or overflow.
    differences = np.diff(values, order, axis=0)
    size = np.max(np.abs(differences), axis=0)
    usable = (size > 0) & (size < np.inf)
    unit = np.where(usable, size, 1.0)
    scale = factorial(order) ** 2 / factorial(2 * order)
    with np.errstate(over="ignore", invalid="ignore"):
        level = unit * np.sqrt(scale * np.mean((differences / unit) ** 2, axis=0))
    return np.where(usable, level, size)
