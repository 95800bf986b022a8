"""One case: its points one after another, and their common result."""

from dataclasses import dataclass, replace

from .._evaluation.evaluator import Evaluator
from .._foundation.errors import failed_steps
from .._foundation.limits.clock import TimeUp
from .._foundation.precision import FLOAT64, precision_scope
from .._model.arguments.directions import ALONG_RANDOM
from .._model.finding import Finding
from .._model.problem import Problem
from .._model.verdict import Verdict
from .._points.coverage import Coverage
from .._results.data import PointResult
from .._results.judgement.fairness import fair
from .._results.judgement.settlement import explains, settled
from .._results.result import Result
from ..diagnosis.autodiff.findings import autodiff_findings
from ..diagnosis.autodiff.staircase import staircase
from ..diagnosis.findings import findings
from ..diagnosis.nonfinite.findings import nonfinite_findings
from ..methods._registry import find_method
from .accuracy import accuracies
from .examiner import Examiner
from .limits.directions import in_words
from .limits.watch import TooLongError, Watch, watched
from .outside import outside_of_pattern
from .point.remarks import remarks
from .point.second_opinion.asymmetry import with_asymmetry
from .point.second_opinion.line_integral import without_staircase
from .point.second_opinion.noisy import with_integrals
from .point.twin import TwinRefusedError
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
    with failed_steps() as failures, watched(case, settings) as watch:
        try:
            coverage = _covered(case, settings, watch)
            result = _judged(case, settings, coverage)
            result = result if watch.plain is None else in_words(result, watch.plain, settings)
        except TimeUp:
            return Study(watch.timed_out())
    result = replace(result, notes=(*result.notes, *failures))
    evaluator = coverage.points[0].evaluator
    if settings.dtype == FLOAT64:
        return Study(result, evaluator, evaluator)
    return _with_accuracy(result, evaluator, settings)


def _covered(case: Case, settings: Settings, watch: Watch) -> Coverage:
    """Examines every point of a case.

    It begins anew where a twin does not count, and where every coordinate takes too long.
    """
    programs, refused = case.programs or Programs(), None
    while True:
        try:
            return Examiner(settings, programs, watch, refused).of(case.points)
        except TwinRefusedError as error:
            refused = error
        except TooLongError:
            pass  # the watch knows
        programs = Programs()
        watch.seen.clear()


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
        message=_crash(problem, coverage.points[0].result),
        has_reference=objective.reference is not None,
        chunk=evaluator.cache.chunk,
        branches=coverage.branches,
        branches_unseen=coverage.unseen,
    )
    # Hypotheses are about coordinates, and random directions show none of them.
    along = problem.layout.paths == ALONG_RANDOM
    diagnosis = () if along else _diagnosis(result.verdict, coverage)
    examined = [
        replace(point, result=judged)
        for point, judged in zip(coverage.points, result.points, strict=True)
    ]
    cause = explains(diagnosis)
    tighten = None if problem.shifts else case.tighten
    shown = tolerance(examined, settings.methods, tighten, explained=cause)
    rough = "" if cause or shown.shrinks is not None else roughness(examined)
    points = settled(result.points, diagnosis, shrinks=shown.shrinks, rough=bool(rough))
    examined = [replace(p, result=r) for p, r in zip(examined, points, strict=True)]
    examined = with_integrals(replace(result, points=points), examined, settings.methods)
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


def _crash(problem: Problem, point: PointResult) -> str:
    """Returns how the derivative under test failed; empty if it did not."""
    name = point.sources.get("analytic", "")
    reason = find_method("analytic").unsupported(problem.objective, problem.quantity)
    under_test = reason is None
    return f"{name}: {point.missing[name]}" if under_test and name in point.missing else ""
