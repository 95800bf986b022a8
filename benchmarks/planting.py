"""The parts of faults: pieces of a gradient, and arrays laid over them."""

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
from scenes import Change, Scene

Made = Iterator[tuple[str, tuple[str, ...], Change]]
"""Faults of one group: the name, the right kinds of finding, and the change."""


def batch_rows(scene: Scene) -> int:
    """Returns the most frequent first length of the arrays of the data, or 0."""
    lengths = Counter(array.shape[0] for array in scene.data.values() if array.ndim)
    return lengths.most_common(1)[0][0] if lengths else 0


def on(where, change: Callable) -> Change:
    """Returns a fault in a part of the gradient: `change(g, θ)` of that part."""

    def changed(row):
        g = row.g.copy()
        g[where] = change(row.g[where], row.x[where])
        return g

    return changed


def factor_kind(c: float) -> tuple[str, ...]:
    return ("zero",) if c == 0 else ("sign",) if c == -1 else ("factor",)


def times(where, c: float) -> tuple[tuple[str, ...], Change]:
    return factor_kind(c), on(where, lambda g, x: c * g)


def laid(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    """Lays a vector over the first axis of its length; an array of this shape stays."""
    if values.shape == shape and shape:
        return values.reshape(-1)
    if values.ndim != 1 or len(values) < 2 or len(values) not in shape:
        return None
    axis = shape.index(len(values))
    lengths = [len(values) if k == axis else 1 for k in range(len(shape))]
    return np.broadcast_to(values.reshape(lengths), shape).reshape(-1)


def vectors(scene: Scene) -> Iterator[tuple[str, slice, np.ndarray]]:
    """Yields the arrays of the data that can be laid over an array of parameters."""
    for path, shape, span in scene.leaves:
        for name, values in scene.data.items():
            over = laid(values, shape)
            if over is not None and np.ptp(over) > 0:
                yield f"{name} over {path}", span, over


def reordered(to, source) -> Change:
    def changed(row):
        g = row.g.copy()
        g[to] = row.g[source]
        return g

    return changed
