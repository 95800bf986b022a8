"""What line integrals say of a gradient where noise keeps differences from a decision.

It is a sentence and no vote: the integral of a gradient over a tenth of x is that of a whole
neighbourhood, and a verdict is about points.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from ...._foundation.errors import optional
from ...._model.verdict import Verdict
from ...._points.examination import Examination
from ....methods._base import AbstractMethod
from ...identities.field import Field
from ...identities.integral import integral_of

RADII = (0.1, 0.3, 1.0)
"""Distances of the corners of the polygon from x, relative to each coordinate; the first at which
f moves by more than its noise counts."""

CORNERS = 4
"""Number of the corners."""


def with_integrals(
    points: Sequence[Examination], methods: Sequence[AbstractMethod]
) -> list[Examination]:
    """Returns points of which the first INCONCLUSIVE one says what the line integrals are.

    Args:
        points: The points.
        methods: The methods of the comparison.
    """
    verdicts = [point.result.judgement.verdict for point in points]
    changed = list(points)
    if Verdict.INCONCLUSIVE in verdicts:
        first = verdicts.index(Verdict.INCONCLUSIVE)
        changed[first] = _with_integral(points[first], methods)
    return changed


def _with_integral(point: Examination, methods: Sequence[AbstractMethod]) -> Examination:
    evaluator, result = point.evaluator, point.result
    voting = {m.source: m for m in methods if m.votes and m in evaluator.functions}
    tested = voting.get("analytic", voting.get("autodiff"))
    noisy = any(estimate.noisy for estimate in result.votes.values())
    plain = evaluator.problem.quantity == "gradient" and evaluator.problem.retraction is None
    plain &= evaluator.problem.objective.convention.plain
    if not (noisy and plain) or tested is None:
        return point
    note = optional("the line integrals", lambda: _sentence(point, tested), "")
    notes = "; ".join(filter(None, (result.judgement.note, note)))
    return replace(point, result=replace(result, judgement=replace(result.judgement, note=notes)))


def _sentence(point: Examination, tested: AbstractMethod) -> str:
    field = Field.of(point.evaluator, tested)
    if not all(map(math.isfinite, field.here.value)):
        return ""
    for radius in RADII:
        result = integral_of(field, radius, CORNERS, 0)
        if result.answer != "undecided":
            return f"without differences: {result.sentence}"
    return ""
