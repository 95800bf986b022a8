"""The warnings of the user's functions, where this package calls them with data of its own."""

import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

CONTEXT_AWARE = bool(getattr(sys.flags, "context_aware_warnings", False))
"""Whether each thread has its own filters of warnings, as Python since 3.14 can be told."""


@dataclass
class Silence:
    """A state without warnings, which several threads can ask for at a time.

    Python has one list of filters for all threads. If each thread put back the list that it found,
    the last one could put back that of another thread, and no warning would ever be shown again.

    Attributes:
        asked: The number of blocks that ask for it now.
    """

    asked: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _filters: AbstractContextManager | None = None

    def begin(self) -> None:
        """Ignores all warnings until `end` was called as often."""
        with self._lock:
            if not self.asked:
                self._filters = warnings.catch_warnings()
                self._filters.__enter__()
                warnings.simplefilter("ignore")
            self.asked += 1

    def end(self) -> None:
        """Puts the filters back, if this is the last block."""
        with self._lock:
            self.asked -= 1
            if not self.asked and self._filters is not None:
                self._filters.__exit__(None, None, None)


SILENCE = Silence()


@contextmanager
def without_warnings() -> Iterator[None]:
    """Keeps warnings from being shown: those of calls that the user did not ask for."""
    if CONTEXT_AWARE:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
        return
    SILENCE.begin()
    try:
        yield
    finally:
        SILENCE.end()


def is_silent() -> bool:
    """Whether warnings are kept from being shown now."""
    return SILENCE.asked > 0 or (CONTEXT_AWARE and warnings.filters[:1] == IGNORE_ALL)


IGNORE_ALL = [("ignore", None, Warning, None, 0)]
"""What `simplefilter("ignore")` puts first."""
