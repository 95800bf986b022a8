"""The time of one objective: its limit, and how many values were computed so far.

The clock decides only whether more work is done, never what is found. It is looked at between
calls of the user's functions and of compiled programs: a single call that never returns can be
ended by another process only (`gradcompare check --seconds`).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


class TimeUp(BaseException):
    """The time limit of an objective is passed.

    It is no `Exception`: what treats an error of the user's code as a result lets it through.
    """


@dataclass
class Clock:
    """The time of one objective.

    Attributes:
        seconds: The limit; None for none.
        tell: Is told how many values of f were computed.
        begun: When it began, in seconds of `time.monotonic`.
    """

    seconds: float | None = None
    tell: Callable[[int], None] = lambda count: None
    begun: float = field(default_factory=lambda: time.monotonic())

    @property
    def spent(self) -> float:
        """The seconds since it began."""
        return time.monotonic() - self.begun

    @property
    def left(self) -> float:
        """The seconds until the limit; infinite without one."""
        return float("inf") if self.seconds is None else self.seconds - self.spent

    def check(self) -> None:
        """Checks that the limit is not passed.

        Raises:
            TimeUp: if it is.
        """
        if self.left < 0:
            raise TimeUp


_CLOCK: ContextVar[Clock | None] = ContextVar("clock", default=None)


_ANNOUNCER: ContextVar[Callable[[str], None] | None] = ContextVar("announcer", default=None)


@contextmanager
def announcing(tell: Callable[[str], None]) -> Iterator[None]:
    """Until the block ends, `tell` takes the prediction, in words, of what takes long."""
    token = _ANNOUNCER.set(tell)
    try:
        yield
    finally:
        _ANNOUNCER.reset(token)


def announcer() -> Callable[[str], None] | None:
    """What takes predictions in this thread, if anything does."""
    return _ANNOUNCER.get()


@contextmanager
def running(clock: Clock) -> Iterator[None]:
    """Until the block ends, this is the clock of this thread."""
    token = _CLOCK.set(clock)
    try:
        yield
    finally:
        _CLOCK.reset(token)


def check_time() -> None:
    """Checks the clock of this thread, if it has one.

    Raises:
        TimeUp: if its limit is passed.
    """
    if (clock := _CLOCK.get()) is not None:
        clock.check()


def computed(values: int) -> None:
    """Tells the clock of this thread, if it has one, of values of f, and checks it.

    Raises:
        TimeUp: if its limit is passed.
    """
    if (clock := _CLOCK.get()) is not None:
        clock.tell(values)
        clock.check()
