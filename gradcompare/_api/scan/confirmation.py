"""What is suspicious is confirmed, and shown outside of a batch."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import jax
import numpy as np
from jaxtyping import Float

from ..._foundation.errors import outcome_of
from .faults import Claim, is_wrong, kind_of, reproducer, worst_of
from .result import Fault
from .truth.judge import JUDGE, contradiction

if TYPE_CHECKING:
    from .scalars import Scalars

JUDGED = 2
"""The most points of one argument that the judge sees."""

TRIED = 6
"""The most points of one fault at which it is shown again outside of a batch."""


def claims_at(
    scalars: "Scalars",
    points: Float[np.ndarray, "n k"],
    number: int,
    computed: tuple[np.ndarray, np.ndarray],
    order: Sequence[int],
    usual: float,
) -> tuple[list[Claim], int]:
    """Returns the points at which autodiff is refuted, and how many were examined for it."""
    values, gradient = computed
    claims, seen, judged = [], 0, 0
    for n in order:
        row = points[n]
        outcome = _with_digits(scalars, row, number, values[n], gradient[n], usual)
        if outcome == "unknown" and judged < JUDGED:
            judged += 1
            outcome = _with_judge(scalars, row, number, usual)
        seen += outcome != "unknown"
        if isinstance(outcome, Claim):
            claims.append(outcome)
    return claims, seen


def _with_digits(
    scalars: "Scalars", row: np.ndarray, number: int, value: float, derivative: float, usual: float
) -> Claim | str:
    """Returns a claim; `right`, `unsettled` where there is no derivative, or `unknown`."""
    different = False
    for form in scalars.forms:
        from .truth.curves import SAME
        from .truth.operations import UNKNOWN

        try:
            truth = form.truth(row.tolist(), number)
        except UNKNOWN:
            continue
        if truth is None:
            return "unsettled"
        if not abs(truth.value - value) <= SAME * abs(value) + 1e-300:
            different = True  # another function here, or a value with few digits
            continue
        if not is_wrong(derivative, truth):
            return "right"
        if is_wrong(derivative, truth, 2 * form.sensitivity(row.tolist(), number)):
            claim = Claim(tuple(map(float, row)), derivative, truth, form.source, usual)
            return claim if kind_of(claim) else "unsettled"
        return "right"
    return "unsettled" if different else "unknown"


def _with_judge(scalars: "Scalars", row: np.ndarray, number: int, usual: float) -> Claim | str:
    from .truth.slope import Truth

    found = contradiction(scalars.call.value, list(map(float, row)), number, scalars.seed)
    if found is None:
        return "unknown"
    truth = Truth(found.truth, found.truth, found.bar, float("nan"))
    claim = Claim(tuple(map(float, row)), found.autodiff, truth, JUDGE, usual, found.cause)
    return claim if kind_of(claim) else "unsettled"


def faults_of(
    scalars: "Scalars", argument: str, number: int, claims: list[Claim]
) -> Iterator[Fault]:
    """Yields one fault of each kind, at the point that shows it best outside of a batch too."""
    kinds = dict.fromkeys(kind_of(claim) for claim in claims)
    for kind in kinds:
        same = [claim for claim in claims if kind_of(claim) == kind]
        for claim in worst_of(same, number)[:TRIED]:
            again = outcome_of(lambda claim=claim: scalars.one(claim.point, number))
            if isinstance(again, Exception):
                continue
            shown = claim.with_autodiff(again)
            if kind_of(shown) == kind:
                yield shown.fault(
                    scalars.named,
                    argument,
                    len(same) - 1,
                    _cause(scalars, shown, number),
                    reproducer(scalars.named, scalars.call, number, shown),
                )
                break


def _cause(scalars: "Scalars", claim: Claim, number: int) -> str:
    if claim.cause or not scalars.forms:
        return claim.cause
    from .truth.cause import cause_of

    gradient = jax.grad(scalars.call.value, argnums=number)
    point = list(map(float, claim.point))
    return cause_of(scalars.named.function, gradient, point, claim.truth.middle)
