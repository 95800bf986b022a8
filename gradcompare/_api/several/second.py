"""Checks of the second derivatives of a scalar."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Unpack

from ..._foundation.layout import Layout, PyTree
from ..._model.arguments.several import Product
from ..._model.problem import laid_out
from ..._results.result import Comparison
from .directions import MOST_ROWS, run_along_directions
from .quantity import MATRIX, Options, adapted, objective_of, run_quantity, signature_of
from .sparse import as_sparse


def check_hessian(
    value: Callable[..., Any],
    hessian: Callable[..., PyTree] | None,
    x0: PyTree,
    *args: Any,
    gradient: Callable[..., PyTree] | None = None,
    pattern: Any = None,
    **options: Unpack[Options],
) -> Comparison:
    """Checks the matrix of second derivatives of a scalar.

    Args:
        value: `value(x, *args)`, a scalar.
        hessian: `hessian(x, *args)`, in the structure of `jax.hessian(value)`: for an array, a
            matrix. Or a sparse matrix, as in `check_jacobian`. None to check autodiff.
        x0: The point.
        args: Further arguments of all functions.
        gradient: `gradient(x, *args)`. With it, differences of the gradient are compared, and the
            gradient itself is checked first; without, second differences of `value`, which have
            about half of the digits.
        pattern: As in `check_jacobian`.
        options: See `check`.

    Raises:
        InputError: if an argument cannot be used.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> def value(x):
        ...     return x[0] ** 2 * x[1]
        >>> def hessian(x):
        ...     return jnp.array([[2 * x[1], 2 * x[0]], [2 * x[0], 0.0]])
        >>> gradcompare.check_hessian(value, hessian, [0.6, 0.8]).verdict.name
        'AGREE'
    """
    signature = signature_of((x0, *args), options)
    by_hand = adapted("hessian", hessian, MATRIX, signature)
    objective = objective_of(value, signature, options, gradient)
    rows, _ = laid_out(signature.params)
    by_hand, places = as_sparse(by_hand, pattern, rows, signature, "hessian")
    objective = replace(objective, hessian=by_hand)
    return run_quantity(objective, "hessian", signature, options, pattern=places)


def check_hvp(
    value: Callable[..., Any],
    hvp: Callable[..., PyTree] | None,
    x0: PyTree,
    *args: Any,
    direction: PyTree | None = None,
    gradient: Callable[..., PyTree] | None = None,
    **options: Unpack[Options],
) -> Comparison:
    """Checks the product of the Hessian of a scalar with a vector.

    With more than 5000 parameters, the entries of the product (and of the gradient) are not
    compared one by one, but along the direction and two random ones; the result says how large
    an error shows.

    Args:
        value: `value(x, *args)`, a scalar.
        hvp: `hvp(x, v, *args)`, in the structure of `x`.
        x0: The point.
        args: Further arguments of all functions.
        direction: v, in the structure of `x0`; random by default.
        gradient: `gradient(x, *args)`; as in `check_hessian`.
        options: See `check`.

    Raises:
        InputError: if an argument cannot be used.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> def value(x):
        ...     return jnp.sum(x**3)
        >>> gradcompare.check_hvp(value, lambda x, v: 6 * x * v, [0.6, 0.8]).verdict.name
        'AGREE'
    """
    signature = signature_of((x0, *args), options)
    by_hand = adapted("hvp", hvp, Product, signature)
    objective = replace(objective_of(value, signature, options, gradient), hvp=by_hand)
    if Layout.of(signature.params).size > MOST_ROWS:
        return run_along_directions(objective, signature, options, direction)
    return run_quantity(objective, "hvp", signature, options, direction)
