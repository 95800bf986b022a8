"""`compare` for the command line, in several processes.

Estimates take mostly compiling and tracing, and only one thread of a process can trace at a time.
So processes, this one among them, make estimates in parallel. Each keeps its compiled programs.
When all estimates are there, one case after the other is timed in its process, while the other
processes wait.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from .._api.compare import prepare, recipes
from .._engine.case import Study
from .._engine.executors.cases import distributed
from .._engine.run import TOO_LONG, attempt_or_resume, failed, gathered, run, timed
from .._engine.settings import Case, Progress, Settings
from .._foundation.wording import duration
from .._results.result import Comparison, Result
from .compilation_cache import use_compilation_cache
from .interrupts.parent import packed
from .runs.rows import Rows
from .runs.workers import Deadline, Worker, hard_limit, usual_jobs

ENDED = "the process that compared it ended without a result: it crashed or ran out of memory"

UNTIMED = "not timed, because the process with its compiled programs ended"

NO_RETURN = (
    "the limit of {} is passed, and a call did not return; its process was ended, and with it "
    "what was learned until then"
)

LOOK = 0.2
"""Seconds between two looks at the clock."""


def compare_in_processes(
    objectives: Sequence[str] | None,
    methods: Sequence[Any],
    *,
    jobs: int | None,
    cache: bool,
    progress: Progress,
    rows: Rows | None = None,
    reading: AbstractContextManager[None] | None = None,
    executor: Executor | None = None,
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
        reading: Is entered while the files of the user are read.
        executor: Examines the cases in the place of processes of our own, if given.
        **options: The further arguments of `compare`.

    Raises:
        InputError: if an argument cannot be used.
    """
    if cache and executor is None:  # the processes of a cluster are not ours to set up
        use_compilation_cache()
    with reading or nullcontext():
        cases, settings = prepare(objectives, methods, **options)
    rows = rows or Rows()
    rows.begin(cases, settings)
    if executor is not None:
        recipe_of = recipes(objectives, settings.methods, options)
        return distributed(cases, settings, executor, recipe_of, progress, rows.keep, rows.earlier)
    jobs = jobs or usual_jobs(cases, settings)
    limit = settings.seconds and hard_limit(settings.seconds)
    if jobs < 2 and limit is None:
        return run(cases, settings, progress, rows.keep, rows.earlier)
    work = packed(_prepare, objectives, methods, cache, options)
    # This process cannot end itself and go on, so that with a limit it only waits.
    workers = [] if limit else [Worker(_here(cases, settings))]
    with ExitStack() as stack:

        def started() -> Worker:
            worker = Worker.started(work)
            stack.enter_context(worker.executor)
            return worker

        for worker in workers:
            stack.enter_context(worker.executor)
        workers += [started() for _ in range(jobs - len(workers))]
        dealer = _Dealer(cases, settings, workers, started, limit)
        results = _results(dealer, progress, rows)
    KEPT.clear()
    return gathered(results, settings)


def _here(cases: Sequence[Case], settings: Settings) -> Executor:
    return ThreadPoolExecutor(1, initializer=_keep, initargs=(cases, settings))


def _results(dealer: "_Dealer", progress: Progress, rows: Rows) -> list[Result]:
    cases, settings = dealer.cases, dealer.settings
    steps = len(cases) * (2 if settings.timing else 1)
    results: dict[int, Result] = {}
    owners: dict[int, Worker] = {}
    for number, worker, result in dealer.deal(rows.earlier):
        results[number], owners[number] = result, worker
        rows.keep(number, result)
        progress(result.objective, len(results), steps)
    for number in range(len(cases) * settings.timing):
        results[number] = _with_times(number, results[number], owners[number], dealer.limit)
        rows.keep(number, results[number])
        progress(results[number].objective, len(cases) + number + 1, steps)
    return [results[number] for number in range(len(cases))]


def _with_times(number: int, result: Result, owner: Worker, limit: float | None) -> Result:
    """Returns a result with its running times; without where its process ends, or has ended."""
    if result.message:
        return result
    try:
        return owner.submit(_timed, number).result(limit)
    except BrokenExecutor:
        return replace(result, notes=(*result.notes, UNTIMED))
    except TimeoutError:
        owner.end()
        return replace(result, notes=(*result.notes, TOO_LONG))


@dataclass
class _Dealer:
    """Gives each case to the first free worker.

    Attributes:
        cases: The cases.
        settings: Their settings.
        workers: The workers.
        start: Starts one more, in place of one that is ended.
        limit: The seconds after which a worker is ended in the middle of a case; None for none.
    """

    cases: Sequence[Case]
    settings: Settings
    workers: Sequence[Worker]
    start: Callable[[], Worker]
    limit: float | None
    pending: dict[Future, tuple[int, Worker, Deadline]] = field(default_factory=dict)

    def deal(self, earlier: Mapping[int, Result]) -> Iterator[tuple[int, Worker, Result]]:
        """Yields the number of each case with its worker and its result.

        A process that ends by itself in the middle of a case gets no other case.
        """
        waiting = iter(range(len(self.cases)))

        def give(worker: Worker) -> None:
            number = next(waiting, None)
            if number is not None:
                self._give(worker, number, earlier.get(number))

        for worker in self.workers:
            give(worker)
        while self.pending:
            ended = self._end_the_late()
            for future in wait(self.pending, self._patience, FIRST_COMPLETED).done:
                number, worker, _ = self.pending.pop(future)
                try:
                    result = future.result()
                    give(worker)
                except BrokenExecutor:
                    result = self._lost(number, in_time=future not in ended)
                    if self.limit is not None:
                        give(self.start())
                yield number, worker, result

    def _give(self, worker: Worker, number: int, earlier: Result | None) -> None:
        try:
            future = worker.submit(_studied, number, earlier)
        except BrokenExecutor:  # it ended between two cases
            worker = self.workers[0] if self.limit is None else self.start()
            future = worker.submit(_studied, number, earlier)
        self.pending[future] = (number, worker, Deadline(worker, self.limit))

    @property
    def _patience(self) -> float | None:
        """The seconds after which the clock is looked at again."""
        return None if self.limit is None else LOOK

    def _end_the_late(self) -> set[Future]:
        """Ends the processes whose time is over; returns what they were called for."""
        late = {f for f, (_, _, deadline) in self.pending.items() if deadline.is_over}
        for future in late:
            self.pending[future][1].end()
        return late

    def _lost(self, number: int, *, in_time: bool) -> Result:
        if in_time:
            return failed(self.cases[number], self.settings, ENDED)
        seconds = duration(self.settings.seconds)
        row = failed(self.cases[number], self.settings, NO_RETURN.format(seconds))
        return replace(row, timed_out=True)


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
