"""A time limit that also ends a call that never returns, as of a function with an endless loop.

The engine looks at its clock between calls. Where none returns, another thread writes and prints
what is known, and ends the process; where that thread cannot run either, because compiled code
holds Python's lock, `faulthandler` prints where the process is and ends it.
"""

import faulthandler
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from .signals import LONGEST_WRITE, Ending

LAST_RESORT = 5.0
"""Seconds after the limit in which the other thread may write and print."""


@contextmanager
def ended_after(seconds: float, ending: Ending, finish: Callable[[str], int]) -> Iterator[None]:
    """Ends the process after so many seconds, unless the block ends before.

    Args:
        seconds: The seconds.
        ending: Holds the lock under which results are written.
        finish: Writes and prints what is known; takes the line of the user's code that runs, or
            nothing, and returns the exit code.
    """
    main, file = threading.get_ident(), sys.__stderr__

    def end() -> None:
        code = 1
        try:
            ending.lock.acquire(timeout=LONGEST_WRITE)
            code = finish(line_in(main))
            sys.stdout.flush()
        except Exception as error:  # as a full disk or a closed pipe
            os.write(2, f"gradcompare: {error}\n".encode())
        finally:
            os._exit(code)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    if file is not None:
        faulthandler.dump_traceback_later(seconds + LAST_RESORT, exit=True, file=file)
    try:
        yield
    finally:
        timer.cancel()
        faulthandler.cancel_dump_traceback_later()


def line_in(thread: int) -> str:
    """Returns the file and the line of the user's code that a thread runs; else nothing."""
    from ..._foundation.frames import caller_of
    from ..._foundation.user_code import is_users, line_of

    frame = sys._current_frames().get(thread)
    while frame is not None:
        file = frame.f_code.co_filename
        if is_users(file) and file != sys.argv[0]:
            return line_of(file, frame.f_lineno)
        frame = caller_of(frame)
    return ""


def told(message: str, code: int) -> int:
    """Prints one line on standard error; returns the exit code."""
    click.echo(f"gradcompare: {message}", err=True)
    return code
