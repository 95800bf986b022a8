"""The attributes of a recorded array, and the record of the choices that it makes."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...._foundation.user_code import Place
from ..kinds import THIN, conditional
from .recording import Record


class Tracked(np.ndarray):
    """An array whose choices are recorded.

    Attributes:
        record: The record.
        origin: The comparison, or the like, that a mask comes from.
        thin: The answer, 0 or 1, that only single points have: of `==` or `!=`.
        finite: Whether it is a test of finiteness.
    """

    record: Record
    origin: Place | None = None
    thin: int | None = None
    finite: bool = False

    @property
    def notes(self) -> dict[int, str]:
        """The reason why its thin answer is not sought, by its number."""
        return {} if self.thin is None else {self.thin: THIN}


def plain(thing: Any) -> Any:
    """Returns the plain array behind a recorded one; single numbers as numbers."""
    return thing.view(np.ndarray)[()] if isinstance(thing, Tracked) else thing


def counted(operands: Iterable[Any]) -> None:
    """Records the masks among operands that are used as numbers, or that select entries."""
    for each in operands:
        if isinstance(each, Tracked) and each.dtype == bool and each.origin is not None:
            conditioned(each)


def conditioned(condition: Tracked) -> None:
    """Records which entries of a mask are true, and which are false."""
    mask = condition.view(np.ndarray)
    assert condition.origin is not None
    condition.record.add(
        condition.origin, conditional(condition.origin), [~mask, mask], condition.notes
    )
