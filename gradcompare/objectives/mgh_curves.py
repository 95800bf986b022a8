r"""Curves fitted to published measurements, from Moré, Garbow & Hillstrom.

Each is f(x) = Σᵢ rᵢ(x)² with the residuals that its function states, at abscissae tᵢ with
ordinates yᵢ; gradient and Hessian-vector product follow as in `_squares.py`. Numbers in
parentheses, tables, starting points and minima are those of section 3 of Testing Unconstrained
Optimization Software, ACM TOMS 7 (1981), 17–41:

    (8)  Bard               f = 8.21487…·10⁻³
    (9)  Gaussian           f = 1.12793…·10⁻⁸
    (10) Meyer              f = 87.9458…
    (15) Kowalik & Osborne  f = 3.07505…·10⁻⁴

The sums of exponentials are in `mgh_exponentials.py`.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ._squares import dense, fixed, sum_of_squares


class Data(NamedTuple):
    t: Float[Array, " m"]
    y: Float[Array, " m"]


BARD = Data(
    t=np.arange(1.0, 16.0),
    y=np.array(
        [0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39]
    ),
)

HALF_BELL = [0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521]
GAUSSIAN = Data(
    t=(8 - np.arange(1.0, 16.0)) / 2,
    y=np.array([*HALF_BELL, 0.3989, *HALF_BELL[::-1]]),
)

MEYER = Data(
    t=45 + 5 * np.arange(1.0, 17.0),
    y=np.array(
        [
            [34780.0, 28610, 23650, 19630, 16370, 13720, 11540, 9744],
            [8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872],
        ]
    ).ravel(),
)

KOWALIK = Data(
    t=np.array([4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625]),
    y=np.array(
        [0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246]
    ),
)


def bard_residuals(x: Float[Array, "3"], data: Data) -> Float[Array, " m"]:
    """rᵢ = yᵢ − x₁ − tᵢ / (sᵢx₂ + min(tᵢ, sᵢ)x₃), tᵢ = i, sᵢ = 16 − i, i = 1 … 15."""
    s = 16 - data.t
    return data.y - x[0] - data.t / (s * x[1] + jnp.minimum(data.t, s) * x[2])


def bard_jacobian(x: Float[Array, "3"], data: Data) -> Float[Array, "m 3"]:
    """∂rᵢ/∂x = (−1, tᵢsᵢ/qᵢ², tᵢpᵢ/qᵢ²) with pᵢ = min(tᵢ, sᵢ), qᵢ = sᵢx₂ + pᵢx₃."""
    s = 16 - data.t
    p = jnp.minimum(data.t, s)
    scale = data.t / (s * x[1] + p * x[2]) ** 2
    return jnp.stack([-jnp.ones_like(scale), scale * s, scale * p], axis=1)


def bard_bend(x, w, v, data: Data) -> Float[Array, "3"]:
    """∇²rᵢ = −2tᵢ/qᵢ³ (0, sᵢ, pᵢ)ᵀ(0, sᵢ, pᵢ)."""
    s = 16 - data.t
    p = jnp.minimum(data.t, s)
    along = -2 * w * data.t / (s * x[1] + p * x[2]) ** 3 * (s * v[1] + p * v[2])
    return jnp.stack([jnp.zeros_like(v[0]), along @ s, along @ p])


def gaussian_residuals(x: Float[Array, "3"], data: Data) -> Float[Array, " m"]:
    """rᵢ = x₁ exp(−x₂(tᵢ − x₃)²/2) − yᵢ, tᵢ = (8 − i)/2, i = 1 … 15."""
    return x[0] * jnp.exp(-x[1] * (data.t - x[2]) ** 2 / 2) - data.y


def gaussian_jacobian(x: Float[Array, "3"], data: Data) -> Float[Array, "m 3"]:
    """∂rᵢ/∂x = eᵢ (1, −x₁sᵢ²/2, x₁x₂sᵢ) with sᵢ = tᵢ − x₃, eᵢ = exp(−x₂sᵢ²/2)."""
    a, b, c = x
    s = data.t - c
    e = jnp.exp(-b * s**2 / 2)
    return jnp.stack([e, -a * e * s**2 / 2, a * b * e * s], axis=1)


def gaussian_bend(x, w, v, data: Data) -> Float[Array, "3"]:
    """∇²rᵢ = eᵢ [0, −s²/2, x₂s; ·, x₁s⁴/4, x₁s(1 − x₂s²/2); ·, ·, x₁x₂(x₂s² − 1)]."""
    a, b, c = x
    s = data.t - c
    e = w * jnp.exp(-b * s**2 / 2)
    ab, ac = -(s**2) / 2, b * s
    bb, bc, cc = a * s**4 / 4, a * s * (1 - b * s**2 / 2), a * b * (b * s**2 - 1)
    first, second = ab * v[1] + ac * v[2], ab * v[0] + bb * v[1] + bc * v[2]
    return jnp.stack([e @ first, e @ second, e @ (ac * v[0] + bc * v[1] + cc * v[2])])


def meyer_residuals(x: Float[Array, "3"], data: Data) -> Float[Array, " m"]:
    """rᵢ = x₁ exp(x₂/(tᵢ + x₃)) − yᵢ, tᵢ = 45 + 5i, i = 1 … 16."""
    return x[0] * jnp.exp(x[1] / (data.t + x[2])) - data.y


def meyer_jacobian(x: Float[Array, "3"], data: Data) -> Float[Array, "m 3"]:
    """∂rᵢ/∂x = eᵢ (1, x₁qᵢ, −x₁x₂qᵢ²) with qᵢ = 1/(tᵢ + x₃), eᵢ = exp(x₂qᵢ)."""
    a, b, c = x
    q = 1 / (data.t + c)
    e = jnp.exp(b * q)
    return jnp.stack([e, a * e * q, -a * b * e * q**2], axis=1)


def meyer_bend(x, w, v, data: Data) -> Float[Array, "3"]:
    """∇²rᵢ = eᵢ [0, q, −x₂q²; ·, x₁q², −x₁q²(1 + x₂q); ·, ·, x₁x₂q³(2 + x₂q)]."""
    a, b, c = x
    q = 1 / (data.t + c)
    e = w * jnp.exp(b * q)
    ab, ac = q, -b * q**2
    bb, bc, cc = a * q**2, -a * q**2 * (1 + b * q), a * b * q**3 * (2 + b * q)
    first, second = ab * v[1] + ac * v[2], ab * v[0] + bb * v[1] + bc * v[2]
    return jnp.stack([e @ first, e @ second, e @ (ac * v[0] + bc * v[1] + cc * v[2])])


def kowalik_residuals(x: Float[Array, "4"], data: Data) -> Float[Array, " m"]:
    """rᵢ = yᵢ − x₁(tᵢ² + tᵢx₂) / (tᵢ² + tᵢx₃ + x₄), i = 1 … 11."""
    t = data.t
    return data.y - x[0] * (t**2 + t * x[1]) / (t**2 + t * x[2] + x[3])


def kowalik_jacobian(x: Float[Array, "4"], data: Data) -> Float[Array, "m 4"]:
    """∂rᵢ/∂x = (−pᵢqᵢ, −x₁tᵢqᵢ, x₁tᵢpᵢqᵢ², x₁pᵢqᵢ²); pᵢ, 1/qᵢ: numerator, denominator."""
    t = data.t
    p, q = t**2 + t * x[1], 1 / (t**2 + t * x[2] + x[3])
    fall = x[0] * p * q**2
    return jnp.stack([-p * q, -x[0] * t * q, t * fall, fall], axis=1)


def kowalik_bend(x, w, v, data: Data) -> Float[Array, "4"]:
    """The row of the Jacobian, differentiated along v: ṗᵢ = tᵢv₂ and q̇ᵢ = −qᵢ²(tᵢv₃ + v₄)."""
    t = data.t
    p, q = t**2 + t * x[1], 1 / (t**2 + t * x[2] + x[3])
    dp, dq = t * v[1], -(q**2) * (t * v[2] + v[3])
    first = -(dp * q + p * dq)
    second = -t * (v[0] * q + x[0] * dq)
    fall = (v[0] * p + x[0] * dp) * q**2 + 2 * x[0] * p * q * dq
    return jnp.stack([w @ first, w @ second, w @ (t * fall), w @ fall])


OBJECTIVES = (
    sum_of_squares(
        "mgh-bard",
        8,
        bard_residuals,
        dense(bard_jacobian),
        bard_bend,
        start=fixed(1.0, 1.0, 1.0),
        data=lambda n: BARD,
        sizes=(3,),
    ),
    sum_of_squares(
        "mgh-gaussian",
        9,
        gaussian_residuals,
        dense(gaussian_jacobian),
        gaussian_bend,
        start=fixed(0.4, 1.0, 0.0),
        data=lambda n: GAUSSIAN,
        sizes=(3,),
    ),
    sum_of_squares(
        "mgh-meyer",
        10,
        meyer_residuals,
        dense(meyer_jacobian),
        meyer_bend,
        start=fixed(0.02, 4000.0, 250.0),
        data=lambda n: MEYER,
        sizes=(3,),
        tags=("ill-conditioned",),
    ),
    sum_of_squares(
        "mgh-kowalik-osborne",
        15,
        kowalik_residuals,
        dense(kowalik_jacobian),
        kowalik_bend,
        start=fixed(0.25, 0.39, 0.415, 0.39),
        data=lambda n: KOWALIK,
        sizes=(4,),
    ),
)
