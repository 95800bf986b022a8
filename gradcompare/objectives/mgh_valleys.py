r"""Curved valleys in three and four parameters, from Moré, Garbow & Hillstrom.

Each is f(x) = Σᵢ rᵢ(x)² with the residuals that its function states; gradient and Hessian-vector
product follow as in `_squares.py`. Numbers in parentheses, starting points and minima are those
of section 3 of Testing Unconstrained Optimization Software, ACM TOMS 7 (1981), 17–41:

    (7)  Helical valley    f = 0 at (1, 0, 0)
    (14) Wood              f = 0 at (1, 1, 1, 1)
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from ._squares import dense, fixed, sum_of_squares


def helix_residuals(x: Float[Array, "3"], data: None) -> Float[Array, "3"]:
    """(rᵢ) = (10(x₃ − 10θ), 10(ρ − 1), x₃), 2πθ the angle and ρ the radius of (x₁, x₂)."""
    # The paper's θ, arctan(x₂/x₁)/2π plus ½ where x₁ < 0, jumps on the negative second axis, not
    # on the negative first one, where the published start lies: so one turn more beyond −π/2.
    angle = jnp.arctan2(x[1], x[0])
    theta = jnp.where(angle < -jnp.pi / 2, angle + 2 * jnp.pi, angle) / (2 * jnp.pi)
    rho = jnp.sqrt(x[0] ** 2 + x[1] ** 2)
    return jnp.stack([10 * (x[2] - 10 * theta), 10 * (rho - 1), x[2]])


def helix_jacobian(x: Float[Array, "3"], data: None) -> Float[Array, "3 3"]:
    """∂θ/∂x = (−x₂, x₁, 0) / 2πρ², ∂ρ/∂x = (x₁, x₂, 0) / ρ."""
    a, b, _ = x
    rho = jnp.sqrt(a**2 + b**2)
    turn, zero, one = 50 / (jnp.pi * rho**2), jnp.zeros_like(a), jnp.ones_like(a)
    rows = [turn * b, -turn * a, 10 * one, 10 * a / rho, 10 * b / rho, zero, zero, zero, one]
    return jnp.stack(rows).reshape(3, 3)


def helix_bend(x, w, v, data: None) -> Float[Array, "3"]:
    """2πρ⁴∇²θ = [2x₁x₂, x₂² − x₁²; x₂² − x₁², −2x₁x₂], ρ³∇²ρ = (x₂, −x₁)ᵀ(x₂, −x₁)."""
    a, b, _ = x
    rho = jnp.sqrt(a**2 + b**2)
    twist = -50 * w[0] / (jnp.pi * rho**4)
    along = 10 * w[1] / rho**3 * (b * v[0] - a * v[1])
    return jnp.stack(
        [
            twist * (2 * a * b * v[0] + (b**2 - a**2) * v[1]) + along * b,
            twist * ((b**2 - a**2) * v[0] - 2 * a * b * v[1]) - along * a,
            jnp.zeros_like(a),
        ]
    )


def wood_residuals(x: Float[Array, "4"], data: None) -> Float[Array, "6"]:
    """(rᵢ) = (10(x₂ − x₁²), 1 − x₁, √90(x₄ − x₃²), 1 − x₃, √10(x₂ + x₄ − 2), (x₂ − x₄)/√10)."""
    a, b, c, d = x
    valleys = [10 * (b - a**2), 1 - a, 90**0.5 * (d - c**2), 1 - c]
    return jnp.stack([*valleys, 10**0.5 * (b + d - 2), (b - d) / 10**0.5])


def wood_push(x, v, data: None) -> Float[Array, "6"]:
    a, b, c, d = v
    valleys = [10 * (b - 2 * x[0] * a), -a, 90**0.5 * (d - 2 * x[2] * c), -c]
    return jnp.stack([*valleys, 10**0.5 * (b + d), (b - d) / 10**0.5])


def wood_pull(x, u, data: None) -> Float[Array, "4"]:
    first, second, total, gap = 10 * u[0], 90**0.5 * u[2], 10**0.5 * u[4], u[5] / 10**0.5
    return jnp.stack(
        [
            -2 * x[0] * first - u[1],
            first + total + gap,
            -2 * x[2] * second - u[3],
            second + total - gap,
        ]
    )


def wood_bend(x, w, v, data: None) -> Float[Array, "4"]:
    """∂²r₁/∂x₁² = −20, ∂²r₃/∂x₃² = −2√90."""
    zero = jnp.zeros_like(w[0])
    return jnp.stack([-20 * w[0] * v[0], zero, -2 * 90**0.5 * w[2] * v[2], zero])


OBJECTIVES = (
    sum_of_squares(
        "mgh-helical-valley",
        7,
        helix_residuals,
        dense(helix_jacobian),
        helix_bend,
        start=fixed(-1.0, 0.0, 0.0),
        minimum=fixed(1.0, 0.0, 0.0),
        sizes=(3,),
    ),
    sum_of_squares(
        "mgh-wood",
        14,
        wood_residuals,
        (wood_push, wood_pull),
        wood_bend,
        start=fixed(-3.0, -1.0, -3.0, -1.0),
        minimum=fixed(1.0, 1.0, 1.0, 1.0),
        sizes=(4,),
    ),
)
