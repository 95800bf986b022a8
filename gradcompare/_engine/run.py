"""The engine: problems and methods in, results out.

Every method estimates every problem of a case; then the sources vote; then everything is timed.
Different cases are estimated in parallel, since most of that is compilation; they are timed one
after another. Only this module and the two below handle precision and exceptions.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from types import MappingProxyType

import numpy as np

from .._evaluation.evaluator import Evaluator
from .._evaluation.function import AbstractFunction
from .._evaluation.twin import with_valid_twin
from .._foundation.errors import GradcompareError, LostDerivativeError, Untraceable, outcome_of
from .._foundation.limits.clock import Clock, TimeUp, running
from .._foundation.precision import FLOAT64, precision_scope
from .._foundation.user_code import describe
from .._introspection.closures import definition
from .._model.estimate import Estimate
from .._model.problem import Problem
from .._points.sources import First
from .._results.result import Comparison, Result
from .._results.timing import summarise
from ..methods._base import AbstractMethod, voters
from .case import Study, study
from .environment import environment
from .settings import Case, Keep, Progress, Settings, evaluator_of
from .timing import dispatch_of, empty_calls, measure

WORKERS = 8
"""Largest number of cases compiled at the same time; each holds its data in memory."""

JUDGED = 2
"""Number of timed runs of the Richardson estimate; each costs thousands of function values."""

TOO_LONG = "not timed, because the time limit is passed"

KEPT = ("quantity", "seed", "points", "repeats", "timing", "memory_bytes")
"""Fields of the settings that the results hold unchanged."""


def run(
    cases: Sequence[Case],
    settings: Settings,
    progress: Progress = lambda name, done, total: None,
    keep: Keep = lambda number, result: None,
    earlier: Mapping[int, Result] = MappingProxyType({}),
) -> Comparison:
    """Returns the results of every case.

    Args:
        cases: The cases.
        settings: Their settings.
        progress: Is told of each step.
        keep: Gets each result as soon as it is there, and again when it is timed.
        earlier: Results of an earlier process, by the numbers of their cases.
    """
    studies, results = [], []
    steps = len(cases) * (2 if settings.timing else 1)
    with ThreadPoolExecutor(min(WORKERS, os.cpu_count() or 1)) as pool:
        # One case stays in this thread, where the user's own settings of JAX hold.
        shared = any(case.programs is not None for case in cases)
        apply = map if len(cases) == 1 or shared else pool.map
        attempts = apply(
            lambda number: attempt_or_resume(cases[number], settings, earlier.get(number)),
            range(len(cases)),
        )
        for each in attempts:
            keep(len(studies), each.result)
            studies.append(each)
            progress(each.result.objective, len(studies), steps)
    for each in studies:
        results.append(timed(each, settings))
        if settings.timing:
            keep(len(results) - 1, results[-1])
            progress(each.result.objective, len(studies) + len(results), steps)
    return gathered(results, settings)


def gathered(results: Sequence[Result], settings: Settings) -> Comparison:
    """Returns results together with their settings and circumstances."""
    kept = {
        "methods": {method.name: method.symbol for method in settings.methods},
        "sources": voters(settings.methods),
        "dtype": settings.dtype.name,
        **{name: getattr(settings, name) for name in KEPT},
    }
    return Comparison(tuple(results), environment(settings.device), kept)


def attempt(case: Case, settings: Settings) -> Study:
    """Studies one case; an error becomes a result, or is raised if the settings say so."""
    with precision_scope(FLOAT64):
        outcome = outcome_of(lambda: study(case, settings))
    if isinstance(outcome, Study):
        return replace(outcome, result=_with_place(outcome.result, case, settings))
    if settings.on_error == "raise":
        outcome.add_note(f"while comparing the derivatives of {case.objective.name}")
        raise outcome
    return Study(failed(case, settings, describe(outcome)))


def attempt_or_resume(case: Case, settings: Settings, earlier: Result | None) -> Study:
    """Studies one case, unless an earlier process did: then it makes what is to be timed."""
    if earlier is None:
        return attempt(case, settings)
    if earlier.timings or not settings.timing:
        return Study(earlier)
    first = attempt(replace(case, points=First(case.points)), settings)
    return replace(first, result=earlier)


def failed(case: Case, settings: Settings, message: str) -> Result:
    """Returns the result of a case that failed, with the reason."""
    o = case.objective
    result = Result(o.name, case.size, settings.quantity, expected=o.expected, message=message)
    return _with_place(result, case, settings)


def _with_place(result: Result, case: Case, settings: Settings) -> Result:
    """Adds where the derivative under test is defined, or the objective where there is none."""
    by_hand = getattr(case.objective, settings.quantity) or case.objective.gradient
    file, line = definition(by_hand or case.objective.value)
    return replace(result, file=file, line=line)


def estimate_one(problem: Problem, method: AbstractMethod, settings: Settings) -> Estimate:
    """Returns the flat estimate of one problem by one method, whose errors it does not catch."""
    with precision_scope(FLOAT64):
        evaluator = evaluator_of(problem, settings)
        if method.source == "autodiff":
            evaluator = with_valid_twin(evaluator)
        estimate = where_traceable(method, evaluator, lambda: method.estimate(evaluator))
    notes = filter(None, (estimate.note, *evaluator.cache.failures.values()))
    return replace(estimate, note="; ".join(notes))


def where_traceable(
    method: AbstractMethod, evaluator: Evaluator, call: Callable[[], Estimate]
) -> Estimate:
    """Returns an estimate of a method that may need a traced function.

    Raises:
        GradcompareError: if JAX cannot trace the function.
    """
    outcome = outcome_of(call)
    if not isinstance(outcome, Exception):
        return outcome
    # Called on the host, a function may raise anything where autodiff traces it.
    on_host = method.source == "autodiff" and "value" in evaluator.cache.untraceable
    foreign = on_host and not isinstance(outcome, GradcompareError)
    lost = isinstance(outcome, LostDerivativeError) or Untraceable.of(outcome) is not None
    if not (lost or foreign):
        raise outcome
    raise GradcompareError(
        f"the method {method.name} needs a function that JAX can trace: {describe(outcome)}; "
        "write it with jax.numpy, give a gradient, or use the method richardson"
    ) from outcome


def timed(each: Study, settings: Settings) -> Result:
    """Adds the running times of the value and of every method at the first point."""
    result, evaluator, narrow = each.result, each.evaluator, each.narrow
    if not settings.timing or evaluator is None or narrow is None:
        return result
    try:
        with precision_scope(FLOAT64), running(Clock(settings.seconds)):
            calls, judges = _calls(result, evaluator, narrow, settings)
            seconds = measure({**calls, **empty_calls(settings.device)}, repeats=settings.repeats)
            seconds |= measure(judges, repeats=JUDGED, min_seconds=0)
    except TimeUp:
        return replace(result, notes=(*result.notes, TOO_LONG))
    timings = {}
    for name, call in (calls | judges).items():
        program = call if isinstance(call, AbstractFunction) else None
        compiled = program is not None and not program.on_host
        median = float(np.median(seconds[name]))
        timings[name] = summarise(
            seconds[name],
            compile_seconds=program and program.compile_seconds,
            flops=program and program.flops,
            peak_bytes=program and program.peak_bytes,
            first_seconds=program and program.first_seconds,
            dispatch_seconds=dispatch_of(median, seconds) if compiled else None,
        )
    return replace(result, timings=timings)


def _calls(
    result: Result, evaluator: Evaluator, narrow: Evaluator, settings: Settings
) -> tuple[dict[str, Callable[[], object]], dict[str, Callable[[], object]]]:
    """Returns what is timed: the value with the methods that are programs, and the judges."""
    calls: dict[str, Callable[[], object]] = {}
    judges: dict[str, Callable[[], object]] = {}
    if "value" in narrow.functions:
        calls["value"] = narrow.functions["value"].written
    for method in settings.methods:
        if method in narrow.functions:
            calls[method.name] = narrow.functions[method].written
        elif method.judges and method.name in result.points[0].estimates:
            judges[method.name] = partial(method.estimate, evaluator)
    return calls, judges
