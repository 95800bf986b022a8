"""The errors that gradcompare raises, and its treatment of errors that occur.

An error of the user's code is a result: `outcome_of` returns it. An error of our own in an
optional step, such as a hypothesis of the diagnosis, is logged and reported, and the other steps
go on: `optional`.
"""

import difflib
import enum
import logging
import numbers
import operator
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from .limits.clock import check_time
from .wording import given


class GradcompareError(Exception):
    """Base class of every error that gradcompare raises on purpose.

    Examples:
        >>> import gradcompare
        >>> issubclass(gradcompare.InputError, gradcompare.GradcompareError)
        True
    """


class InputError(GradcompareError, ValueError):
    """An argument that cannot be used; the message says what is needed instead.

    Examples:
        >>> import gradcompare
        >>> try:
        ...     gradcompare.check(lambda x: x @ x, None, [1.0, float("nan")])
        ... except gradcompare.InputError as error:
        ...     print(error)
        the point is nan at x[1]; give finite numbers
    """


class UnknownNameError(InputError, LookupError):
    """A name that is not registered; the message offers the closest registered names.

    Examples:
        >>> import gradcompare
        >>> try:
        ...     gradcompare.get_objective("rigde")
        ... except gradcompare.UnknownNameError as error:
        ...     print(error)
        unknown objective 'rigde'; did you mean ridge or hinge? known: attention, ...
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]):
        super().__init__(kind, name, sorted(known))  # unformatted, so that it pickles

    def __str__(self) -> str:
        kind, name, names = self.args
        close = difflib.get_close_matches(str(name), names, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        return f"unknown {kind} {given(name)}; {hint}known: {', '.join(names)}"


class LostDerivativeError(GradcompareError):
    """Autodiff cannot follow the value; the message says where it loses it.

    Examples:
        >>> import gradcompare
        >>> def value(x):
        ...     return (x @ x).item()
        >>> try:
        ...     gradcompare.estimate(value, [1.0, 2.0], method="reverse")
        ... except gradcompare.GradcompareError as error:
        ...     print(str(error).split(" at ")[0])
        Python takes the number behind a traced value
    """


class UnsentError(InputError):
    """A function that cannot be sent to the workers of an executor, or not loaded there."""


class LostWorkerError(GradcompareError):
    """An executor lost a call: a worker died, or a connection broke."""


class Untraceable(enum.Enum):
    """The reason why JAX could not trace a function; no sign of a fault in the function."""

    NUMPY = "NumPy is called on a traced value"
    BRANCH = "Python branches on a traced value"
    INDEX = "a traced value is used as an index or a count"
    NUMBER = "Python needs the number behind a traced value"

    @classmethod
    def of(cls, error: BaseException) -> "Untraceable | None":
        """Returns the reason behind an error of JAX; None for any other error."""
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


def require_between(name: str, number: Any, low: float, high: float, advice: str) -> None:
    """Checks that an argument is a real number between two others, which it may not reach.

    Args:
        name: How a message calls it.
        number: The argument.
        low: The number above which it must be.
        high: The number below which it must be.
        advice: The end of the message: what to give.

    Raises:
        InputError: if not.
    """
    if not isinstance(number, numbers.Real) or not low < float(number) < high:
        raise InputError(f"{name} is {given(number)}; give {advice}")


def require_count(name: str, number: Any, least: int = 1) -> int:
    """Returns an argument that is an integer, as an `int`.

    Raises:
        InputError: if it is none, or less than the least.
    """
    try:
        count = operator.index(number)
    except TypeError:
        count = least - 1
    if isinstance(number, bool) or count < least:
        raise InputError(f"{name} is {given(number)}; give an integer of at least {least}")
    return count


LOGGER = logging.getLogger("gradcompare")
LOGGER.addHandler(logging.NullHandler())

RAISE = "GRADCOMPARE_RAISE"
"""Environment variable with which our own faults are raised, as in our tests."""

T = TypeVar("T")

_failures: ContextVar[list[str] | None] = ContextVar("failures", default=None)


ENDS = (SystemExit, GeneratorExit, StopIteration, StopAsyncIteration)
"""What ends the process, or a loop of ours, where a user's function raises it."""


class EndError(RuntimeError):
    """A user's function ends what called it instead of returning a result."""

    @classmethod
    def of(cls, error: BaseException) -> "EndError":
        """Returns the error that stands for one of `ENDS`, and leads to the same line."""
        text = f"{type(error).__name__}({', '.join(map(repr, error.args))})"
        ended = cls(f"it raises {text} instead of returning a result")
        ended.__cause__ = error
        return ended.with_traceback(error.__traceback__)


def outcome_of(call: Callable[[], T]) -> T | Exception:
    """Calls the user's code; returns its result, or the error that it raises.

    Raises:
        TimeUp: before the call, if the time limit of the objective is passed.
    """
    check_time()
    try:
        return call()
    except ENDS as error:
        return EndError.of(error)
    except Exception as error:
        return error


def optional(step: str, call: Callable[[], T], otherwise: T) -> T:
    """Returns the result of an optional step of our own, or `otherwise` if it fails.

    Such a failure is a fault of this package, and not of the user's functions. It is logged with
    its traceback, and reported (`failed_steps`).
    """
    collected = _failures.get()
    try:
        return call()
    except UnsentError:  # a fault of an argument, at whichever step it shows
        raise
    except LostWorkerError as error:
        sentence = f"{step} was left out: {error}"
        if collected is not None and sentence not in collected:
            collected.append(sentence)
        return otherwise
    except Exception as error:
        if os.environ.get(RAISE):
            raise
        LOGGER.exception("%s failed", step)
        if collected is not None:
            collected.append(
                f"{step} failed with {type(error).__name__}: this is a fault of gradcompare, not "
                "of your functions, and the verdict does not depend on it. To report it, send the "
                "traceback that logging.basicConfig() makes visible"
            )
        return otherwise


@contextmanager
def failed_steps() -> Iterator[list[str]]:
    """Collects a sentence for each optional step that fails inside."""
    collected: list[str] = []
    token = _failures.set(collected)
    try:
        yield collected
    finally:
        _failures.reset(token)
