"""SIGINT, SIGTERM and SIGHUP end the command within a second, whatever it computes.

Python runs a handler only between two instructions of the main thread. That thread can be inside
a compiled program for minutes, or in a function of the user that catches every exception. So
the signals wake up another thread, which writes what is finished and ends the process.
"""

import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import click

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)

MASKS = hasattr(signal, "pthread_sigmask")
"""Whether a process can hold back signals: not on Windows."""

NO_TRACKER = "ignore::UserWarning:multiprocessing.resource_tracker"

TWICE = 0.5
"""Seconds in which a second signal is the first one again: `timeout` sends it to the process and
to its group."""

LONGEST_WRITE = 1.0
"""Seconds for which an end waits for a file that is just being written."""


@dataclass
class Ending:
    """What is done before a signal ends the process.

    Attributes:
        finish: Writes and prints what is finished.
        lock: Held while a result is written, and by the thread that ends the process.
    """

    finish: Callable[[], None] = lambda: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def with_finish(self, finish: Callable[[], None]) -> Iterator[None]:
        """Until the block ends, a signal calls `finish` before it ends the process."""
        self.finish = finish
        try:
            yield
        finally:
            with self.lock:
                self.finish = lambda: None

    def end(self, number: int) -> None:
        """Ends the process with the exit code that shells use for a signal."""
        try:
            self.lock.acquire(timeout=LONGEST_WRITE)
            self.finish()
            click.echo(f"gradcompare: interrupted by {signal.Signals(number).name}", err=True)
            sys.stdout.flush()
        except Exception as error:  # as a full disk or a closed pipe
            os.write(2, f"gradcompare: {error}\n".encode())
        finally:
            for worker in multiprocessing.active_children():
                worker.kill()
            os._exit(128 + number)


@contextmanager
def watch_signals() -> Iterator[Ending]:
    """Until the block ends, the signals end the process, unless something else handles them."""
    ending = Ending()
    if threading.current_thread() is not threading.main_thread():
        yield ending
        return
    usual = (signal.SIG_DFL, signal.default_int_handler)  # not SIG_IGN, which nohup sets
    ours = [number for number in SIGNALS if signal.getsignal(number) in usual]
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    earlier = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    # A handler of Python has to be there for the signal to be told.
    handlers = {number: signal.signal(number, _go_on) for number in ours}
    threading.Thread(target=_watch, args=(reader, ours, ending), daemon=True).start()
    try:
        yield ending
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(earlier)
        writer.close()


def _go_on(number: int, frame: object) -> None:
    """Handles a signal by nothing: another thread or process does."""


def _watch(reader: socket.socket, ours: list[signal.Signals], ending: Ending) -> None:
    begun, impatient = False, threading.Event()
    with reader:
        while byte := reader.recv(1):
            if byte[0] not in ours:
                continue
            if impatient.is_set():  # the second signal does not wait for anything
                os._exit(128 + byte[0])
            if begun:
                continue
            begun = True
            threading.Timer(TWICE, impatient.set).start()
            threading.Thread(target=ending.end, args=(byte[0],), daemon=True).start()


@contextmanager
def without_signals() -> Iterator[None]:
    """Processes that are started inside do not get the signals until they allow them.

    Python's resource tracker has to run by then: where it is started, it allows them again.
    """
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS) if MASKS else set()
    try:
        yield
    finally:
        if MASKS:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


@contextmanager
def without_tracker_warnings() -> Iterator[None]:
    """A resource tracker that is started inside does not warn of what it removes after an end."""
    warnings = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = ",".join(filter(None, [warnings, NO_TRACKER]))
    try:
        yield
    finally:
        os.environ.pop("PYTHONWARNINGS")
        os.environ.update({} if warnings is None else {"PYTHONWARNINGS": warnings})


def leave_signals_to_parent() -> None:
    """In a process of our own, the signals of a terminal do nothing: the parent ends it."""
    for number in SIGNALS:
        signal.signal(number, _go_on)
    if MASKS:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
