"""The workers of a run: this process, or processes of their own that can be ended."""

import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from ..._engine.settings import Case, Settings
from ..interrupts.parent import begin
from ..interrupts.signals import without_signals, without_tracker_warnings

WORTHWHILE = 4
"""Number of cases per process: starting one costs 1.5 s, about as much as this many cases."""


def hard_limit(seconds: float) -> float:
    """Returns the seconds after which a process that does not end by itself is ended.

    It looks at its clock between calls, and a compilation or a long call may be on the way.
    """
    return 1.25 * seconds + 2


@dataclass(eq=False)
class Worker:
    """One process that works, one call at a time.

    Attributes:
        executor: Calls in it.
        number: The number of the process, once it has started; None for this process.
    """

    executor: Executor
    number: Future[int] | None = None

    @classmethod
    def started(cls, work: bytes) -> "Worker":
        """Starts a process, which begins with `work`."""
        context = multiprocessing.get_context("spawn")
        with without_tracker_warnings(), without_signals():
            executor = ProcessPoolExecutor(1, context, begin, (work,))
            # A process starts with the first call.
            return cls(executor, executor.submit(os.getpid))

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future:
        return self.executor.submit(function, *arguments)

    @property
    def is_ready(self) -> bool:
        """Whether it has started."""
        return self.number is None or self.number.done()

    def end(self) -> None:
        """Ends the process, whatever it does; what it was called for raises BrokenExecutor."""
        if self.number is not None and self.number.done() and not self.number.exception():
            for process in multiprocessing.active_children():
                if process.pid == self.number.result():
                    process.kill()


@dataclass
class Deadline:
    """The time until which a call may take, which begins when its worker has started.

    Attributes:
        worker: The worker.
        seconds: The time; None for no limit.
        end: The end in seconds of `time.monotonic`, once it is known.
    """

    worker: Worker
    seconds: float | None
    end: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether the end is passed."""
        if self.seconds is None:
            return False
        if self.end is None and self.worker.is_ready:
            self.end = time.monotonic() + self.seconds
        return self.end is not None and time.monotonic() > self.end


def usual_jobs(cases: Sequence[Case], settings: Settings) -> int:
    """Returns the number of processes for as many cases: one per core, if that is worthwhile."""
    # Processes cannot share an accelerator: each would take most of its memory.
    cores = os.cpu_count() or 1 if settings.device.platform == "cpu" else 1
    return max(1, min(cores, len(cases) // WORTHWHILE))
