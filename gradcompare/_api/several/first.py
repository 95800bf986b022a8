"""Checks of the derivatives of a function with several results."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Unpack

from ..._foundation.layout import PyTree
from ..._model.arguments.several import Product
from ..._results.result import Comparison
from .quantity import (
    MATRIX,
    Options,
    adapted,
    objective_of_pullback,
    objective_of_results,
    run_quantity,
    signature_of,
)
from .sparse import as_sparse


def check_jacobian(
    fun: Callable[..., PyTree],
    jac: Callable[..., PyTree] | None,
    x0: PyTree,
    *args: Any,
    pattern: Any = None,
    **options: Unpack[Options],
) -> Comparison:
    """Checks the Jacobian of a function with several results, such as residuals or constraints.

    Args:
        fun: `fun(x, *args)`, an array or a pytree of arrays.
        jac: `jac(x, *args)`, in the structure of `jax.jacobian(fun)`: for arrays, the shape of
            the result followed by that of `x`. Or a sparse matrix of SciPy or JAX (BCOO), with a
            row for each result and a column for each parameter. None to check autodiff.
        x0: The point, an array or a pytree of arrays.
        args: Further arguments of both functions.
        pattern: Which entries may differ from 0: a sparse matrix, or one of booleans. By default
            those that a sparse matrix holds at `x0`. Columns without a common row are looked at
            together, and random directions show entries outside of the pattern.
        options: See `check`.

    Returns:
        A comparison with one result, whose entries are named by row and column.

    Raises:
        InputError: if an argument cannot be used.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> def circle(x):
        ...     return jnp.stack([x[0] ** 2 + x[1] ** 2 - 1, x[0] - x[1]])
        >>> def slopes(x):
        ...     return jnp.array([[2 * x[0], 2 * x[1]], [1.0, -1.0]])
        >>> gradcompare.check_jacobian(circle, slopes, [0.6, 0.8]).verdict.name
        'AGREE'
    """
    signature = signature_of((x0, *args), options)
    by_hand = adapted("jac", jac, MATRIX, signature)
    objective, results = objective_of_results(fun, signature, options)
    by_hand, places = as_sparse(by_hand, pattern, results, signature, "jacobian")
    objective = replace(objective, jacobian=by_hand)
    return run_quantity(objective, "jacobian", signature, options, None, results, places)


def check_jvp(
    fun: Callable[..., PyTree],
    jvp: Callable[..., PyTree] | None,
    x0: PyTree,
    *args: Any,
    direction: PyTree | None = None,
    **options: Unpack[Options],
) -> Comparison:
    """Checks the product of a Jacobian with a vector, as a rule of forward mode computes it.

    Args:
        fun: `fun(x, *args)`, an array or a pytree of arrays.
        jvp: `jvp(x, v, *args)`, in the structure of the result of `fun`.
        x0: The point.
        args: Further arguments of both functions.
        direction: v, in the structure of `x0`; random by default.
        options: See `check`.

    Raises:
        InputError: if an argument cannot be used.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> check = gradcompare.check_jvp(jnp.sin, lambda x, v: jnp.cos(x) * v, [0.6, 0.8])
        >>> check.verdict.name
        'AGREE'
    """
    signature = signature_of((x0, *args), options)
    by_hand = adapted("jvp", jvp, Product, signature)
    objective, results = objective_of_results(fun, signature, options)
    objective = replace(objective, jvp=by_hand)
    return run_quantity(objective, "jvp", signature, options, direction, results)


def check_vjp(
    fun: Callable[..., PyTree],
    vjp: Callable[..., PyTree] | None,
    x0: PyTree,
    *args: Any,
    cotangent: PyTree | None = None,
    **options: Unpack[Options],
) -> Comparison:
    """Checks the product of a vector with a Jacobian, as a rule of reverse mode computes it.

    Args:
        fun: `fun(x, *args)`, an array or a pytree of arrays.
        vjp: `vjp(x, u, *args)`, in the structure of `x`.
        x0: The point.
        args: Further arguments of both functions.
        cotangent: u, in the structure of the result of `fun`; random by default.
        options: See `check`.

    Raises:
        InputError: if an argument cannot be used.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> check = gradcompare.check_vjp(jnp.sin, lambda x, u: jnp.cos(x) * u, [0.6, 0.8])
        >>> check.verdict.name
        'AGREE'
    """
    signature = signature_of((x0, *args), options)
    product = adapted("vjp", vjp, Product, signature)
    objective = objective_of_pullback(fun, signature, options, cotangent, product)
    return run_quantity(objective, "gradient", signature, options)
