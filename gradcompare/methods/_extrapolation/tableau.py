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
the next entry on the diagonal, which uses one more step, counts as well, and entries of the
first column, which use only two steps, are not chosen (one false alarm in 40 000 coordinates
of noisy objectives otherwise). Rounding: noise of size σ in f enters D as σ/h, and T[j, k] as
no more than the recursion with plus signs.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

LEVELS = 5
"""Number of steps of a tableau."""

_GUARD = 1e-3
"""Least ratio of a correction to that of the column before; smaller ones are mostly chance."""

_STALLED = 0.1
"""Fraction below which the distance between rows falls over two columns if f is smooth; if f is
like |x|^p with any p up to 3, it does not."""

_UNEVEN = 3.0
"""Ratio of the error bar to the distance of the slopes on either side from their mean."""

_WITHIN = 1.5
"""The same ratio within the noise, where the bar holds the noise as well."""

_LEFT = 4.0
"""Safety factor on the error that the distance of the last row leaves."""


class Extrapolation(NamedTuple):
    """The best entry of each tableau.

    Attributes:
        value: The derivative; NaN where no entry is finite.
        error: Its error bar, truncation and rounding together; infinite or NaN likewise.
        truncating: Whether truncation is the larger part, so that smaller steps are better.
        left_over: The error that is left, as a multiple of the visible one, see `_left_over`.
        apart: The part of the bar that rests on slopes that differ on either side of the point.
        gap: The derivative from the right less that from the left; 0 without a kink.
    """

    value: Float[np.ndarray, " m"]
    error: Float[np.ndarray, " m"]
    truncating: Bool[np.ndarray, " m"]
    left_over: Float[np.ndarray, " m"]
    apart: Float[np.ndarray, " m"]
    gap: Float[np.ndarray, " m"]

    def of(self, which: Bool[np.ndarray, " m"]) -> "Extrapolation":
        """Returns those of some of the lines."""
        return Extrapolation(*(part[which] for part in self))


def extrapolate(
    differences: Float[np.ndarray, "m levels"],
    steps: Float[np.ndarray, "m levels"],
    rounding: Float[np.ndarray, "m levels"],
    *,
    power: int,
    even: tuple[Float[np.ndarray, "m levels"], Float[np.ndarray, "m levels"]] | None = None,
) -> Extrapolation:
    """Returns the best entry of each tableau, and the parts of its error.

    Args:
        differences: Central differences, the largest step first.
        steps: Their steps.
        rounding: The bound of the rounding error of each difference.
        power: 2 for central differences; 1 for one-sided ones, whose error is in all powers
            of the step.
        even: Half of the second differences over the steps, and the bounds of their rounding
            errors, if both sides are known.
    """
    # Lists of columns, T[·, 0] first. Column k lacks the first k rows: its row j is T[j + k, k].
    columns, corrections, noises = [differences], [np.zeros_like(differences)], [rounding]
    for order in range(1, differences.shape[1]):
        # Neville's recursion. The term h^(power·order) is the largest one left; a combination of
        # two neighbours in which it cancels has the weights factor/(factor − 1), −1/(factor − 1).
        factor = (steps[:, :-order] / steps[:, order:]) ** power
        step, noise = _eliminated(columns[-1], noises[-1], factor)
        columns.append(columns[-1][:, 1:] + step)
        noises.append(noise)
        # A correction far below that of the column before is small by chance.
        corrections.append(np.maximum(np.abs(step), _GUARD * corrections[-1][:, 1:]))
    beyond = [*map(_beyond, columns, [*columns[1:], None])]
    # Only from the third column on: entries before it rest on one or two steps.
    entry, correction, noise, further = (
        np.hstack(parts[2:]) for parts in (columns, corrections, noises, beyond)
    )
    truncation = np.maximum(correction, further)
    uneven = np.zeros_like(entry)
    if even is not None:
        sides, doubts = (np.hstack(parts[2:]) for parts in _apart(*even, steps))
        # What exceeds their own noise counts in full; what does not, at least once with the bar.
        sides = np.maximum(_UNEVEN * (sides - doubts), _WITHIN * sides - noise)
        uneven = np.fmax(sides, 0.0)
        truncation = np.maximum(truncation, uneven)
    # The bar of each entry; the entry with the smallest is the estimate.
    total = np.where(np.isfinite(entry), truncation + noise, np.inf)
    best = np.argmin(np.where(np.isnan(total), np.inf, total), axis=1)[:, None]

    def chosen(parts):
        return np.take_along_axis(parts, best, axis=1)[:, 0]

    # Where f is not smooth, more error is left than the distance of the last row shows.
    left_over, distance = _left_over(columns, noises)
    least = np.where(left_over > 0, left_over * distance, 0)
    error = np.maximum(chosen(truncation + noise), least)
    truncating = np.maximum(chosen(correction), chosen(uneven)) > chosen(noise)
    return Extrapolation(
        chosen(entry), error, truncating, left_over, chosen(uneven), np.zeros_like(error)
    )


def _eliminated(
    column: Float[np.ndarray, "m n"], noise: Float[np.ndarray, "m n"], factor: np.ndarray
) -> tuple[Float[np.ndarray, "m k"], Float[np.ndarray, "m k"]]:
    """Returns the corrections that remove the largest term of a column, and the noise after it.

    Args:
        column: The entries, that of the largest step first.
        noise: The bounds of their rounding errors.
        factor: The ratio by which the term falls from each entry to the next.
    """
    step = (column[:, 1:] - column[:, :-1]) / (factor - 1)
    # With plus signs, as rounding errors of neighbours need not cancel.
    return step, (factor * noise[:, 1:] + noise[:, :-1]) / (factor - 1)


def _apart(
    even: Float[np.ndarray, "m levels"],
    rounding: Float[np.ndarray, "m levels"],
    steps: Float[np.ndarray, "m levels"],
) -> tuple[list[Float[np.ndarray, "m _"]], list[Float[np.ndarray, "m _"]]]:
    """Returns how far each entry's steps put the slopes on both sides from their mean, and noise.

    If f is smooth, they are one, and the even part has odd powers of the step only: h, h³, h⁵, …;
    what is left once those are removed is the distance of both slopes from their mean. Where f″
    jumps within the steps, or f has changed beyond all powers, this is as far off as the central
    difference is, while corrections of that may be small by chance.
    """
    columns, noises = [even], [rounding]
    for order in range(1, even.shape[1]):
        # One neighbouring step at a time: the next power is removed from all pairs.
        factor = (steps[:, :-1][:, order - 1 :] / steps[:, 1:][:, order - 1 :]) ** (2 * order - 1)
        step, noise = _eliminated(columns[-1], noises[-1], factor)
        columns.append(columns[-1][:, 1:] + step)
        noises.append(noise)
    return [np.abs(column) for column in columns], noises


def _left_over(
    columns: list[Float[np.ndarray, "m _"]], noises: list[Float[np.ndarray, "m _"]]
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    """Returns the error that is left where f is not smooth, and the distance it is a multiple of.

    If f is like |x|^p, all columns converge like the first, and corrections do not bound the
    error. The last row does: its distance to the row before falls by the same factor ρ from row
    to row, so that about distance / (ρ − 1) is left. One-sided, with p within 0.2 of 2, the
    first column looks smooth, and the error bar was up to 4 times too small.

    The multiple is 0 where the columns show that f is smooth, NaN where noise hides whether it is.
    """
    # The distance between the last two rows in each column, and between the two rows before.
    distances = [np.abs(column[:, -1] - column[:, -2]) for column in columns[:4]]
    before = [np.abs(column[:, -2] - column[:, -3]) for column in columns[:3]]
    # If f is smooth, the terms h² and h⁴ are gone two columns on. Either answer needs a distance
    # that is more than the noise of the two entries.
    falling = distances[2] < _STALLED * distances[0]
    smooth = falling & (distances[0] > 2 * noises[0][:, -1])
    stalled = ~falling & (distances[2] > 2 * noises[2][:, -1])
    # A term of f″ that is small beside f‴h² shows one column further on.
    late = smooth & (distances[3] > 2 * noises[3][:, -1])
    late &= distances[3] > _STALLED * distances[1]

    def left(column: int) -> Float[np.ndarray, " m"]:
        # A geometric series with ρ = before / distance: the sum distance · (1/ρ + 1/ρ² + …) is
        # left. Without convergence (ρ ≤ 1) the division makes it infinite.
        return _LEFT / np.maximum(before[column] / distances[column] - 1, 0)

    multiple = np.where(smooth, 0.0, np.where(stalled, left(1), np.nan))
    multiple = np.where(late, left(2), multiple)
    return multiple, np.where(late, distances[2], distances[1])


def _beyond(
    column: Float[np.ndarray, "m n"], following: Float[np.ndarray, "m l"] | None
) -> Float[np.ndarray, "m n"]:
    """Returns each entry's distance to those of the next column, in its row and in the next one.

    It is 0 if there are none.
    """
    apart = np.zeros_like(column)
    if following is not None:
        apart[:, :-1] = np.abs(column[:, :-1] - following)
        apart[:, 1:] = np.fmax(apart[:, 1:], np.abs(column[:, 1:] - following))
    return apart
