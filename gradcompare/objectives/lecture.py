r"""The examples of the lecture on gradients that this project grew out of.

A polynomial of two parameters,

    f(θ) = θ₀² + 2 θ₀ θ₁³,    ∇f(θ) = (2θ₀ + 2θ₁³,  6 θ₀ θ₁²),
    ∇²f(θ) v = (2v₀ + 6θ₁² v₁,  6θ₁² v₀ + 12 θ₀ θ₁ v₁),

and linear least squares with design matrix X (m × n) and targets y, once as a sum and once
as a mean (the empirical risk),

    J(θ) = ‖Xθ − y‖²,         ∇J(θ) = 2 Xᵀ(Xθ − y),      J′(θ; u) = 2 (Xθ − y)ᵀXu,
    R(θ) = ‖Xθ − y‖² / m,     ∇R(θ) = 2 Xᵀ(Xθ − y) / m,
    ∇²J(θ) v = 2 XᵀXv,        ∇²R(θ) v = 2 XᵀXv / m.

The gradients of J and R follow from d‖r‖² = 2 rᵀdr with r = Xθ − y, dr = X dθ; see Petersen &
Pedersen, The Matrix Cookbook (2012), equation (84).
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective


def polynomial_value(theta: Float[Array, "2"], data: None) -> Float[Array, ""]:
    """f(θ) = θ₀² + 2 θ₀ θ₁³."""
    return theta[0] ** 2 + 2 * theta[0] * theta[1] ** 3


def polynomial_gradient(theta: Float[Array, "2"], data: None) -> Float[Array, "2"]:
    """∇f(θ) = (2θ₀ + 2θ₁³, 6θ₀θ₁²)."""
    return jnp.stack([2 * theta[0] + 2 * theta[1] ** 3, 6 * theta[0] * theta[1] ** 2])


def polynomial_hvp(
    theta: Float[Array, "2"], v: Float[Array, "2"], data: None
) -> Float[Array, "2"]:
    """∇²f(θ) v = (2v₀ + 6θ₁² v₁, 6θ₁² v₀ + 12θ₀θ₁ v₁)."""
    mixed = 6 * theta[1] ** 2
    return jnp.stack([2 * v[0] + mixed * v[1], mixed * v[0] + 12 * theta[0] * theta[1] * v[1]])


def make_polynomial(rng: np.random.Generator, size: int) -> tuple[np.ndarray, None]:
    """Draws θ from the standard normal distribution; `size` is always 2."""
    return rng.standard_normal(2), None


class Data(NamedTuple):
    X: Float[Array, "m n"]
    y: Float[Array, " m"]


def squared_error_value(theta: Float[Array, " n"], data: Data) -> Float[Array, ""]:
    """J(θ) = ‖Xθ − y‖²."""
    return jnp.sum((data.X @ theta - data.y) ** 2)


def squared_error_gradient(theta: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇J(θ) = 2 Xᵀ(Xθ − y)."""
    return 2 * (data.X @ theta - data.y) @ data.X  # as in ridge.py, faster than Xᵀr


def squared_error_directional(
    theta: Float[Array, " n"], u: Float[Array, " n"], data: Data
) -> Float[Array, ""]:
    """J′(θ; u) = 2 (Xθ − y)ᵀ(Xu), without the gradient."""
    return 2 * (data.X @ theta - data.y) @ (data.X @ u)


def squared_error_hvp(
    theta: Float[Array, " n"], v: Float[Array, " n"], data: Data
) -> Float[Array, " n"]:
    """∇²J(θ) v = 2 Xᵀ(Xv)."""
    return 2 * (data.X @ v) @ data.X


def empirical_risk_value(theta: Float[Array, " n"], data: Data) -> Float[Array, ""]:
    """R(θ) = ‖Xθ − y‖² / m."""
    return jnp.mean((data.X @ theta - data.y) ** 2)


def empirical_risk_gradient(theta: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇R(θ) = 2 Xᵀ(Xθ − y) / m."""
    return 2 / len(data.y) * (data.X @ theta - data.y) @ data.X


def empirical_risk_hvp(
    theta: Float[Array, " n"], v: Float[Array, " n"], data: Data
) -> Float[Array, " n"]:
    """∇²R(θ) v = 2 Xᵀ(Xv) / m."""
    return 2 / len(data.y) * (data.X @ v) @ data.X


def make_regression(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
    """Draws `size` parameters and twice as many rows from a linear model with noise."""
    X = rng.standard_normal((2 * size, size))
    y = X @ rng.standard_normal(size) + 0.1 * rng.standard_normal(2 * size)
    return rng.standard_normal(size), Data(X, y)


OBJECTIVES = (
    Objective(
        name="lecture-polynomial",
        value=polynomial_value,
        gradient=polynomial_gradient,
        hvp=polynomial_hvp,
        make=make_polynomial,
        sizes=(2,),
        family="lecture",
        source="lecture on gradients, first example",
    ),
    Objective(
        name="squared-error",
        value=squared_error_value,
        gradient=squared_error_gradient,
        hvp=squared_error_hvp,
        directional=squared_error_directional,
        make=make_regression,
        sizes=(10, 100, 1000),
        family="lecture",
        tags=("convex",),
        source="Petersen & Pedersen, The Matrix Cookbook (2012), eq. 84",
        convention=Convention(reduction="sum"),
    ),
    Objective(
        name="empirical-risk",
        value=empirical_risk_value,
        gradient=empirical_risk_gradient,
        hvp=empirical_risk_hvp,
        make=make_regression,
        sizes=(10, 100, 1000),
        family="lecture",
        tags=("convex",),
        source="Petersen & Pedersen, The Matrix Cookbook (2012), eq. 84, divided by m",
        convention=Convention(reduction="mean"),
    ),
)
