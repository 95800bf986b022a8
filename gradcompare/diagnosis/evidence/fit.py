r"""One number c with t = c·b in many entries, each to within its tolerance T.

Entry k confines c to the interval (t_k ± T_k) / b_k. A coordinate confines it to the
intersection over its points. One sweep over the ends of these intervals gives the number that
lies in most of them, so that a few coordinates with other faults do no harm.

The significance of an agreement is counted. An entry whose interval is w_k wide relative to c
agrees by chance in about w_k of all cases, independent entries in Π w_k. This is multiplied by the
number of hypotheses tried and by the number of ways to choose the coordinates. One rule thus
serves ten precise entries as well as a thousand noisy ones.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

BY_CHANCE = 1e-3
"""Largest probability of an agreement by chance that still counts as an agreement."""


@dataclass(frozen=True, eq=False)
class Fit:
    """The number, and the coordinates at which it holds.

    Attributes:
        low: The least number that holds there.
        high: The largest.
        coordinates: Those at which it holds, at every point.
        logs: log₁₀ of the relative width of the interval of each entry there, not above 0.
    """

    low: float
    high: float
    coordinates: Bool[np.ndarray, " d"]
    logs: Float[np.ndarray, " k"]

    def convinces(self, trials: float, among: int, *, constants: int) -> bool:
        """Whether the agreement is significant.

        Args:
            trials: Number of constants it could have been.
            among: Number of coordinates out of which those were chosen.
            constants: Number of adapted constants; each uses up one of the most telling entries.
        """
        free = float(np.sum(np.sort(self.logs)[constants:]))
        tried = math.log10(trials * among) + log_choices(among, int(self.coordinates.sum()))
        return free + tried < math.log10(BY_CHANCE)


def log_choices(n: int, k: int) -> float:
    """Returns log₁₀ of the number of ways to choose k out of n."""
    log = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return log / math.log(10)


def fit(
    target: Float[np.ndarray, "p d"],
    base: Float[np.ndarray, "p d"],
    allowed: Float[np.ndarray, "p d"],
    usable: Bool[np.ndarray, "p d"],
    among: Bool[np.ndarray, " d"],
) -> Fit | None:
    """Returns the number c with target = c·base in most of the coordinates, or None.

    Args:
        target: The numbers to explain.
        base: The numbers of which they may be a multiple; NaN where undefined.
        allowed: The tolerance of each entry.
        usable: The entries that count.
        among: The coordinates that may be explained.
    """
    among = among & np.all(np.isfinite(base) | ~usable, axis=0) & usable.any(axis=0)
    if not among.any():
        return None
    # Each entry confines c to an interval. A coordinate has to hold at every point, so its
    # interval is the intersection; c is to lie in the intervals of most coordinates.
    low, high = _intervals(target[:, among], base[:, among], allowed[:, among], usable[:, among])
    lowest, highest = np.max(low, axis=0), np.min(high, axis=0)
    best = _sweep(lowest, highest)
    if best is None:
        return None
    inside = (lowest <= best) & (best <= highest)
    coordinates = np.zeros(among.shape, bool)
    coordinates[np.flatnonzero(among)[inside]] = True
    size = max(abs(best), np.finfo(np.float64).tiny)
    with np.errstate(over="ignore"):  # an entry that does not confine c is infinitely wide
        widths = ((high - low)[:, inside] / size)[usable[:, among][:, inside]]
    # An interval of relative width w holds c by chance with probability about w.
    telling = widths < 1
    if not telling.any():
        return None
    return Fit(
        float(np.max(lowest[inside])),
        float(np.min(highest[inside])),
        coordinates,
        np.log10(np.maximum(widths[telling], 1e-300)),
    )


def _intervals(target, base, allowed, usable):
    """Returns the ends of the interval of each entry; infinite where it allows any c."""
    with np.errstate(all="ignore"):
        ends = (target - allowed) / base, (target + allowed) / base
    low, high = np.minimum(*ends), np.maximum(*ends)
    mute = ~usable | ((base == 0) & (np.abs(target) <= allowed))
    never = usable & (base == 0) & (np.abs(target) > allowed)
    low = np.where(mute, -np.inf, np.where(never, np.inf, low))
    high = np.where(mute, np.inf, np.where(never, -np.inf, high))
    return np.nan_to_num(low, nan=np.inf, neginf=-np.inf, posinf=np.inf), np.nan_to_num(
        high, nan=-np.inf, neginf=-np.inf, posinf=np.inf
    )


def _sweep(low: Float[np.ndarray, " k"], high: Float[np.ndarray, " k"]) -> float | None:
    """Returns a number in most of the intervals: the middle of the first deepest overlap."""
    real = (low <= high) & np.isfinite(low) & np.isfinite(high)
    if not real.any():
        return None
    starts, stops = np.sort(low[real]), np.sort(high[real])
    # Depth at a start: the intervals started so far, itself included, minus those that ended.
    depth = np.arange(1, len(starts) + 1) - np.searchsorted(stops, starts, side="left")
    deepest = int(np.argmax(depth))
    start = starts[deepest]
    # None starts inside of the deepest overlap, or it would be deeper; so the next stop ends it.
    stop = stops[np.searchsorted(stops, start, side="left")]
    return float((start + stop) / 2)
