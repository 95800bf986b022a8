r"""Least squares with an absolute penalty: the lasso and the elastic net.

With rows xᵢ of X (m × n), targets y, penalty λ ≥ 0 and mixture 0 ≤ α ≤ 1, the elastic net is

    f(w) = (1/2m) ‖Xw − y‖² + λ (α ‖w‖₁ + ½ (1 − α) ‖w‖²),
    ∇f(w) = (1/m) Xᵀ(Xw − y) + λ (α sign(w) + (1 − α) w),

equations (1) and (2) of Friedman, Hastie & Tibshirani, Journal of Statistical Software 33 (2010),
without the intercept; and the lasso is the case α = 1, from Tibshirani, Journal of the Royal
Statistical Society B 58 (1996), 267–288.

Where a weight is 0, f has a kink: of the subgradients, [−λα, λα] plus the smooth part, the one
here takes sign(0) = 0. The special point "kink" has zeros at every second weight. Away from
kinks, ∇²f(w) v = (1/m) XᵀXv + λ (1 − α) v; at them, where minima lie, that is the smooth part's.
"""

from typing import NamedTuple

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
    alpha: float


def fit(w: Float[Array, " n"], data: Data) -> Float[Array, ""]:
    return jnp.mean((data.X @ w - data.y) ** 2) / 2


def fit_gradient(w: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    # Xᵀr as r @ X, as in ridge.py: X.T @ r is several times slower on the CPU.
    return (data.X @ w - data.y) @ data.X / len(data.y)


def fit_hvp(v: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    return (data.X @ v) @ data.X / len(data.y)


def lasso_value(w: Float[Array, " n"], data: Data) -> Float[Array, ""]:
    """f(w) = (1/2m) ‖Xw − y‖² + λ ‖w‖₁."""
    return fit(w, data) + data.lam * jnp.sum(jnp.abs(w))


def lasso_gradient(w: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇f(w) = (1/m) Xᵀ(Xw − y) + λ sign(w) with sign(0) = 0."""
    return fit_gradient(w, data) + data.lam * jnp.sign(w)


def lasso_hvp(w: Float[Array, " n"], v: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇²f(w) v = (1/m) XᵀXv away from kinks."""
    return fit_hvp(v, data)


def elastic_net_value(w: Float[Array, " n"], data: Data) -> Float[Array, ""]:
    """f(w) = (1/2m) ‖Xw − y‖² + λ (α ‖w‖₁ + ½ (1 − α) ‖w‖²)."""
    penalty = data.alpha * jnp.sum(jnp.abs(w)) + (1 - data.alpha) / 2 * jnp.sum(w**2)
    return fit(w, data) + data.lam * penalty


def elastic_net_gradient(w: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇f(w) = (1/m) Xᵀ(Xw − y) + λ (α sign(w) + (1 − α) w) with sign(0) = 0."""
    return fit_gradient(w, data) + data.lam * (data.alpha * jnp.sign(w) + (1 - data.alpha) * w)


def elastic_net_hvp(
    w: Float[Array, " n"], v: Float[Array, " n"], data: Data
) -> Float[Array, " n"]:
    """∇²f(w) v = (1/m) XᵀXv + λ (1 − α) v away from kinks."""
    return fit_hvp(v, data) + data.lam * (1 - data.alpha) * v


def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
    """Draws `size` weights and twice as many rows from a linear model with noise."""
    w, X, predictor = draw(rng, size, 2 * size)
    y = predictor + 0.1 * rng.standard_normal(2 * size)
    return w, Data(X, y, lam=0.1, alpha=0.4)


def special(w: Float[np.ndarray, " n"]) -> dict[str, np.ndarray]:
    """A point with zeros at every second weight, and zero, where the way to a minimum starts."""
    return {"kink": np.where(np.arange(len(w)) % 2, 0, w), "kink-at-all": 0 * w}


OBJECTIVES = (
    Objective(
        name="lasso",
        value=lasso_value,
        gradient=lasso_gradient,
        hvp=lasso_hvp,
        make=make,
        special=special,
        sizes=(10, 100, 1000),
        family="regression and classification",
        tags=("convex", "kink"),
        source="Tibshirani, J. R. Statist. Soc. B 58 (1996); Friedman, Hastie & Tibshirani, "
        "J. Statistical Software 33 (2010), eq. 1 and 2 with α = 1",
        convention=Convention(reduction="mean"),
    ),
    Objective(
        name="elastic-net",
        value=elastic_net_value,
        gradient=elastic_net_gradient,
        hvp=elastic_net_hvp,
        make=make,
        special=special,
        sizes=(10, 100, 1000),
        family="regression and classification",
        tags=("convex", "kink"),
        source="Friedman, Hastie & Tibshirani, J. Statistical Software 33 (2010), eq. 1 and 2",
        convention=Convention(reduction="mean"),
    ),
)
