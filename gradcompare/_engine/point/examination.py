"""One point: the estimates of all methods, the verdict, and remarks for the reader.

A method that fails becomes a line of the report, and the others go on.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import combinations

import numpy as np

from ..._evaluation.checks import (
    differs_when_repeated,
    is_random,
    value_twice,
    value_with_bar,
)
from ..._evaluation.compiled import CompiledFunction
from ..._evaluation.evaluator import Evaluator
from ..._evaluation.rounding import estimate_with_rounding
from ..._foundation.errors import UnsentError, Untraceable, optional, outcome_of
from ..._foundation.user_code import describe
from ..._introspection.jaxprs import depends_on
from ..._model.arguments.user_functions import ByRule
from ..._model.estimate import EPS, SAFETY, Estimate
from ..._model.verdict import SAME_PROGRAM, Explanation, Judgement, Verdict
from ..._points.sampling import lint
from ..._results.data import PointResult
from ..._results.judgement.clarke import AtKink, by_directions
from ..._results.judgement.judge import judge
from ..._results.pairs import pair_error
from ...diagnosis.rounding.measured import measured
from ...diagnosis.rounding.second_vote import vote_again
from ...methods._base import AbstractMethod, estimate_as_declared, voters
from .acceptance import accepted
from .kinks.study import at_kink
from .narrow import as_written, unless_rounding_decides
from .other import judged_with_other, without_copies
from .remarks import voting_programs
from .second_opinion.taylor import taylor_remainder, unless_followed

RANDOM_GRADIENT = Explanation(
    "the gradient gives different numbers at the same point",
    "Look for threads that add to one array, for random numbers, and for memory that is read "
    "before it is written.",
)
"""STOCHASTIC because of the gradient under test."""

NO_CHECK = Judgement(Verdict.NOT_A_CHECK, explanation=SAME_PROGRAM)


def examine(evaluator: Evaluator, methods: Sequence[AbstractMethod]) -> PointResult:
    """Returns the comparison of the methods on the problem of `evaluator`."""
    problem, warnings, sources = evaluator.problem, lint(evaluator.problem), voters(methods)
    value, again = value_twice(evaluator)
    if is_random(evaluator, value, again):
        note = f"the same point gave {value:.6g} and {again:.6g}"
        judgement = Judgement(Verdict.STOCHASTIC, note=note)
        return PointResult(problem.label, evaluator.x, value, judgement, warnings, sources=sources)
    estimates, missing = _estimates(evaluator, methods)
    random = _random_derivative(evaluator, methods)
    if random is not None:
        return PointResult(
            problem.label, evaluator.x, value, random, warnings, estimates, missing, sources
        )
    votes = {s: estimates[name] for s, name in sources.items() if name in estimates}
    votes = without_copies(evaluator, methods, votes)
    warnings = (*warnings, *_memory(evaluator, value))
    value, votes = as_written(evaluator, methods, value, votes)
    judgement = _judgement(evaluator, methods, value, None, votes)
    votes, kink = at_kink(evaluator, votes, judgement)
    of = partial(_judgement, evaluator, methods, value, kink)
    # Without a kink, the votes are the same.
    judgement = judgement if kink is None else of(votes)
    votes, judgement, lost = vote_again(evaluator, methods, votes, judgement, of)
    judgement = unless_rounding_decides(judgement, evaluator, methods)
    judgement, taylor = _with_taylor(evaluator, judgement, votes)
    estimates |= {sources[source]: estimate for source, estimate in votes.items()}
    return PointResult(
        problem.label,
        evaluator.x,
        value,
        judgement,
        (*warnings, *lost),
        estimates,
        missing,
        sources,
        tuple(
            pair_error(a, estimates[a], b, estimates[b], problem)
            for a, b in combinations(estimates, 2)
        ),
        taylor=taylor,
    )


def _estimates(
    evaluator: Evaluator, methods: Sequence[AbstractMethod]
) -> tuple[dict[str, Estimate], dict[str, str]]:
    """Returns the estimates by the names of the methods, and the reasons of those without one."""
    problem = evaluator.problem
    estimates: dict[str, Estimate] = {}
    missing: dict[str, str] = {}
    for method in methods:
        reason = method.unsupported(problem.objective, problem.quantity)
        untraced = evaluator.cache.untraceable.get("value")
        # If Python branches on the value, autodiff still runs uncompiled; on NumPy it cannot.
        of_numpy = untraced and untraced.kind is Untraceable.NUMPY and not evaluator.has_program
        if method.source == "autodiff" and untraced and of_numpy:
            reason = untraced.words
        if reason is not None:
            missing[method.name] = reason
            continue
        outcome = outcome_of(partial(estimate_as_declared, method, evaluator))
        if isinstance(outcome, UnsentError):  # as unusable as any other argument
            raise outcome
        if isinstance(outcome, Estimate):
            estimates[method.name] = outcome
        else:
            missing[method.name] = describe(outcome)
    return estimates, missing


def _memory(evaluator: Evaluator, value: float) -> tuple[str, ...]:
    """Returns a warning if f gives another value at the point after it was called elsewhere."""
    again = outcome_of(evaluator.value) if evaluator.cache.opaque else value
    if not isinstance(again, float) or again == value or not np.isfinite([again, value]).all():
        return ()
    return (
        f"f depends on what was called before: it gave {value!r} here, and {again!r} after calls "
        "elsewhere; start each call anew, as a solver from the same guess",
    )


def _random_derivative(
    evaluator: Evaluator, methods: Sequence[AbstractMethod]
) -> Judgement | None:
    """Returns the judgement on an exact derivative that differs from call to call, if one does."""
    for method in methods:
        if not method.votes or method not in evaluator.functions:
            continue
        numbers = outcome_of(partial(differs_when_repeated, evaluator, method))
        if isinstance(numbers, str) and numbers:
            return Judgement(
                Verdict.STOCHASTIC,
                note=f"{method.name}: the same point gave {numbers}",
                explanation=RANDOM_GRADIENT if method.source == "analytic" else None,
            )
    return None


def _judgement(
    evaluator: Evaluator,
    methods: Sequence[AbstractMethod],
    value: float,
    kink: AtKink | None,
    votes: Mapping[str, Estimate],
) -> Judgement:
    objective = evaluator.problem.objective
    if _same_program(evaluator, methods):
        of_autodiff = judge(value, {s: e for s, e in votes.items() if s != "analytic"})
        of_autodiff = by_directions(of_autodiff, kink)
        contradicted = of_autodiff.verdict is Verdict.AUTODIFF_WRONG
        return of_autodiff if contradicted else NO_CHECK
    bound, of_value = objective.convention.intent == "upper_bound", evaluator.functions["value"]
    programs = voting_programs(evaluator, methods)
    tested = programs.get("analytic") or programs.get("autodiff")
    casts = tested is not None and tested.epsilon > max(of_value.epsilon, EPS)
    of = partial(judge, value, bound=bound, narrow=of_value.widened, casts=casts)
    judgement = judged_with_other(of, votes, evaluator.problem.output.name)
    judgement = by_directions(accepted(evaluator, judgement, votes, value), kink)
    note = "" if objective.reference is None else _difference_from_reference(evaluator)
    # A worse verdict on the gradient stands.
    if note and judgement.verdict.rank < Verdict.VALUE_DIFFERS.rank:
        return Judgement(Verdict.VALUE_DIFFERS, note=note)
    return judgement


def _same_program(evaluator: Evaluator, methods: Sequence[AbstractMethod]) -> bool:
    """Whether the derivative under test is autodiff itself: the same operations and constants."""
    mine = voting_programs(evaluator, methods)
    analytic, autodiff = mine.get("analytic"), mine.get("autodiff")
    if not isinstance(analytic, CompiledFunction) or autodiff is None:
        return False
    if isinstance(evaluator.problem.objective.gradient, ByRule):
        return False
    # Two formulas of a constant derivative are alike, wherever they come from.
    parameters = len(evaluator.problem.layout.paths)
    if not analytic.differentiates and not depends_on(analytic.jaxpr.jaxpr, parameters):
        return False
    return analytic.fingerprint == autodiff.fingerprint


def _difference_from_reference(evaluator: Evaluator) -> str:
    """Returns a sentence on the two values if they differ by more than their error bars."""
    objective = evaluator.problem.objective
    assert objective.reference is not None
    reference = objective.reference
    value = value_with_bar(evaluator)
    other = estimate_with_rounding(evaluator, "reference", lambda p, d, u: reference(p, d))
    difference = float(np.abs(value.value - other.value)[0])
    if difference <= SAFETY * float((value.error + other.error)[0]):
        return ""
    # No value is said to differ before its rounding was measured where it happens.
    inside = measured(evaluator, "value").error + measured(evaluator, "reference").error
    if difference <= SAFETY * float(inside[0]):
        return ""
    return f"the value is {value.value[0]:.10g}, that of the reference {other.value[0]:.10g}"


def _with_taylor(
    evaluator: Evaluator, judgement: Judgement, votes: Mapping[str, Estimate]
) -> tuple[Judgement, str]:
    """Returns the judgement with a second opinion on the gradient, unless the verdict is plain."""
    tested = votes.get("analytic", votes.get("autodiff"))
    noisy = any(estimate.noisy for estimate in votes.values())
    plain = judgement.verdict is Verdict.AGREE and not noisy
    plain |= judgement.verdict is Verdict.VALID_SUBGRADIENT  # there is no expansion at a kink
    objective = evaluator.problem.objective
    if plain or tested is None or evaluator.problem.quantity != "gradient":
        return judgement, ""
    if not objective.convention.plain or not np.all(np.isfinite(tested.value)):
        return judgement, ""
    # Of a wrong gradient it may fall like h² as well: the error is small, or orthogonal to the
    # direction. The sentence says how large an error it would show.
    expand = partial(taylor_remainder, evaluator, tested.value)
    taylor = optional("the Taylor remainder", expand, None)
    if taylor is None:
        return judgement, ""
    return unless_followed(judgement, votes, taylor), taylor.sentence
