"""Which points may convict: a point that was drawn does so only where f has digits."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..._foundation.wording import short
from ..._model.estimate import EPS, Estimate
from ..._model.verdict import ACCUSED, DISPUTED, Explanation, Verdict
from ..data import PointResult
from .excess import excess_of

CLEAR_EXCESS = 10.0
"""Least difference, beside what the bars allow, that convicts where f has few digits as well."""

NOTHING = "the gradient is autodiff itself"
"""Why a point does not vote at which nothing contradicts autodiff."""

FOLLOWED = Explanation(
    "finite differences contradict the derivative over small steps, and f follows it over larger "
    "ones",
    "Look for digits that cancel in f, or for a term as small as they are.",
)
"""INCONCLUSIVE because of what f does over larger steps."""

FEW = 0.5
"""Share of the digits that f has at the point given below which a drawn point does not vote."""


def fair(points: Sequence[PointResult]) -> tuple[PointResult, ...]:
    """Returns the points, with the reason of each one that does not vote.

    Args:
        points: The point that the user gave, and the points that were drawn or sought.
    """
    first, *drawn = points
    points = (first, *(replace(p, abstains=_reason(p, first)) for p in drawn))
    if not any(p.judgement.verdict is Verdict.AUTODIFF_WRONG for p in points if not p.abstains):
        return points
    # Autodiff given as the gradient checks nothing, but somewhere finite differences refute it.
    return tuple(
        replace(p, abstains=NOTHING) if p.judgement.verdict is Verdict.NOT_A_CHECK else p
        for p in points
    )


def _reason(point: PointResult, first: PointResult) -> str:
    absent = [source for source in first.votes if source not in point.votes]
    if point.judgement.verdict is Verdict.NOT_A_CHECK and absent:
        reasons = [point.missing.get(first.sources[source], "no result") for source in absent]
        return "; ".join(f"{s}: {reason}" for s, reason in zip(absent, reasons, strict=True))
    here, there = (p.votes.get("differences") for p in (point, first))
    if point.judgement.verdict not in DISPUTED or here is None or there is None:
        return ""
    if point.judgement.explanation is FOLLOWED:
        return "f follows the derivative here over larger steps, but not over small ones"
    if _is_hidden(point, first):
        return (
            "f does not change here, and the derivative would change it by less than its last "
            f"digit at {first.label}"
        )
    # Where f is flat, a bar counts beside what the derivative is elsewhere.
    digits, usual = (_digits(each, there.largest) for each in (here, there))
    if digits >= FEW * usual or _is_plain(point):
        return ""
    return (
        f"f has {short(digits, 2)} digits of its derivative here, and {short(usual, 2)} at "
        f"{first.label}"
    )


def _is_hidden(point: PointResult, first: PointResult) -> bool:
    """Whether f is constant here, and would be in its last digits with the derivative in dispute.

    The value may be 0 where 1 + 1e-78 is rounded inside of f, and has no digits of its own then.
    """
    differences, faulty = point.votes["differences"], list(point.judgement.faulty)
    tested = point.votes.get(ACCUSED.get(point.judgement.verdict, "analytic"))
    if tested is None or not faulty:
        return False
    constant = (differences.value == 0) & (differences.error == 0)
    change = np.abs(tested.value) * np.max(np.abs(point.x), initial=1.0)
    return bool(np.all((constant & (change <= EPS * abs(first.value)))[faulty]))


def _is_plain(point: PointResult) -> bool:
    """Whether the difference is so many bars that few digits are enough to see it."""
    votes, differences = point.votes, point.votes["differences"]
    source = ACCUSED.get(point.judgement.verdict, "analytic")
    faulty = list(point.judgement.faulty)
    if source not in votes or not faulty:
        return False
    excess = excess_of(votes[source], differences, like=differences.kinked)
    return bool(np.max(excess[faulty]) >= CLEAR_EXCESS)


def _digits(differences: Estimate, otherwise: float) -> float:
    """Returns how many decimal digits of the derivative the bars of differences leave."""
    largest = differences.largest or otherwise
    error = float(np.max(differences.error, initial=0.0))
    if not (np.isfinite(largest) and np.isfinite(error)) or largest == 0:
        return 0.0
    return float(-np.log10(np.clip(error / largest, EPS, 1.0)))
