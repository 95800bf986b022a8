"""The engine: problems and methods in, results out.

Every method makes its estimate of every problem of a case; then the sources vote; then
everything is timed. The estimates of different cases are made in parallel, since they consist
of compilation for the most part; the timing is not. Precision and exceptions are dealt with
here and in the two modules below, and nowhere else.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np

from ._environment import environment
from ._errors import describe, guarded
from ._estimate import Estimate
from ._host import HostProgram
from ._method import AbstractMethod
from ._objective import Problem
from ._plan import Case, Plan, Progress
from ._precision import FLOAT64, precision_scope
from ._program import Program
from ._result import Comparison, Result
from ._study import Study, programs_of, study
from ._timing import measure, no_operation, summarise

WORKERS = 8
"""At most so many cases are compiled at the same time; each holds its data in memory."""

NOTHING = "nothing"
"""The call that shows what a call costs, among those that are timed."""

JUDGED = 2
"""So often a judge is timed, which takes as long as thousands of values."""

KEPT = ("quantity", "seed", "points", "repeats", "timing", "memory_bytes")
"""The fields of a plan that are kept with its results as they are."""


def run(
    cases: Sequence[Case], plan: Plan, progress: Progress = lambda name, done, total: None
) -> Comparison:
    """Carries out `plan` on every case."""
    studies, results = [], []
    steps = len(cases) * (2 if plan.timing else 1)
    with ThreadPoolExecutor(min(WORKERS, os.cpu_count() or 1)) as pool:
        # One case stays in this thread, where the user's own settings of JAX hold.
        apply = map if len(cases) == 1 else pool.map
        for each in apply(lambda case: attempt(case, plan), cases):
            studies.append(each)
            progress(each.result.objective, len(studies), steps)
    for each in studies:
        results.append(timed(each, plan))
        if plan.timing:
            progress(each.result.objective, len(studies) + len(results), steps)
    return gathered(results, plan)


def gathered(results: Sequence[Result], plan: Plan) -> Comparison:
    """Returns results with the circumstances under which they came about."""
    settings = {
        "methods": {method.name: method.symbol for method in plan.methods},
        "sources": dict(plan.voters),
        "dtype": plan.dtype.name,
        **{name: getattr(plan, name) for name in KEPT},
    }
    return Comparison(tuple(results), environment(plan.device), settings)


def attempt(case: Case, plan: Plan) -> Study:
    """Studies one case; what goes wrong is a result too, or raised if the plan says so."""
    with precision_scope(FLOAT64):
        outcome = guarded(lambda: study(case, plan))
    if isinstance(outcome, Study):
        return outcome
    if plan.on_error == "raise":
        outcome.add_note(f"while comparing the derivatives of {case.objective.name}")
        raise outcome
    return Study(failed(case, plan, describe(outcome)))


def failed(case: Case, plan: Plan, message: str) -> Result:
    """The result of a case that could not be studied, and why."""
    o = case.objective
    return Result(o.name, case.size, plan.quantity, expected=o.expected, message=message)


def estimate_one(problem: Problem, method: AbstractMethod, plan: Plan) -> Estimate:
    """Returns the flat estimate of one problem by one method, and raises what it raises."""
    with precision_scope(FLOAT64):
        return method.estimate(programs_of(problem, plan))


def timed(each: Study, plan: Plan) -> Result:
    """Adds the running time of one value and of every method, at the first point, if wanted."""
    result, programs, narrow = each.result, each.programs, each.narrow
    if not plan.timing or programs is None or narrow is None:
        return result
    calls: dict[str, Callable[[], object]] = {}
    judges: dict[str, Callable[[], object]] = {}
    if "value" in narrow.programs:
        calls["value"] = narrow.programs["value"]
    for method in plan.methods:
        if method in narrow.programs:
            calls[method.name] = narrow.programs[method]
        elif method.judges and method.name in result.points[0].estimates:
            judges[method.name] = partial(method.estimate, programs)
    with precision_scope(FLOAT64):
        seconds = measure({**calls, NOTHING: no_operation(plan.device)}, repeats=plan.repeats)
        seconds |= measure(judges, repeats=JUDGED, min_seconds=0)
    floor = float(np.median(seconds[NOTHING]))
    timings = {}
    for name, call in (calls | judges).items():
        program = call if isinstance(call, (Program, HostProgram)) else None
        timings[name] = summarise(
            seconds[name],
            compile_seconds=program and program.compile_seconds,
            flops=program and program.flops,
            peak_bytes=program and program.peak_bytes,
            first_seconds=call.first[0] if isinstance(call, Program) else None,
            dispatch_seconds=floor if isinstance(call, Program) else None,
        )
    return replace(result, timings=timings)
