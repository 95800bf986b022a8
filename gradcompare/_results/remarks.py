"""What is missing, special or doubtful about a result, in sentences."""

from collections.abc import Iterable

import numpy as np

from .._foundation.wording import short
from .._model.estimate import SAFETY
from .._model.verdict import Verdict
from .branch import in_words
from .data import PointResult, ResultData
from .pairs import PairError

ANY_FUNCTION = (
    "This confirms the {} of the function you passed, not that the function is the one you "
    "intended. To check its value too, pass reference=, an independent implementation."
)

RIGHT_FUNCTION = "the values agree with those of the reference"


def remarks(result: ResultData, point: PointResult) -> list[str]:
    """What is missing, special or doubtful, in the order in which it matters."""
    judgement = point.judgement
    remarks = [*missing_methods(point), *filter(None, (judgement.note, point.taylor))]
    remarks += method_notes(point)
    for other in result.points:
        remarks += point_warnings(other)
        if result.entries and _is_stationary(other, result.entries):
            remarks.append(
                f"{other.label}: stationary: no derivative is larger than its error bar"
            )
    remarks += branch_lines(result)
    if result.verdict is Verdict.AGREE:
        quantity = "gradient" if result.quantity == "gradient" else "derivative"
        remarks.append(RIGHT_FUNCTION if result.has_reference else ANY_FUNCTION.format(quantity))
    return [*remarks, *result.notes]


def missing_methods(point: PointResult) -> list[str]:
    """Says why a method gave no estimate, one line for each."""
    return [f"{name}: not available: {reason}" for name, reason in point.missing.items()]


def method_notes(point: PointResult) -> list[str]:
    """Returns what the estimates say about themselves."""
    return [f"{name}: {e.note}" for name, e in point.estimates.items() if e.note]


def point_warnings(point: PointResult) -> list[str]:
    """Says what makes a point a poor place for a comparison."""
    warnings = [f"{point.label}: {warning}" for warning in point.warnings]
    if point.abstains:
        name = point.judgement.verdict.name
        warnings.append(f"{point.label}: {name}, but it does not vote: {point.abstains}")
    return warnings


def branch_lines(result: ResultData) -> list[str]:
    """Says which branches were tested, in one sentence, where a derivative agrees.

    Where it does not, only if some were not tested.
    """
    complete = all(branch.tested for branch in result.branches)
    if complete and not result.verdict.ok:
        return []
    return [in_words(result.branches, result.branches_unseen)]


def pair_lines(result: ResultData, pairs: Iterable[PairError]) -> list[str]:
    """Says how far the sources are apart, one line for each pair of them."""
    voters = set(result.sources.values())
    return [
        f"{pair.first} – {pair.second}: relative error {short(pair.relative_norm)}, "
        f"error bar {short(pair.bar)}"
        for pair in pairs
        if {pair.first, pair.second} <= voters
    ]


def descent(point: PointResult) -> list[str]:
    estimate = point.votes.get("differences")
    if estimate is None:
        return []
    slope, bar = estimate.one_sided[1][0], estimate.error[0]
    derivative = f"f'(x; u) = {slope:.6g} ± {short(bar, 2)}"
    if slope < -bar:
        return [f"{derivative}: u is a descent direction"]
    if slope > bar:
        return [f"{derivative}: u is not a descent direction"]
    return [f"{derivative}: the error bar contains 0, so u may or may not be a descent direction"]


def _is_stationary(point: PointResult, entries: int) -> bool:
    """Whether no derivative at a point is larger than its error bar, by no source."""
    if len(point.judgement.unverified) < entries:
        return False
    return not any(np.any(np.abs(e.value) > SAFETY * e.error) for e in point.votes.values())
