r"""Sums of exponentials fitted to data, from Moré, Garbow & Hillstrom.

Each is f(x) = Σᵢ rᵢ(x)² with the residuals that its function states, at times tᵢ with ordinates
yᵢ; gradient and Hessian-vector product follow as in `_squares.py`. Numbers in parentheses,
tables, starting points and minima are those of section 3 of Testing Unconstrained Optimization
Software, ACM TOMS 7 (1981), 17–41:

    (12) Box three-dimensional  f = 0 at (1, 10, 1), (10, 1, −1) and where x₁ = x₂, x₃ = 0
    (16) Brown & Dennis         f = 85822.2… for m = 20
    (17) Osborne 1              f = 5.46489…·10⁻⁵
    (18) Biggs EXP6             f = 0 at (1, 10, 1, 5, 4, 3); f = 5.65565…·10⁻³ for m = 13
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ._squares import dense, fixed, sum_of_squares


class Data(NamedTuple):
    t: Float[Array, " m"]
    y: Float[Array, " m"]


BOX_TIMES = np.arange(1.0, 11.0) / 10
BOX = Data(BOX_TIMES, np.exp(-BOX_TIMES) - np.exp(-10 * BOX_TIMES))

OSBORNE = Data(
    t=10 * np.arange(33.0),
    y=np.array(
        [
            [0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751],
            [0.718, 0.685, 0.658, 0.628, 0.603, 0.580, 0.558, 0.538, 0.522, 0.506, 0.490],
            [0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411, 0.406],
        ]
    ).ravel(),
)

BIGGS_TIMES = np.arange(1.0, 14.0) / 10
BIGGS = Data(
    BIGGS_TIMES,
    np.exp(-BIGGS_TIMES) - 5 * np.exp(-10 * BIGGS_TIMES) + 3 * np.exp(-4 * BIGGS_TIMES),
)


class Times(NamedTuple):
    t: Float[Array, " m"]


DENNIS = Times(np.arange(1.0, 21.0) / 5)


def box_residuals(x: Float[Array, "3"], data: Data) -> Float[Array, " m"]:
    """rᵢ = exp(−tᵢx₁) − exp(−tᵢx₂) − x₃yᵢ, yᵢ = exp(−tᵢ) − exp(−10tᵢ), tᵢ = i/10."""
    return jnp.exp(-data.t * x[0]) - jnp.exp(-data.t * x[1]) - x[2] * data.y


def box_jacobian(x: Float[Array, "3"], data: Data) -> Float[Array, "m 3"]:
    t = data.t
    return jnp.stack([-t * jnp.exp(-t * x[0]), t * jnp.exp(-t * x[1]), -data.y], axis=1)


def box_bend(x, w, v, data: Data) -> Float[Array, "3"]:
    """∂²rᵢ/∂x₁² = tᵢ² exp(−tᵢx₁), ∂²rᵢ/∂x₂² = −tᵢ² exp(−tᵢx₂)."""
    t, weights = data.t, w * data.t**2
    first, second = weights @ jnp.exp(-t * x[0]), -weights @ jnp.exp(-t * x[1])
    return jnp.stack([first * v[0], second * v[1], jnp.zeros_like(first)])


def dennis_residuals(x: Float[Array, "4"], data: Times) -> Float[Array, " m"]:
    """rᵢ = (x₁ + tᵢx₂ − exp tᵢ)² + (x₃ + x₄ sin tᵢ − cos tᵢ)², tᵢ = i/5, i = 1 … 20."""
    t = data.t
    p, q = x[0] + t * x[1] - jnp.exp(t), x[2] + x[3] * jnp.sin(t) - jnp.cos(t)
    return p**2 + q**2


def dennis_jacobian(x: Float[Array, "4"], data: Times) -> Float[Array, "m 4"]:
    """∂rᵢ/∂x = 2 (pᵢ, tᵢpᵢ, qᵢ, qᵢ sin tᵢ); pᵢ, qᵢ: what is squared."""
    t = data.t
    p, q = x[0] + t * x[1] - jnp.exp(t), x[2] + x[3] * jnp.sin(t) - jnp.cos(t)
    return 2 * jnp.stack([p, t * p, q, jnp.sin(t) * q], axis=1)


def dennis_bend(x, w, v, data: Times) -> Float[Array, "4"]:
    """∇²rᵢ = 2 (1, tᵢ, 0, 0)ᵀ(1, tᵢ, 0, 0) + 2 (0, 0, 1, sin tᵢ)ᵀ(0, 0, 1, sin tᵢ)."""
    t, sine = data.t, jnp.sin(data.t)
    p, q = 2 * w * (v[0] + t * v[1]), 2 * w * (v[2] + sine * v[3])
    return jnp.stack([jnp.sum(p), t @ p, jnp.sum(q), sine @ q])


def osborne_residuals(x: Float[Array, "5"], data: Data) -> Float[Array, " m"]:
    """rᵢ = yᵢ − (x₁ + x₂ exp(−tᵢx₄) + x₃ exp(−tᵢx₅)), tᵢ = 10(i − 1), i = 1 … 33."""
    t = data.t
    return data.y - (x[0] + x[1] * jnp.exp(-t * x[3]) + x[2] * jnp.exp(-t * x[4]))


def osborne_jacobian(x: Float[Array, "5"], data: Data) -> Float[Array, "m 5"]:
    t = data.t
    d, e = jnp.exp(-t * x[3]), jnp.exp(-t * x[4])
    return jnp.stack([-jnp.ones_like(t), -d, -e, x[1] * t * d, x[2] * t * e], axis=1)


def osborne_bend(x, w, v, data: Data) -> Float[Array, "5"]:
    """∂²rᵢ/∂x₂∂x₄ = tᵢdᵢ, ∂²rᵢ/∂x₄² = −x₂tᵢ²dᵢ, dᵢ = exp(−tᵢx₄); likewise in x₃ and x₅."""
    t = data.t
    d, e = w * t * jnp.exp(-t * x[3]), w * t * jnp.exp(-t * x[4])
    sum_d, sum_e = jnp.sum(d), jnp.sum(e)
    return jnp.stack(
        [
            jnp.zeros_like(sum_d),
            sum_d * v[3],
            sum_e * v[4],
            sum_d * v[1] - x[1] * (t @ d) * v[3],
            sum_e * v[2] - x[2] * (t @ e) * v[4],
        ]
    )


def biggs_residuals(x: Float[Array, "6"], data: Data) -> Float[Array, " m"]:
    """rᵢ = x₃ exp(−tᵢx₁) − x₄ exp(−tᵢx₂) + x₆ exp(−tᵢx₅) − yᵢ, tᵢ = i/10, i = 1 … 13."""
    a, b, c = (jnp.exp(-data.t * x[j]) for j in (0, 1, 4))
    return x[2] * a - x[3] * b + x[5] * c - data.y


def biggs_jacobian(x: Float[Array, "6"], data: Data) -> Float[Array, "m 6"]:
    t = data.t
    a, b, c = (jnp.exp(-t * x[j]) for j in (0, 1, 4))
    return jnp.stack([-t * x[2] * a, t * x[3] * b, a, -b, -t * x[5] * c, c], axis=1)


def biggs_bend(x, w, v, data: Data) -> Float[Array, "6"]:
    """Of x₃ exp(−tᵢx₁): ∂²/∂x₁∂x₃ = −tᵢ exp(−tᵢx₁), ∂²/∂x₁² = tᵢ²x₃ exp(−tᵢx₁); and so on."""
    t = data.t
    a, b, c = (w * t * jnp.exp(-t * x[j]) for j in (0, 1, 4))
    return jnp.stack(
        [
            x[2] * (t @ a) * v[0] - jnp.sum(a) * v[2],
            -x[3] * (t @ b) * v[1] + jnp.sum(b) * v[3],
            -jnp.sum(a) * v[0],
            jnp.sum(b) * v[1],
            x[5] * (t @ c) * v[4] - jnp.sum(c) * v[5],
            -jnp.sum(c) * v[4],
        ]
    )


OBJECTIVES = (
    sum_of_squares(
        "mgh-box",
        12,
        box_residuals,
        dense(box_jacobian),
        box_bend,
        start=fixed(0.0, 10.0, 20.0),
        data=lambda n: BOX,
        minimum=fixed(1.0, 10.0, 1.0),
        sizes=(3,),
    ),
    sum_of_squares(
        "mgh-brown-dennis",
        16,
        dennis_residuals,
        dense(dennis_jacobian),
        dennis_bend,
        start=fixed(25.0, 5.0, -5.0, -1.0),
        data=lambda n: DENNIS,
        sizes=(4,),
    ),
    sum_of_squares(
        "mgh-osborne-1",
        17,
        osborne_residuals,
        dense(osborne_jacobian),
        osborne_bend,
        start=fixed(0.5, 1.5, -1.0, 0.01, 0.02),
        data=lambda n: OSBORNE,
        sizes=(5,),
        tags=("ill-conditioned",),
    ),
    sum_of_squares(
        "mgh-biggs-exp6",
        18,
        biggs_residuals,
        dense(biggs_jacobian),
        biggs_bend,
        start=fixed(1.0, 2.0, 1.0, 1.0, 1.0, 1.0),
        data=lambda n: BIGGS,
        minimum=fixed(1.0, 10.0, 1.0, 5.0, 4.0, 3.0),
        sizes=(6,),
    ),
)
