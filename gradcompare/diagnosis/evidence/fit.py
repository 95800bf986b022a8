r"""What counts as evidence, and one number c with t = c·b in many entries.

Entry k confines c to the interval (t_k ± T_k) / b_k. A coordinate confines it to the
intersection over its points. One sweep over the ends of these intervals gives the number that
lies in most of them, so that a few coordinates with other faults do no harm.

The significance of an agreement is counted. An entry whose interval is w_k wide relative to c
agrees by chance in about w_k of all cases, independent entries in Π w_k. This is multiplied by the
number of hypotheses tried and by the number of ways to choose the coordinates. One rule thus
serves ten precise entries as well as a thousand noisy ones. Three things are no evidence:

- an entry that another point repeats. The gradient of a linear objective is the same at every
  point; of three equal equations, one counts. If the entry differs by a part δ from what it was
  at another point, it agrees by chance in w_k / δ of all cases.
- an equation that was used to adapt a constant. There have to be more equations than constants.
- for an adapted constant in several coordinates, one coordinate at several points. If the
  objective is a sum over its coordinates, each of them has a ratio of its own, the same at every
  point. Only the agreement of one coordinate with another shows that they share a constant.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

BY_CHANCE = 1e-3
"""Largest probability of an agreement by chance that still counts as an agreement."""

EXCHANGED, MOST_EXCHANGES = 20_000, 20
"""Number of coordinates in other places, and of places, to count agreements by chance."""


@dataclass(frozen=True, eq=False)
class Fit:
    """The number, and the coordinates at which it holds.

    Attributes:
        low: The least number that holds there.
        high: The largest.
        coordinates: Those at which it holds, at every point.
        own: For each of these, log₁₀ of the relative width of its narrowest interval, not above 0.
        again: The same for all other entries of the coordinate together, at other points.
        shuffled: Number of coordinates at which it holds after the targets of all coordinates
            were exchanged, on average. Among whole numbers, many ratios are 2.
    """

    low: float
    high: float
    coordinates: Bool[np.ndarray, " d"]
    own: Float[np.ndarray, " k"]
    again: Float[np.ndarray, " k"]
    shuffled: float = 0.0

    def convinces(self, trials: float, among: int, *, constants: int) -> bool:
        """Whether the agreement is significant.

        Args:
            trials: Number of constants it could have been.
            among: Number of coordinates out of which those were chosen.
            constants: Number of adapted constants; each uses up the most telling coordinate.
        """
        count = int(self.coordinates.sum())
        tried = math.log10(trials * among)
        if count < among and tried + log_count(count, self.shuffled) > math.log10(BY_CHANCE):
            return False
        free = float(np.sum(np.sort(self.own)[constants:]))
        if constants == 0 or count == 1:
            free += float(np.sum(self.again))
        return free + tried + log_choices(among, count) < math.log10(BY_CHANCE)


def log_count(count: int, mean: float) -> float:
    """Returns log₁₀ of Chernoff's bound of a Poisson number to be so large."""
    if count <= mean:
        return 0.0
    rest = count * math.log(mean / count) if mean > 0 else -math.inf
    return (count - mean + rest) / math.log(10)


def news(values: Float[np.ndarray, "p d"], usable: Bool[np.ndarray, "p d"]) -> np.ndarray:
    """Returns by which part each entry differs from the same one at all points before.

    1 at the first point at which it is usable; 0 for a repetition.
    """
    fresh = np.ones(values.shape)
    with np.errstate(all="ignore"):
        for k in range(1, len(values)):
            size = np.maximum(np.abs(values[:k]), np.abs(values[k]))
            off = np.nan_to_num(np.abs(values[:k] - values[k]) / size, nan=0.0, posinf=1.0)
            fresh[k] = np.min(off, axis=0, initial=1.0, where=usable[:k])
    return fresh


def log_chance(
    widths: Float[np.ndarray, "p d"], fresh: Float[np.ndarray, "p d"]
) -> Float[np.ndarray, "p d"]:
    """Returns log₁₀ of the probability that each entry agrees by chance.

    Args:
        widths: The width of its interval, relative to the numbers that it could hold.
        fresh: By which part it differs from what it was at other points.
    """
    with np.errstate(all="ignore"):
        share = np.where(fresh > 0, widths / fresh, 1.0)
    return np.log10(np.clip(np.nan_to_num(share, nan=1.0), 1e-300, 1.0))


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
        widths = np.where(usable[:, among], high - low, np.inf)[:, inside] / size
    # An interval of relative width w holds c by chance with probability about w.
    logs = log_chance(widths, news(base[:, among][:, inside], usable[:, among][:, inside]))
    own = np.min(logs, axis=0)
    if not own.any():
        return None
    return Fit(
        float(np.max(lowest[inside])),
        float(np.min(highest[inside])),
        coordinates,
        own,
        np.sum(logs, axis=0) - own,
        0.0
        if inside.all()
        else _shuffled(
            best, target[:, among], base[:, among], allowed[:, among], usable[:, among]
        ),
    )


def _shuffled(c: float, target, base, allowed, usable) -> float:
    """Returns at how many coordinates c·base is the target of another one, on average."""
    n = target.shape[1]
    with np.errstate(all="ignore"):
        held = [
            np.all((np.abs(np.roll(target, s, axis=1) - c * base) <= allowed) | ~usable, axis=0)
            for s in range(1, min(1 + EXCHANGED // n, 1 + MOST_EXCHANGES, n))
        ]
    return float(np.mean(np.sum(held, axis=1))) if held else 0.0


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
