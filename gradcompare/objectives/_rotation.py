r"""Rotations in space by their rotation vectors, without a singularity at no rotation.

The rotation by the angle θ = ‖ω‖ about the axis ω/θ is given by the formula of Rodrigues,

    R(ω) x = c₀ x + c₁ ω × x + c₂ (ω·x) ω,    c₀ = cos θ,  c₁ = sin θ/θ,  c₂ = (1 − cos θ)/θ².

These are values at q = θ² of the functions of Stumpff, which are entire in q, not in θ:

    cₖ(q) = Σᵢ (−q)ⁱ / (k + 2i)!,    cₖ = 1/k! − q cₖ₊₂,    cₖ′ = (k cₖ₊₂ − cₖ₊₁)/2.

Along a curve ω(t) the point turns with the angular velocity J(ω) ω̇,

    d/dt R(ω) x = (J(ω) ω̇) × R(ω) x,    J(ω) w = w + c₂ ω × w + c₃ ω × (ω × w),

and both matrices are transposed by changing the sign of ω. See Gallego & Yezzi, Journal of
Mathematical Imaging and Vision 51 (2015), 378–384, for R and its derivative, and Danby,
Fundamentals of Celestial Mechanics (2nd ed. 1988), for the functions of Stumpff.
"""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

TERMS = 8
"""Of each series, which leaves out less than 1e-17 where q < 1."""


def stumpff(omega: Float[Array, "k 3"]) -> Float[Array, "6 k 1"]:
    """Returns c₀ to c₅ at q = ‖ω‖² of each rotation vector."""
    q = jnp.sum(omega**2, axis=-1, keepdims=True)
    # 1 − cos θ and the like cancel for small angles, and √q has no derivative at 0.
    is_small = q < 1
    near, far = _by_series(jnp.where(is_small, q, 0)), _by_cosine(jnp.where(is_small, 1, q))
    return jnp.where(is_small, jnp.stack(near), jnp.stack(far))


def _by_series(q: Float[Array, "k 1"]) -> list[Float[Array, "k 1"]]:
    """Sums the series of c₄ and c₅, and goes down from there by cₖ = 1/k! − q cₖ₊₂."""
    c = []
    for k in (5, 4):
        nested = jnp.ones_like(q)
        for n in range(k + 2 * TERMS, k, -2):
            nested = 1 - q / (n * (n - 1)) * nested
        c.insert(0, nested / math.factorial(k))
    for k in (3, 2, 1, 0):
        c.insert(0, 1 / math.factorial(k) - q * c[1])
    return c


def _by_cosine(q: Float[Array, "k 1"]) -> list[Float[Array, "k 1"]]:
    """Goes up from c₀ = cos θ and c₁ = sin θ/θ by cₖ₊₂ = (1/k! − cₖ)/q."""
    theta = jnp.sqrt(q)
    c = [jnp.cos(theta), jnp.sin(theta) / theta]
    for k in (0, 1, 2, 3):
        c.append((1 / math.factorial(k) - c[k]) / q)
    return c


def rotate(
    omega: Float[Array, "k 3"], c: Float[Array, "6 k 1"], x: Float[Array, "k 3"]
) -> Float[Array, "k 3"]:
    """Returns R(ω) x."""
    along = jnp.sum(omega * x, axis=-1, keepdims=True)
    return c[0] * x + c[1] * jnp.cross(omega, x) + c[2] * along * omega


def turning(
    omega: Float[Array, "k 3"], c: Float[Array, "6 k 1"], w: Float[Array, "k 3"]
) -> Float[Array, "k 3"]:
    """Returns J(ω) w, the angular velocity where ω changes by w."""
    once = jnp.cross(omega, w)
    return w + c[2] * once + c[3] * jnp.cross(omega, once)


def turning_change(
    omega: Float[Array, "k 3"],
    moved: Float[Array, "k 3"],
    c: Float[Array, "6 k 1"],
    w: Float[Array, "k 3"],
) -> Float[Array, "k 3"]:
    """Returns the change of J(ω) w where ω changes by ω̇ (`moved`) and w does not."""
    c2_change = jnp.sum(omega * moved, axis=-1, keepdims=True) * (2 * c[4] - c[3])
    c3_change = jnp.sum(omega * moved, axis=-1, keepdims=True) * (3 * c[5] - c[4])
    once, turned = jnp.cross(omega, w), jnp.cross(moved, w)
    twice = jnp.cross(moved, once) + jnp.cross(omega, turned)
    by_factors = c2_change * once + c3_change * jnp.cross(omega, once)
    return by_factors + c[2] * turned + c[3] * twice
