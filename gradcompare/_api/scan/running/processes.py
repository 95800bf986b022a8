"""A scan in several processes: one that crashes or hangs costs one function, or a part of it."""

import contextlib
import multiprocessing
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from typing import Any

from ..examine import MODERATE, entry_of
from ..inputs.targets import Named, load
from ..result import Entry

PATIENCE = 120.0
"""Seconds after which a function counts as hung."""

CRASHED = "the process that examined it ended: it crashed or ran out of memory"
HUNG = "no answer in {:g} s"
FURTHER = f"numbers above {MODERATE:g} and below {1 / MODERATE:g} were left out"

Task = tuple[int, bool]
"""The number of a function, and whether only moderate numbers are tried."""


class _Worker:
    """A process that examines one function after the other."""

    def __init__(self, seed: int, patience: float) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, seed), daemon=True)
        self.process.start()
        theirs.close()
        self.task: Task = (-1, False)
        self.is_late = False
        self._patience = patience
        self._timer: threading.Timer | None = None

    def give(self, task: Task, named: Named) -> None:
        """Gives it a function, and kills it if the answer takes too long."""
        self.task = task
        if self._timer is None:
            self.connection.recv()  # to start takes as long as the machine likes
        self.connection.send((named.name, named.path, named.module, task[1]))
        self._timer = threading.Timer(self._patience, self._kill)
        self._timer.daemon = True
        self._timer.start()

    def answer(self) -> Entry | None:
        """Returns what the process sent; None if it ended instead."""
        assert self._timer is not None
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            return None
        finally:
            self._timer.cancel()

    def end(self) -> None:
        """Ends the process, whatever it does."""
        if self._timer is not None:
            self._timer.cancel()
        self.process.kill()
        self.process.join()
        self.connection.close()

    def _kill(self) -> None:
        self.is_late = True
        self.process.kill()


def _work(connection: Connection, seed: int) -> None:
    """Examines functions until the other end is closed."""
    with contextlib.suppress(EOFError, OSError):
        connection.send("ready")
        while True:
            name, path, module, moderate = connection.recv()
            connection.send(entry_of(Named(name, load(path), module), seed, moderate))


def in_processes(
    functions: Sequence[Named], seed: int, jobs: int, patience: float = PATIENCE
) -> Iterator[Entry]:
    """Yields the entries of functions that can be imported, as they come."""
    tasks: deque[Task] = deque((number, False) for number in range(len(functions)))
    idle = [_Worker(seed, patience) for _ in range(min(jobs, len(functions)))]
    busy: list[_Worker] = []
    failures: dict[int, str] = {}
    try:
        while tasks or busy:
            while tasks and idle:
                worker, task = idle.pop(), tasks.popleft()
                worker.give(task, functions[task[0]])
                busy.append(worker)
            ready: list[Any] = wait([worker.connection for worker in busy])
            for worker in [w for w in busy if w.connection in ready]:
                busy.remove(worker)
                number, moderate = worker.task
                entry = worker.answer()
                if entry is not None:
                    idle.append(worker)
                    yield _noted(entry, failures.get(number))
                    continue
                worker.end()
                if tasks or not moderate:
                    idle.append(_Worker(seed, patience))
                reason = HUNG.format(patience) if worker.is_late else CRASHED
                if moderate:
                    yield Entry(functions[number].name, reason=reason)
                else:
                    failures[number] = reason
                    tasks.append((number, True))
    finally:
        for worker in [*idle, *busy]:
            worker.end()


def _noted(entry: Entry, failure: str | None) -> Entry:
    """Returns an entry with a note on the numbers that were left out."""
    if failure is None:
        return entry
    return replace(entry, notes=(*entry.notes, f"{failure}, so {FURTHER}"))
