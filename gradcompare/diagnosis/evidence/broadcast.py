"""An array of data or parameters broadcast to the coordinates of a leaf."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from .data import Evidence, Leaf


def spread(
    evidence: Evidence, values: Float[np.ndarray, "p ..."], leaf: Leaf
) -> Iterator[tuple[str, Float[np.ndarray, "p d"]]]:
    """Yields every way in which the values of each point fit the shape of a leaf.

    Args:
        evidence: The evidence.
        values: An array for each point; its first axis may be 1 where all points have the same.
        leaf: The parameters to whose shape it is broadcast.

    Yields:
        The way in words, and the numbers; NaN at all other coordinates.
    """
    values = np.broadcast_to(values, (len(evidence.x), *values.shape[1:]))
    inner = values.shape[1:]
    if inner == leaf.shape:
        yield "", _placed(evidence, values, leaf)
        return
    flat = values.reshape(len(values), -1)
    if flat.shape[1] == 1:
        return  # a scalar is not broadcast
    for axis, size in enumerate(leaf.shape):
        if max(inner) == flat.shape[1] == size:  # a vector, maybe with further axes of length 1
            shape = [len(values)] + [1] * len(leaf.shape)
            shape[axis + 1] = size
            way = "" if len(leaf.shape) == 1 else f" along axis {axis}"
            if len(leaf.shape) == 2:
                way = (", one entry per row", ", one entry per column")[axis]
            laid = np.broadcast_to(flat.reshape(shape), (len(values), *leaf.shape))
            yield way, _placed(evidence, laid, leaf)


def _placed(evidence: Evidence, values: np.ndarray, leaf: Leaf) -> np.ndarray:
    placed = np.full(evidence.x.shape, np.nan)
    placed[:, leaf.span] = values.reshape(len(values), -1)
    return placed


def of_leaf(evidence: Evidence, leaf: Leaf) -> Float[np.ndarray, "p ..."]:
    """Returns the values of one leaf of the parameters at every point."""
    return evidence.x[:, leaf.span].reshape(len(evidence.x), *leaf.shape)
