"""One point: the estimates of all methods, the verdict, and what the reader should know.

A method that fails is a line of the report; it takes nothing else with it.
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
from ..methods._base import AbstractMethod, estimate_as_declared, voters
from .taylor import taylor_remainder

CAPTURED = 2**20
"""So many bytes in a closure are worth a word: 6.4 MB doubled the time of compiling."""

MANY = 2000
"""With more parameters than this, differences on the host take long enough to name another way."""


def examine(evaluator: Evaluator, methods: Sequence[AbstractMethod]) -> PointResult:
    """Compares what the methods say about the problem of `evaluator`."""
    problem, warnings, sources = evaluator.problem, lint(evaluator.problem), voters(methods)
    value, again = value_twice(evaluator)
    if is_random(evaluator, value, again):
        note = f"the same point gave {value:.6g} and {again:.6g}"
        judgement = Judgement(Verdict.STOCHASTIC, note=note)
        return PointResult(problem.label, evaluator.x, value, judgement, warnings, sources=sources)
    estimates, missing = _estimates(evaluator, methods)
    votes = {s: estimates[name] for s, name in sources.items() if name in estimates}
    judgement = _judgement(evaluator, methods, value, votes)
    pairs = tuple(
        pair_error(a, estimates[a], b, estimates[b], problem)
        for a, b in combinations(estimates, 2)
    )
    return PointResult(
        problem.label,
        evaluator.x,
        value,
        judgement,
        warnings,
        estimates,
        missing,
        sources,
        pairs,
        taylor=_taylor(evaluator, judgement, votes),
    )


def _estimates(
    evaluator: Evaluator, methods: Sequence[AbstractMethod]
) -> tuple[dict[str, Estimate], dict[str, str]]:
    """Returns the estimates by the names of the methods, and why others gave none."""
    problem = evaluator.problem
    estimates: dict[str, Estimate] = {}
    missing: dict[str, str] = {}
    for method in methods:
        reason = method.unsupported(problem.objective, problem.quantity)
        untraced = evaluator.cache.untraceable.get("value")
        # On a value with branches of Python, autodiff runs where nothing is compiled.
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
    judgement = judge(value, votes, bound=objective.convention.intent == "upper_bound")
    apart = "" if objective.reference is None else _from_reference(evaluator)
    if apart and judgement.verdict.rank < Verdict.VALUE_DIFFERS.rank:
        return Judgement(Verdict.VALUE_DIFFERS, note=apart)
    return judgement


def _voting_programs(
    evaluator: Evaluator, methods: Sequence[AbstractMethod]
) -> dict[str, AbstractFunction | None]:
    """The program that speaks for each source."""
    return {m.source: evaluator.functions.get(m) for m in methods if m.votes}


def _same_program(evaluator: Evaluator, methods: Sequence[AbstractMethod]) -> bool:
    """Whether the derivative under test is autodiff itself: the same operations and constants."""
    mine = _voting_programs(evaluator, methods)
    analytic, autodiff = mine.get("analytic"), mine.get("autodiff")
    if analytic is None or autodiff is None or analytic.fingerprint is None:
        return False
    return analytic.fingerprint == autodiff.fingerprint


def _from_reference(evaluator: Evaluator) -> str:
    """Says how far the value is from that of the reference, if it is outside of both bars."""
    objective = evaluator.problem.objective
    assert objective.reference is not None
    reference = objective.reference
    given = value_with_bar(evaluator)
    right = estimate_with_rounding(evaluator, "reference", lambda p, d, u: reference(p, d))
    apart = float(np.abs(given.value - right.value)[0])
    if apart <= SAFETY * float((given.error + right.error)[0]):
        return ""
    return f"the value is {given.value[0]:.10g}, that of the reference {right.value[0]:.10g}"


def _taylor(evaluator: Evaluator, judgement: Judgement, votes: Mapping[str, Estimate]) -> str:
    """A second opinion on the gradient under test, where the verdict is not plain."""
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
    # With a wrong gradient, the error may be too small, or not along the direction.
    hidden = judgement.verdict is Verdict.ANALYTIC_WRONG and remainder.order == 2
    return "" if hidden else remainder.sentence


def remarks(
    evaluator: Evaluator, methods: Sequence[AbstractMethod], *, accused: bool = False
) -> tuple[str, ...]:
    """Says in sentences what the sources share, so that their agreement says less; and more.

    Args:
        evaluator: The programs of any point.
        methods: Those that gave the estimates.
        accused: Whether a rule for autodiff is named as the fault already.
    """
    mine = _voting_programs(evaluator, methods)
    analytic, value = mine.get("analytic"), evaluator.functions.get("value")
    said = []
    if analytic is not None and analytic.differentiates:
        said.append(
            "the analytic derivative calls autodiff itself: that the two agree says little, "
            "only finite differences check it"
        )
    if value is not None and value.rules and mine.get("autodiff") is not None and not accused:
        said.append(
            f"autodiff follows a rule written by hand, {', '.join(value.rules)}: where the "
            "formula shares it, only finite differences check it"
        )
    narrow = [s for s, p in mine.items() if p is not None and p.epsilon > EPS]
    if narrow:
        said.append(
            f"{listed(narrow)} compute{'s' * (len(narrow) == 1)} in less than float64 somewhere, "
            "so that the error bars are as wide as that; look for a cast"
        )
    captured = 0 if value is None else value.captured_bytes
    if captured > CAPTURED:
        said.append(
            f"value captures {captured / 2**20:.1f} MiB of data, which are written into every "
            "program; pass them as arguments, and it compiles faster"
        )
    d = evaluator.problem.layout.size
    if evaluator.cache.opaque and d > MANY and evaluator.problem.quantity == "gradient":
        said.append(
            f"d = {d} and value is called on the host, {2 * d} times at each point at least: "
            "gradcompare.locate takes a few hundred for all, along random directions"
        )
    return tuple(said)
