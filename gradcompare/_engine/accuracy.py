"""The accuracy of each implementation in a narrower dtype, against float64."""

from collections.abc import Sequence
from functools import partial

from .._evaluation.evaluator import Evaluator
from .._foundation.errors import outcome_of
from .._foundation.user_code import describe
from .._model.estimate import Estimate
from .._model.verdict import Verdict
from .._results.data import PointResult
from .._results.pairs import Accuracy, accuracy
from ..methods._base import AbstractMethod, estimate_as_declared


def accuracies(
    narrow: Evaluator, point: PointResult, methods: Sequence[AbstractMethod]
) -> tuple[dict[str, Accuracy], tuple[str, ...]]:
    """Returns the accuracy of each method in the narrower dtype, and a sentence for each failure.

    The reference is the derivative in float64.
    """
    right = "analytic" if point.judgement.verdict is Verdict.AUTODIFF_WRONG else "autodiff"
    reference = point.votes.get(right)
    errors, notes = {}, []
    value = outcome_of(narrow.value)
    if isinstance(value, Exception):
        notes.append(f"value in {narrow.dtype}: {describe(value)}")
    for method in methods:
        if method.name in point.missing or method.judges or reference is None:
            continue
        outcome = outcome_of(partial(estimate_as_declared, method, narrow))
        if isinstance(outcome, Estimate):
            errors[method.name] = accuracy(outcome, reference, narrow.dtype)
        else:
            notes.append(f"{method.name} in {narrow.dtype}: {describe(outcome)}")
    return errors, tuple(notes)
