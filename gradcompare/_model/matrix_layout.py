"""A Jacobian or a Hessian as one flat vector, whose entries are named by row and column."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import jax.tree_util as jtu
import numpy as np
from jaxtyping import Float, Int

from .._foundation.errors import InputError
from .._foundation.layout import Layout, PyTree, coordinate_name


@dataclass(frozen=True)
class Block:
    """The derivatives of one array of results by one array of parameters.

    Attributes:
        row: The name of the array of results.
        column: The name of the array of parameters.
        row_shape: The shape of the first.
        column_shape: The shape of the second.
        joint: The words between both in the name of an entry.
    """

    row: str
    column: str
    row_shape: tuple[int, ...]
    column_shape: tuple[int, ...]
    joint: str = " by "

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the block, as `jax.jacobian` gives it."""
        return self.row_shape + self.column_shape

    @property
    def path(self) -> str:
        """The name of the block."""
        return f"{self.row}{self.joint}{self.column}"

    def name(self, entry: int) -> str:
        """Returns the name of an entry, such as `residual[3] by w[1]`."""
        i, j = divmod(entry, math.prod(self.column_shape))
        row = coordinate_name((self.row,), (self.row_shape,), i)
        return f"{row}{self.joint}{coordinate_name((self.column,), (self.column_shape,), j)}"


@dataclass(frozen=True)
class MatrixLayout(Layout):
    """The layout of a Jacobian or a Hessian: one block for each pair of arrays.

    Attributes:
        rows: The layout of the results.
        columns: The layout of the parameters.
        blocks: The blocks, in the order of the flat vector.
    """

    rows: Layout
    columns: Layout
    blocks: tuple[Block, ...]

    @classmethod
    def by(cls, rows: Layout, columns: Layout, joint: str = " by ") -> "MatrixLayout":
        """Returns the layout of the derivative of `rows` by `columns`, as in `jax.jacobian`."""
        blocks = tuple(
            Block(row, column, row_shape, column_shape, joint)
            for row, row_shape in zip(rows.paths, rows.shapes, strict=True)
            for column, column_shape in zip(columns.paths, columns.shapes, strict=True)
        )
        ends = np.cumsum([0, *(math.prod(block.shape) for block in blocks)])
        return cls(
            rows.treedef.compose(columns.treedef),
            tuple(block.path for block in blocks),
            tuple(block.shape for block in blocks),
            tuple(int(end) for end in ends),
            rows,
            columns,
            blocks,
        )

    @cached_property
    def places(self) -> tuple[Int[np.ndarray, " k"], Int[np.ndarray, " k"]]:
        """The row and the column of each entry of the flat vector."""
        parts = [
            np.meshgrid(np.arange(*row), np.arange(*column), indexing="ij")
            for row in itertools.pairwise(self.rows.offsets)
            for column in itertools.pairwise(self.columns.offsets)
        ]
        rows, columns = (np.concatenate([p[k].ravel() for p in parts]) for k in (0, 1))
        return rows, columns

    def positions(
        self, row: Int[np.ndarray, " k"], column: Int[np.ndarray, " k"]
    ) -> Int[np.ndarray, " k"]:
        """The places of entries in the flat vector."""
        a = np.searchsorted(self.rows.offsets, row, side="right") - 1
        b = np.searchsorted(self.columns.offsets, column, side="right") - 1
        wide = np.asarray(self.columns.offsets)
        inside = (row - np.asarray(self.rows.offsets)[a]) * (wide[b + 1] - wide[b])
        start = np.asarray(self.offsets)[a * (len(wide) - 1) + b]
        return start + inside + (column - wide[b])

    def matrix(self, vector: Float[np.ndarray, " k"]) -> Float[np.ndarray, "m n"]:
        """Returns the flat vector as one matrix."""
        whole = np.empty((self.rows.size, self.columns.size), np.asarray(vector).dtype)
        whole[self.places] = vector
        return whole

    def require_same(self, tree: PyTree, what: str) -> None:
        """Checks that `tree` could be the matrix: of its structure, with one block for each pair.

        Raises:
            InputError: if not; the message says what was given and what is needed.
        """
        leaves = jtu.tree_leaves(tree)
        alone = len(self.blocks) == len(leaves) == 1
        if alone and np.shape(leaves[0]) != self.shapes[0]:
            (block,), shape = self.blocks, np.shape(leaves[0])
            turned = shape == block.column_shape + block.row_shape
            raise InputError(
                f"{what} has shape {shape}; give {block.shape}, the shape of {block.row} followed "
                f"by that of {block.column}{': is it transposed?' if turned else ''}"
            )
        super().require_same(tree, what)

    def name(self, coordinate: int) -> str:
        return entry_name(self.blocks, coordinate)


class Named(Protocol):
    """A part of a derivative whose entries have names of their own."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def name(self, entry: int) -> str: ...


def entry_name(blocks: Sequence[Named], entry: int) -> str:
    """Returns the name of one entry of a matrix in blocks."""
    for block in blocks:
        size = math.prod(block.shape)
        if entry < size:
            return block.name(entry)
        entry -= size
    raise IndexError("there is no such entry")
