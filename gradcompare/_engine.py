"""The engine: problems and methods in, results out.

Every method makes its estimate of every problem of a case; then the sources vote; then
everything is timed. The estimates of different cases are made in parallel, since they consist
of compilation for the most part; the timing is not. Precision and exceptions are dealt with
here and nowhere else.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import Literal

import jax
import numpy as np

from ._environment import environment
from ._errors import describe
from ._estimate import Estimate
from ._method import AbstractMethod, Source
from ._objective import Objective, Problem, Quantity
from ._pairs import pair_error
from ._precision import FLOAT64, cast, precision_scope
from ._programs import Program, Programs
from ._result import Comparison, PointResult, Result
from ._timing import measure, summarise
from ._verdict import Judgement, Verdict, judge

Progress = Callable[[str, int, int], None]
"""`progress(name, done, total)` is called when a case is done."""

STOCHASTIC = 1e-3
"""Two values at one point that differ by more than this fraction come from a random objective."""


@dataclass(frozen=True)
class Plan:
    """What is to be done with every case; the fields are arguments of `compare`."""

    methods: tuple[AbstractMethod, ...]
    quantity: Quantity
    dtype: np.dtype
    device: jax.Device
    seed: int
    points: int
    timing: bool
    min_seconds: float
    memory_bytes: int
    on_error: Literal["row", "raise"]

    @property
    def voters(self) -> dict[Source, str]:
        """The name of the method that speaks for each source: a voting one, or else the first."""
        voters: dict[Source, str] = {}
        for method in sorted(self.methods, key=lambda method: not method.votes):
            voters.setdefault(method.source, method.name)
        return voters


@dataclass(frozen=True)
class Case:
    """One row of the comparison: an objective, and how to make its problems."""

    objective: Objective
    size: int | None
    problems: Callable[[], Sequence[Problem]]


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


def run(cases: Sequence[Case], plan: Plan, progress: Progress | None = None) -> Comparison:
    """Carries out `plan` on every case."""
    results = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        studies = list(pool.map(lambda case: _attempt(case, plan), cases))
    for done, (case, study) in enumerate(zip(cases, studies, strict=True), 1):
        results.append(_timed(study, plan) if plan.timing and study.programs else study.result)
        if progress is not None:
            progress(case.objective.name, done, len(cases))
    settings = {
        "methods": [method.name for method in plan.methods],
        "dtype": plan.dtype.name,
        **{name: getattr(plan, name) for name in ("quantity", "seed", "points", "memory_bytes")},
    }
    return Comparison(tuple(results), environment(plan.device), settings)


def _attempt(case: Case, plan: Plan) -> _Study:
    try:
        with precision_scope(FLOAT64):
            return _study(case, plan)
    except Exception as error:
        if plan.on_error == "raise":
            raise
        name, message = case.objective.name, describe(error)
        return _Study(Result(name, case.size, plan.quantity, message=message))


def _study(case: Case, plan: Plan) -> _Study:
    problems = [_rounded(problem, plan.dtype) for problem in case.problems()]
    first = problems[0]
    programs = Programs(first, FLOAT64, plan.device, plan.memory_bytes)
    programs.require_valid()
    points = tuple(_point(programs.at(problem), plan) for problem in problems)
    result = Result(
        case.objective.name,
        case.size,
        plan.quantity,
        d=first.layout.size,
        paths=first.paths,
        shapes=first.shapes,
        sources=dict(plan.voters),
        points=points,
        message=_crash(case.objective, points[0], plan),
    )
    if plan.dtype == FLOAT64:
        return _Study(result, programs, programs)
    narrow = replace(programs, dtype=plan.dtype, programs={})
    accuracy = _accuracy(narrow, points[0], plan)
    return _Study(replace(result, accuracy=accuracy), programs, narrow)


def _rounded(problem: Problem, dtype: np.dtype) -> Problem:
    """Moves the problem to numbers that `dtype` can represent, so that all see the same point."""
    kept = (problem.params, problem.data, problem.direction)
    params, data, direction = cast(cast(kept, dtype), FLOAT64)
    return replace(problem, params=params, data=data, direction=direction)


def _point(programs: Programs, plan: Plan) -> PointResult:
    problem = programs.problem
    value, again = programs.value(), programs.value()
    estimates: dict[str, Estimate] = {}
    missing: dict[str, str] = {}
    for method in plan.methods:
        reason = method.unsupported(problem.objective, problem.quantity)
        outcome = reason if reason is not None else _estimate(method, programs)
        if isinstance(outcome, Estimate):
            estimates[method.name] = outcome
        else:
            missing[method.name] = outcome
    if abs(value - again) > STOCHASTIC * max(abs(value), abs(again)):
        note = f"the same point gave {value:.6g} and {again:.6g}"
        judgement = Judgement(Verdict.STOCHASTIC, note=note)
    else:
        votes = {s: estimates[name] for s, name in plan.voters.items() if name in estimates}
        judgement = judge(value, votes)
    pairs = tuple(
        pair_error(a, estimates[a], b, estimates[b], problem)
        for a, b in combinations(estimates, 2)
    )
    return PointResult(problem.label, programs.x, value, estimates, missing, pairs, judgement)


def _estimate(method: AbstractMethod, programs: Programs) -> Estimate | str:
    """Runs one method; a failure is a sentence instead of an estimate."""
    try:
        return method.estimate(programs)
    except Exception as error:
        return describe(error)


def _crash(objective: Objective, point: PointResult, plan: Plan) -> str:
    """Says how the derivative under test failed, if it did; no verdict can make up for it."""
    name = plan.voters.get("analytic", "")
    under_test = objective.gradient is not None or objective.directional is not None
    return f"{name}: {point.missing[name]}" if under_test and name in point.missing else ""


def _accuracy(narrow: Programs, point: PointResult, plan: Plan) -> dict[str, float]:
    """The relative error in the 2-norm of each method in the narrower dtype, against float64."""
    right = "analytic" if point.judgement.verdict is Verdict.AUTODIFF_WRONG else "autodiff"
    reference = point.estimates.get(plan.voters.get(right, ""))
    if reference is None:
        return {}
    errors = {}
    with precision_scope(plan.dtype):
        for method in plan.methods:
            voting_difference = method.votes and method.source == "differences"
            if method.name in point.missing or voting_difference:
                continue  # the judge of float64 has no narrower self
            outcome = _estimate(method, narrow)
            if isinstance(outcome, Estimate):
                off = np.linalg.norm(outcome.value - reference.value)
                errors[method.name] = float(off / np.linalg.norm(reference.value))
    return errors


def _timed(study: _Study, plan: Plan) -> Result:
    """Adds the running time of one value and of every method, at the first point."""
    result, programs, narrow = study.result, study.programs, study.narrow
    assert programs is not None and narrow is not None
    calls: dict[str, Callable[[], object]] = {"value": narrow.programs["value"]}
    for method in plan.methods:
        if method in narrow.programs:
            calls[method.name] = narrow.programs[method]
        elif method.name in result.points[0].estimates and method not in programs.programs:
            calls[method.name] = partial(method.estimate, programs)
    with precision_scope(FLOAT64):
        seconds = measure(calls, min_seconds=plan.min_seconds)
    timings = {}
    for name, call in calls.items():
        program = call if isinstance(call, Program) else None
        timings[name] = summarise(
            seconds[name],
            compile_seconds=program and program.compile_seconds,
            flops=program and program.flops,
            peak_bytes=program and program.peak_bytes,
        )
    return replace(result, timings=timings)
