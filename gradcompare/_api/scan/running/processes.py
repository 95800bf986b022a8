"""A scan in several processes: one that crashes or hangs costs one function."""

import multiprocessing
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

from ..examine import entry_of
from ..result import Entry
from ..targets import Named, load

PATIENCE = 300.0
"""Seconds without any answer after which the processes at work count as hung."""

CRASHED = "the process that examined it ended: it crashed or ran out of memory"
HUNG = f"no answer in {PATIENCE:g} s"


class _Worker:
    """A process that examines one function after the other."""

    def __init__(self, seed: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, seed), daemon=True)
        self.process.start()
        theirs.close()
        self.number = -1

    def give(self, number: int, named: Named) -> None:
        """Gives it a function."""
        self.number = number
        self.connection.send((named.name, named.path, named.module))

    def end(self) -> None:
        """Ends the process, whatever it does."""
        self.process.kill()
        self.process.join()
        self.connection.close()


def _work(connection: Connection, seed: int) -> None:
    while True:
        name, path, module = connection.recv()
        connection.send(entry_of(Named(name, load(path), module), seed))


def in_processes(
    functions: Sequence[Named], seed: int, jobs: int, patience: float = PATIENCE
) -> Iterator[tuple[int, Entry]]:
    """Yields the entries of functions that can be imported, with their numbers, as they come."""
    waiting = iter(range(len(functions)))
    workers = [_Worker(seed) for _ in range(min(jobs, len(functions)))]
    busy = [worker for worker in workers if _give(worker, waiting, functions)]
    try:
        while busy:
            ready: list[Any] = wait([worker.connection for worker in busy], patience)
            for worker in [w for w in busy if not ready or w.connection in ready]:
                busy.remove(worker)
                number, reason = worker.number, CRASHED if ready else HUNG
                entry = _answer(worker) if ready else None
                if entry is None:
                    worker.end()
                    workers.remove(worker)
                    worker = _Worker(seed)
                    workers.append(worker)
                    entry = Entry(functions[number].name, reason=reason)
                if _give(worker, waiting, functions):
                    busy.append(worker)
                yield number, entry
    finally:
        for worker in workers:
            worker.end()


def _give(worker: _Worker, waiting: Iterator[int], functions: Sequence[Named]) -> bool:
    number = next(waiting, None)
    if number is not None:
        worker.give(number, functions[number])
    return number is not None


def _answer(worker: _Worker) -> Entry | None:
    """Returns what a process sent; None if it ended instead."""
    try:
        return worker.connection.recv()
    except (EOFError, OSError):
        return None
