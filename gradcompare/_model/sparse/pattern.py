"""Which entries a sparse matrix has, and which of its columns can be moved together.

Columns without a common row get the same colour: moved together, each row shows the derivative by
the only one of them that it has an entry for (A. R. Curtis, M. J. D. Powell & J. K. Reid, On the
estimation of sparse Jacobian matrices, IMA J. Appl. Math. 13 (1974), 117–119).
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ..._foundation.errors import InputError
from .triplets import nonzero

PROBES = 2
"""Number of random directions that show entries outside of the pattern.

An entry s in row i and column j that is left out changes (J v)ᵢ by s vⱼ. It escapes if that is
less than the least change b that the bars show. With vⱼ = uⱼ g, g standard normal, the density of
g is at most 1/√(2π), so that P(|s uⱼ g| < b) ≤ √(2/π) b / (s uⱼ). Several entries left out in a
row have a normal sum with a larger variance, and escape less often. The directions are drawn
independently, so that the probability is the power PROBES of this bound.
"""


@dataclass(frozen=True, eq=False)
class Pattern:
    """The places of the entries of a sparse m × n matrix, by rows.

    Attributes:
        shape: m and n.
        row: The row of each entry.
        column: The column of each entry.
        strict: Whether the user gave it, so that numbers elsewhere in the matrix do not count.
    """

    shape: tuple[int, int]
    row: Int[np.ndarray, " k"]
    column: Int[np.ndarray, " k"]
    strict: bool

    @classmethod
    def of(cls, matrix: Any, shape: tuple[int, int], what: str, *, strict: bool) -> "Pattern":
        """Returns the pattern of a sparse matrix, or of one of booleans.

        Args:
            matrix: The matrix.
            shape: The numbers of results and of parameters.
            what: What it is called in a message.
            strict: Whether the user gave it as a pattern.

        Raises:
            InputError: if it does not have that shape, or no entries.
        """
        given, row, column = nonzero(matrix)
        require_shape(given, shape, what)
        places = np.unique(row.astype(np.int64) * shape[1] + column)
        if not places.size:
            raise InputError(f"{what} has no entries; give those that may differ from 0")
        return cls(shape, *np.divmod(places, shape[1]), strict)

    @property
    def size(self) -> int:
        """The number of entries."""
        return len(self.row)

    @cached_property
    def colours(self) -> Int[np.ndarray, " n"]:
        """The colour of each column: the first that no column with a common row has."""
        m, n = self.shape
        order = np.argsort(self.column, kind="stable")
        ends = np.searchsorted(self.column[order], np.arange(n + 1))
        rows = [self.row[order[a:b]].tolist() for a, b in pairwise(ends)]
        taken, colours = [0] * m, np.zeros(n, np.int64)
        # Columns with many entries first; the colours of a row are the bits of an integer.
        for j in sorted(range(n), key=lambda j: -len(rows[j])):
            union = 0
            for i in rows[j]:
                union |= taken[i]
            free = ~union & (union + 1)
            colours[j] = free.bit_length() - 1
            for i in rows[j]:
                taken[i] |= free
        return colours

    @property
    def count(self) -> int:
        """The number of colours."""
        return int(self.colours.max()) + 1

    @cached_property
    def slots(self) -> tuple[Int[np.ndarray, " k"], Int[np.ndarray, " k"]]:
        """The keys row · count + colour of the entries in their order, and the entry of each."""
        keys = self.row * self.count + self.colours[self.column]
        order = np.argsort(keys)
        return keys[order], order

    def directions(
        self, x: Float[np.ndarray, " n"], unit: Float[np.ndarray, " n"], seed: int
    ) -> Float[np.ndarray, "p n"]:
        """Returns PROBES random directions, and the unit in which each coordinate moves.

        Columns of one colour move in these units, powers of two near the size of each coordinate.
        A row with an entry that the pattern leaves out shows a sum then, in which the units have
        a part, so that every source has to use the same.
        """
        typical = np.median(np.abs(x[x != 0])) if np.any(x) else unit
        scale = np.exp2(np.floor(np.log2(np.where(x == 0, typical, np.abs(x)))))
        rng = np.random.default_rng([seed, len(x), PROBES])
        return np.stack([*(scale * rng.standard_normal((PROBES, len(x)))), scale])


def require_shape(given: tuple[int, ...], shape: tuple[int, ...], what: str) -> None:
    """Checks the shape of a matrix.

    Raises:
        InputError: if it differs.
    """
    if tuple(given) == tuple(shape):
        return
    turned = ": is it transposed?" if tuple(given) == tuple(shape[::-1]) else ""
    raise InputError(
        f"{what} has shape {tuple(given)}; give {tuple(shape)}, one row for each result and one "
        f"column for each parameter{turned}"
    )
