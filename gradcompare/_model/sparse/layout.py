"""The entries of a sparse matrix, and the products that show others, as one flat vector."""

from dataclasses import dataclass
from functools import cached_property

import jax
import numpy as np
from jaxtyping import Float, Int

from ..._foundation.layout import Layout, coordinate_name
from .pattern import PROBES, Pattern


@dataclass(frozen=True)
class SparseBlock:
    """The names of the entries of a sparse matrix.

    Attributes:
        row_paths: The names of the arrays of results.
        row_shapes: Their shapes.
        column_paths: The names of the arrays of parameters.
        column_shapes: Their shapes.
        entry_rows: The row of each entry.
        entry_columns: The column of each entry.
        results: The number of results.
        joint: The words between the names of a row and a column.
    """

    row_paths: tuple[str, ...]
    row_shapes: tuple[tuple[int, ...], ...]
    column_paths: tuple[str, ...]
    column_shapes: tuple[tuple[int, ...], ...]
    entry_rows: Int[np.ndarray, " k"]
    entry_columns: Int[np.ndarray, " k"]
    results: int
    joint: str = " by "

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of entries and products."""
        return (len(self.entry_rows) + PROBES * self.results,)

    def name(self, entry: int) -> str:
        """Returns the name of an entry, or of the product of a row with a random direction."""
        if entry < len(self.entry_rows):
            column = int(self.entry_columns[entry])
            of_column = coordinate_name(self.column_paths, self.column_shapes, column)
            return f"{self._row(int(self.entry_rows[entry]))}{self.joint}{of_column}"
        probe, row = divmod(entry - len(self.entry_rows), self.results)
        return f"{self._row(row)} along v{probe + 1}"

    def _row(self, row: int) -> str:
        return coordinate_name(self.row_paths, self.row_shapes, row)


@dataclass(frozen=True)
class SparseLayout(Layout):
    """The entries of a sparse matrix, then its products with random directions.

    Attributes:
        rows: The layout of the results.
        columns: The layout of the parameters.
        pattern: The places of the entries.
        blocks: The names of all.
    """

    rows: Layout
    columns: Layout
    pattern: Pattern
    blocks: tuple[SparseBlock, ...]

    @classmethod
    def by(
        cls, rows: Layout, columns: Layout, pattern: Pattern, joint: str = " by "
    ) -> "SparseLayout":
        """Returns the layout of the derivative of `rows` by `columns`."""
        block = SparseBlock(
            rows.paths,
            rows.shapes,
            columns.paths,
            columns.shapes,
            pattern.row,
            pattern.column,
            rows.size,
            joint,
        )
        size, path = block.shape[0], "matrix"
        treedef = jax.tree.structure(0.0)
        ends = (0, size)
        return cls(treedef, (path,), ((size,),), ends, rows, columns, pattern, (block,))

    @property
    def places(self) -> tuple[Int[np.ndarray, " k"], Int[np.ndarray, " k"]]:
        """The row and the column of each entry."""
        return self.pattern.row, self.pattern.column

    @cached_property
    def result_of(self) -> Int[np.ndarray, " e"]:
        """The row of each entry and product."""
        return np.concatenate([self.pattern.row, *[np.arange(self.rows.size)] * PROBES])

    def products(self, vector: Float[np.ndarray, " e"]) -> Float[np.ndarray, "p m"]:
        """Returns the products in a flat vector."""
        return vector[self.pattern.size :].reshape(PROBES, self.rows.size)

    def name(self, coordinate: int) -> str:
        return self.blocks[0].name(coordinate)
