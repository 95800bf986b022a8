"""`compare` for the command line, in several processes.

Estimates take mostly compiling and tracing, and only one thread of a process can trace at a time.
So processes, this one among them, make estimates in parallel. Each keeps its compiled programs.
When all estimates are there, one case after the other is timed in its process, while the other
processes wait.
"""

import multiprocessing
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from .._api.compare import prepare
from .._engine.case import Study
from .._engine.run import attempt_or_resume, failed, gathered, run, timed
from .._engine.settings import Case, Progress, Settings
from .._results.result import Comparison, Result
from .compilation_cache import use_compilation_cache
from .interrupts.parent import begin, packed
from .interrupts.signals import without_signals, without_tracker_warnings
from .runs.rows import Rows

WORTHWHILE = 4
"""Number of cases per process: starting one costs 1.5 s, about as much as this many cases."""

ENDED = "the process that compared it ended without a result: it crashed or ran out of memory"

UNTIMED = "not timed, because the process with its compiled programs ended"


def compare_in_processes(
    objectives: Sequence[str] | None,
    methods: Sequence[Any],
    *,
    jobs: int | None,
    cache: bool,
    progress: Progress,
    rows: Rows | None = None,
    **options: Any,
) -> Comparison:
    """Compares registered objectives, or those in files, as `compare` does.

    Args:
        objectives: Names, because a function cannot be sent to a process.
        methods: Methods or their labels.
        jobs: The number of processes; by default one per core, if that is worthwhile.
        cache: Whether to keep compiled programs on disk.
        progress: As for `compare`.
        rows: Keeps the rows as they come, and has those of an earlier process.
        **options: The further arguments of `compare`.

    Raises:
        InputError: if an argument cannot be used.
    """
    if cache:
        use_compilation_cache()
    cases, settings = prepare(objectives, methods, **options)
    rows = rows or Rows()
    rows.begin(cases, settings)
    if jobs is None:
        # Processes cannot share an accelerator: each would take most of its memory.
        cores = os.cpu_count() or 1 if settings.device.platform == "cpu" else 1
        jobs = min(cores, len(cases) // WORTHWHILE)
    if jobs < 2:
        return run(cases, settings, progress, rows.keep, rows.earlier)
    context = multiprocessing.get_context("spawn")
    work = packed(_prepare, objectives, methods, cache, options)
    workers: list[Executor] = [
        ThreadPoolExecutor(1, initializer=_keep, initargs=(cases, settings))
    ]
    with ExitStack() as stack:
        with without_tracker_warnings():
            for _ in range(jobs - 1):
                workers.append(ProcessPoolExecutor(1, context, begin, (work,)))
                with without_signals():
                    workers[-1].submit(os.getpid)  # a process starts with the first call
        for worker in workers:
            stack.enter_context(worker)
        results = _results(cases, settings, workers, progress, rows)
    KEPT.clear()
    return gathered(results, settings)


def _results(
    cases: Sequence[Case],
    settings: Settings,
    workers: Sequence[Executor],
    progress: Progress,
    rows: Rows,
) -> list[Result]:
    steps = len(cases) * (2 if settings.timing else 1)
    results: dict[int, Result] = {}
    owners: dict[int, Executor] = {}
    for number, worker, result in _dealt(cases, settings, workers, rows.earlier):
        results[number], owners[number] = result, worker
        rows.keep(number, result)
        progress(result.objective, len(results), steps)
    for number in range(len(cases) * settings.timing):
        try:
            results[number] = owners[number].submit(_timed, number).result()
        except BrokenExecutor:
            results[number] = replace(results[number], notes=(*results[number].notes, UNTIMED))
        rows.keep(number, results[number])
        progress(results[number].objective, len(cases) + number + 1, steps)
    return [results[number] for number in range(len(cases))]


def _dealt(
    cases: Sequence[Case],
    settings: Settings,
    workers: Sequence[Executor],
    earlier: Mapping[int, Result],
) -> Iterator[tuple[int, Executor, Result]]:
    """Gives each case to the first free worker; yields its number, worker and result.

    A process that ends in the middle of a case gets no other case.
    """
    waiting = iter(range(len(cases)))
    pending: dict[Future, tuple[int, Executor]] = {}

    def deal(worker: Executor) -> None:
        number = next(waiting, None)
        if number is None:
            return
        try:
            future = worker.submit(_studied, number, earlier.get(number))
        except BrokenExecutor:  # it ended between two cases; this process does not
            worker = workers[0]
            future = worker.submit(_studied, number, earlier.get(number))
        pending[future] = (number, worker)

    for worker in workers:
        deal(worker)
    while pending:
        for future in wait(pending, return_when=FIRST_COMPLETED).done:
            number, worker = pending.pop(future)
            try:
                result = future.result()
            except BrokenExecutor:
                result = failed(cases[number], settings, ENDED)
            else:
                deal(worker)
            yield number, worker, result


@dataclass
class _Kept:
    """What a process keeps from one call to the next."""

    cases: Sequence[Case]
    settings: Settings
    studies: dict[int, Study] = field(default_factory=dict)


KEPT: list[_Kept] = []
"""At most one entry: the state of this process."""


def _prepare(objectives, methods, cache: bool, options: dict[str, Any]) -> None:
    if cache:
        use_compilation_cache()
    _keep(*prepare(objectives, methods, **options))


def _keep(cases: Sequence[Case], settings: Settings) -> None:
    KEPT[:] = [_Kept(cases, settings)]


def _studied(number: int, earlier: Result | None) -> Result:
    kept = KEPT[0]
    kept.studies[number] = attempt_or_resume(kept.cases[number], kept.settings, earlier)
    return kept.studies[number].result


def _timed(number: int) -> Result:
    kept = KEPT[0]
    return timed(kept.studies.pop(number), kept.settings)
