r"""Test functions that couple neighbours, or all parameters, from Moré, Garbow & Hillstrom.

Each is f(x) = Σᵢ rᵢ(x)² with the residuals that its function states; gradient and Hessian-vector
product follow as in `_squares.py`, in a time proportional to n. Numbers in parentheses, starting
points and minima are those of section 3 of Testing Unconstrained Optimization Software, ACM TOMS
7 (1981), 17–41:

    (27) Brown almost-linear      f = 0 at (1, …, 1); f = 1 at (0, …, 0, n + 1)
    (28) Discrete boundary value  f = 0
    (30) Broyden tridiagonal      f = 0

The product of all parameters but xᵢ is the product Aᵢ of those before times the product Bᵢ of
those after, so it needs no division by xᵢ. Along v, with Ȧ₁ = 0 and Ȧᵢ₊₁ = Ȧᵢxᵢ + Aᵢvᵢ,

    (∇²Πⱼxⱼ v)ᵢ = Σⱼ≠ᵢ vⱼ Πₖ≠ᵢ,ⱼ xₖ = ȦᵢBᵢ + AᵢḂᵢ.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ._squares import sum_of_squares

SIZES = (10, 100, 1000)


def before(x: Float[Array, " n"]) -> Float[Array, " n"]:
    """xᵢ₋₁, with x₀ = 0."""
    return jnp.pad(x[:-1], (1, 0))


def after(x: Float[Array, " n"]) -> Float[Array, " n"]:
    """xᵢ₊₁, with xₙ₊₁ = 0."""
    return jnp.pad(x[1:], (0, 1))


def products_before(x: Float[Array, " n"]) -> Float[Array, " n"]:
    """Aᵢ = x₁ ⋯ xᵢ₋₁."""
    return jnp.cumprod(jnp.append(1, x[:-1]).astype(x.dtype))


def product_rule(left, right):
    """The product of two numbers, and its derivative from theirs."""
    (a, da), (b, db) = left, right
    return a * b, da * b + a * db


def slopes_before(x: Float[Array, " n"], v: Float[Array, " n"]) -> Float[Array, " n"]:
    """Ȧᵢ, the derivative of x₁ ⋯ xᵢ₋₁ along v."""
    return before(jax.lax.associative_scan(product_rule, (x, v))[1])


def linear_residuals(x: Float[Array, " n"], data: None) -> Float[Array, " n"]:
    """rᵢ = xᵢ + Σⱼxⱼ − (n + 1), i = 1 … n − 1; rₙ = Πⱼxⱼ − 1."""
    return jnp.append(x[:-1] + jnp.sum(x) - (len(x) + 1), jnp.prod(x) - 1)


def others(x: Float[Array, " n"]) -> Float[Array, " n"]:
    """The product of all parameters but xᵢ."""
    return products_before(x) * products_before(x[::-1])[::-1]


def linear_push(x, v, data: None) -> Float[Array, " n"]:
    return jnp.append(v[:-1] + jnp.sum(v), others(x) @ v)


def linear_pull(x, u, data: None) -> Float[Array, " n"]:
    return jnp.pad(u[:-1], (0, 1)) + jnp.sum(u[:-1]) + u[-1] * others(x)


def linear_bend(x, w, v, data: None) -> Float[Array, " n"]:
    """Only the product bends."""
    left = slopes_before(x, v) * products_before(x[::-1])[::-1]
    right = products_before(x) * slopes_before(x[::-1], v[::-1])[::-1]
    return w[-1] * (left + right)


def boundary_cubes(x: Float[Array, " n"]) -> tuple[float, Float[Array, " n"]]:
    """The step h = 1/(n + 1), and what is cubed: xᵢ + ih + 1."""
    h = 1 / (len(x) + 1)
    return h, x + h * jnp.arange(1, len(x) + 1, dtype=x.dtype) + 1


def boundary_residuals(x: Float[Array, " n"], data: None) -> Float[Array, " n"]:
    """rᵢ = 2xᵢ − xᵢ₋₁ − xᵢ₊₁ + h²(xᵢ + ih + 1)³/2, h = 1/(n + 1), x₀ = xₙ₊₁ = 0."""
    h, z = boundary_cubes(x)
    return 2 * x - before(x) - after(x) + h**2 / 2 * z**3


def boundary_push(x, v, data: None) -> Float[Array, " n"]:
    """J is symmetric, so this is its transpose too."""
    h, z = boundary_cubes(x)
    return 2 * v - before(v) - after(v) + 3 / 2 * h**2 * z**2 * v


def boundary_bend(x, w, v, data: None) -> Float[Array, " n"]:
    """∂²rᵢ/∂xᵢ² = 3h²(xᵢ + ih + 1)."""
    h, z = boundary_cubes(x)
    return 3 * h**2 * z * w * v


def boundary_start(size: int) -> Float[np.ndarray, " n"]:
    """tᵢ(tᵢ − 1) with tᵢ = ih."""
    t = np.arange(1.0, size + 1) / (size + 1)
    return t * (t - 1)


def broyden_residuals(x: Float[Array, " n"], data: None) -> Float[Array, " n"]:
    """rᵢ = (3 − 2xᵢ)xᵢ − xᵢ₋₁ − 2xᵢ₊₁ + 1, x₀ = xₙ₊₁ = 0."""
    return (3 - 2 * x) * x - before(x) - 2 * after(x) + 1


def broyden_push(x, v, data: None) -> Float[Array, " n"]:
    return (3 - 4 * x) * v - before(v) - 2 * after(v)


def broyden_pull(x, u, data: None) -> Float[Array, " n"]:
    return (3 - 4 * x) * u - after(u) - 2 * before(u)


def broyden_bend(x, w, v, data: None) -> Float[Array, " n"]:
    """∂²rᵢ/∂xᵢ² = −4."""
    return -4 * w * v


OBJECTIVES = (
    sum_of_squares(
        "mgh-brown-almost-linear",
        27,
        linear_residuals,
        (linear_push, linear_pull),
        linear_bend,
        start=lambda size: np.full(size, 0.5),
        minimum=np.ones,
        sizes=SIZES,
    ),
    sum_of_squares(
        "mgh-discrete-boundary-value",
        28,
        boundary_residuals,
        (boundary_push, boundary_push),
        boundary_bend,
        start=boundary_start,
        sizes=SIZES,
    ),
    sum_of_squares(
        "mgh-broyden-tridiagonal",
        30,
        broyden_residuals,
        (broyden_push, broyden_pull),
        broyden_bend,
        start=lambda size: np.full(size, -1.0),
        sizes=SIZES,
    ),
)
