r"""Correlation functions of Gaussian processes, and what their first two derivatives do.

A kernel gives the correlations Cᵢⱼ between the rows xᵢ and xⱼ of the inputs X (m × p) for the
logarithms φ of its own parameters. An objective that uses it needs ∂C/∂φₖ only in sums with a
symmetric matrix B, and the derivative along φ̇ as a matrix, so these are its four functions:

    correlation(φ, X) = C                      pull(φ, X, B) = (Σᵢⱼ Bᵢⱼ ∂Cᵢⱼ/∂φₖ)ₖ
    push(φ, φ̇, X) = Ċ = Σₖ φ̇ₖ ∂C/∂φₖ          bend(φ, φ̇, X, B) = (Σᵢⱼ Bᵢⱼ ∂Ċᵢⱼ/∂φₖ)ₖ

**Of a distance.** With a length scale ℓₖ for each input dimension, zᵢₖ = xᵢₖ/ℓₖ and
qᵢⱼ = Σₖ (zᵢₖ − zⱼₖ)², let C = κ(q) and w = −2κ′. As ∂q/∂log ℓₖ = −2 (zᵢₖ − zⱼₖ)²,

    ∂C/∂log ℓₖ = w(q) ∘ ((zᵢₖ − zⱼₖ)²)ᵢⱼ,
    Ċ = −½ w(q) ∘ q̇,    ∂Ċ/∂log ℓₖ = (w′(q) ∘ q̇ − 2φ̇ₖ w(q)) ∘ ((zᵢₖ − zⱼₖ)²)ᵢⱼ.

For a symmetric B, Σᵢⱼ Bᵢⱼ (zᵢₖ − zⱼₖ)² = 2 Σᵢ zᵢₖ ((B1)ᵢ zᵢₖ − (BZ)ᵢₖ): one matrix product serves
all the length scales, and no m × m × p array is needed. Squared exponential, Matérn with
smoothness 3/2 (t = √(3q)) and 5/2 (t = √(5q)):

    κ = exp(−q/2)                   w = exp(−q/2)                   w′ = −½ exp(−q/2)
    κ = (1 + t) exp(−t)             w = 3 exp(−t)                   w′ = −(9/2) exp(−t) / t
    κ = (1 + t + t²/3) exp(−t)      w = (5/3) (1 + t) exp(−t)       w′ = −(25/6) exp(−t)

**Of two parameters.** With C = exp(h(φ₁, φ₂)) and derivatives hₖ and hₖₗ, ∂C/∂φₖ = C ∘ hₖ, and
with ḣ = Σₗ φ̇ₗ hₗ, Ċ = C ∘ ḣ and ∂Ċ/∂φₖ = C ∘ (hₖ ∘ ḣ + Σₗ φ̇ₗ hₖₗ). Distances are r = ‖xᵢ − xⱼ‖.
Rational quadratic, with length scale ℓ, mixture α, b = r²/(2αℓ²) and u = b/(1 + b):

    h = −α log(1 + b),    h₁ = 2αu,    h₂ = α (u − log(1 + b)),
    h₁₁ = −4αu (1 − u),    h₁₂ = 2αu²,    h₂₂ = h₂ + αu².

Periodic, with length scale ℓ, period c and a = πr/c:

    h = −2 sin²(a)/ℓ²,    h₁ = −2h,    h₂ = 2a sin(2a)/ℓ²,
    h₁₁ = 4h,    h₁₂ = −2h₂,    h₂₂ = −h₂ − 4a² cos(2a)/ℓ².

The correlations are equations (4.9), (4.17), (4.19) and (4.31) of Rasmussen & Williams, Gaussian
Processes for Machine Learning (2006), the last one there with the period 2π.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

Logs: TypeAlias = tuple[Float[Array, "..."], ...]
Matrix: TypeAlias = Float[Array, "m m"]
Function: TypeAlias = Callable[[Matrix], Matrix]


class Kernel(NamedTuple):
    """The four functions above."""

    correlation: Callable[[Any, Any], Matrix]
    pull: Callable[[Any, Any, Any], Logs]
    push: Callable[[Any, Any, Any], Matrix]
    bend: Callable[[Any, Any, Any, Any], Logs]


def square_distances(X: Float[Array, "m p"], weight=1.0) -> Matrix:
    """Returns Σₖ weightₖ (xᵢₖ − xⱼₖ)²."""
    # Differences, not ‖xᵢ‖² + ‖xⱼ‖² − 2 xᵢᵀxⱼ, which cancels for neighbours.
    return jnp.sum(weight * (X[:, None] - X) ** 2, axis=-1)


def total_squares(B: Matrix, Z: Float[Array, "m p"]) -> Float[Array, " p"]:
    """Returns Σᵢⱼ Bᵢⱼ (zᵢₖ − zⱼₖ)² for a symmetric B."""
    # Far from the origin the two terms would cancel; the differences do not know where it is.
    Z = Z - jnp.mean(Z, axis=0)
    return 2 * jnp.sum(Z * (jnp.sum(B, axis=1)[:, None] * Z - B @ Z), axis=0)


def of_distance(kappa: Function, w: Function, w_slope: Function) -> Kernel:
    """Returns the kernel with C = κ(q), from κ, w = −2κ′ and w′."""

    def correlation(phi: Logs, X):
        return kappa(square_distances(X * jnp.exp(-phi[0])))

    def pull(phi: Logs, X, B) -> Logs:
        Z = X * jnp.exp(-phi[0])
        return (total_squares(B * w(square_distances(Z)), Z),)

    def push(phi: Logs, along: Logs, X):
        Z = X * jnp.exp(-phi[0])
        return w(square_distances(Z)) * square_distances(Z, along[0])

    def bend(phi: Logs, along: Logs, X, B) -> Logs:
        Z = X * jnp.exp(-phi[0])
        q, change = square_distances(Z), -2 * square_distances(Z, along[0])
        turned = total_squares(B * w_slope(q) * change, Z)
        return (turned - 2 * along[0] * total_squares(B * w(q), Z),)

    return Kernel(correlation, pull, push, bend)


def of_two_parameters(exponent: Callable, slopes: Callable, curvatures: Callable) -> Kernel:
    """Returns the kernel with C = exp(h), from h, (h₁, h₂) and (h₁₁, h₁₂, h₂₂) of (φ, X)."""

    def correlation(phi: Logs, X):
        return jnp.exp(exponent(phi, X))

    def pull(phi: Logs, X, B) -> Logs:
        weighted = B * correlation(phi, X)
        return tuple(jnp.sum(weighted * h) for h in slopes(phi, X))

    def push(phi: Logs, along: Logs, X):
        h1, h2 = slopes(phi, X)
        return correlation(phi, X) * (h1 * along[0] + h2 * along[1])

    def bend(phi: Logs, along: Logs, X, B) -> Logs:
        (h1, h2), (h11, h12, h22) = slopes(phi, X), curvatures(phi, X)
        weighted, change = B * correlation(phi, X), h1 * along[0] + h2 * along[1]
        first = h1 * change + h11 * along[0] + h12 * along[1]
        second = h2 * change + h12 * along[0] + h22 * along[1]
        return jnp.sum(weighted * first), jnp.sum(weighted * second)

    return Kernel(correlation, pull, push, bend)


def root(q: Matrix, factor: float) -> Matrix:
    """Returns √(factor · q), and 0 with the derivative 0 where q = 0."""
    # On the diagonal q = 0, where autodiff would multiply the infinite slope of √ by q̇ = 0. Both
    # `where`s are needed: the inner one so that no infinity arises in the branch not taken. The
    # slope 0 is right there for the length scales, which do not move q = 0 at any order.
    apart = q > 0
    return jnp.where(apart, jnp.sqrt(factor * jnp.where(apart, q, 1)), 0)


def matern_3_2(q: Matrix) -> Matrix:
    t = root(q, 3)
    return (1 + t) * jnp.exp(-t)


def matern_3_2_w_slope(q: Matrix) -> Matrix:
    # Infinite where q = 0, but q̇ = 0 there, and it is only used times q̇.
    t = root(q, 3)
    return jnp.where(t > 0, -4.5 * jnp.exp(-t) / jnp.where(t > 0, t, 1), 0)


def matern_5_2(q: Matrix) -> Matrix:
    t = root(q, 5)
    return (1 + t + t**2 / 3) * jnp.exp(-t)


def matern_5_2_w(q: Matrix) -> Matrix:
    t = root(q, 5)
    return 5 / 3 * (1 + t) * jnp.exp(-t)


SQUARED_EXPONENTIAL = of_distance(
    lambda q: jnp.exp(-q / 2),
    lambda q: jnp.exp(-q / 2),
    lambda q: -jnp.exp(-q / 2) / 2,
)
MATERN_3_2 = of_distance(matern_3_2, lambda q: 3 * jnp.exp(-root(q, 3)), matern_3_2_w_slope)
MATERN_5_2 = of_distance(matern_5_2, matern_5_2_w, lambda q: -25 / 6 * jnp.exp(-root(q, 5)))


def mixture_ratio(phi: Logs, X: Float[Array, "m p"]) -> Matrix:
    """Returns b = r²/(2αℓ²)."""
    return square_distances(X) * jnp.exp(-2 * phi[0] - phi[1]) / 2


def rational_quadratic(phi: Logs, X: Float[Array, "m p"]) -> Matrix:
    return -jnp.exp(phi[1]) * jnp.log1p(mixture_ratio(phi, X))


def rational_quadratic_slopes(phi: Logs, X: Float[Array, "m p"]) -> tuple[Matrix, Matrix]:
    alpha, b = jnp.exp(phi[1]), mixture_ratio(phi, X)
    u = b / (1 + b)
    return 2 * alpha * u, alpha * (u - jnp.log1p(b))


def rational_quadratic_curvatures(phi: Logs, X: Float[Array, "m p"]) -> tuple[Matrix, ...]:
    alpha, b = jnp.exp(phi[1]), mixture_ratio(phi, X)
    u = b / (1 + b)
    return -4 * alpha * u / (1 + b), 2 * alpha * u**2, alpha * (u - jnp.log1p(b) + u**2)


def phase(phi: Logs, X: Float[Array, "m 1"]) -> Matrix:
    """Returns a = πr/c; with its sign, which no term depends on."""
    return np.pi * (X - X[:, 0]) * jnp.exp(-phi[1])


def periodic(phi: Logs, X: Float[Array, "m 1"]) -> Matrix:
    return -2 * jnp.exp(-2 * phi[0]) * jnp.sin(phase(phi, X)) ** 2


def periodic_slopes(phi: Logs, X: Float[Array, "m 1"]) -> tuple[Matrix, Matrix]:
    a, scale = phase(phi, X), 2 * jnp.exp(-2 * phi[0])
    return 2 * scale * jnp.sin(a) ** 2, scale * a * jnp.sin(2 * a)


def periodic_curvatures(phi: Logs, X: Float[Array, "m 1"]) -> tuple[Matrix, ...]:
    a, scale = phase(phi, X), 2 * jnp.exp(-2 * phi[0])
    along_period = scale * a * jnp.sin(2 * a)
    around = -along_period - 2 * scale * a**2 * jnp.cos(2 * a)
    return -4 * scale * jnp.sin(a) ** 2, -2 * along_period, around


RATIONAL_QUADRATIC = of_two_parameters(
    rational_quadratic, rational_quadratic_slopes, rational_quadratic_curvatures
)
PERIODIC = of_two_parameters(periodic, periodic_slopes, periodic_curvatures)
