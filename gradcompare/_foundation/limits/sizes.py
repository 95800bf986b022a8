"""The sizes of arrays that formulas and options ask for, which are known before they are made."""

import math
from collections.abc import Sequence

from ..errors import InputError
from ..wording import memory

LARGEST_BYTES = 2**30
"""Largest size of one array: a check computes with some of them at a time, thousands of times."""

ITEM_BYTES = 8
"""Size of a number in float64."""


def require_small(shape: Sequence[int], what: str = "this") -> None:
    """Checks that an array of float64 is not too large.

    Args:
        shape: Its shape.
        what: What it is, for the message.

    Raises:
        InputError: if it is, with its size and the limit.
    """
    size = ITEM_BYTES * math.prod(shape)
    if size > LARGEST_BYTES:
        raise InputError(
            f"{what} has the shape ({', '.join(map(str, shape))}), which is {memory(size)}, and "
            f"one array may have {memory(LARGEST_BYTES)}; give smaller shapes, or check a "
            "function in a file"
        )
