"""The errors that gradcompare raises, the answer to an unknown name, what errors of JAX mean."""

import difflib
import enum
import sys
from collections.abc import Iterable


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


class Untraceable(enum.Enum):
    """Why JAX could not trace a function, which says nothing about the function itself."""

    NUMPY = "NumPy is called on a traced value"
    BRANCH = "Python branches on a traced value"
    INDEX = "a traced value is used as an index or a count"
    NUMBER = "Python needs the number behind a traced value"

    @classmethod
    def of(cls, error: BaseException) -> "Untraceable | None":
        """Returns what an error of JAX means; None for any other error."""
        jax = sys.modules.get("jax")  # without it, the error is not one of JAX
        if jax is None:
            return None
        kinds = {
            jax.errors.TracerArrayConversionError: cls.NUMPY,
            jax.errors.TracerBoolConversionError: cls.BRANCH,
            jax.errors.TracerIntegerConversionError: cls.INDEX,
            jax.errors.ConcretizationTypeError: cls.NUMBER,  # the base of one above
        }
        return next((kinds[kind] for kind in kinds if isinstance(error, kind)), None)
