r"""Support vector machines: the hinge and the squared hinge, with a quadratic penalty.

With rows xᵢ of X (m × n), labels yᵢ ∈ {−1, +1} and shortfalls sᵢ = max(0, 1 − yᵢ xᵢᵀw),

    f₁(w) = (1/m) Σᵢ sᵢ + (λ/2) ‖w‖²,     ∇f₁(w) = −(1/m) Σᵢ [sᵢ > 0] yᵢ xᵢ + λ w,
                                          ∇²f₁(w) v = λ v between kinks,
    f₂(w) = (1/m) Σᵢ sᵢ² + (λ/2) ‖w‖²,    ∇f₂(w) = −(2/m) Σᵢ sᵢ yᵢ xᵢ + λ w,
                                          ∇²f₂(w) v = (2/m) Σᵢ [sᵢ > 0] (xᵢᵀv) xᵢ + λ v.

Where a margin yᵢ xᵢᵀw is exactly 1, f₁ has a kink; of the subgradients, between 0 and −yᵢ xᵢ/m,
the one here is 0. There f₂ is differentiable once, and its Hessian is the generalised one with the
same choice. The first row of the data is the first unit vector with label +1, whose margin is w₁:
at the special point "kink", w₁ = 1.

See Hastie, Tibshirani & Friedman, The Elements of Statistical Learning (2nd ed. 2009), equation
(12.25), for f₁ (there the sum is not divided by m), and Keerthi & DeCoste, Journal of Machine
Learning Research 6 (2005), 341–361, for f₂ and its generalised Hessian.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective
from ._linear import draw


class Data(NamedTuple):
    X: Float[Array, "m n"]
    y: Float[Array, " m"]
    lam: float


def shortfalls(w: Float[Array, " n"], data: Data) -> Float[Array, " m"]:
    """Returns sᵢ = max(0, 1 − yᵢ xᵢᵀw)."""
    # relu, whose derivative at 0 is 0 in JAX; that of jnp.maximum is ½.
    return jax.nn.relu(1 - data.y * (data.X @ w))


def hinge_value(w: Float[Array, " n"], data: Data) -> Float[Array, ""]:
    """f(w) = (1/m) Σᵢ max(0, 1 − yᵢ xᵢᵀw) + (λ/2) ‖w‖²."""
    return jnp.mean(shortfalls(w, data)) + data.lam / 2 * jnp.sum(w**2)


def hinge_gradient(w: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇f(w) = −(1/m) Σᵢ [sᵢ > 0] yᵢ xᵢ + λw."""
    weights = data.y * (shortfalls(w, data) > 0)
    # Xᵀr as r @ X, as in ridge.py: X.T @ r is several times slower on the CPU.
    return data.lam * w - weights @ data.X / len(weights)


def hinge_hvp(w: Float[Array, " n"], v: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇²f(w) v = λv: between its kinks, the loss is linear."""
    return data.lam * v


def squared_value(w: Float[Array, " n"], data: Data) -> Float[Array, ""]:
    """f(w) = (1/m) Σᵢ max(0, 1 − yᵢ xᵢᵀw)² + (λ/2) ‖w‖²."""
    return jnp.mean(shortfalls(w, data) ** 2) + data.lam / 2 * jnp.sum(w**2)


def squared_gradient(w: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇f(w) = −(2/m) Σᵢ sᵢ yᵢ xᵢ + λw."""
    return data.lam * w - 2 / len(data.y) * (data.y * shortfalls(w, data)) @ data.X


def squared_hvp(w: Float[Array, " n"], v: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇²f(w) v = (2/m) Σᵢ [sᵢ > 0] (xᵢᵀv) xᵢ + λv."""
    moved = jnp.where(shortfalls(w, data) > 0, data.X @ v, 0)
    return data.lam * v + 2 / len(moved) * moved @ data.X


def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
    """Draws `size` weights and twice as many rows; the margin of the first row is w₁."""
    w, X, predictor = draw(rng, size, 2 * size)
    y = np.where(predictor + rng.logistic(size=2 * size) / 2 > 0, 1.0, -1.0)
    X[0], y[0] = np.eye(size)[0], 1
    return w, Data(X, y, lam=0.1)


def special(w: Float[np.ndarray, " n"]) -> dict[str, np.ndarray]:
    """The point with all shortfalls 1, and one with the first at its kink."""
    return {"zero": 0 * w, "kink": np.concatenate([[1.0], w[1:]])}


OBJECTIVES = (
    Objective(
        name="hinge",
        value=hinge_value,
        gradient=hinge_gradient,
        hvp=hinge_hvp,
        make=make,
        special=special,
        sizes=(10, 100, 1000),
        family="regression and classification",
        tags=("convex", "kink"),
        source="Hastie, Tibshirani & Friedman, The Elements of Statistical Learning (2009), "
        "eq. 12.25, divided by m",
        convention=Convention(reduction="mean"),
    ),
    Objective(
        name="squared-hinge",
        value=squared_value,
        gradient=squared_gradient,
        hvp=squared_hvp,
        make=make,
        special=special,
        sizes=(10, 100, 1000),
        family="regression and classification",
        tags=("convex",),
        source="Keerthi & DeCoste, J. Machine Learning Research 6 (2005), 341–361",
        convention=Convention(reduction="mean"),
    ),
)
