"""Calls of a function on the host at many points: one after another, or by an executor."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from functools import partial
from typing import Any

import numpy as np

from ..._foundation.errors import GradcompareError, outcome_of
from ..._foundation.executors.tasks import Task
from ..._foundation.limits.clock import computed
from ..._foundation.limits.silence import is_silent, without_warnings
from ..._foundation.precision import FLOAT64, is_wide, precision_scope
from ..._foundation.user_code import describe
from ..._model.objective import Params

CHUNKS = 64
"""Number of parts into which many points are divided for an executor: enough for any machine."""


def called_at(
    call: Callable[[Params], Any],
    points: Sequence[Params],
    executor: Executor | None,
    failed: Callable[[str, str], None],
) -> list[Any]:
    """Returns what a call gives at each point, None where it raises an error.

    Outside of its domain, code on the host raises an error where other code returns NaN.

    Args:
        call: The call.
        points: The points.
        executor: Calls at several points at a time.
        failed: Takes the type and the words of each error.

    Raises:
        GradcompareError: if the result is none that can be used at all.
        UnsentError: if the call cannot be sent to the workers of the executor.
        LostWorkerError: if the executor lost a part of the calls.
    """
    attempt = partial(_attempt, call)
    apart = None if executor is None else _apart(attempt, points, executor)
    results = []
    for result, error in apart or map(attempt, points):
        if error is not None:
            failed(*error)
        results.append(result)
        computed(1)
    return results


def _apart(
    attempt: Callable[[Params], Any], points: Sequence[Params], executor: Executor
) -> Iterator[tuple[Any | None, tuple[str, str] | None]]:
    """Yields the outcomes at the points, of calls on the workers of an executor."""
    # A worker does not have the scopes of the caller.
    dtype = FLOAT64 if is_wide() else np.dtype(np.float32)
    several = partial(_several, dtype, is_silent(), attempt)
    task = Task.of(executor, several, "the function")
    chunk = max(1, len(points) // CHUNKS)
    futures = []
    try:
        for start in range(0, len(points), chunk):
            futures.append(task.submit(points[start : start + chunk]))
        for future in futures:
            yield from task.result(future)
    finally:
        for future in futures:
            future.cancel()


def _several(
    dtype: np.dtype, silent: bool, attempt: Callable[[Params], Any], points: Sequence[Params]
) -> list:
    with precision_scope(dtype), without_warnings() if silent else nullcontext():
        return [attempt(point) for point in points]


def _attempt(
    call: Callable[[Params], Any], params: Params
) -> tuple[Any | None, tuple[str, str] | None]:
    """Returns the result at a point, and the error that is raised there, if any.

    Of the error, the type and the words are returned: not every error comes back from a process.
    """
    outcome = outcome_of(partial(call, params))
    if isinstance(outcome, GradcompareError):
        raise outcome
    if isinstance(outcome, Exception):
        return None, (type(outcome).__qualname__, describe(outcome))
    return outcome, None
