"""Sparse matrices of SciPy and JAX as rows, columns and numbers."""

import sys
from typing import Any, NamedTuple

import jax
import numpy as np

from ..._foundation.errors import InputError


class Triplets(NamedTuple):
    """A sparse matrix; numbers at the same place add up.

    Attributes:
        shape: Its numbers of rows and columns.
        row: The row of each number.
        column: The column of each number.
        number: The numbers.
    """

    shape: tuple[int, ...]
    row: Any
    column: Any
    number: Any

    @classmethod
    def of(cls, matrix: Any) -> "Triplets | None":
        """Returns the triplets of a sparse matrix, traced or not; None of anything else.

        Raises:
            InputError: if it is one of JAX with dense or batched dimensions.
        """
        if is_of_scipy(matrix):
            entries = matrix.tocoo()
            return cls(entries.shape, entries.row, entries.col, entries.data)
        if not is_of_jax(matrix):
            return None
        entries = matrix.to_bcoo() if hasattr(matrix, "to_bcoo") else matrix
        if len(entries.shape) != 2 or entries.n_batch or entries.n_dense:
            raise InputError(
                f"a sparse matrix of shape {entries.shape} has {entries.n_batch} batched and "
                f"{entries.n_dense} dense dimensions; give a BCOO matrix with none"
            )
        return cls(entries.shape, entries.indices[:, 0], entries.indices[:, 1], entries.data)


def is_of_scipy(matrix: Any) -> bool:
    """Whether it is a sparse matrix or array of SciPy, which nobody has without its module."""
    module = sys.modules.get("scipy.sparse")
    return module is not None and bool(module.issparse(matrix))


def is_of_jax(matrix: Any) -> bool:
    """Whether it is a BCOO or BCSR matrix of JAX."""
    module = sys.modules.get("jax.experimental.sparse")
    return module is not None and isinstance(matrix, (module.BCOO, module.BCSR))


def is_traced_or_of_jax(*numbers: Any) -> bool:
    """Whether some of these arrays are of JAX, so that JAX has to compute with them."""
    return any(isinstance(each, jax.Array) for each in numbers)


def nonzero(matrix: Any) -> tuple[tuple[int, ...], np.ndarray, np.ndarray]:
    """Returns the shape, and the rows and columns of the entries that a matrix holds.

    Of a sparse one, these are the entries stored, zeros among them; of another those not zero.
    """
    entries = Triplets.of(matrix)
    if entries is None:
        array = np.asarray(matrix)
        if array.ndim != 2:
            raise InputError(f"the pattern has shape {array.shape}; give a matrix of booleans")
        rows, columns = np.nonzero(array)
        return array.shape, rows, columns
    row, column = np.asarray(entries.row), np.asarray(entries.column)
    inside = (row < entries.shape[0]) & (column < entries.shape[1])  # BCOO pads beyond the end
    return entries.shape, row[inside], column[inside]
