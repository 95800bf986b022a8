"""A Hessian that leaves out the second derivatives of a value inside: that of Gauss and Newton.

For f(x) = φ(u(x)), the Hessian is Jᵀ φ″ J + Σ cₖ ∇²uₖ with J = ∂u/∂x and c = ∂f/∂u. The matrix of
Gauss and Newton is the first part.
"""

from collections.abc import Sequence
from itertools import chain, combinations

import numpy as np
from jaxtyping import Float

from ..._model.estimate import SAFETY
from ..._model.finding import Finding
from ..._points.examination import Examination
from ..evidence.gather import comparable
from ..terms.intermediates import Intermediates
from ..terms.parts import Traced
from .evidence import Matrices

LARGEST_VALUE = 10_000
"""Size of the largest value whose second derivatives are looked at."""


def without_curvature(points: Sequence[Examination], matrices: Matrices) -> tuple[Finding, ...]:
    """Returns the values whose second derivatives are missing in a Hessian, if that is all."""
    v = np.random.default_rng(0).standard_normal(matrices.layout.columns.size)
    if not matrices.usable.all():
        return ()
    off = (matrices.reference - matrices.tested) @ v
    return product_without_curvature(points, v, off, matrices.bars @ np.abs(v))


def product_without_curvature(
    points: Sequence[Examination],
    v: Float[np.ndarray, " n"],
    off: Float[np.ndarray, "p n"],
    bar: Float[np.ndarray, "p n"],
) -> tuple[Finding, ...]:
    """Returns the same for the product of a Hessian with a vector.

    Args:
        points: The points.
        v: The vector.
        off: What is missing in the product.
        bar: The error bars of it.
    """
    evaluators = [point.evaluator for point in comparable(points)[0]]
    if not all(each.has_program for each in evaluators):
        return ()
    values = Intermediates(Traced(evaluators), LARGEST_VALUE)
    if not values.every or not (np.abs(off) > SAFETY * bar).any():
        return ()
    bends, linear = values.bends(evaluators[0].problem.layout.unflatten(v))
    open_ = np.flatnonzero(~linear & np.any(bends != 0, axis=(1, 2)))
    for chosen in chain(combinations(open_, 1), combinations(open_, 2)):
        # The share is rounded as the reference is.
        if np.all(np.abs(bends[list(chosen)].sum(axis=0) - off) <= 3 * SAFETY * bar):
            return (_finding(values, [int(k) for k in chosen]),)
    return ()


def _finding(values: Intermediates, chosen: Sequence[int]) -> Finding:
    places = [values.every[k].place for k in chosen]
    names = " and ".join(map(str, places))
    return Finding(
        "Gauss-Newton",
        f"the second derivatives of {names} are left out, as in the matrix of Gauss and Newton",
        correction="add them, each times the derivative by its value",
        file=places[0].file,
        line=places[0].line,
        precise=True,
    )
