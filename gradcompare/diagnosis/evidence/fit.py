r"""One number that holds at many entries: t = c·b, each known to within what is allowed.

Entry k confines c to the interval (t_k ± T_k) / b_k. A coordinate confines it to the
intersection over its points; and the number that lies in the intervals of most coordinates is
found in one sweep over their ends. So a few coordinates with faults of their own do no harm.

Whether such an agreement means anything is counted: an entry whose interval is w_k wide relative
to c agrees by chance in about w_k of all cases, independent ones in Π w_k, times the number of
things that were tried, and of ways to choose as many coordinates out of all. This one rule
decides alike with ten precise entries and a thousand noisy ones.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

BY_CHANCE = 1e-3
"""An agreement that is more probable by chance than this is none."""


@dataclass(frozen=True, eq=False)
class Fit:
    """The number, and where it holds.

    Attributes:
        low: The least number that holds there.
        high: The largest.
        coordinates: Where it holds, at every point.
        logs: log₁₀ of the relative width of the interval of each entry there, not above 0.
    """

    low: float
    high: float
    coordinates: Bool[np.ndarray, " d"]
    logs: Float[np.ndarray, " k"]

    def convinces(self, trials: float, among: int, *, given: int) -> bool:
        """Whether this is no accident.

        Args:
            trials: How many numbers it could have been.
            among: Out of how many coordinates those where it holds were chosen.
            given: How many numbers were adapted; the entries that tell most are used up by it.
        """
        free = float(np.sum(np.sort(self.logs)[given:]))
        tried = math.log10(trials * among) + log_choices(among, int(self.coordinates.sum()))
        return free + tried < math.log10(BY_CHANCE)


def log_choices(n: int, k: int) -> float:
    """log₁₀ of the number of ways to choose k out of n."""
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
        target: What is to be explained.
        base: What it may be a multiple of; NaN where that is not defined.
        allowed: How far off it may be.
        usable: Which entries count.
        among: Which coordinates are looked at.
    """
    among = among & np.all(np.isfinite(base) | ~usable, axis=0) & usable.any(axis=0)
    if not among.any():
        return None
    low, high = _intervals(target[:, among], base[:, among], allowed[:, among], usable[:, among])
    lowest, highest = np.max(low, axis=0), np.min(high, axis=0)
    best = _sweep(lowest, highest)
    if best is None:
        return None
    inside = (lowest <= best) & (best <= highest)
    coordinates = np.zeros(among.shape, bool)
    coordinates[np.flatnonzero(among)[inside]] = True
    size = max(abs(best), np.finfo(np.float64).tiny)
    with np.errstate(over="ignore"):  # what confines c to nothing may be infinitely wide
        widths = ((high - low)[:, inside] / size)[usable[:, among][:, inside]]
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
    """The ends of what each entry allows; everything where it has no say."""
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
    """A number in most of the intervals: the middle of the first place where most overlap."""
    real = (low <= high) & np.isfinite(low) & np.isfinite(high)
    if not real.any():
        return None
    starts, stops = np.sort(low[real]), np.sort(high[real])
    # At a start, so many have started, this one included, less those that ended before it.
    depth = np.arange(1, len(starts) + 1) - np.searchsorted(stops, starts, side="left")
    deepest = int(np.argmax(depth))
    start = starts[deepest]
    stop = stops[np.searchsorted(stops, start, side="left")]
    return float((start + stop) / 2)
