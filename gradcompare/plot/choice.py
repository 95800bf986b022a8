"""What of a result is drawn: which point, which coordinates, and which source is accused."""

import numpy as np

from .._foundation.errors import InputError
from .._model.verdict import ACCUSED, Verdict
from .._results.data import PointResult
from .._results.judgement.excess import excess_of
from .._results.result import Comparison, Result

WRONG = {
    **{verdict: (source,) for verdict, source in ACCUSED.items()},
    Verdict.ANALYTIC_INEXACT: ("analytic",),
    Verdict.AUTODIFF_INEXACT: ("autodiff",),
    Verdict.BOTH_WRONG: ("analytic", "autodiff"),
}
"""The sources that each verdict accuses."""


def result_of(found: Result | Comparison) -> Result:
    """Returns a result as it is, and of a comparison the first with the worst verdict.

    Raises:
        InputError: if there is none.
    """
    if isinstance(found, Result):
        return found
    results = found.results
    if not results:
        raise InputError("the comparison has no results; compare at least one objective")
    return max(results, key=lambda result: (not result.ok, result.verdict.rank))


def point_of(result: Result, number: int) -> PointResult:
    """Returns one point of a result.

    Raises:
        InputError: if there is no such point, or it has no estimates.
    """
    if not -len(result.points) <= number < len(result.points):
        reason = result.message or f"give a number below {len(result.points)}"
        raise InputError(f"{result.objective} has no point {number}: {reason}")
    point = result.points[number]
    if not point.votes:
        reasons = "; ".join(f"{name}: {why}" for name, why in point.missing.items())
        raise InputError(f"{result.objective} has no estimate at {point.label}: {reasons}")
    return point


def accused(point: PointResult) -> tuple[str, ...]:
    """Returns the sources that are wrong by the verdict, or give no numbers."""
    if point.judgement.verdict is Verdict.NONFINITE:
        return tuple(s for s, e in point.votes.items() if not np.all(np.isfinite(e.value)))
    return tuple(s for s in WRONG.get(point.judgement.verdict, ()) if s in point.votes)


def worst_first(point: PointResult) -> list[int]:
    """Returns the numbers of all coordinates: those that caused the verdict, then the others.

    The others come in the order of their distance, measured by their error bars.
    """
    votes = list(point.votes.values())
    like = np.zeros(len(votes[0].value), bool)
    excess = np.zeros(len(like))
    for number, a in enumerate(votes):
        for b in votes[number + 1 :]:
            excess = np.maximum(excess, excess_of(a, b, like=like))
    for vote in votes:
        excess[~np.isfinite(vote.value)] = np.inf
    first = [i for i in point.judgement.faulty if 0 <= i < len(like)]
    others = np.argsort(-excess, kind="stable").tolist()
    return [*first, *(i for i in others if i not in set(first))]
