"""The engine: problems and methods in, results out.

Every method makes its estimate of every problem of a case; then the sources vote; then
everything is timed. The estimates of different cases are made in parallel, since they consist
of compilation for the most part; the timing is not. Precision and exceptions are dealt with
here and nowhere else.
"""

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

import numpy as np

from ._environment import environment
from ._errors import InputError, describe, guarded
from ._estimate import Estimate
from ._method import AbstractMethod, estimate_as_declared
from ._narrow import accuracies
from ._objective import Objective, Problem
from ._pairs import pair_error
from ._plan import Case, Plan, Progress
from ._points import lint
from ._precision import FLOAT64, cast, precision_scope
from ._host import HostProgram
from ._program import Program
from ._programs import Cache, Programs
from ._result import Comparison, PointResult, Result
from ._timing import measure, summarise
from ._valid import require_valid
from ._verdict import Judgement, Verdict, judge

WORKERS = 8
"""At most so many cases are compiled at the same time; each holds its data in memory."""

KEPT = ("quantity", "seed", "points", "repeats", "timing", "memory_bytes")
"""The fields of a plan that are kept with its results as they are."""

SAME_PROGRAM = (
    "the analytic derivative is the same program as autodiff, so it checks nothing; "
    "give gradient=None to check autodiff"
)

STOCHASTIC = 1e-3
"""Two values at one point that differ by more than this fraction come from a random objective."""


@dataclass(frozen=True)
class _Study:
    """A result that is not timed yet, with the programs to time.

    Attributes:
        result: The result so far.
        programs: In float64, for the judgement.
        narrow: In the dtype asked for; the same as `programs` if that is float64.
    """

    result: Result
    programs: Programs | None = None
    narrow: Programs | None = None


def run(
    cases: Sequence[Case], plan: Plan, progress: Progress = lambda name, done, total: None
) -> Comparison:
    """Carries out `plan` on every case."""
    studies, results = [], []
    steps = len(cases) * (2 if plan.timing else 1)
    with ThreadPoolExecutor(min(WORKERS, os.cpu_count() or 1)) as pool:
        # One case stays in this thread, where the user's own settings of JAX hold.
        apply = map if len(cases) == 1 else pool.map
        for study in apply(lambda case: _attempt(case, plan), cases):
            studies.append(study)
            progress(study.result.objective, len(studies), steps)
    for study in studies:
        timed = plan.timing and study.programs is not None
        results.append(_timed(study, plan) if timed else study.result)
        if plan.timing:
            progress(study.result.objective, len(studies) + len(results), steps)
    settings = {
        "methods": {method.name: method.symbol for method in plan.methods},
        "sources": dict(plan.voters),
        "dtype": plan.dtype.name,
        **{name: getattr(plan, name) for name in KEPT},
    }
    return Comparison(tuple(results), environment(plan.device), settings)


def _attempt(case: Case, plan: Plan) -> _Study:
    with precision_scope(FLOAT64):
        study = guarded(lambda: _study(case, plan))
    if isinstance(study, _Study):
        return study
    if plan.on_error == "raise":
        study.add_note(f"while comparing the derivatives of {case.objective.name}")
        raise study
    o, message = case.objective, describe(study)
    return _Study(Result(o.name, case.size, plan.quantity, expected=o.expected, message=message))


def _study(case: Case, plan: Plan) -> _Study:
    programs: Programs | None = None

    def finite(problem: Problem) -> bool:
        assert programs is not None  # the first problem is not drawn around another
        return math.isfinite(programs.at(problem).value())

    points: list[PointResult] = []

    def unsettled() -> bool:
        return any(point.judgement.verdict is Verdict.INCONCLUSIVE for point in points)

    for problem in case.problems(finite, unsettled):
        problem = _rounded(problem, plan.dtype)
        if programs is None:
            programs = _programs(problem, plan)
        points.append(_point(programs.at(problem), plan))
    assert programs is not None
    first = programs.problem
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
        notes=tuple(programs.cache.notes),
        message=_crash(case.objective, points[0], plan),
    )
    if plan.dtype == FLOAT64:
        return _Study(result, programs, programs)
    narrow = replace(programs, dtype=plan.dtype, cache=Cache(opaque=programs.cache.opaque))
    with precision_scope(plan.dtype):
        near, notes = accuracies(narrow, points[0], plan)
    result = replace(result, accuracy=near, notes=(*result.notes, *notes))
    return _Study(result, programs, narrow)


def _programs(problem: Problem, plan: Plan) -> Programs:
    """The programs of the first problem of a case, after a look at its functions."""
    programs = Programs(problem, FLOAT64, plan.device, plan.memory_bytes, plan.executor)
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


def _point(programs: Programs, plan: Plan) -> PointResult:
    problem, warnings = programs.problem, lint(programs.problem)
    # Another program at the same point: what is drawn while tracing shows as well.
    value, again = programs.value(), float(programs.along(np.zeros(1), problem.params)[0])
    if abs(value - again) > STOCHASTIC * max(abs(value), abs(again)):
        note = f"the same point gave {value:.6g} and {again:.6g}"
        judgement = Judgement(Verdict.STOCHASTIC, note=note)
        return PointResult(problem.label, programs.x, value, judgement, warnings)
    estimates: dict[str, Estimate] = {}
    missing: dict[str, str] = {}
    for method in plan.methods:
        reason = method.unsupported(problem.objective, problem.quantity)
        if reason is not None:
            missing[method.name] = reason
            continue
        outcome = guarded(partial(estimate_as_declared, method, programs))
        if isinstance(outcome, Estimate):
            estimates[method.name] = outcome
        else:
            missing[method.name] = describe(outcome)
    votes = {s: estimates[name] for s, name in plan.voters.items() if name in estimates}
    bound = problem.objective.convention.intent == "upper_bound"
    judgement = judge(value, votes, bound=bound)
    if _same_program(programs, plan):
        judgement = Judgement(Verdict.NOT_A_CHECK, note=SAME_PROGRAM)
    pairs = tuple(
        pair_error(a, estimates[a], b, estimates[b], problem)
        for a, b in combinations(estimates, 2)
    )
    return PointResult(
        problem.label, programs.x, value, judgement, warnings, estimates, missing, pairs
    )


def estimate_one(problem: Problem, method: AbstractMethod, plan: Plan) -> Estimate:
    """Returns the flat estimate of one problem by one method, and raises what it raises."""
    with precision_scope(FLOAT64):
        return method.estimate(_programs(problem, plan))


def _same_program(programs: Programs, plan: Plan) -> bool:
    """Whether the derivative under test is autodiff itself, traced to the same operations."""
    mine = {m.source: programs.programs.get(m) for m in plan.methods if m.votes}
    analytic, autodiff = mine.get("analytic"), mine.get("autodiff")
    if analytic is None or autodiff is None or analytic.text is None:
        return False
    return analytic.text == autodiff.text


def _crash(objective: Objective, point: PointResult, plan: Plan) -> str:
    """Says how the derivative under test failed, if it did; no verdict can make up for it."""
    name = plan.voters.get("analytic", "")
    under_test = objective.gradient is not None or objective.directional is not None
    return f"{name}: {point.missing[name]}" if under_test and name in point.missing else ""


def _timed(study: _Study, plan: Plan) -> Result:
    """Adds the running time of one value and of every method, at the first point."""
    result, programs, narrow = study.result, study.programs, study.narrow
    assert programs is not None
    assert narrow is not None
    calls: dict[str, Callable[[], object]] = {}
    if "value" in narrow.programs:
        calls["value"] = narrow.programs["value"]
    for method in plan.methods:
        if method in narrow.programs:
            calls[method.name] = narrow.programs[method]
        elif method.judges and method.name in result.points[0].estimates:
            calls[method.name] = partial(method.estimate, programs)
    with precision_scope(FLOAT64):
        seconds = measure(calls, repeats=plan.repeats)
    timings = {}
    for name, call in calls.items():
        program = call if isinstance(call, (Program, HostProgram)) else None
        timings[name] = summarise(
            seconds[name],
            compile_seconds=program and program.compile_seconds,
            flops=program and program.flops,
            peak_bytes=program and program.peak_bytes,
        )
    return replace(result, timings=timings)
