"""One point: the estimates of all methods, the verdict, and remarks for the reader.

A method that fails becomes a line of the report, and the others go on.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import combinations

import numpy as np

from .._evaluation.checks import is_random, value_twice, value_with_bar
from .._evaluation.evaluator import Evaluator
from .._evaluation.function import AbstractFunction
from .._evaluation.rounding import estimate_with_rounding
from .._foundation.errors import Untraceable, outcome_of
from .._foundation.user_code import describe
from .._foundation.wording import listed
from .._model.estimate import EPS, SAFETY, Estimate
from .._model.verdict import SAME_PROGRAM, Judgement, Verdict
from .._points.sampling import lint
from .._results.data import PointResult
from .._results.judge import judge
from .._results.pairs import pair_error
from ..diagnosis.rounding.measured import measured
from ..diagnosis.rounding.second_vote import vote_again
from ..methods._base import AbstractMethod, estimate_as_declared, voters
from .narrow.judgement import as_written, sentence, unless_rounding_decides
from .taylor import taylor_remainder

CAPTURED = 2**20
"""Bytes in a closure above which a remark is made: 6.4 MB doubled the time of compiling."""

MANY = 2000
"""Number of parameters above which differences on the host are slow, and `locate` is advised."""


def examine(evaluator: Evaluator, methods: Sequence[AbstractMethod]) -> PointResult:
    """Returns the comparison of the methods on the problem of `evaluator`."""
    problem, warnings, sources = evaluator.problem, lint(evaluator.problem), voters(methods)
    value, again = value_twice(evaluator)
    if is_random(evaluator, value, again):
        note = f"the same point gave {value:.6g} and {again:.6g}"
        judgement = Judgement(Verdict.STOCHASTIC, note=note)
        return PointResult(problem.label, evaluator.x, value, judgement, warnings, sources=sources)
    estimates, missing = _estimates(evaluator, methods)
    votes = {s: estimates[name] for s, name in sources.items() if name in estimates}
    value, votes = as_written(evaluator, methods, value, votes)
    votes, judgement, lost = vote_again(
        evaluator, methods, votes, partial(_judgement, evaluator, methods, value)
    )
    judgement = unless_rounding_decides(judgement, evaluator, methods)
    estimates |= {sources[source]: estimate for source, estimate in votes.items()}
    pairs = tuple(
        pair_error(a, estimates[a], b, estimates[b], problem)
        for a, b in combinations(estimates, 2)
    )
    return PointResult(
        problem.label,
        evaluator.x,
        value,
        judgement,
        (*warnings, *lost),
        estimates,
        missing,
        sources,
        pairs,
        taylor=_taylor(evaluator, judgement, votes),
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
        if method.source == "autodiff" and untraced and untraced.kind is Untraceable.NUMPY:
            reason = untraced.words
        if reason is not None:
            missing[method.name] = reason
            continue
        outcome = outcome_of(partial(estimate_as_declared, method, evaluator))
        if isinstance(outcome, Estimate):
            estimates[method.name] = outcome
        else:
            missing[method.name] = describe(outcome)
    return estimates, missing


def _judgement(
    evaluator: Evaluator,
    methods: Sequence[AbstractMethod],
    value: float,
    votes: Mapping[str, Estimate],
) -> Judgement:
    objective = evaluator.problem.objective
    if _same_program(evaluator, methods):
        return Judgement(Verdict.NOT_A_CHECK, explanation=SAME_PROGRAM)
    bound, of_value = objective.convention.intent == "upper_bound", evaluator.functions["value"]
    judgement = judge(value, votes, bound=bound, narrow=of_value.widened)
    note = "" if objective.reference is None else _difference_from_reference(evaluator)
    # A worse verdict on the gradient stands.
    if note and judgement.verdict.rank < Verdict.VALUE_DIFFERS.rank:
        return Judgement(Verdict.VALUE_DIFFERS, note=note)
    return judgement


def _voting_programs(
    evaluator: Evaluator, methods: Sequence[AbstractMethod]
) -> dict[str, AbstractFunction | None]:
    """Returns the program of the voting method of each source."""
    return {m.source: evaluator.functions.get(m) for m in methods if m.votes}


def _same_program(evaluator: Evaluator, methods: Sequence[AbstractMethod]) -> bool:
    """Whether the derivative under test is autodiff itself: the same operations and constants."""
    mine = _voting_programs(evaluator, methods)
    analytic, autodiff = mine.get("analytic"), mine.get("autodiff")
    if analytic is None or autodiff is None or analytic.fingerprint is None:
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


def _taylor(evaluator: Evaluator, judgement: Judgement, votes: Mapping[str, Estimate]) -> str:
    """Returns a second opinion on the gradient under test, unless the verdict is plain."""
    tested = votes.get("analytic", votes.get("autodiff"))
    noisy = any(estimate.noisy for estimate in votes.values())
    plain = judgement.verdict is Verdict.AGREE and not noisy
    plain |= judgement.verdict is Verdict.VALID_SUBGRADIENT  # there is no expansion at a kink
    objective = evaluator.problem.objective
    if plain or tested is None or evaluator.problem.quantity != "gradient":
        return ""
    if not objective.convention.plain or not np.all(np.isfinite(tested.value)):
        return ""
    remainder = taylor_remainder(evaluator, tested.value)
    # The error of a wrong gradient may be too small, or orthogonal to the direction.
    hidden = judgement.verdict is Verdict.ANALYTIC_WRONG and remainder.order == 2
    return "" if hidden else remainder.sentence


def remarks(
    evaluator: Evaluator, methods: Sequence[AbstractMethod], *, accused: bool = False
) -> tuple[str, ...]:
    """Returns sentences on what the sources share, which weakens their agreement, and on costs.

    Args:
        evaluator: The programs of any point.
        methods: The methods of the comparison.
        accused: Whether the diagnosis already blames a rule for autodiff.
    """
    programs = _voting_programs(evaluator, methods)
    analytic, value = programs.get("analytic"), evaluator.functions.get("value")
    sentences = []
    if analytic is not None and analytic.differentiates:
        sentences.append(
            "the analytic derivative calls autodiff itself: that the two agree says little, "
            "only finite differences check it"
        )
    if value is not None and value.rules and programs.get("autodiff") is not None and not accused:
        sentences.append(
            f"autodiff follows a rule written by hand, {', '.join(value.rules)}: where the "
            "formula shares it, only finite differences check it"
        )
    narrow = [s for s, p in programs.items() if p is not None and p.epsilon > EPS]
    if narrow:
        sentences.append(
            f"{listed(narrow)} compute{'s' * (len(narrow) == 1)} in less than float64 somewhere, "
            "which widens the error bars; look for a cast"
        )
    stand_in = sentence(evaluator, methods)
    sentences += [stand_in] if stand_in else []
    captured = 0 if value is None else value.captured_bytes
    if captured > CAPTURED:
        sentences.append(
            f"value captures {captured / 2**20:.1f} MiB of data, which are written into every "
            "program; pass them as arguments, and it compiles faster"
        )
    d = evaluator.problem.layout.size
    if evaluator.cache.opaque and d > MANY and evaluator.problem.quantity == "gradient":
        sentences.append(
            f"d = {d} and value is called on the host, at least {2 * d} times per point: "
            "gradcompare.locate needs a few hundred calls in all, along random directions"
        )
    return tuple(sentences)
