r"""Test functions of two parameters, from Moré, Garbow & Hillstrom.

Each is f(x) = Σᵢ rᵢ(x)² with the residuals that its function states; gradient and Hessian-vector
product follow as in `_squares.py`. Numbers in parentheses, starting points and minima are those
of section 3 of Testing Unconstrained Optimization Software, ACM TOMS 7 (1981), 17–41:

    (2)  Freudenstein & Roth    f = 0 at (5, 4); f = 48.9842… at (11.41…, −0.8968…)
    (3)  Powell badly scaled    f = 0 at (1.098…·10⁻⁵, 9.106…)
    (4)  Brown badly scaled     f = 0 at (10⁶, 2·10⁻⁶)
    (5)  Beale                  f = 0 at (3, ½)
    (6)  Jennrich & Sampson     f = 124.362… at (0.2578…, 0.2578…)
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ._squares import dense, fixed, sum_of_squares


def roth_residuals(x: Float[Array, "2"], data: None) -> Float[Array, "2"]:
    """(rᵢ) = (−13 + x₁ + ((5 − x₂)x₂ − 2)x₂, −29 + x₁ + ((x₂ + 1)x₂ − 14)x₂)."""
    a, b = x
    return jnp.stack([-13 + a + ((5 - b) * b - 2) * b, -29 + a + ((b + 1) * b - 14) * b])


def roth_jacobian(x: Float[Array, "2"], data: None) -> Float[Array, "2 2"]:
    one, b = jnp.ones_like(x[0]), x[1]
    return jnp.stack([one, -2 + 10 * b - 3 * b**2, one, -14 + 2 * b + 3 * b**2]).reshape(2, 2)


def roth_bend(x, w, v, data: None) -> Float[Array, "2"]:
    """Only ∂²r₁/∂x₂² = 10 − 6x₂ and ∂²r₂/∂x₂² = 2 + 6x₂ are not zero."""
    second = w[0] * (10 - 6 * x[1]) + w[1] * (2 + 6 * x[1])
    return jnp.stack([jnp.zeros_like(second), second * v[1]])


def powell_residuals(x: Float[Array, "2"], data: None) -> Float[Array, "2"]:
    """(rᵢ) = (10⁴ x₁x₂ − 1, exp(−x₁) + exp(−x₂) − 1.0001)."""
    return jnp.stack([1e4 * x[0] * x[1] - 1, jnp.sum(jnp.exp(-x)) - 1.0001])


def powell_jacobian(x: Float[Array, "2"], data: None) -> Float[Array, "2 2"]:
    return jnp.stack([1e4 * x[::-1], -jnp.exp(-x)])


def powell_bend(x, w, v, data: None) -> Float[Array, "2"]:
    """∂²r₁/∂x₁∂x₂ = 10⁴, ∂²r₂/∂xⱼ² = exp(−xⱼ)."""
    return 1e4 * w[0] * v[::-1] + w[1] * jnp.exp(-x) * v


def brown_residuals(x: Float[Array, "2"], data: None) -> Float[Array, "3"]:
    """(rᵢ) = (x₁ − 10⁶, x₂ − 2·10⁻⁶, x₁x₂ − 2)."""
    return jnp.stack([x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2])


def brown_jacobian(x: Float[Array, "2"], data: None) -> Float[Array, "3 2"]:
    return jnp.concatenate([jnp.eye(2, dtype=x.dtype), x[None, ::-1]])


def brown_bend(x, w, v, data: None) -> Float[Array, "2"]:
    """∂²r₃/∂x₁∂x₂ = 1."""
    return w[2] * v[::-1]


class BealeData(NamedTuple):
    y: Float[Array, "3"]


BEALE = BealeData(y=np.array([1.5, 2.25, 2.625]))


def beale_residuals(x: Float[Array, "2"], data: BealeData) -> Float[Array, "3"]:
    """rᵢ = yᵢ − x₁(1 − x₂ⁱ), i = 1, 2, 3."""
    b = x[1]
    return data.y - x[0] * (1 - jnp.stack([b, b**2, b**3]))


def beale_jacobian(x: Float[Array, "2"], data: BealeData) -> Float[Array, "3 2"]:
    """∂rᵢ/∂x = (x₂ⁱ − 1, i x₁x₂ⁱ⁻¹)."""
    a, b = x
    return jnp.stack([b - 1, a, b**2 - 1, 2 * a * b, b**3 - 1, 3 * a * b**2]).reshape(3, 2)


def beale_bend(x, w, v, data: BealeData) -> Float[Array, "2"]:
    """∂²rᵢ/∂x₁∂x₂ = i x₂ⁱ⁻¹, ∂²rᵢ/∂x₂² = i(i − 1) x₁x₂ⁱ⁻²."""
    a, b = x
    mixed = w[0] + 2 * w[1] * b + 3 * w[2] * b**2
    return jnp.stack([mixed * v[1], mixed * v[0] + a * (2 * w[1] + 6 * w[2] * b) * v[1]])


class SampsonData(NamedTuple):
    i: Float[Array, "10"]


SAMPSON = SampsonData(i=np.arange(1.0, 11.0))


def sampson_residuals(x: Float[Array, "2"], data: SampsonData) -> Float[Array, "10"]:
    """rᵢ = 2 + 2i − exp(i x₁) − exp(i x₂), i = 1 … 10."""
    return 2 + 2 * data.i - jnp.sum(jnp.exp(data.i[:, None] * x), axis=1)


def sampson_jacobian(x: Float[Array, "2"], data: SampsonData) -> Float[Array, "10 2"]:
    i = data.i[:, None]
    return -i * jnp.exp(i * x)


def sampson_bend(x, w, v, data: SampsonData) -> Float[Array, "2"]:
    """∂²rᵢ/∂xⱼ² = −i² exp(i xⱼ)."""
    return -v * ((w * data.i**2) @ jnp.exp(data.i[:, None] * x))


OBJECTIVES = (
    sum_of_squares(
        "mgh-freudenstein-roth",
        2,
        roth_residuals,
        dense(roth_jacobian),
        roth_bend,
        start=fixed(0.5, -2.0),
        minimum=fixed(5.0, 4.0),
        sizes=(2,),
    ),
    sum_of_squares(
        "mgh-powell-badly-scaled",
        3,
        powell_residuals,
        dense(powell_jacobian),
        powell_bend,
        start=fixed(0.0, 1.0),
        sizes=(2,),
        tags=("ill-conditioned",),
    ),
    sum_of_squares(
        "mgh-brown-badly-scaled",
        4,
        brown_residuals,
        dense(brown_jacobian),
        brown_bend,
        start=fixed(1.0, 1.0),
        minimum=fixed(1e6, 2e-6),
        sizes=(2,),
        tags=("ill-conditioned",),
    ),
    sum_of_squares(
        "mgh-beale",
        5,
        beale_residuals,
        dense(beale_jacobian),
        beale_bend,
        start=fixed(1.0, 1.0),
        data=lambda n: BEALE,
        minimum=fixed(3.0, 0.5),
        sizes=(2,),
    ),
    sum_of_squares(
        "mgh-jennrich-sampson",
        6,
        sampson_residuals,
        dense(sampson_jacobian),
        sampson_bend,
        start=fixed(0.3, 0.4),
        data=lambda n: SAMPSON,
        sizes=(2,),
    ),
)
