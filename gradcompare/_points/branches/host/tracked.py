"""What a recorded array knows of itself, and which choices are made by it."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...._foundation.user_code import Place
from ..kinds import conditional
from .recording import Record


class Tracked(np.ndarray):
    """An array that is recorded, and what is made of it.

    Attributes:
        record: Where.
        made: The comparison, or the like, that made it, where it is true or false.
        thin: Which answer, 0 or 1, single points have: of `==` or `!=`.
        finite: Whether it says which numbers are finite, or not.
    """

    record: Record
    made: Place | None = None
    thin: int | None = None
    finite: bool = False


def plain(thing: Any) -> Any:
    """Returns what is given to NumPy for a recorded array; single numbers as such."""
    return thing.view(np.ndarray)[()] if isinstance(thing, Tracked) else thing


def counted(operands: Iterable[Any]) -> None:
    """Records masks among operands that are taken for numbers, or say which entries are."""
    for each in operands:
        if isinstance(each, Tracked) and each.dtype == bool and each.made is not None:
            conditioned(each)


def conditioned(condition: Tracked) -> None:
    """Records which entries of a mask are true, and which are not."""
    mask = condition.view(np.ndarray)
    assert condition.made is not None
    condition.record.add(
        condition.made, conditional(condition.made), [~mask, mask], condition.thin
    )
