"""The verdict at an accuracy that the user accepts, with a second look over longer steps."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..._evaluation.evaluator import Evaluator
from ..._model.estimate import Estimate
from ..._model.verdict import DISPUTED, Explanation, Judgement, Verdict
from ..._results.judgement.accuracy import at_accuracy, is_beyond
from ..._results.judgement.reach import reach
from ...methods._extrapolation.trend import trends

TOO_BLUNT = 3.0
"""Largest ratio of the bar of a trend to the accuracy at which it is looked at."""

STEEP = 10.0
"""Largest ratio of the distance from the slope at x itself to the accuracy if a trend counts.
A stopped solver was off by 3; a small term of f that is forgotten may be off by more."""

AT_A_TIME = 16
"""Number of entries whose trends are measured before the verdict is asked again."""

TREND = "{} over steps of some percent of x; over shorter ones, f has other slopes"


def accepted(
    evaluator: Evaluator, judgement: Judgement, votes: Mapping[str, Estimate], value: float
) -> Judgement:
    """Returns the judgement at the accuracy that the user accepts, if any.

    Where a source is not shown to be right to it, the trend of f decides: a solver that stops at
    a tolerance has other slopes within short pieces. A source that the trend refutes as well
    keeps its verdict.
    """
    accuracy = evaluator.problem.objective.accuracy
    close = at_accuracy(judgement, votes, accuracy)
    differences = votes.get("differences")
    if accuracy is None or differences is None or evaluator.problem.quantity != "gradient":
        return close
    tested = votes.get("analytic", votes.get("autodiff"))
    if tested is None or _is_steep(tested, differences, accuracy):
        return close
    smooth = ~differences.kinked
    at, looked = close, np.zeros(len(smooth), bool)
    while at.verdict in DISPUTED and at.faulty:
        faulty = np.array(at.faulty)
        new = faulty[smooth[faulty] & ~looked[faulty]][:AT_A_TIME]
        if not new.size or (at.verdict is not Verdict.INCONCLUSIVE and looked[faulty[0]]):
            break
        looked[new] = True
        differences = _with_trends(evaluator, differences, new, accuracy)
        at = at_accuracy(judgement, {**votes, "differences": differences}, accuracy)
    if at is close or (at.verdict in DISPUTED and at.verdict is not Verdict.INCONCLUSIVE):
        return close
    reached = reach(value, tested, differences, None)
    explanation = at.explanation
    if at.verdict.ok and explanation is not None:
        explanation = Explanation(TREND.format(explanation.cause), explanation.advice)
    names = ("agrees_to", "agrees_to_norm")
    return replace(at, explanation=explanation, **{name: reached[name] for name in names})


def _is_steep(tested: Estimate, differences: Estimate, accuracy: float) -> bool:
    """Whether a slope at x itself is too far off to be that of a solver that stops."""
    allowed = STEEP * accuracy * differences.largest
    return bool(np.any(is_beyond(tested, differences, allowed)))


def _with_trends(
    evaluator: Evaluator, differences: Estimate, entries: np.ndarray, accuracy: float
) -> Estimate:
    """Returns the differences with those trends that are sharp enough for the accuracy."""
    new = trends(evaluator, differences, entries)
    blunt = ~(new.error <= TOO_BLUNT * accuracy * differences.largest)
    value = np.where(blunt, differences.value, new.value)
    error = np.where(blunt, differences.error, new.error)
    left, right = (
        np.where(blunt, old, new.value) for old in (differences.left, differences.right)
    )
    return replace(differences, value=value, error=error, left=left, right=right)
