"""The errors that gradcompare raises, and how an unknown name is answered."""

import difflib
from collections.abc import Iterable


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
    """Returns one line for a table: the type of `error` and the first line of its message."""
    lines = str(error).strip().splitlines()
    name = type(error).__name__
    return f"{name}: {lines[0]}" if lines else name
