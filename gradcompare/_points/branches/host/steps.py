"""Functions of NumPy whose results change in steps, and numbers that come from outside.

A number that does not come from a recorded array is a constant, or was lost to the record, as by
`np.asarray`. If it differs from one point to the next, it was lost.
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

import jax
import numpy as np

from .recording import Record, called_from
from .tracked import Tracked

UFUNCS = (
    *(np.floor, np.ceil, np.trunc, np.rint),
    *(np.floor_divide, np.remainder, np.fmod, np.modf, np.divmod),
)
"""Functions entry by entry that change in steps, or at steps."""

CALLS = (np.round, np.fix, np.interp)
"""Functions of arrays that do, though their results are no whole numbers."""


HASH_BYTES = 64
"""Length of a hash: an array that is no longer is its own."""


def stepping(record: Record, function: Callable, operands: Any, result: Any) -> None:
    """Records that a function of inexact numbers returns what changes in steps."""
    if not any(is_inexact(x) for x in jax.tree.leaves(operands)):
        return
    whole = any(is_whole(x) for x in jax.tree.leaves(result))
    if whole or any(function is each for each in (*UFUNCS, *CALLS)):
        step(record)


def step(record: Record) -> None:
    """Records that the user's expression changes in steps."""
    place = called_from()
    if place is not None:
        record.steps[str(place)] = None


def is_inexact(thing: Any) -> bool:
    """Whether it is a recorded array of inexact numbers."""
    return isinstance(thing, Tracked) and thing.dtype.kind in "fc"


def is_whole(thing: Any) -> bool:
    """Whether it is an array, or a number of NumPy, of whole numbers."""
    return isinstance(thing, (np.ndarray, np.generic)) and thing.dtype.kind in "iu"


def outside(record: Record, things: Iterable[Any]) -> None:
    """Records the numbers among operands, or in an index, that no recorded array holds."""
    if record.outside is None:
        return
    for each in jax.tree.leaves(list(things)):
        if isinstance(each, (bool, int, float, complex, np.ndarray, np.generic)) and not (
            isinstance(each, Tracked)
        ):
            record.outside.append(_told_apart(np.asarray(each)))


def _told_apart(numbers: np.ndarray) -> bytes:
    """Returns the bytes of an array; of a large one, their hash."""
    if numbers.nbytes <= HASH_BYTES or numbers.dtype.hasobject:
        return numbers.tobytes()
    flat = np.ascontiguousarray(numbers).reshape(-1).view(np.uint8)
    return hashlib.blake2b(flat.data, digest_size=HASH_BYTES).digest()
