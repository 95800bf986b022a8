"""Richardson extrapolation of central differences, with an error bar for each entry.

Central differences at steps h₀ > h₁ > h₂ > … have an error in even powers of the step,

    D(h) = (f(x + h) − f(x − h)) / 2h = f′(x) + c₁h² + c₂h⁴ + …,

so the tableau T[j, 0] = D(hⱼ),

    T[j, k] = T[j, k−1] + (T[j, k−1] − T[j−1, k−1]) / ((hⱼ₋ₖ/hⱼ)² − 1),

removes one power after the other (L. F. Richardson, 1911; E. H. Neville, 1934; the choice of
an entry by its own error estimate follows C. J. F. Ridders, Adv. Eng. Softw. 4 (1982), pp.
75–76). The error of an entry has two parts. Truncation: the correction |T[j, k] − T[j, k−1]|
is the error of the entry before, hence a bound for the entry itself while corrections
decrease. A correction can be small by chance, where c₁h² and c₂h⁴ cancel; so the distance to
the next entry on the diagonal, which sees one more step, counts as well, and entries of the
first column, which see two steps only, are not chosen (one false alarm in 40 000 coordinates
of noisy objectives otherwise). Rounding: noise of size σ in f enters D as σ/h and T[j, k] as
no more than the recursion with plus signs.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

LEVELS = 5
"""How many steps a tableau uses."""

_GUARD = 1e-3
"""Corrections rarely fall faster than this from column to column by anything but chance."""


class Extrapolation(NamedTuple):
    """The best entry of each tableau.

    Attributes:
        value: The derivative; NaN where no entry is finite.
        error: Its error bar, truncation and rounding together; infinite or NaN likewise.
        truncating: Whether truncation is the larger part, so that smaller steps are better.
    """

    value: Float[np.ndarray, " m"]
    error: Float[np.ndarray, " m"]
    truncating: Bool[np.ndarray, " m"]


def extrapolate(
    differences: Float[np.ndarray, "m levels"],
    steps: Float[np.ndarray, "m levels"],
    rounding: Float[np.ndarray, "m levels"],
) -> Extrapolation:
    """Returns the best entry of each tableau, and the parts of its error.

    Args:
        differences: Central differences, the largest step first.
        steps: Their steps.
        rounding: The bound of the rounding error of each difference.
    """
    columns, corrections, noises = [], [], []
    previous, noise = differences, rounding
    correction = np.zeros_like(differences)
    for order in range(1, differences.shape[1]):
        power = (steps[:, :-order] / steps[:, order:]) ** 2
        step = (previous[:, 1:] - previous[:, :-1]) / (power - 1)
        noise = (power * noise[:, 1:] + noise[:, :-1]) / (power - 1)
        previous = previous[:, 1:] + step
        correction = np.maximum(np.abs(step), _GUARD * correction[:, 1:])
        columns.append(previous)
        corrections.append(correction)
        noises.append(noise)
    beyond = [*map(_beyond, columns, [*columns[1:], None])]
    entry, correction, noise, further = (
        np.hstack(parts[1:]) for parts in (columns, corrections, noises, beyond)
    )
    truncation = np.maximum(correction, further)
    total = np.where(np.isfinite(entry), truncation + noise, np.inf)
    best = np.argmin(np.where(np.isnan(total), np.inf, total), axis=1)[:, None]

    def chosen(parts):
        return np.take_along_axis(parts, best, axis=1)[:, 0]

    return Extrapolation(
        chosen(entry), chosen(truncation + noise), chosen(correction) > chosen(noise)
    )


def _beyond(
    column: Float[np.ndarray, "m n"], following: Float[np.ndarray, "m l"] | None
) -> Float[np.ndarray, "m n"]:
    """How far the entry of the next row and column lies from each entry; 0 where there is none."""
    apart = np.zeros_like(column)
    if following is not None:
        apart[:, :-1] = np.abs(column[:, :-1] - following)
    return apart
