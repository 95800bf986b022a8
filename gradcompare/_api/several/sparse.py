"""Whether a user's Jacobian or Hessian is sparse, and its pattern."""

from typing import Any

import jax
import numpy as np

from ..._foundation.errors import InputError, outcome_of
from ..._foundation.layout import Layout
from ..._foundation.precision import FLOAT64, precision_scope
from ..._model.arguments.signature import Signature
from ..._model.arguments.user_functions import Adapted
from ..._model.matrix_layout import MatrixLayout
from ..._model.sparse.derivative import SparseDerivative
from ..._model.sparse.pattern import Pattern
from ..._model.sparse.triplets import Triplets, is_of_jax


def as_sparse(
    by_hand: Adapted | None, pattern: Any, rows: Layout, signature: Signature, name: str
) -> tuple[Any, Pattern | None]:
    """Returns the derivative under test as the engine calls it, and its pattern if it is sparse.

    Args:
        by_hand: The user's function.
        pattern: The pattern that the user gave, or None.
        rows: The layout of the results.
        signature: The division of the arguments.
        name: What the derivative is called.

    Raises:
        InputError: if the pattern does not fit.
    """
    columns = Layout.of(signature.params)
    if by_hand is None:
        if pattern is not None:
            raise InputError(f"a pattern is given without the {name} it belongs to; give both")
        return None, None
    strict = pattern is not None
    with precision_scope(FLOAT64):
        matrix = pattern if strict else _sparse_matrix(by_hand, signature)
        if matrix is None:
            return by_hand, None
        what = "the pattern" if strict else f"the {name}"
        found = Pattern.of(matrix, (rows.size, columns.size), what, strict=strict)
    dense = MatrixLayout.by(rows, columns)
    return SparseDerivative(by_hand, found, dense, f"the {name}"), found


def _sparse_matrix(by_hand: Adapted, signature: Signature) -> Any:
    """Returns the matrix at the user's point if it is sparse; None if not, or if it fails there.

    What fails is reported when the engine calls it.
    """
    copies = jax.tree.map(np.array, (signature.params, signature.data))
    shapes = outcome_of(lambda: jax.eval_shape(by_hand, *copies))
    if not isinstance(shapes, Exception) and not is_of_jax(shapes):
        return None
    matrix = outcome_of(lambda: by_hand(*copies))
    if isinstance(matrix, Exception):
        of_jax = jax.tree.map(jax.numpy.asarray, copies)
        matrix = outcome_of(lambda: by_hand(*of_jax))
    return None if Triplets.of(matrix) is None else matrix
