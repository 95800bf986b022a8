"""Patterns of a wrong matrix: what was exchanged, negated, multiplied or left out.

Each rests on more equations than unknowns: on all entries of a row at all points.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from jaxtyping import Bool, Float

from ..._foundation.wording import listed, short
from ..._model.estimate import SAFETY
from ..._model.finding import Finding
from .blocks import transposed_blocks
from .evidence import Matrices

LEAST_EQUATIONS = 2
"""Least number of different entries, over all points, that show one factor."""

SIMPLE = {-1.0: "the opposite sign of the reference", 2.0: "twice the reference"}
SIMPLE |= {0.5: "half of the reference"}


def patterns(matrices: Matrices) -> tuple[Finding, ...]:
    """Returns the pattern that explains all wrong entries; nothing if none does."""
    for pattern in (_transpose, transposed_blocks, _by_rows, _by_columns):
        found = tuple(pattern(matrices))
        if found:
            return found
    return ()


def product_patterns(matrices: Matrices) -> tuple[Finding, ...]:
    """Returns the pattern of a product with a matrix: a matrix of one column."""
    whole = tuple(_grouped(matrices.turned, lambda j: "every entry", "column"))
    return whole or tuple(_by_rows(matrices))


def _transpose(matrices: Matrices) -> Iterator[Finding]:
    rows, columns = matrices.layout.rows.size, matrices.layout.columns.size
    if rows != columns:
        return
    turned = np.swapaxes(matrices.tested, 1, 2), np.swapaxes(matrices.tested_bar, 1, 2)
    if not matrices.differs(*turned).any() and matrices.wrong.any():
        sentence = "the matrix is the transpose of the reference: one row for each parameter"
        yield Finding("transpose", sentence, correction="transpose it", precise=True)


def _by_rows(matrices: Matrices) -> Iterator[Finding]:
    yield from _grouped(matrices, matrices.row, "row")


def _by_columns(matrices: Matrices) -> Iterator[Finding]:
    yield from _grouped(matrices.turned, lambda j: matrices.column(j), "column")


def _grouped(matrices: Matrices, name: Callable[[int], str], kind: str) -> Iterator[Finding]:
    """Yields findings on whole rows if they explain every wrong row."""
    wrong = [int(i) for i in np.flatnonzero(matrices.wrong_rows)]
    sources = _exchange(matrices, wrong)
    if sources is not None:
        yield _of_others(wrong, sources, name, f"put the {kind}s in order")
        return
    factors = [_factor(matrices, i) for i in wrong]
    if any(factor is None for factor in factors):
        copies = [j for i in wrong if (j := _copy(matrices, i)) is not None]
        if len(copies) == len(wrong):
            yield _of_others(wrong, copies, name, f"write each {kind} in its own place")
        return
    for factor in dict.fromkeys(factors):
        assert factor is not None
        rows = [i for i, f in zip(wrong, factors, strict=True) if f == factor]
        whole = len(rows) == len(matrices.wrong_rows) > 1
        where = f"every {kind}" if whole else listed([name(i) for i in rows])
        yield _scaled(factor, where)


def _of_others(
    rows: Sequence[int], sources: Sequence[int], name: Callable[[int], str], advice: str
) -> Finding:
    pairs = [f"{name(i)} is that of {name(j)}" for i, j in zip(rows, sources, strict=True)]
    return Finding("permutation", listed(pairs), correction=advice, precise=True)


def _scaled(factor: float, where: str) -> Finding:
    if factor == 0:
        return Finding("zero", f"{where}: 0, and the reference is not", correction="add it")
    words = SIMPLE.get(factor, f"{short(factor, 6)} times the reference")
    advice = "change the sign" if factor == -1 else f"multiply by {short(1 / factor, 6)}"
    kind = "sign" if factor == -1 else "factor"
    return Finding(kind, f"{where}: {words}", correction=advice, precise=True)


def _factor(matrices: Matrices, i: int) -> float | None:
    """Returns the one factor of a row over all points; None if there is none.

    A factor has few digits, or is none: a fit of any number would always be found.
    """
    clear = matrices.clear[:, i]
    tested, reference = matrices.tested[:, i][clear], matrices.reference[:, i][clear]
    if _distinct(reference, matrices.reference_bar[:, i][clear]) < LEAST_EQUATIONS:
        return None
    factor = float(tested @ reference / (reference @ reference))
    for simple in _candidates(factor):
        expected = simple * matrices.reference[:, i]
        allowed = SAFETY * (matrices.tested_bar[:, i] + abs(simple) * matrices.reference_bar[:, i])
        off = np.abs(matrices.tested[:, i] - expected) > allowed
        if not (off & matrices.usable[:, i]).any():
            return simple
    return None


def _distinct(numbers: Float[np.ndarray, " k"], bars: Float[np.ndarray, " k"]) -> int:
    """Returns how many of these numbers differ by more than their bars."""
    order = np.argsort(numbers)
    gaps = np.diff(numbers[order]) > SAFETY * (bars[order][1:] + bars[order][:-1])
    return int(np.count_nonzero(gaps)) + 1 if numbers.size else 0


def _candidates(factor: float) -> Sequence[float]:
    """Returns the simple fractions next to a number."""
    fractions = (round(factor * n) / n for n in range(1, 13))
    return list(dict.fromkeys(f for f in fractions if f != 1))


def _exchange(matrices: Matrices, wrong: Sequence[int]) -> list[int] | None:
    """Returns the rows of the reference that the wrong rows are; None if they are not."""
    if len(wrong) < 2:
        return None
    sources: list[int] = []
    for i in wrong:
        alike = [j for j in wrong if j not in sources and _is_row(matrices, i, j)]
        if not alike:
            return None
        sources.append(alike[0])
    return sources


def _copy(matrices: Matrices, i: int) -> int | None:
    """Returns the row of the reference that stands in place of row i; None if none does.

    A row of one number may be that of another by chance.
    """
    for j in range(len(matrices.wrong_rows)):
        clear = matrices.clear[:, j]
        numbers, bars = (
            part[:, j][clear] for part in (matrices.reference, matrices.reference_bar)
        )
        if _is_row(matrices, i, j) and _distinct(numbers, bars) >= LEAST_EQUATIONS:
            return j
    return None


def _is_row(matrices: Matrices, i: int, j: int) -> Bool[np.bool_, ""] | bool:
    """Whether row i of the matrix under test is row j of the reference, at all points."""
    if i == j:
        return False
    bars: Float[np.ndarray, "p n"] = matrices.tested_bar[:, i] + matrices.reference_bar[:, j]
    alike = np.abs(matrices.tested[:, i] - matrices.reference[:, j]) <= SAFETY * bars
    return bool(np.all(alike | ~matrices.usable[:, j]) and matrices.clear[:, j].any())
