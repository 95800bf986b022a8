r"""Sums of squares: what the problems of Moré, Garbow & Hillstrom have in common.

With residuals r: ℝⁿ → ℝᵐ and their Jacobian Jᵢⱼ = ∂rᵢ/∂xⱼ,

    f(x) = Σᵢ rᵢ(x)²,
    ∇f(x) = 2 J(x)ᵀ r(x),
    ∇²f(x) v = 2 (J(x)ᵀ (J(x) v) + Σᵢ rᵢ(x) ∇²rᵢ(x) v);

these are twice equations (10.4) and (10.5) of Nocedal & Wright, Numerical Optimization (2nd ed.
2006). So a problem is written down as four functions:

    residuals(x, data) = r(x)             push(x, v, data) = J(x) v
    pull(x, u, data) = J(x)ᵀ u            bend(x, w, v, data) = Σᵢ wᵢ ∇²rᵢ(x) v

Where n is small, the Jacobian itself serves for the second and the third: `dense(jacobian)`.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from .._model.objective import Objective
from ._columns import columns

Map: TypeAlias = Callable[[Any, Any], Array]
Product: TypeAlias = Callable[[Any, Any, Any], Array]
Bend: TypeAlias = Callable[[Any, Any, Any, Any], Array]

SPREAD = 0.1
"""How far `make` goes from the published start, relative to each coordinate that is not zero."""


def no_data(n: int) -> None:
    """The problem consists of its formula."""
    return None


def fixed(*start: float) -> Callable[[int], np.ndarray]:
    """The start of a problem with a given number of parameters, whatever the size asked for."""
    return lambda size: np.array(start)


def dense(jacobian: Map) -> tuple[Product, Product]:
    """J v and Jᵀu from a function that returns J, an array of shape (m, n) with few columns."""

    def push(x: Float[Array, " n"], v: Float[Array, " n"], data: PyTree) -> Float[Array, " m"]:
        return jacobian(x, data) @ v

    def pull(x: Float[Array, " n"], u: Float[Array, " m"], data: PyTree) -> Float[Array, " n"]:
        return u @ jacobian(x, data)

    return push, pull


def sum_of_squares(
    name: str,
    number: int,
    residuals: Map,
    products: tuple[Product, Product],
    bend: Bend,
    start: Callable[[int], np.ndarray],
    data: Callable[[int], PyTree] = no_data,
    **fields: Any,
) -> Objective:
    """Returns problem `number` of the paper as an objective.

    Args:
        name: How it is called.
        number: Its number in section 3 of the paper.
        residuals: r(x); the first line of its docstring is the formula.
        products: `push` and `pull`.
        bend: Σᵢ wᵢ ∇²rᵢ(x) v.
        start: The published starting point for a size.
        data: The published data for a number of parameters.
        fields: Further fields of the objective. A `minimum(n)` becomes a special point.
    """
    push, pull = products
    tags = ("least-squares", *fields.pop("tags", ()))

    def value(x: Float[Array, " n"], data: PyTree) -> Float[Array, ""]:
        return jnp.sum(residuals(x, data) ** 2)

    def gradient(x: Float[Array, " n"], data: PyTree) -> Float[Array, " n"]:
        """∇f(x) = 2 Jᵀr."""
        return 2 * pull(x, residuals(x, data), data)

    def hvp(x: Float[Array, " n"], v: Float[Array, " n"], data: PyTree) -> Float[Array, " n"]:
        """∇²f(x) v = 2 (Jᵀ(Jv) + Σᵢ rᵢ ∇²rᵢ v)."""
        bent = bend(x, residuals(x, data), v, data)
        return 2 * (pull(x, push(x, v, data), data) + bent)

    make, special = _points(start, data, fields.pop("minimum", None))
    value.__doc__ = f"f(x) = Σᵢ rᵢ(x)², {residuals.__doc__}"
    return Objective(
        name=name,
        value=value,
        gradient=gradient,
        hvp=hvp,
        residuals=residuals,
        jacobian=columns(push),
        jvp=push,
        make=make,
        special=special,
        family="test functions",
        tags=tags,
        source=f"Moré, Garbow & Hillstrom, ACM TOMS 7 (1981), problem ({number})",
        **fields,
    )


def _points(
    start: Callable[[int], np.ndarray],
    data: Callable[[int], PyTree],
    minimum: Callable[[int], np.ndarray] | None,
) -> tuple[Callable, Callable]:
    """Returns `make` and `special` of an objective with that start."""

    def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, PyTree]:
        """Draws a point around the published start."""
        x = start(size)
        spread = SPREAD * np.where(x == 0, 1.0, np.abs(x))
        return x + spread * rng.standard_normal(x.shape), data(len(x))

    def special(x: np.ndarray) -> dict[str, np.ndarray]:
        points = {"start": start(len(x))}
        return points if minimum is None else points | {"minimum": minimum(len(x))}

    return make, special
