"""The errors that gradcompare raises, and how an unknown name is answered."""

import difflib
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


class GradcompareError(Exception):
    """Base class of every error that gradcompare raises on purpose."""


class InputError(GradcompareError, ValueError):
    """What was given cannot be used; the message says what is needed instead."""


class UnknownNameError(InputError, LookupError):
    """A name that is not registered; the closest registered names are offered."""

    def __init__(self, kind: str, name: str, known: Iterable[str]):
        known = sorted(known)
        close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        super().__init__(f"unknown {kind} {name!r}; {hint}known: {', '.join(known)}")


def describe(error: BaseException) -> str:
    """Returns one line for a table: the type of `error`, its first line, and its notes."""
    lines = str(error).strip().splitlines()
    # JAX adds a note about its own tracebacks, which starts with a rule.
    notes = "; ".join(n for n in getattr(error, "__notes__", []) if not n.startswith("---"))
    said = ": ".join([type(error).__name__, *lines[:1]])
    return f"{said} ({notes})" if notes else said


def guarded(function: Callable[[], T]) -> T | Exception:
    """Calls a function that runs the user's code; what it raises is returned."""
    try:
        return function()
    except Exception as error:
        return error
