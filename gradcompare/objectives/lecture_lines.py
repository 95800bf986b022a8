r"""The lecture's two questions about a line: how steep is f along it, and does it lead down?

Along a direction u from a point θ, and down the gradient of the squared error J(θ) = ‖Xθ − y‖²,

    g(t) = f(θ + t u) with f(θ) = θ₀² + 2 θ₀ θ₁³,    g′(t) = ∇f(θ + t u)ᵀ u,
    φ(t) = J(θ − t d) with d = ∇J(θ),                φ′(t) = −2 (X(θ − t d) − y)ᵀ X d.

g′(0) is the directional derivative of f at θ; and φ′(0) = −‖∇J(θ)‖², so −∇J(θ) is a descent
direction unless θ is stationary, and φ has its minimum at t = ‖d‖² / 2‖Xd‖². See Nocedal &
Wright, Numerical Optimization (2nd ed. 2006): appendix A for the directional derivative, section
2.2 for descent directions, section 3.3 for the exact step of a quadratic.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.objective import Objective


class Line(NamedTuple):
    """A point and a direction."""

    theta: Float[Array, " 2"]
    u: Float[Array, " 2"]


class Descent(NamedTuple):
    """What J consists of, a point and the gradient of J there."""

    X: Float[Array, "m n"]
    y: Float[Array, " m"]
    theta: Float[Array, " n"]
    d: Float[Array, " n"]


def along_value(t: Float[Array, ""], data: Line) -> Float[Array, ""]:
    """g(t) = f(θ + t u) with f(θ) = θ₀² + 2 θ₀ θ₁³."""
    a, b = data.theta + t * data.u
    return a**2 + 2 * a * b**3


def along_slope(t: Float[Array, ""], data: Line) -> Float[Array, ""]:
    """g′(t) = (2a + 2b³) u₀ + 6ab² u₁ at (a, b) = θ + t u."""
    a, b = data.theta + t * data.u
    return (2 * a + 2 * b**3) * data.u[0] + 6 * a * b**2 * data.u[1]


def along_hvp(t: Float[Array, ""], v: Float[Array, ""], data: Line) -> Float[Array, ""]:
    """g″(t) v = (2u₀² + 12 b² u₀u₁ + 12 ab u₁²) v at (a, b) = θ + t u."""
    (a, b), u = data.theta + t * data.u, data.u
    return (2 * u[0] ** 2 + 12 * b**2 * u[0] * u[1] + 12 * a * b * u[1] ** 2) * v


def descent_value(t: Float[Array, ""], data: Descent) -> Float[Array, ""]:
    """φ(t) = ‖X(θ − t d) − y‖² with d = 2 Xᵀ(Xθ − y)."""
    return jnp.sum((data.X @ (data.theta - t * data.d) - data.y) ** 2)


def descent_slope(t: Float[Array, ""], data: Descent) -> Float[Array, ""]:
    """φ′(t) = −2 (X(θ − t d) − y)ᵀ X d."""
    return -2 * (data.X @ (data.theta - t * data.d) - data.y) @ (data.X @ data.d)


def descent_hvp(t: Float[Array, ""], v: Float[Array, ""], data: Descent) -> Float[Array, ""]:
    """φ″(t) v = 2 ‖Xd‖² v."""
    return 2 * jnp.sum((data.X @ data.d) ** 2) * v


def make_line(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Line]:
    """Draws a point, a direction and how far to go; there are always two parameters of f."""
    return rng.standard_normal(()), Line(*rng.standard_normal((2, 2)))


def make_descent(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Descent]:
    """Draws `size` parameters of J, and a step from 0 to about that to the minimum."""
    X = rng.standard_normal((2 * size, size))
    y, theta = rng.standard_normal(2 * size), rng.standard_normal(size)
    d = 2 * (X @ theta - y) @ X
    best = d @ d / (2 * np.sum((X @ d) ** 2))
    return np.asarray(best * rng.uniform(0.1, 0.9)), Descent(X, y, theta, d)


OBJECTIVES = (
    Objective(
        name="lecture-directional",
        value=along_value,
        gradient=along_slope,
        hvp=along_hvp,
        make=make_line,
        special=lambda t: {"t = 0": 0 * t},
        sizes=(2,),
        family="lecture",
        tags=("directional",),
        source="lecture on gradients; Nocedal & Wright, Numerical Optimization (2006), appendix A",
    ),
    Objective(
        name="lecture-descent",
        value=descent_value,
        gradient=descent_slope,
        hvp=descent_hvp,
        make=make_descent,
        special=lambda t: {"t = 0": 0 * t},
        sizes=(10, 100, 1000),
        family="lecture",
        tags=("directional", "convex"),
        source="lecture on gradients; Nocedal & Wright, Numerical Optimization (2006), "
        "sections 2.2 and 3.3",
    ),
)
