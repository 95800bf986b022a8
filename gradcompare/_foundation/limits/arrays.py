"""Large arrays without needless copies: aligned, so that a CPU device uses them where they are.

JAX takes an array of NumPy for its own, without a copy, if it is contiguous and begins at a
multiple of `ALIGNMENT` bytes. NumPy aligns large arrays to 16 bytes only. So a large array is
copied once to such a place, and is the array of the host and of the device alike from then on:
nothing may write to it. The functions of the user get copies.
"""

from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

ALIGNMENT = 64
"""Bytes to a multiple of which the memory of an array is aligned."""

LARGE_BYTES = 2**20
"""Size from which a copy of an array matters."""

PIECE = 2**16
"""Number of entries of a large array that are worked on together."""


def settled(tree: PyTree, dtype: np.dtype) -> PyTree:
    """Returns `tree` as `cast` does; large arrays are aligned, and not copied if they are."""

    def leaf_as(leaf):
        array = np.asarray(leaf)
        wanted = dtype if jnp.issubdtype(array.dtype, jnp.floating) else array.dtype
        if array.nbytes < LARGE_BYTES:
            return array if wanted is array.dtype else array.astype(wanted)
        if array.dtype == wanted and _is_in_place(array):
            return array
        copy = like(array, wanted)
        copy[...] = array
        return copy

    return jax.tree.map(leaf_as, tree)


def like(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Returns an aligned array of this shape and order in memory, not filled."""
    room = np.empty(array.size * dtype.itemsize + ALIGNMENT, np.uint8)
    start = -_address(room) % ALIGNMENT
    flat = room[start : start + array.size * dtype.itemsize].view(dtype)
    turned = array.flags.f_contiguous and not array.flags.c_contiguous
    return flat.reshape(array.shape, order="F" if turned else "C")


def by_pieces(change: Callable[[np.ndarray], np.ndarray], array: np.ndarray) -> np.ndarray:
    """Returns what `change`, which works entry by entry, makes of an array of float64."""
    if array.nbytes < LARGE_BYTES:
        return change(array)
    result = like(array, array.dtype)
    for mine, theirs in zip(_pieces(result), _pieces(array), strict=True):
        mine[...] = change(theirs)
    return result


def holds_everywhere(test: Callable[[np.ndarray], bool], array: np.ndarray) -> bool:
    """Whether a test of all entries holds for every piece of an array."""
    return all(map(test, _pieces(array)))


def _pieces(array: np.ndarray) -> Iterator[np.ndarray]:
    """Yields views that hold all entries of an array, in its order in memory if it is whole."""
    if array.flags.f_contiguous and not array.flags.c_contiguous:
        array = array.T
    if array.flags.c_contiguous:
        flat = array.reshape(-1)
        yield from (flat[start : start + PIECE] for start in range(0, flat.size, PIECE))
    else:
        yield from array


def _is_in_place(array: np.ndarray) -> bool:
    whole = array.flags.c_contiguous or array.flags.f_contiguous
    return whole and _address(array) % ALIGNMENT == 0


def _address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]
