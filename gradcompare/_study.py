"""One case: its points one after another, and what they say together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ._coverage import Coverage
from ._errors import InputError, guarded
from ._finding import Finding
from ._narrow import accuracies
from ._objective import Objective, Problem
from ._plan import Case, Plan, ValueAt
from ._point import examine, remarks
from ._precision import FLOAT64, cast, precision_scope
from ._programs import Programs
from ._result import PointResult, Result
from ._valid import require_valid
from ._verdict import Verdict
from .diagnosis._autodiff import autodiff_findings
from .diagnosis._diagnose import findings
from .diagnosis._nonfinite import nonfinite_findings
from .diagnosis._staircase import staircase


@dataclass(frozen=True)
class Study:
    """A result that is not timed yet, with the programs to time.

    Attributes:
        result: The result so far.
        programs: In float64, for the judgement.
        narrow: In the dtype asked for; the same as `programs` if that is float64.
    """

    result: Result
    programs: Programs | None = None
    narrow: Programs | None = None


def study(case: Case, plan: Plan) -> Study:
    """Looks at every point of a case, and at the accuracy of each method in a narrower dtype."""
    programs: Programs | None = None

    def value_at(problem: Problem) -> float:
        assert programs is not None  # the first problem is not drawn around another
        value = guarded(programs.at(problem).value)  # outside of its domain, f may raise
        return value if isinstance(value, float) else math.nan

    points: list[PointResult] = []
    at: list[Programs] = []

    def unsettled() -> bool:
        return any(point.judgement.verdict is Verdict.INCONCLUSIVE for point in points)

    for problem in case.problems(value_at, unsettled):
        problem = _rounded(problem, plan.dtype)
        if programs is None:
            programs = programs_of(problem, plan)
        at.append(programs.at(problem))
        points.append(examine(at[-1], plan))
    assert programs is not None
    coverage, sought = _covered(at, points, plan, value_at)
    points += sought
    at += [programs.at(programs.problem.moved(point.x, point.label)) for point in sought]
    result = _judged(case, plan, at, points, coverage)
    if plan.dtype == FLOAT64:
        return Study(result, programs, programs)
    return _with_accuracy(result, programs, plan)


def _judged(
    case: Case,
    plan: Plan,
    at: Sequence[Programs],
    points: Sequence[PointResult],
    coverage: Coverage,
) -> Result:
    """What the points say together, and what is wrong."""
    programs, first = at[0], at[0].problem
    result = Result(
        case.objective.name,
        case.size,
        plan.quantity,
        d=first.layout.size,
        paths=first.output.paths,
        shapes=first.output.shapes,
        expected=case.objective.expected,
        sources=dict(plan.voters),
        points=tuple(points),
        message=_crash(case.objective, points[0], plan),
        has_reference=case.objective.reference is not None,
        chunk=programs.cache.chunk,
        branches=coverage.arms,
    )
    found = _diagnosis(result, at, plan, coverage)
    said = remarks(programs, plan, accused=any(finding.kind == "custom rule" for finding in found))
    return replace(result, diagnosis=found, notes=(*programs.cache.notes, *said))


def _covered(
    at: Sequence[Programs], points: Sequence[PointResult], plan: Plan, value_at: ValueAt
) -> tuple[Coverage, list[PointResult]]:
    """Which arms the points take, and points that were sought; a failure leaves both out."""
    programs = at[0]

    def usable(problem: Problem) -> bool:
        rounded = guarded(lambda: _rounded(problem, plan.dtype))  # a narrow type is soon too small
        return isinstance(rounded, Problem) and math.isfinite(value_at(rounded))

    def look(problem: Problem) -> PointResult:
        return examine(programs.at(_rounded(problem, plan.dtype)), plan)

    coverage = guarded(lambda: Coverage.of(programs, plan, [each.problem for each in at]))
    if isinstance(coverage, Exception):
        return Coverage(), []
    return coverage, coverage.extend(programs, plan, points, usable, look)


def _diagnosis(
    result: Result, at: Sequence[Programs], plan: Plan, coverage: Coverage
) -> tuple[Finding, ...]:
    """What is wrong, as far as it can be told, for a verdict that says that something is."""
    match result.verdict:
        case Verdict.ANALYTIC_WRONG:
            steps = staircase(at, result.points, plan.voters)
            if steps:
                return (steps,)
            return findings(at, result.points, plan.voters, coverage)
        case Verdict.AUTODIFF_WRONG | Verdict.INCONCLUSIVE:
            return autodiff_findings(at, result.points, plan.voters)
        case Verdict.NONFINITE:
            return nonfinite_findings(at, result.points, plan.voters)
    return ()


def _with_accuracy(result: Result, programs: Programs, plan: Plan) -> Study:
    # Compiled as the user would: how accurate it is depends on it.
    narrow = replace(programs, dtype=plan.dtype, timed=True, cache=programs.cache.emptied())
    with precision_scope(plan.dtype):
        near, notes = accuracies(narrow, result.points[0], plan)
    result = replace(result, accuracy=near, notes=(*result.notes, *notes))
    return Study(result, programs, narrow)


def programs_of(problem: Problem, plan: Plan) -> Programs:
    """The programs of the first problem of a case, after a look at its functions."""
    programs = Programs(
        problem, FLOAT64, plan.device, plan.memory_bytes, plan.executor, timed=plan.timing
    )
    require_valid(programs)
    return programs


def _rounded(problem: Problem, dtype: np.dtype) -> Problem:
    """Moves the problem to numbers that `dtype` can represent, so that all see the same point."""
    kept = (problem.params, problem.data, problem.direction)
    with np.errstate(over="ignore"):
        params, data, direction = cast(cast(kept, dtype), FLOAT64)
    x = problem.layout.flatten(params)
    if not np.all(np.isfinite(x)):
        name = problem.layout.name(int(np.flatnonzero(~np.isfinite(x))[0]))
        raise InputError(f"the point does not fit in {dtype} at {name}; give smaller numbers")
    return replace(problem, params=params, data=data, direction=direction)


def _crash(objective: Objective, point: PointResult, plan: Plan) -> str:
    """Says how the derivative under test failed, if it did; no verdict can make up for it."""
    name = plan.voters.get("analytic", "")
    under_test = objective.gradient is not None or objective.directional is not None
    return f"{name}: {point.missing[name]}" if under_test and name in point.missing else ""
