"""The vote of line integrals, where noise keeps differences from a decision.

Over a tenth of x and more, f moves by more than its noise, so that an integral speaks where no
step does. It is that of a whole neighbourhood, and a verdict is about points. So:

| integral of the derivative under test | of the other exact source | verdict |
|---|---|---|
| off by more than its bars allow | is not off, or there is none | the first is wrong |
| is not off | off by more than its bars allow | the other is wrong |
| shown to be right | likewise, or there is none | INCONCLUSIVE, with the digits confirmed |
| off | off | INCONCLUSIVE: two sources against one |

A gradient that f is not the integral of is wrong somewhere on the line; one that f is the integral
of may still be wrong at a point, or in entries that hide one another.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...._foundation.errors import optional
from ...._model.estimate import SAFETY
from ...._model.verdict import EXACT, WRONG, Explanation, Judgement, Verdict
from ...._points.examination import Examination
from ...._results.result import Result
from ....methods._base import AbstractMethod
from ...identities.field import Field
from ...identities.integral import LineIntegral, integral_of
from ..narrow import programs_of

RADII = (0.1, 0.3, 1.0)
"""Distances of the corners of the polygon from x, relative to each coordinate; the first at which
f moves by more than its noise counts."""

CORNERS = 4
"""Number of the corners."""

HIDES = "noise hides the derivative from finite differences"

REFUTED = {
    verdict: Explanation(f"{HIDES}, but f is not the integral of {name}", verdict.advice)
    for verdict, name in (
        (Verdict.ANALYTIC_WRONG, "the analytic derivative"),
        (Verdict.AUTODIFF_WRONG, "automatic differentiation"),
    )
}
"""Verdicts that rest on line integrals."""

CONFIRMED = Explanation(
    f"{HIDES}; along lines, f is the integral of it",
    "Rely on the digits stated below, or reduce the noise of f for a verdict at the point.",
)
"""INCONCLUSIVE, though line integrals confirm the derivative."""


def with_integrals(
    result: Result, points: Sequence[Examination], methods: Sequence[AbstractMethod]
) -> list[Examination]:
    """Returns the points; of an INCONCLUSIVE result, the worst with the vote of line integrals.

    A derivative that is asked for at one point may be meant there alone, and the integrals are
    about a neighbourhood.

    Args:
        result: The result of the points without this vote.
        points: The points.
        methods: The methods of the comparison.
    """
    changed = list(points)
    if result.verdict is Verdict.INCONCLUSIVE and len(points) > 1:
        worst = next(i for i, point in enumerate(points) if point.result is result.worst)
        changed[worst] = _with_integrals(points[worst], methods)
    return changed


def _with_integrals(point: Examination, methods: Sequence[AbstractMethod]) -> Examination:
    problem, result = point.evaluator.problem, point.result
    votes = {m.source: m for m in methods if m.votes and m.source in result.votes}
    tested = {source: votes[source] for source in EXACT if source in votes}
    noisy = any(estimate.noisy for estimate in result.votes.values())
    noisy &= not any(program.refusal for program in programs_of(point.evaluator, methods).values())
    plain = problem.quantity == "gradient" and problem.retraction is None
    if not (noisy and plain and problem.objective.convention.plain and tested):
        return point
    integrals = optional("the line integrals", lambda: _integrals(point, tested), {})
    if not integrals:
        return point
    judgement = _judged(result.judgement, integrals)
    return replace(point, result=replace(result, judgement=judgement))


def _integrals(
    point: Examination, tested: Mapping[str, AbstractMethod]
) -> dict[str, LineIntegral]:
    """Returns the line integrals of each source, at the first radius at which one shows anything.

    Args:
        point: The point.
        tested: The method of each exact source.
    """
    fields = {source: Field.of(point.evaluator, method) for source, method in tested.items()}
    if not all(math.isfinite(x) for field in fields.values() for x in field.here.value):
        return {}
    for radius in RADII:
        shown = {s: integral_of(field, radius, CORNERS, 0) for s, field in fields.items()}
        if any(each.answer != "undecided" for each in shown.values()):
            return shown
    return {}


def _judged(judgement: Judgement, integrals: Mapping[str, LineIntegral]) -> Judgement:
    """Returns the judgement with the vote of the integral of each exact source."""
    judgement = replace(
        judgement, note="; ".join(filter(None, (judgement.note, _note(integrals))))
    )
    answers = {source: integral.answer for source, integral in integrals.items()}
    if "jumps" in answers.values() or judgement.explanation is not None:
        return judgement  # another cause than noise is known
    refuted = [WRONG[source] for source, answer in answers.items() if answer == "wrong"]
    match refuted:
        case [verdict]:
            return replace(judgement, verdict=verdict, explanation=REFUTED[verdict])
        case [] if "undecided" not in answers.values():
            under_test = next(iter(integrals.values()))
            bound = under_test.error + SAFETY * under_test.bar
            return replace(
                judgement,
                verdict=Verdict.INCONCLUSIVE,
                explanation=CONFIRMED,
                agrees_to_norm=bound,
            )
    return judgement


def _note(integrals: Mapping[str, LineIntegral]) -> str:
    """Returns what the integrals say, in one sentence for each source."""
    several = len(integrals) > 1
    return "; ".join(
        f"without differences{f', {source}' * several}: {integral.sentence}"
        for source, integral in integrals.items()
    )
