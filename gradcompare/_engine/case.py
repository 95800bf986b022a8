"""One case: its points one after another, and their common result."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .._evaluation.evaluator import Evaluator
from .._evaluation.twin import with_twin
from .._foundation.errors import InputError, failed_steps, optional, outcome_of
from .._foundation.precision import FLOAT64, cast, precision_scope
from .._model.finding import Finding
from .._model.objective import Objective
from .._model.problem import Problem
from .._model.verdict import Verdict
from .._points.coverage import Coverage
from .._points.examination import Examination
from .._points.sampling import towers
from .._points.sources import PointSource
from .._results.data import PointResult
from .._results.judgement.fairness import fair
from .._results.judgement.settlement import explains, settled
from .._results.result import Result
from ..diagnosis.autodiff.findings import autodiff_findings
from ..diagnosis.autodiff.staircase import staircase
from ..diagnosis.findings import findings
from ..diagnosis.nonfinite.findings import nonfinite_findings
from .accuracy import accuracies
from .outside import outside_of_pattern
from .point.examination import examine
from .point.remarks import remarks
from .point.second_opinion.asymmetry import with_asymmetry
from .point.second_opinion.line_integral import without_staircase
from .point.second_opinion.noisy import with_integrals
from .point.twin import TwinRefusedError, require_valid_twin
from .settings import Case, Programs, Settings
from .tolerance.roughness import roughness
from .tolerance.shrinkage import tolerance


@dataclass(frozen=True)
class Study:
    """A result before the timing, with the functions to time.

    Attributes:
        result: The result so far.
        evaluator: The functions in float64, for the judgement.
        narrow: The functions in the dtype of the settings; `evaluator` if that is float64.
    """

    result: Result
    evaluator: Evaluator | None = None
    narrow: Evaluator | None = None


def study(case: Case, settings: Settings) -> Study:
    """Examines every point of a case, and the accuracy of each method in a narrower dtype."""
    with failed_steps() as failures:
        coverage = _covered(case, settings)
        result = _judged(case, settings, coverage)
    result = replace(result, notes=(*result.notes, *failures))
    evaluator = coverage.points[0].evaluator
    if settings.dtype == FLOAT64:
        return Study(result, evaluator, evaluator)
    return _with_accuracy(result, evaluator, settings)


def _covered(case: Case, settings: Settings) -> Coverage:
    """Examines every point of a case; anew and without it where a twin does not count."""
    try:
        return _Examiner(settings, case.programs or Programs()).of(case.points)
    except TwinRefusedError as refused:
        return _Examiner(settings, Programs(), refused).of(case.points)


class _Examiner:
    """Examines the points of one case with the functions that were compiled for the first.

    Attributes:
        settings: The settings.
        programs: The programs that other cases share.
        refused: The reason why a function of NumPy is not rerun with jax.numpy, if it was before.
        evaluator: The functions.
    """

    def __init__(
        self, settings: Settings, programs: Programs, refused: TwinRefusedError | None = None
    ) -> None:
        self.settings, self.programs, self.refused = settings, programs, refused
        self.evaluator: Evaluator | None = None

    def of(self, source: PointSource) -> Coverage:
        """Examines the points of a source, and those that reach other branches."""
        return self.cover(self.examine_all(source))

    def examine_all(self, source: PointSource) -> list[Examination]:
        """Examines the points of a source, and more of them while one is inconclusive."""
        points = [self.examine(problem) for problem in source.first(self.value_at)]
        more = source.more(self.value_at)
        while _undecided(points) and (problem := next(more, None)) is not None:
            points.append(self.examine(problem))
        return points

    def examine(self, problem: Problem) -> Examination:
        """Compares the derivatives at a point, rounded to numbers of the dtype."""
        problem = _rounded(problem, self.settings.dtype)
        if self.evaluator is None:
            self.evaluator = self._evaluator_of(problem)
        here = self.evaluator.at(problem)
        result = examine(here, self.settings.methods)
        # Afterwards, since f may depend on what was called before.
        require_valid_twin(here, result)
        return Examination(here, result if self.refused is None else self.refused.told(result))

    def _evaluator_of(self, problem: Problem) -> Evaluator:
        evaluator = self.programs.at(problem, self.settings)
        if self.refused is not None:
            evaluator.cache.no_twin = str(self.refused)
            return evaluator
        autodiff = any(method.source == "autodiff" for method in self.settings.methods)
        return with_twin(evaluator) if autodiff else evaluator

    def value_at(self, problem: Problem) -> float:
        """Returns the objective at a point; NaN if it raises, as outside of its domain."""
        assert self.evaluator is not None  # the first problem is not drawn around another
        value = outcome_of(self.evaluator.at(problem).value)
        return value if isinstance(value, float) else math.nan

    def cover(self, points: list[Examination]) -> Coverage:
        """Adds points that reach other branches, if the settings ask for the search."""
        by_hand = [method for method in self.settings.methods if method.source == "analytic"]
        coverage = optional(
            "the search for branches",
            lambda: Coverage.of(points, ["value", *by_hand]),
            Coverage(points, failure="a step of gradcompare failed"),
        )
        if self.settings.seeks and self.settings.points > 1:
            ordinary = max(abs(point.result.value) for point in points)
            coverage.extend(self.settings.seed, self._usable(ordinary), self.examine)
        return coverage

    def _usable(self, ordinary: float) -> Callable[[Problem], bool]:
        """Returns the test whether a point that was sought shows anything.

        Args:
            ordinary: The size of the objective at the other points.
        """

        def usable(problem: Problem) -> bool:
            try:
                value = self.value_at(_rounded(problem, self.settings.dtype))
            except InputError:  # numbers soon leave the range of a narrow dtype
                return False
            return math.isfinite(value) and not towers(value, ordinary)

        return usable


def _undecided(points: list[Examination]) -> bool:
    return any(point.result.judgement.verdict is Verdict.INCONCLUSIVE for point in points)


def _judged(case: Case, settings: Settings, coverage: Coverage) -> Result:
    """Returns the result of all points, with the diagnosis."""
    evaluator, objective = coverage.points[0].evaluator, case.objective
    problem = evaluator.problem
    first, *others = coverage.points
    coverage.points = [without_staircase(first, settings.methods), *others]
    result = Result(
        objective.name,
        case.size,
        problem.quantity,
        d=problem.layout.size,
        paths=problem.output.paths,
        shapes=problem.output.shapes,
        blocks=getattr(problem.output, "blocks", ()),
        expected=objective.expected,
        points=fair([point.result for point in coverage.points]),
        message=_crash(objective, coverage.points[0].result),
        has_reference=objective.reference is not None,
        chunk=evaluator.cache.chunk,
        branches=coverage.branches,
        branches_unseen=coverage.unseen,
    )
    diagnosis = _diagnosis(result.verdict, coverage)
    examined = [
        replace(point, result=judged)
        for point, judged in zip(coverage.points, result.points, strict=True)
    ]
    cause = explains(diagnosis)
    shown = tolerance(examined, settings.methods, case.tighten, explained=cause)
    rough = "" if cause or shown.shrinks is not None else roughness(examined)
    points = settled(result.points, diagnosis, shrinks=shown.shrinks, rough=bool(rough))
    examined = [replace(p, result=r) for p, r in zip(examined, points, strict=True)]
    examined = with_integrals(examined, settings.methods)
    result = replace(result, points=tuple(point.result for point in examined))
    accused = any(finding.kind == "custom rule" for finding in diagnosis)
    notes = remarks(evaluator, settings.methods, accused=accused)
    told = tuple(filter(None, [shown.sentence, rough]))
    told += outside_of_pattern(evaluator, coverage.points[0].result)
    return replace(result, diagnosis=diagnosis, notes=(*told, *evaluator.cache.notes, *notes))


def _diagnosis(verdict: Verdict, coverage: Coverage) -> tuple[Finding, ...]:
    """Returns the findings for a verdict that reports an error; none for the others."""
    points = coverage.points
    match verdict:
        case Verdict.ANALYTIC_WRONG | Verdict.INCONCLUSIVE if steps := staircase(points):
            return (steps,)
        case Verdict.ANALYTIC_WRONG:
            return with_asymmetry(points, findings(points, coverage.choices))
        case Verdict.AUTODIFF_WRONG | Verdict.INCONCLUSIVE:
            return autodiff_findings(points)
        case Verdict.NONFINITE:
            return nonfinite_findings(points)
    return ()


def _with_accuracy(result: Result, evaluator: Evaluator, settings: Settings) -> Study:
    # Compiled as the user would, since the accuracy depends on it.
    narrow = replace(evaluator, dtype=settings.dtype, timed=True, cache=evaluator.cache.emptied())
    with precision_scope(settings.dtype):
        near, notes = accuracies(narrow, result.points[0], settings.methods)
    result = replace(result, accuracy=near, notes=(*result.notes, *notes))
    return Study(result, evaluator, narrow)


def _rounded(problem: Problem, dtype: np.dtype) -> Problem:
    """Rounds the numbers of a problem to `dtype`, so that all methods use the same point."""
    exact = (problem.params, problem.data, problem.direction)
    with np.errstate(over="ignore"):
        params, data, direction = cast(cast(exact, dtype), FLOAT64)
    x = problem.layout.flatten(params)
    if not np.all(np.isfinite(x)):
        name = problem.layout.name(int(np.flatnonzero(~np.isfinite(x))[0]))
        raise InputError(f"the point does not fit in {dtype} at {name}; give smaller numbers")
    return replace(problem, params=params, data=data, direction=direction)


def _crash(objective: Objective, point: PointResult) -> str:
    """Returns how the derivative under test failed; empty if it did not."""
    name = point.sources.get("analytic", "")
    under_test = objective.gradient is not None or objective.directional is not None
    return f"{name}: {point.missing[name]}" if under_test and name in point.missing else ""
