"""The findings about a wrong matrix."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ..._foundation.wording import LISTED, listed, short
from ..._model.estimate import SAFETY
from ..._model.finding import Finding
from ..._model.sparse.layout import SparseLayout
from ..._points.examination import Examination
from .blocks import wrong_entries
from .columns import as_matrices
from .curvature import product_without_curvature, without_curvature
from .evidence import Matrices
from .omitted import omitted
from .patterns import patterns, product_patterns
from .rows import gradient_along, row_findings


def matrix_findings(points: Sequence[Examination]) -> tuple[Finding, ...]:
    """Returns what is wrong with a Jacobian or a Hessian, as far as it can be explained."""
    layout, matrices = points[0].evaluator.problem.output, Matrices.of(points)
    if isinstance(layout, SparseLayout):
        return tuple(_of_sparse(points, layout, matrices))
    if matrices is None or not matrices.wrong.any():
        return ()
    of_hessian = points[0].evaluator.problem.quantity == "hessian"
    found = (
        patterns(matrices)
        or (of_hessian and without_curvature(points, matrices))
        or row_findings(points, matrices)
        or tuple(wrong_entries(matrices))
        or (_place(matrices),)
    )
    return (*found, *(_asymmetry(matrices) if of_hessian else ()))


def product_findings(points: Sequence[Examination]) -> tuple[Finding, ...]:
    """Returns what is wrong with a product of a Jacobian or a Hessian, as far as it is clear."""
    problem = points[0].evaluator.problem
    matrices = Matrices.of_product(points)
    if matrices is None or not matrices.wrong.any():
        return ()
    found = product_patterns(matrices)
    if found:
        return found
    if problem.quantity == "hvp":
        v, off = problem.layout.flatten(problem.direction), matrices.reference - matrices.tested
        found = product_without_curvature(points, v, off[..., 0], matrices.bars[..., 0])
        found = found or gradient_along(points)
    return found or findings_behind(points)


def findings_behind(points: Sequence[Examination]) -> tuple[Finding, ...]:
    """Returns what is wrong with the matrix behind a product, if that is known."""
    whole = as_matrices(points)
    # Numbers of its entries mean nothing in the product.
    return tuple(
        replace(f, sentence=f"the matrix of the product: {f.sentence}", coordinates=())
        for f in (matrix_findings(whole) if whole else ())
        if f.kind != "place"
    )


def _of_sparse(
    points: Sequence[Examination], layout: SparseLayout, matrices: Matrices | None
) -> Iterator[Finding]:
    """Yields the entries outside of the pattern, and what is wrong with those inside."""
    rows, finding = omitted(points, layout)
    if finding is not None:
        yield finding
    if matrices is None:
        yield from _wrong_entries(points, layout, rows)
        return
    matrices = matrices.without(rows)
    if matrices.wrong.any():
        yield from patterns(matrices) or (_place(matrices),)
    if points[0].evaluator.problem.quantity == "hessian":
        yield from _asymmetry(matrices)


def _wrong_entries(
    points: Sequence[Examination], layout: SparseLayout, rows: np.ndarray
) -> Iterator[Finding]:
    faulty = {i for p in points for i in p.result.judgement.faulty if i < layout.pattern.size}
    places = sorted(i for i in faulty if layout.pattern.row[i] not in rows)
    if places:
        names = [layout.name(i) for i in places[: LISTED + 1]] + [""] * (len(places) - LISTED - 1)
        yield Finding("place", f"wrong at {listed(names)}", 1.0, coordinates=tuple(places))


def _place(matrices: Matrices) -> Finding:
    rows = [matrices.row(int(i)) for i in np.flatnonzero(matrices.wrong_rows)]
    columns = [matrices.column(int(j)) for j in np.flatnonzero(matrices.wrong_columns)]
    return Finding("place", f"wrong in {listed(rows)}, at {listed(columns)}", residual=1.0)


def _asymmetry(matrices: Matrices) -> Iterator[Finding]:
    """Says so if a Hessian is not symmetric: one of two entries is wrong without any reference."""
    turned = np.swapaxes(matrices.tested, 1, 2)
    bars = matrices.tested_bar + np.swapaxes(matrices.tested_bar, 1, 2)
    off = np.abs(matrices.tested - turned)
    uneven = off > SAFETY * bars
    if not uneven.any():
        return
    p, i, j = np.unravel_index(int(np.argmax(np.where(uneven, off, -1.0))), off.shape)
    names = [matrices.layout.columns.name(int(k)) for k in (i, j)]
    a, b = (short(matrices.tested[p][k], 6) for k in ((i, j), (j, i)))
    yield Finding(
        "asymmetry",
        f"the matrix is not symmetric: {a} at {names[0]}, {names[1]} and {b} at {names[1]}, "
        f"{names[0]}; second derivatives of a smooth f are",
    )
