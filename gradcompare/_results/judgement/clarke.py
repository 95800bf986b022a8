"""Whether a derivative at a kink is an element of Clarke's generalised gradient.

An element lies in the convex hull of the slopes near the point. If it seems not to, the direction
from the nearest point of the hull shows where: there f rises by less than the derivative predicts,
unless a slope was missed. So that slope is sought, and if it is found, the hull is larger.
"""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from jaxtyping import Bool, Float, Int

from ..._model.estimate import EPS, SAFETY, Estimate
from ..._model.verdict import NO_ELEMENT, WRONG, Judgement, Verdict
from .accuracy import DECIDED

GROWTH = 16
"""Largest number of directions in which slopes are sought for one derivative."""

SIMPLE_SHARE = 0.5
"""Share of the largest deviation at which a plain direction is preferred to its own."""

SLIGHT_EXCESS = 1e-3
"""Excess over all slopes, beside the largest, that counts in no mixed direction."""


class AbstractSlopes(Protocol):
    """What is known of the slopes of f near the point, along some coordinates.

    Attributes:
        samples: The slopes, one row for each point; NaN where there are none.
        error: Their error.
    """

    samples: Float[np.ndarray, "n k"]
    error: float

    @property
    def rough(self) -> Bool[np.ndarray, " k"]:
        """Along which coordinates the slopes differ."""
        ...

    def seek(self, u: Float[np.ndarray, " k"], target: float) -> float:
        """Returns the largest slope along `u` that is found, and adds a sample with `target`."""
        ...


@dataclass(frozen=True)
class Refutation:
    """A direction along which f rises by less than a derivative predicts.

    Attributes:
        direction: The direction.
        slope: The largest rise of f along it.
        predicted: What the derivative predicts.
    """

    direction: Float[np.ndarray, " k"]
    slope: float
    predicted: float


@dataclass(frozen=True)
class AtKink:
    """What directions say of the sources at a kink.

    Attributes:
        refuted: What shows that a source is no element, for each source that is none.
        entries: The entries that its direction moves, likewise.
        undecided: The entries of which no direction can tell.
        note: A remark for the reader, or empty.
    """

    refuted: dict[str, str]
    entries: dict[str, tuple[int, ...]]
    undecided: tuple[int, ...] = ()
    note: str = ""


def refutation(
    slopes: AbstractSlopes,
    derivative: Float[np.ndarray, " k"],
    allowed: float,
    *,
    spare: float = 0.0,
) -> Refutation | None:
    """Returns a direction that excludes a derivative, or None if none does.

    Coordinates along which f has one slope only are left out.

    Args:
        slopes: The slopes near the point.
        derivative: The derivative along the same coordinates.
        allowed: By how much the derivative may be off along each.
        spare: By how much it has to exceed the slopes along a direction that moves several
            coordinates, in units of their range. Of many pieces, the steepest may be missed.
    """
    bar = allowed + SAFETY * slopes.error + 8 * EPS * float(np.max(np.abs(derivative)))
    for _ in range(GROWTH):
        inside = np.flatnonzero(slopes.rough)
        u = _deviation(_finite(slopes.samples[:, inside]), derivative[inside], bar)
        if u is None:
            return None
        direction = np.zeros(len(derivative))
        direction[inside] = u
        predicted = float(direction @ derivative)
        target = predicted - bar * float(np.sum(np.abs(direction)))
        slope = slopes.seek(direction, target)
        if slope < target:
            rises = np.append(_finite(slopes.samples) @ direction, slope)
            several = np.count_nonzero(direction) > 1
            clear = not several or predicted - slope >= spare * float(np.ptp(rises))
            return Refutation(direction, slope, predicted) if clear else None
        if np.max(_finite(slopes.samples) @ direction) < target:
            return None  # f rises as much, though no slopes could be sampled where it does
    return None


def _finite(samples: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "m k"]:
    return samples[np.all(np.isfinite(samples), axis=1)]


def _deviation(
    seen: Float[np.ndarray, "n k"], derivative: Float[np.ndarray, " k"], bar: float
) -> Float[np.ndarray, " k"] | None:
    """Returns a direction along which the derivative exceeds all slopes, if there is any.

    A coordinate, or all of them alike, is preferred if the excess is almost as large there. In
    other directions a small excess does not count: all pieces of f may have almost the same slope.
    """
    if not seen.size:
        return None
    away = derivative - nearest(seen, derivative)
    largest = _excess(away, seen, derivative, bar)
    if largest <= 0:
        return None
    lines = [*np.eye(len(away)), np.ones(len(away))]
    for u in (sign * line for line in lines for sign in (1.0, -1.0)):
        if _excess(u, seen, derivative, bar) >= SIMPLE_SHARE * largest:
            return u
    matters = largest > SLIGHT_EXCESS * float(np.max(np.abs(seen)))
    return away / np.max(np.abs(away)) if matters else None


def _excess(
    u: Float[np.ndarray, " k"],
    seen: Float[np.ndarray, "n k"],
    derivative: Float[np.ndarray, " k"],
    bar: float,
) -> float:
    """Returns by how much the derivative exceeds all slopes along a direction of length 1."""
    length = float(np.linalg.norm(u))
    if not length > 0:
        return 0.0
    beyond = float(u @ derivative - np.max(seen @ u))
    return (beyond - bar * float(np.sum(np.abs(u)))) / length


def nearest(
    points: Float[np.ndarray, "n k"], target: Float[np.ndarray, " k"]
) -> Float[np.ndarray, " k"]:
    """Returns the point of a convex hull that is nearest to a target.

    The weights solve a least-squares problem in which none is negative, and a heavy equation makes
    their sum 1 (Lawson & Hanson, Solving Least Squares Problems, 1974, chapter 23).
    """
    size = max(float(np.max(np.abs(points - target))), np.finfo(float).tiny)
    rows = np.vstack([(points - target).T / size, np.full(len(points), HEAVY)])
    wanted = np.append(np.zeros(len(target)), HEAVY)
    weights, active = np.zeros(len(points)), np.zeros(len(points), bool)
    for _ in range(3 * len(points)):
        gain = np.where(active, -np.inf, rows.T @ (wanted - rows @ weights))
        if np.max(gain) <= EPS * HEAVY**2:
            break
        active[np.argmax(gain)] = True
        weights, active = _feasible(rows, wanted, weights, active)
    return np.asarray(weights @ points / np.sum(weights))


HEAVY = 100.0
"""Weight of the equation that makes the weights of a convex combination add to 1."""


def _feasible(
    rows: np.ndarray, wanted: np.ndarray, weights: np.ndarray, active: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the least-squares weights of the active points, without those that get negative."""
    while active.any():
        best = np.zeros(len(weights))
        best[active] = np.linalg.lstsq(rows[:, active], wanted, rcond=None)[0]
        negative = active & (best <= 0)
        if not negative.any():
            return best, active
        room = weights[negative] / (weights[negative] - best[negative])
        weights = weights + np.min(room, initial=1.0) * (best - weights)
        active = active & (weights > EPS)
        weights = np.where(active, weights, 0.0)
    return weights, active


def widened(
    differences: Estimate,
    axes: Int[np.ndarray, " k"],
    slopes: Float[np.ndarray, "n k"],
    bars: Float[np.ndarray, " k"],
) -> Estimate:
    """Returns the differences with the ranges of all slopes near the point.

    Args:
        differences: The differences at the point, with the one-sided derivatives.
        axes: Some entries.
        slopes: Their slopes near the point, one row for each point.
        bars: The errors of these slopes.
    """
    left, right = (side.copy() for side in differences.one_sided)
    error, around = differences.error.copy(), np.zeros(len(left), bool)
    low, high = np.nanmin(slopes, axis=0), np.nanmax(slopes, axis=0)
    least, most = (f(left[axes], right[axes]) for f in (np.minimum, np.maximum))
    wider = (low < least - SAFETY * bars) | (high > most + SAFETY * bars)
    at = axes[wider]
    left[at], right[at] = np.minimum(low, least)[wider], np.maximum(high, most)[wider]
    error[at], around[at] = np.fmax(error[at], bars[wider]), True
    return replace(differences, left=left, right=right, error=error, around=around)


def by_directions(judgement: Judgement, kink: AtKink | None) -> Judgement:
    """Returns the judgement after the directions that were tried at a kink.

    A source that is wrong in entries where f is smooth stays so.
    """
    if kink is None or judgement.verdict in DECIDED:
        return judgement
    verdict, faulty = _verdict(kink)
    note = "; ".join(filter(None, (judgement.note, kink.note)))
    judgement = replace(judgement, note=note)
    if verdict is None or verdict.rank <= judgement.verdict.rank:
        return judgement
    return replace(judgement, verdict=verdict, faulty=faulty, explanation=NO_ELEMENT.get(verdict))


def _verdict(kink: AtKink) -> tuple[Verdict | None, tuple[int, ...]]:
    if kink.refuted:
        alike = len(kink.refuted) == 2 and len(set(kink.refuted.values())) == 1
        source = "analytic" if "analytic" in kink.refuted else "autodiff"
        return Verdict.BOTH_WRONG if alike else WRONG[source], kink.entries[source]
    return (Verdict.INCONCLUSIVE if kink.undecided else None), kink.undecided
