"""The matrices of all points, and which of their entries are wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from ..._foundation.layout import Layout
from ..._model.estimate import SAFETY
from ..._model.matrix_layout import MatrixLayout
from ..._model.sparse.layout import SparseLayout
from ..._points.examination import Examination
from ..evidence.gather import comparable

MOST_DENSE = 1_000_000
"""Most entries, over all points, of a sparse matrix that is diagnosed as a dense one."""


@dataclass(frozen=True)
class Matrices:
    """The matrix under test and the reference at p points, m × n each.

    Attributes:
        layout: Their layout.
        tested: The matrices under test.
        tested_bar: Their error bars.
        reference: The reference.
        reference_bar: Its error bars.
        usable: Which entries have a reference.
    """

    layout: MatrixLayout
    tested: Float[np.ndarray, "p m n"]
    tested_bar: Float[np.ndarray, "p m n"]
    reference: Float[np.ndarray, "p m n"]
    reference_bar: Float[np.ndarray, "p m n"]
    usable: Bool[np.ndarray, "p m n"]

    @classmethod
    def of(cls, points: Sequence[Examination]) -> "Matrices | None":
        """Returns the matrices of all points that can be compared; None if there are none."""
        kept, columns = comparable(points)
        if not kept:
            return None
        layout = kept[0].evaluator.problem.output
        if isinstance(layout, SparseLayout):
            return cls._of_sparse(layout, columns[:5])
        assert isinstance(layout, MatrixLayout)
        stacked = (np.stack([layout.matrix(row) for row in column]) for column in columns[:5])
        return cls(layout, *stacked)

    @classmethod
    def of_product(cls, points: Sequence[Examination]) -> "Matrices | None":
        """Returns the products of all points as matrices of one column."""
        kept, columns = comparable(points)
        if not kept:
            return None
        layout = MatrixLayout.by(kept[0].evaluator.problem.output, Layout.of(0.0, root="product"))
        return cls(layout, *(column[..., None] for column in columns[:5]))

    @classmethod
    def _of_sparse(cls, layout: SparseLayout, columns: Sequence[np.ndarray]) -> "Matrices | None":
        """Returns the dense matrices of sparse ones; None if they are too large.

        Rows with entries outside of the pattern have no reference: they show sums.
        """
        shape = (len(columns[0]), layout.rows.size, layout.columns.size)
        if np.prod(shape) > MOST_DENSE:
            return None
        dense = [np.zeros(shape) for _ in range(4)] + [np.ones(shape, bool)]
        for whole, entries in zip(dense, columns, strict=True):
            whole[:, *layout.places] = entries[:, : layout.pattern.size]
        return cls(MatrixLayout.by(layout.rows, layout.columns), *dense)

    def without(self, rows: Int[np.ndarray, " k"]) -> "Matrices":
        """Returns the same without a reference for some rows."""
        usable = self.usable.copy()
        usable[:, rows] = False
        return replace(self, usable=usable)

    def differs(
        self, a: Float[np.ndarray, "p m n"], bar: Float[np.ndarray, "p m n"]
    ) -> Bool[np.ndarray, "p m n"]:
        """Whether a matrix differs from the reference by more than the bars, where that is known.

        Args:
            a: The matrix.
            bar: Its error bars.
        """
        return self.usable & ~(np.abs(a - self.reference) <= SAFETY * (bar + self.reference_bar))

    @cached_property
    def wrong(self) -> Bool[np.ndarray, "p m n"]:
        """Which entries are wrong."""
        return self.differs(self.tested, self.tested_bar)

    @cached_property
    def wrong_rows(self) -> Bool[np.ndarray, " m"]:
        """Which rows have a wrong entry."""
        return np.asarray(np.any(self.wrong, axis=(0, 2)))

    @cached_property
    def wrong_columns(self) -> Bool[np.ndarray, " n"]:
        """Which columns have one."""
        return np.asarray(np.any(self.wrong, axis=(0, 1)))

    @cached_property
    def clear(self) -> Bool[np.ndarray, "p m n"]:
        """Where the reference is clearly not zero."""
        return self.usable & (np.abs(self.reference) > SAFETY * self.reference_bar)

    @property
    def bars(self) -> Float[np.ndarray, "p m n"]:
        """The error bars of the difference."""
        return self.tested_bar + self.reference_bar

    @property
    def turned(self) -> "Matrices":
        """The same with rows and columns exchanged."""
        arrays = ("tested", "tested_bar", "reference", "reference_bar", "usable")
        parts = (np.swapaxes(getattr(self, name), 1, 2) for name in arrays)
        layout = MatrixLayout.by(self.layout.columns, self.layout.rows)
        return Matrices(layout, *parts)

    def row(self, i: int) -> str:
        """Returns the name of a row."""
        return f"row {i} ({self.layout.rows.name(i)})"

    def column(self, j: int) -> str:
        """Returns the name of a column."""
        return f"column {j} ({self.layout.columns.name(j)})"
