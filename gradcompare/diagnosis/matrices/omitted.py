"""Entries that a sparse matrix leaves out although the function has them."""

from collections.abc import Callable, Sequence

import jax
import numpy as np
from jaxtyping import Bool, Float, Int, PyTree

from ..._evaluation.near.vectors import Moves, VectorFunction
from ..._foundation.wording import LISTED, listed
from ..._model.estimate import SAFETY
from ..._model.finding import Finding
from ..._model.problem import Problem
from ..._model.sparse.layout import SparseLayout
from ..._points.examination import Examination
from ..evidence.gather import comparable

COLUMN_STEP = 2.0**-17
"""Step along each column, in units of the coordinates: which one it is needs few digits."""

NAMED_SHARE = 1e-3
"""Least size of an entry outside of the pattern that is named, beside the largest in its row."""

MOST_RESULTS = 50_000_000
"""Largest number of values of results with which the columns are looked for."""


def omitted(
    points: Sequence[Examination], layout: SparseLayout
) -> tuple[Int[np.ndarray, " k"], Finding | None]:
    """Returns the rows with entries outside of the pattern, and the finding on them.

    The products of the reference with a random direction are the sums of its entries times that
    direction, but in these rows.
    """
    kept, columns = comparable(points)
    rows = np.zeros(layout.rows.size, bool)
    for point, value, bar in zip(kept, columns[2], columns[3], strict=True):
        rows |= _unexplained(point, layout, value, bar)
    found = np.flatnonzero(rows)
    if not found.size:
        return found, None
    names = [f"row {i} ({layout.rows.name(int(i))})" for i in found[: LISTED + 1]]
    names += [""] * (len(found) - len(names))
    entries = _entries(kept, layout, found)
    at = f": {listed(entries)}" if entries else ""
    sentence = f"entries are missing from the pattern in {listed(names)}{at}"
    coordinates = np.flatnonzero(rows[layout.result_of])
    return found, Finding(
        "pattern", sentence, correction="add them", coordinates=tuple(coordinates.tolist())
    )


def _unexplained(
    point: Examination,
    layout: SparseLayout,
    value: Float[np.ndarray, " e"],
    bar: Float[np.ndarray, " e"],
) -> Bool[np.ndarray, " m"]:
    """Whether a product is something else than the entries of its row explain."""
    (row, column), size = layout.places, layout.rows.size
    *probes, _ = _directions(point.evaluator.problem)
    off = np.zeros(size, bool)
    for v, product, own in zip(probes, layout.products(value), layout.products(bar), strict=True):
        entries = slice(layout.pattern.size)
        explained = np.bincount(row, value[entries] * v[column], size)
        around = own + np.bincount(row, bar[entries] * np.abs(v[column]), size)
        off |= np.abs(product - explained) > SAFETY * around
    return off


def _directions(problem: Problem) -> Float[np.ndarray, "p n"]:
    leaves = jax.tree.leaves(problem.direction)
    return np.concatenate([np.reshape(leaf, (len(leaf), -1)) for leaf in leaves], axis=1)


def _entries(
    points: Sequence[Examination], layout: SparseLayout, rows: Int[np.ndarray, " k"]
) -> list[str]:
    """Returns the names of entries outside of the pattern: the largest in each of these rows."""
    m, n = layout.pattern.shape
    function = _function(points[0])
    if function is None or 2 * m * n > MOST_RESULTS:
        return []
    missing = np.zeros((len(rows), n), bool)
    inside = np.isin(layout.pattern.row, rows)
    for point in points:
        near = VectorFunction(point.evaluator, *function)
        *_, unit = _directions(point.evaluator.problem)
        lower, upper = point.evaluator.problem.bounds
        x, step, every = point.evaluator.x, COLUMN_STEP * unit, np.arange(n)
        ahead = np.where(x + step <= upper, step, 0.0)
        behind = np.where(x - step >= lower, step, 0.0)
        up, down = (near.at(Moves.of(n, every, s))[:, rows] for s in (ahead, -behind))
        with np.errstate(invalid="ignore", divide="ignore"):
            slope = np.abs((up - down).T / (ahead + behind) * unit)
        slope[np.searchsorted(rows, layout.pattern.row[inside]), layout.pattern.column[inside]] = 0
        largest = np.nanmax(slope, axis=1, initial=0.0)[:, None]
        missing |= (slope >= NAMED_SHARE * largest) & (slope > 0)
    where = np.argwhere(missing)
    names = [_name(layout, int(rows[i]), int(j)) for i, j in where[: LISTED + 1]]
    return names + [""] * (len(where) - len(names))


def _function(point: Examination) -> tuple[str, Callable[[PyTree, PyTree], PyTree]] | None:
    """Returns the function whose columns the matrix has, and the key of its programs."""
    problem, cache = point.evaluator.problem, point.evaluator.cache
    if problem.function is not None:
        return ("value" if problem.quantity == "jacobian" else "gradient"), problem.function
    return None if cache.opaque else ("grad of value", jax.grad(problem.objective.value))


def _name(layout: SparseLayout, row: int, column: int) -> str:
    joint = layout.blocks[0].joint
    return f"{layout.rows.name(row)}{joint}{layout.columns.name(column)}"
