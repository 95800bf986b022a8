"""Blocks and entries of a wrong matrix: transposed, zero, or off by one number on the diagonal."""

from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Bool

from ..._foundation.wording import LISTED, listed, short
from ..._model.estimate import SAFETY
from ..._model.finding import Finding
from .evidence import Matrices


def transposed_blocks(matrices: Matrices) -> tuple[Finding, ...]:
    """Returns the blocks that are the transposes of those of the reference, if they explain all.

    There may be one on either side of the diagonal, as in a symmetric matrix.
    """
    wrong = np.any(matrices.wrong, axis=0)
    sides = [part for part in (np.triu(wrong, 1), np.tril(wrong, -1)) if part.any()]
    for parts in ([wrong], sides):
        blocks = [_around(part) for part in parts]
        complete = sum(map(np.sum, parts)) == wrong.sum()
        if complete and all(_is_turned(matrices, *block) for block in blocks):
            names = [f"{_span(matrices.row, r)}, {_span(matrices.column, c)}" for r, c in blocks]
            sentence = f"the transpose of the reference: the block of {'; that of '.join(names)}"
            return (Finding("transpose", sentence, correction="transpose it", precise=True),)
    return ()


def _around(part: Bool[np.ndarray, "m n"]) -> tuple[slice, slice]:
    """Returns the smallest block that holds some entries."""
    rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _is_turned(matrices: Matrices, rows: slice, columns: slice) -> bool:
    if rows.stop - rows.start != columns.stop - columns.start:
        return False
    reference = np.swapaxes(matrices.reference[:, rows, columns], 1, 2)
    bar = matrices.tested_bar[:, rows, columns]
    bar = bar + np.swapaxes(matrices.reference_bar[:, rows, columns], 1, 2)
    return bool(
        np.all(np.abs(matrices.tested[:, rows, columns] - reference) <= SAFETY * bar)
        and matrices.usable[:, rows, columns].all()
    )


def _span(name: Callable[[int], str], span: slice) -> str:
    return f"{name(span.start)} to {name(span.stop - 1)}"


def wrong_entries(matrices: Matrices) -> Iterator[Finding]:
    """Yields what all wrong entries have in common: they are 0, or one number is missing."""
    wrong = matrices.wrong
    where = np.argwhere(np.any(wrong, axis=0))
    if np.all(matrices.tested[wrong] == 0):
        names = [f"{matrices.row(i)}, {matrices.column(j)}" for i, j in where[: LISTED + 1]]
        names += [""] * (len(where) - len(names))
        yield Finding("zero", f"0, and the reference is not: {listed(names)}", correction="add it")
        return
    off, bar = (matrices.reference - matrices.tested)[wrong], matrices.bars[wrong]
    n = matrices.layout.columns.size
    diagonal = np.all(where[:, 0] == where[:, 1]) and 1 < len(where) == n
    if diagonal and np.all(np.abs(off - np.median(off)) <= SAFETY * bar):
        sentence = f"every entry of the diagonal lacks {short(float(np.median(off)), 6)}"
        yield Finding("additive", sentence, correction="add it", precise=True)
