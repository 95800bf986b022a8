"""A user's sparse matrix as one flat vector: its entries, and its products with directions.

The numbers of a row that belong to columns of one colour are added, as they are where these
columns are moved together. So a matrix that has more entries at another point, as SciPy leaves
out zeros, is still compared with what the function does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from ..matrix_layout import MatrixLayout
from .pattern import Pattern, require_shape
from .triplets import Triplets, is_traced_or_of_jax


@dataclass(frozen=True)
class SparseDerivative:
    """A user's matrix as `derivative(params, directions, data)`, a flat vector.

    Attributes:
        function: The user's function, `function(params, data)`: sparse, or dense with a pattern.
        pattern: The pattern.
        layout: The layout of the dense matrix.
        name: What it is called in a message.
    """

    function: Callable[[PyTree, PyTree], Any]
    pattern: Pattern
    layout: MatrixLayout
    name: str

    def __call__(self, params: PyTree, directions: PyTree, data: PyTree) -> Any:
        entries = self._triplets(self.function(params, data))
        leaves = jax.tree.leaves(directions)
        xp = jnp if is_traced_or_of_jax(entries.row, entries.number, *leaves) else np
        vectors = xp.concatenate([xp.reshape(v, (v.shape[0], -1)) for v in leaves], axis=1)
        rows, n = self.pattern.shape
        number = self._inside(xp, entries)
        safe = xp.clip(entries.column, 0, n - 1)  # BCOO pads beyond the end
        *probes, unit = vectors
        products = [_sums(xp, entries.row, number * v[safe], rows) for v in probes]
        keys, order = self.pattern.slots
        colours = xp.asarray(self.pattern.colours)[safe]
        place = _found(xp, keys, xp.asarray(entries.row, int) * self.pattern.count + colours)
        sums = _sums(xp, place, number * unit[safe], len(keys))[np.argsort(order)]
        return xp.concatenate([sums / unit[self.pattern.column], *products])

    def _triplets(self, matrix: Any) -> Triplets:
        entries = Triplets.of(matrix)
        if entries is not None:
            require_shape(entries.shape, self.pattern.shape, self.name)
            return entries
        self.layout.require_same(matrix, self.name)
        leaves = jax.tree.leaves(matrix)
        xp = jnp if is_traced_or_of_jax(*leaves) else np
        vector = xp.concatenate([xp.reshape(leaf, -1) for leaf in leaves])
        row, column = self.pattern.row, self.pattern.column
        number = vector[self.layout.positions(row, column)]
        return Triplets(self.pattern.shape, row, column, number)

    def _inside(self, xp: Any, entries: Triplets) -> Any:
        """The numbers inside of the matrix, and of a pattern that the user gave; 0 elsewhere."""
        (rows, n), row, column = self.pattern.shape, entries.row, entries.column
        inside = (row < rows) & (column < n)
        if self.pattern.strict:
            keys = self.pattern.row * n + self.pattern.column
            place = _found(xp, keys, xp.asarray(row, int) * n + column)
            inside = inside & (place < len(keys))
        return xp.where(inside, entries.number, 0.0)


def _found(xp: Any, keys: np.ndarray, wanted: Any) -> Any:
    """Returns the place of each number in sorted keys; their count where it is not there."""
    place = xp.clip(xp.searchsorted(keys, wanted), 0, len(keys) - 1)
    return xp.where(xp.asarray(keys)[place] == wanted, place, len(keys))


def _sums(xp: Any, place: Any, number: Any, count: int) -> Any:
    """Returns the sums of the numbers at each place below `count`; the others are left out."""
    if xp is np:
        return np.bincount(np.minimum(place, count), number, minlength=count + 1)[:count]
    return jnp.zeros(count, number.dtype).at[place].add(number, mode="drop")
