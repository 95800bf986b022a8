"""One point: the estimates of all methods, the verdict, and what the reader should know.

A method that fails is a line of the report; it takes nothing else with it.
"""

from collections.abc import Mapping
from functools import partial
from itertools import combinations

import numpy as np

from ._errors import UNTRACEABLE, describe, guarded
from ._estimate import Estimate
from ._host import HostProgram
from ._judge import EPS, SAFETY, judge
from ._method import estimate_as_declared, estimate_with_rounding
from ._pairs import pair_error
from ._plan import Plan
from ._points import lint
from ._program import Program
from ._programs import Programs
from ._result import PointResult
from ._taylor import taylor_remainder
from ._tree import listed
from ._verdict import Judgement, Verdict

SAME_PROGRAM = (
    "the analytic derivative is the same program as autodiff, so it checks nothing; "
    "give gradient=None to check autodiff"
)

NUMPY = UNTRACEABLE["TracerArrayConversionError"]
"""Autodiff fails on such a value; on one with branches it runs where nothing is compiled."""

CAPTURED = 2**20
"""So many bytes in a closure are worth a word: 6.4 MB doubled the time of compiling."""

MANY = 2000
"""With more parameters than this, differences on the host take long enough to name another way."""

STOCHASTIC = 1e-3
"""Two values at one point that differ by more than this fraction come from a random objective."""


def examine(programs: Programs, plan: Plan) -> PointResult:
    """Compares what the methods of `plan` say about the problem of `programs`."""
    problem, warnings = programs.problem, lint(programs.problem)
    value, again = value_twice(programs)
    if is_random(programs, value, again):
        note = f"the same point gave {value:.6g} and {again:.6g}"
        judgement = Judgement(Verdict.STOCHASTIC, note=note)
        return PointResult(problem.label, programs.x, value, judgement, warnings)
    estimates, missing = _estimates(programs, plan)
    judgement = _judgement(programs, plan, value, estimates)
    pairs = tuple(
        pair_error(a, estimates[a], b, estimates[b], problem)
        for a, b in combinations(estimates, 2)
    )
    return PointResult(
        problem.label,
        programs.x,
        value,
        judgement,
        warnings,
        estimates,
        missing,
        pairs,
        taylor=_taylor(programs, plan, judgement, estimates),
    )


def value_twice(programs: Programs) -> tuple[float, float]:
    """The objective at the point, by two programs: what is drawn while tracing shows as well."""
    return programs.value(), float(programs.along(np.zeros(1), programs.problem.params)[0])


def is_random(programs: Programs, value: float, again: float) -> bool:
    """Whether two values at one point are apart by more than rounding makes of them.

    At a minimum of zero, one program can find 0 where another one finds 1e-32.
    """
    apart, largest = abs(value - again), max(abs(value), abs(again))
    if not np.isfinite(apart) or apart <= STOCHASTIC * largest:
        return False
    if abs(programs.value() - value) > STOCHASTIC * largest:
        return True  # the very same program; a bar measured on it would be as random
    return not apart <= SAFETY * float(_value_with_bar(programs).error[0])


def _value_with_bar(programs: Programs) -> Estimate:
    """The objective at the point, with its rounding error."""
    value = programs.problem.objective.value
    return estimate_with_rounding(programs, "value", lambda p, d, u: value(p, d))


def _estimates(programs: Programs, plan: Plan) -> tuple[dict[str, Estimate], dict[str, str]]:
    """Returns the estimates by the names of the methods, and why others gave none."""
    problem = programs.problem
    estimates: dict[str, Estimate] = {}
    missing: dict[str, str] = {}
    for method in plan.methods:
        reason = method.unsupported(problem.objective, problem.quantity)
        if method.source == "autodiff" and NUMPY in programs.cache.untraceable.get("value", ""):
            reason = programs.cache.untraceable["value"]
        if reason is not None:
            missing[method.name] = reason
            continue
        outcome = guarded(partial(estimate_as_declared, method, programs))
        if isinstance(outcome, Estimate):
            estimates[method.name] = outcome
        else:
            missing[method.name] = describe(outcome)
    return estimates, missing


def _judgement(
    programs: Programs, plan: Plan, value: float, estimates: Mapping[str, Estimate]
) -> Judgement:
    votes = {s: estimates[name] for s, name in plan.voters.items() if name in estimates}
    objective = programs.problem.objective
    if _same_program(programs, plan):
        return Judgement(Verdict.NOT_A_CHECK, note=SAME_PROGRAM)
    judgement = judge(value, votes, bound=objective.convention.intent == "upper_bound")
    apart = "" if objective.reference is None else _from_reference(programs)
    if apart and judgement.verdict.rank < Verdict.VALUE_DIFFERS.rank:
        return Judgement(Verdict.VALUE_DIFFERS, note=apart)
    return judgement


def _voting_programs(programs: Programs, plan: Plan) -> dict[str, Program | HostProgram | None]:
    """The program that speaks for each source."""
    return {m.source: programs.programs.get(m) for m in plan.methods if m.votes}


def _same_program(programs: Programs, plan: Plan) -> bool:
    """Whether the derivative under test is autodiff itself, traced to the same operations."""
    mine = _voting_programs(programs, plan)
    analytic, autodiff = mine.get("analytic"), mine.get("autodiff")
    if analytic is None or autodiff is None or analytic.text is None:
        return False
    return analytic.text == autodiff.text


def _from_reference(programs: Programs) -> str:
    """Says how far the value is from that of the reference, if it is outside of both bars."""
    objective = programs.problem.objective
    assert objective.reference is not None
    reference = objective.reference
    given = _value_with_bar(programs)
    right = estimate_with_rounding(programs, "reference", lambda p, d, u: reference(p, d))
    apart = float(np.abs(given.value - right.value)[0])
    if apart <= SAFETY * float((given.error + right.error)[0]):
        return ""
    return f"the value is {given.value[0]:.10g}, that of the reference {right.value[0]:.10g}"


def _taylor(
    programs: Programs, plan: Plan, judgement: Judgement, estimates: Mapping[str, Estimate]
) -> str:
    """A second opinion on the gradient under test, where the verdict is not plain."""
    tested = plan.voters.get("analytic", plan.voters.get("autodiff", ""))
    noisy = any("noisy" in estimate.note for estimate in estimates.values())
    plain = judgement.verdict is Verdict.AGREE and not noisy
    plain |= judgement.verdict is Verdict.VALID_SUBGRADIENT  # there is no expansion at a kink
    objective = programs.problem.objective
    if plain or tested not in estimates or programs.problem.quantity != "gradient":
        return ""
    if not objective.convention.plain or not np.all(np.isfinite(estimates[tested].value)):
        return ""
    said = taylor_remainder(programs, estimates[tested].value)
    hidden = judgement.verdict is Verdict.ANALYTIC_WRONG and "as with a right" in said
    return "" if hidden else said  # the error is too small, or not along the direction


def remarks(programs: Programs, plan: Plan, *, accused: bool = False) -> tuple[str, ...]:
    """Says in sentences what the sources share, so that their agreement says less; and more.

    Args:
        programs: The programs of any point.
        plan: What was asked for.
        accused: Whether a rule for autodiff is named as the fault already.
    """
    mine = _voting_programs(programs, plan)
    analytic, value = mine.get("analytic"), programs.programs.get("value")
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
    d = programs.problem.layout.size
    if programs.cache.opaque and d > MANY and programs.problem.quantity == "gradient":
        said.append(
            f"d = {d} and value is called on the host, {2 * d} times at each point at least: "
            "gradcompare.locate takes a few hundred for all, along random directions"
        )
    return tuple(said)
