"""One case: its points one after another, and what they say together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .._evaluation.evaluator import Evaluator
from .._foundation.errors import InputError
from .._foundation.precision import FLOAT64, cast, precision_scope
from .._foundation.user_code import describe, guarded
from .._model.finding import Finding
from .._model.objective import Objective, Problem
from .._model.verdict import Verdict
from .._points.coverage import Coverage
from .._results.data import PointResult
from .._results.result import Result
from ..diagnosis.autodiff.findings import autodiff_findings
from ..diagnosis.autodiff.staircase import staircase
from ..diagnosis.diagnose import findings
from ..diagnosis.nonfinite.findings import nonfinite_findings
from .accuracy import accuracies
from .point import examine, remarks
from .settings import Case, Settings, ValueAt, evaluator_of


@dataclass(frozen=True)
class Study:
    """A result that is not timed yet, with the programs to time.

    Attributes:
        result: The result so far.
        evaluator: In float64, for the judgement.
        narrow: In the dtype asked for; the same as `evaluator` if that is float64.
    """

    result: Result
    evaluator: Evaluator | None = None
    narrow: Evaluator | None = None


def study(case: Case, settings: Settings) -> Study:
    """Looks at every point of a case, and at the accuracy of each method in a narrower dtype."""
    evaluator: Evaluator | None = None

    def value_at(problem: Problem) -> float:
        assert evaluator is not None  # the first problem is not drawn around another
        value = guarded(evaluator.at(problem).value)  # outside of its domain, f may raise
        return value if isinstance(value, float) else math.nan

    points: list[PointResult] = []
    at: list[Evaluator] = []

    def unsettled() -> bool:
        return any(point.judgement.verdict is Verdict.INCONCLUSIVE for point in points)

    for problem in case.problems(value_at, unsettled):
        problem = _rounded(problem, settings.dtype)
        if evaluator is None:
            evaluator = evaluator_of(problem, settings)
        at.append(evaluator.at(problem))
        points.append(examine(at[-1], settings))
    assert evaluator is not None
    coverage, sought = _covered(at, points, settings, value_at)
    points += sought
    at += [evaluator.at(evaluator.problem.moved(point.x, point.label)) for point in sought]
    result = _judged(case, settings, at, points, coverage)
    if settings.dtype == FLOAT64:
        return Study(result, evaluator, evaluator)
    return _with_accuracy(result, evaluator, settings)


def _judged(
    case: Case,
    settings: Settings,
    at: Sequence[Evaluator],
    points: Sequence[PointResult],
    coverage: Coverage,
) -> Result:
    """What the points say together, and what is wrong."""
    evaluator, first = at[0], at[0].problem
    result = Result(
        case.objective.name,
        case.size,
        settings.quantity,
        d=first.layout.size,
        paths=first.output.paths,
        shapes=first.output.shapes,
        expected=case.objective.expected,
        sources=dict(settings.voters),
        points=tuple(points),
        message=_crash(case.objective, points[0], settings),
        has_reference=case.objective.reference is not None,
        chunk=evaluator.cache.chunk,
        branches=coverage.arms,
        branches_unseen=coverage.unseen,
    )
    found = _diagnosis(result, at, settings, coverage)
    said = remarks(
        evaluator, settings, accused=any(finding.kind == "custom rule" for finding in found)
    )
    return replace(result, diagnosis=found, notes=(*evaluator.cache.notes, *said))


def _covered(
    at: Sequence[Evaluator], points: Sequence[PointResult], settings: Settings, value_at: ValueAt
) -> tuple[Coverage, list[PointResult]]:
    """Which arms the points take, and points that were sought; a failure leaves both out."""
    evaluator = at[0]

    def usable(problem: Problem) -> bool:
        rounded = guarded(
            lambda: _rounded(problem, settings.dtype)
        )  # a narrow type is soon too small
        return isinstance(rounded, Problem) and math.isfinite(value_at(rounded))

    def look(problem: Problem) -> PointResult:
        return examine(evaluator.at(_rounded(problem, settings.dtype)), settings)

    by_hand = [method for method in settings.methods if method.source == "analytic"]
    coverage = guarded(lambda: Coverage.of(at, ["value", *by_hand]))
    if isinstance(coverage, Exception):
        return Coverage(failure=f"a step of gradcompare failed, {describe(coverage)}"), []
    if not settings.seeks or settings.points == 1:
        return coverage, []
    return coverage, coverage.extend(evaluator, settings.seed, points, usable, look)


def _diagnosis(
    result: Result, at: Sequence[Evaluator], settings: Settings, coverage: Coverage
) -> tuple[Finding, ...]:
    """What is wrong, as far as it can be told, for a verdict that says that something is."""
    match result.verdict:
        case Verdict.ANALYTIC_WRONG:
            steps = staircase(at, result.points, settings.voters)
            if steps:
                return (steps,)
            return findings(at, result.points, settings.voters, coverage)
        case Verdict.AUTODIFF_WRONG | Verdict.INCONCLUSIVE:
            return autodiff_findings(at, result.points, settings.voters)
        case Verdict.NONFINITE:
            return nonfinite_findings(at, result.points, settings.voters)
    return ()


def _with_accuracy(result: Result, evaluator: Evaluator, settings: Settings) -> Study:
    # Compiled as the user would: how accurate it is depends on it.
    narrow = replace(evaluator, dtype=settings.dtype, timed=True, cache=evaluator.cache.emptied())
    with precision_scope(settings.dtype):
        near, notes = accuracies(narrow, result.points[0], settings)
    result = replace(result, accuracy=near, notes=(*result.notes, *notes))
    return Study(result, evaluator, narrow)


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


def _crash(objective: Objective, point: PointResult, settings: Settings) -> str:
    """Says how the derivative under test failed, if it did; no verdict can make up for it."""
    name = settings.voters.get("analytic", "")
    under_test = objective.gradient is not None or objective.directional is not None
    return f"{name}: {point.missing[name]}" if under_test and name in point.missing else ""
