r"""Ridge regression: least squares with a quadratic penalty.

With design matrix X (m × n), targets y and penalty λ ≥ 0,

    f(w) = ½ ‖Xw − y‖² + (λ/2) ‖w‖²,
    ∇f(w) = Xᵀ(Xw − y) + λ w,    ∇²f(w) v = XᵀXv + λ v.

This is half of RSS(λ) in Hastie, Tibshirani & Friedman, The Elements of Statistical Learning
(2nd ed. 2009), equation (3.43), p. 64; the method is that of Hoerl & Kennard, Technometrics 12
(1970). The sum over the rows is not divided by m, and there is no intercept.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective


class Data(NamedTuple):
    X: Float[Array, "m n"]
    y: Float[Array, " m"]
    lam: float


def value(w: Float[Array, " n"], data: Data) -> Float[Array, ""]:
    """f(w) = ½ ‖Xw − y‖² + (λ/2) ‖w‖²."""
    return (jnp.sum((data.X @ w - data.y) ** 2) + data.lam * jnp.sum(w**2)) / 2


def gradient(w: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇f(w) = Xᵀ(Xw − y) + λw."""
    # Xᵀr as r @ X: of X.T @ r, XLA on the CPU makes a plain loop, not a matrix product, which
    # took four to seven times as long at 2000 × 1000.
    return (data.X @ w - data.y) @ data.X + data.lam * w


def hvp(w: Float[Array, " n"], v: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇²f(w) v = Xᵀ(Xv) + λv, which does not depend on w."""
    return (data.X @ v) @ data.X + data.lam * v


def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
    """Draws `size` weights and twice as many rows from a linear model with noise."""
    X = rng.standard_normal((2 * size, size))
    y = X @ rng.standard_normal(size) + 0.1 * rng.standard_normal(2 * size)
    return rng.standard_normal(size), Data(X, y, lam=0.5)


OBJECTIVES = (
    Objective(
        name="ridge",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        sizes=(10, 100, 1000),
        family="regression and classification",
        tags=("convex",),
        source="Hastie, Tibshirani & Friedman, The Elements of Statistical Learning (2009), "
        "eq. 3.43, halved",
        convention=Convention(reduction="sum"),
    ),
)
