"""The errors that gradcompare raises, and how an unknown name is answered."""

import difflib
import functools
import sysconfig
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

HERE = Path(__file__).parent

LIBRARIES = frozenset({"site-packages", "dist-packages"})
NOTEBOOK = "ipykernel_"
"""Cells of notebooks are files with numbers for names, in a folder that is called so."""
STDLIB = Path(sysconfig.get_path("stdlib"))
WRITTEN = HERE / "objectives"
"""The one place in this package that holds functions of the kind a user writes."""


class GradcompareError(Exception):
    """Base class of every error that gradcompare raises on purpose."""


class InputError(GradcompareError, ValueError):
    """What was given cannot be used; the message says what is needed instead."""


class UnknownNameError(InputError, LookupError):
    """A name that is not registered; the closest registered names are offered."""

    def __init__(self, kind: str, name: str, known: Iterable[str]):
        super().__init__(kind, name, sorted(known))  # as they are, so that it pickles

    def __str__(self) -> str:
        kind, name, known = self.args
        close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        return f"unknown {kind} {name!r}; {hint}known: {', '.join(known)}"


UNTRACEABLE = {
    "TracerArrayConversionError": "NumPy is called on a traced value",
    "TracerBoolConversionError": "Python branches on a traced value",
    "TracerIntegerConversionError": "a traced value is used as an index or a count",
    "ConcretizationTypeError": "Python needs the number behind a traced value",
}
"""What JAX raises where a function cannot be traced, by the names of its classes."""


def is_untraceable(error: BaseException) -> bool:
    """Whether JAX could not trace a function, which says nothing about the function itself."""
    return type(error).__name__ in UNTRACEABLE


def describe(error: BaseException) -> str:
    """Returns one line for a table: the type of `error`, its first line, and its notes."""
    if is_untraceable(error):
        where = place(error)
        return UNTRACEABLE[type(error).__name__] + (f" at {where}" if where else "")
    lines = str(error).strip().splitlines()
    # JAX adds a note about its own tracebacks, which starts with a rule.
    notes = "; ".join(n for n in getattr(error, "__notes__", []) if not n.startswith("---"))
    said = ": ".join([type(error).__name__, *lines[:1]])
    return f"{said} ({notes})" if notes else said


def place(error: BaseException) -> str:
    """Returns the file and line of the user's code that raised `error`, or nothing."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        if is_users(frame.f_code.co_filename):
            return line_of(frame.f_code.co_filename, line)
    return ""


def line_of(file: str, line: int) -> str:
    """Returns the file and the line as `loss.py:8`; of a notebook, `cell:8`."""
    path = Path(file)
    return f"{'cell' if path.parent.name.startswith(NOTEBOOK) else path.name}:{line}"


@functools.cache
def is_users(file: str) -> bool:
    """Whether a file is of the user's own code, and of no library."""
    path = Path(file)
    if WRITTEN in path.parents:  # in an installed package, too
        return True
    library = LIBRARIES & set(path.parts) or STDLIB in path.parents
    return not library and HERE not in path.parents


def guarded(function: Callable[[], T]) -> T | Exception:
    """Calls a function that runs the user's code; what it raises is returned."""
    try:
        return function()
    except Exception as error:
        return error
