"""Richardson extrapolation of central differences, with an error bar for each entry.

Central differences at steps h, h/2, h/4, … have an error in even powers of h,

    D(h) = (f(x + h) − f(x − h)) / 2h = f′(x) + c₁h² + c₂h⁴ + …,

so the tableau T[j, 0] = D(h 2⁻ʲ),

    T[j, k] = T[j, k−1] + (T[j, k−1] − T[j−1, k−1]) / (4ᵏ − 1),

removes one power after the other (L. F. Richardson, 1911; the choice of an entry by its own
error estimate follows C. J. F. Ridders, Adv. Eng. Softw. 4 (1982), pp. 75–76). The error of
an entry has two parts. Truncation: the correction |T[j, k] − T[j, k−1]| is the error of the
entry before, hence a bound for the entry itself while corrections decrease. Rounding: noise
of size σ in f enters D as σ/h and T[j, k] as no more than the recursion with plus signs.
"""

import numpy as np
from jaxtyping import Float, Int

LEVELS = 5
"""How many steps a tableau uses, each half of the one before."""

_GUARD = 1e-3
"""Corrections rarely fall faster than this from column to column by anything but chance."""


def extrapolate(
    differences: Float[np.ndarray, "m levels"], rounding: Float[np.ndarray, "m levels"]
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    """Returns the best entry of each tableau and the two parts of its error bar.

    Args:
        differences: Central differences, the largest step first.
        rounding: The bound of the rounding error of each difference.

    Returns:
        The derivative, its truncation error and its rounding error. All are infinite or
        NaN where no entry is finite.
    """
    entries, truncations, roundings = [], [], []
    previous, noise = differences, rounding
    correction = np.full_like(differences, np.inf)
    for order in range(1, differences.shape[1]):
        power = 4.0**order
        step = (previous[:, 1:] - previous[:, :-1]) / (power - 1)
        noise = (power * noise[:, 1:] + noise[:, :-1]) / (power - 1)
        previous = previous[:, 1:] + step
        guard = _GUARD * correction[:, 1:] if order > 1 else 0.0
        correction = np.maximum(np.abs(step), guard)
        entries.append(previous)
        truncations.append(correction)
        roundings.append(noise)
    entry, truncation, rounding = map(np.hstack, (entries, truncations, roundings))
    total = truncation + rounding
    best = _argmin_finite(np.where(np.isfinite(entry), total, np.inf))
    rows = np.arange(len(entry))
    return entry[rows, best], truncation[rows, best], rounding[rows, best]


def _argmin_finite(total: Float[np.ndarray, "m n"]) -> Int[np.ndarray, " m"]:
    return np.argmin(np.where(np.isnan(total), np.inf, total), axis=1)
