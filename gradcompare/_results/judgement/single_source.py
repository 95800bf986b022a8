"""The verdicts of a comparison on one of its sources alone."""

from dataclasses import replace

from ..._model.verdict import ACCUSED, NO_ELEMENT, WRONG, Judgement, Verdict
from ..data import PointResult
from ..result import Result
from .accuracy import at_accuracy
from .judge import judge

ATTRIBUTED = (*ACCUSED, Verdict.NONFINITE)
"""Verdicts that accuse one source; a point has only the worst of them."""


def against_judge(
    result: Result, source: str, *, bound: bool = False, accuracy: float | None = None
) -> Result:
    """Returns the result with the verdicts on one source.

    Where the vote accuses a source, each exact source is compared with finite differences on its
    own, so that a wrong hand-written derivative does not hide a wrong autodiff, or the other way
    round. All other verdicts concern every source, and stay.

    Args:
        result: The result of all sources.
        source: `analytic` or `autodiff`.
        bound: Whether the analytic estimate is an upper bound.
        accuracy: The largest relative error that is accepted, if any.
    """
    points = [replace(p, judgement=_judged(p, source, bound, accuracy)) for p in result.points]
    diagnosis = result.diagnosis if source == "analytic" else ()
    return replace(result, points=tuple(points), diagnosis=diagnosis)


def _judged(point: PointResult, source: str, bound: bool, accuracy: float | None) -> Judgement:
    if point.judgement.verdict not in ATTRIBUTED:
        return point.judgement
    if point.judgement.explanation is NO_ELEMENT.get(WRONG[source]):
        return point.judgement
    estimates = {s: e for s, e in point.votes.items() if s in (source, "differences")}
    alone = judge(point.value, estimates, bound=bound and source == "analytic")
    alone = at_accuracy(alone, estimates, accuracy)
    return point.judgement if alone.verdict is point.judgement.verdict else alone
