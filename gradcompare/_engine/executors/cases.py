"""Whole cases on the workers of an executor: one call each, which also times it.

A case is not sent itself: it knows devices and functions without an importable name. What is sent
is a recipe that makes cases and settings, and which of the cases is meant.
"""

import platform
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

from ..._foundation.errors import GradcompareError, InputError, LostWorkerError, outcome_of
from ..._foundation.executors.tasks import Task
from ..._foundation.user_code import describe
from ..._foundation.wording import listed
from ..._results.result import Comparison, Result
from ..environment import environment
from ..run import attempt_or_resume, failed, gathered, timed
from ..settings import Case, Keep, Progress, Settings

Recipe = Callable[[], tuple[Sequence[Case], Settings]]
"""Makes cases and their settings; it can be pickled."""

VERSIONS = ("gradcompare", "jax", "jaxlib", "numpy", "python")
"""The parts of the environment that should be equal here and on a worker."""


def distributed(
    cases: Sequence[Case],
    settings: Settings,
    executor: Executor,
    recipe_of: Callable[[Case], Recipe],
    progress: Progress = lambda name, done, total: None,
    keep: Keep = lambda number, result: None,
    earlier: Mapping[int, Result] = MappingProxyType({}),
) -> Comparison:
    """Returns the results of every case, each made and timed by a worker of an executor.

    A case that a worker takes with it as it dies is tried once more, alone. If it is lost again,
    its row says so; the others go on.

    Args:
        cases: The cases.
        settings: Their settings.
        executor: The executor.
        recipe_of: Returns what makes a case again on a worker, perhaps among others; the same
            object for all of these.
        progress: Is told of each result.
        keep: Gets each result as soon as it is there.
        earlier: Results of an earlier process, by the numbers of their cases.

    Raises:
        GradcompareError: with `on_error="raise"`, if a case fails or is lost.
    """
    work = _Work(settings, executor, recipe_of)
    results: dict[int, Result] = {}

    def arrived(number: int, result: Result) -> None:
        results[number] = result
        keep(number, result)
        progress(result.objective, len(results), len(cases))

    pending: dict[Future, int] = {}
    lost: list[int] = []
    try:
        for number, case in enumerate(cases):
            done = earlier.get(number)
            if done is not None and (done.timings or not settings.timing):
                arrived(number, done)
                continue
            future = outcome_of(partial(work.submit, case, done))
            if isinstance(future, Exception):
                arrived(number, work.row_of(future, case))
            else:
                pending[future] = number
        for future in as_completed(pending):
            number = pending[future]
            outcome = outcome_of(partial(work.result, future))
            if isinstance(outcome, LostWorkerError):
                lost.append(number)
            else:
                arrived(number, work.row_of(outcome, cases[number]))
        # Dask blames all that waits at a worker for its death: alone, only the guilty one dies.
        for number in lost:
            case, done = cases[number], earlier.get(number)
            outcome = outcome_of(lambda c=case, d=done: work.result(work.submit(c, d)))
            arrived(number, work.row_of(outcome, case))
    finally:
        for future in pending:
            future.cancel()
    return gathered([results[number] for number in range(len(cases))], settings)


class _Work:
    """What is sent to the workers: one task for each recipe, which is called for each case."""

    def __init__(
        self, settings: Settings, executor: Executor, recipe_of: Callable[[Case], Recipe]
    ) -> None:
        self._settings, self._executor, self._recipe_of = settings, executor, recipe_of
        # The token tells this run from an earlier one, since when the files may have changed.
        self._examine = partial(_examined, uuid.uuid4().hex, _versions(settings))
        self._tasks: dict[int, Task] = {}
        self._owners: dict[Future, Task] = {}

    def submit(self, case: Case, earlier: Result | None) -> Future:
        recipe = self._recipe_of(case)
        if id(recipe) not in self._tasks:
            call = partial(self._examine, recipe)
            self._tasks[id(recipe)] = Task.of(self._executor, call, "the objective")
        task = self._tasks[id(recipe)]
        future = task.submit(case.key, earlier)
        self._owners[future] = task
        return future

    def result(self, future: Future) -> Result:
        return self._owners.pop(future).result(future)

    def row_of(self, outcome: Result | Exception, case: Case) -> Result:
        """Returns a result, or the row of a case that failed, unless errors are to be raised."""
        if not isinstance(outcome, Exception):
            return outcome
        if self._settings.on_error == "raise":
            raise outcome
        words = str(outcome) if isinstance(outcome, GradcompareError) else describe(outcome)
        return failed(case, self._settings, words)


@dataclass
class _Made:
    """What a recipe made."""

    token: str
    recipe: Recipe
    cases: Sequence[Case]
    settings: Settings


MADE: list[_Made] = []
"""At most one entry: what a worker made last, since the next case is often of the same recipe."""

LOCK = threading.Lock()
"""Held while a recipe makes its cases: a worker may have threads."""


def _examined(
    token: str,
    versions: Mapping[str, str],
    recipe: Recipe,
    key: tuple[str, int | None],
    earlier: Result | None,
) -> Result:
    """Examines and times one case on a worker."""
    with LOCK:
        if not (MADE and MADE[0].token == token and MADE[0].recipe is recipe):
            MADE[:] = [_Made(token, recipe, *recipe())]
        made = MADE[0]
    found = [case for case in made.cases if case.key == key]
    if not found:
        raise InputError(
            f"{key[0]} is not among the objectives that a worker finds on {platform.node()}; let "
            "it have the same files and packages"
        )
    result = timed(attempt_or_resume(found[0], made.settings, earlier), made.settings)
    theirs = _versions(made.settings)
    others = [f"{n} {theirs[n]}, here {versions[n]}" for n in versions if theirs[n] != versions[n]]
    if not others:
        return result
    note = f"examined on {platform.node()} with {listed(others)}; install the same versions"
    return replace(result, notes=(*result.notes, note))


def _versions(settings: Settings) -> dict[str, str]:
    found = environment(settings.device)
    return {name: str(found[name]) for name in VERSIONS}
