"""How accurate each implementation is in a narrower dtype, against float64."""

from functools import partial

from ._errors import describe, guarded
from ._estimate import Estimate
from ._method import estimate_as_declared
from ._pairs import Accuracy, accuracy
from ._plan import Plan
from ._programs import Programs
from ._result import PointResult
from ._verdict import Verdict


def accuracies(
    narrow: Programs, point: PointResult, plan: Plan
) -> tuple[dict[str, Accuracy], tuple[str, ...]]:
    """How near each method comes in the narrower dtype to the derivative in float64.

    Returns what failed in that dtype as sentences beside it.
    """
    right = "analytic" if point.judgement.verdict is Verdict.AUTODIFF_WRONG else "autodiff"
    reference = point.estimates.get(plan.voters.get(right, ""))
    errors, notes = {}, []
    value = guarded(narrow.value)
    if isinstance(value, Exception):
        notes.append(f"value in {plan.dtype}: {describe(value)}")
    for method in plan.methods:
        if method.name in point.missing or method.judges or reference is None:
            continue
        outcome = guarded(partial(estimate_as_declared, method, narrow))
        if isinstance(outcome, Estimate):
            errors[method.name] = accuracy(outcome, reference, plan.dtype)
        else:
            notes.append(f"{method.name} in {plan.dtype}: {describe(outcome)}")
    return errors, tuple(notes)
