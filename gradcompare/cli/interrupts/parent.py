"""A process of our own ends as soon as its parent has ended, however that was.

This module imports nothing heavy: a new process watches its parent before it imports JAX.
"""

import ctypes
import multiprocessing
import multiprocessing.connection
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from .signals import leave_signals_to_parent

PR_SET_PDEATHSIG = 1
"""The request of Linux for a signal at the end of the parent, as in prctl(2)."""


def packed(function: Callable[..., None], *arguments: Any) -> bytes:
    """Returns the work for `begin`, which imports nothing until it is unpacked."""
    return pickle.dumps((function, arguments))


def begin(work: bytes) -> None:
    """Begins a process: it watches its parent, then does the work of `packed`."""
    watch_parent()
    leave_signals_to_parent()
    function, arguments = pickle.loads(work)
    function(*arguments)


def watch_parent() -> None:
    """Makes this process end with its parent."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    threading.Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()
    if sys.platform == "linux":  # also where a thread of Python cannot run
        prctl = getattr(ctypes.CDLL(None), "prctl", None)
        if prctl is not None:
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _end_after(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)
