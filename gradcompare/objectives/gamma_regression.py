r"""Gamma regression with the logarithmic link.

With rows xᵢ of X (m × n) and responses yᵢ > 0 of mean μᵢ = exp(xᵢᵀw) and constant coefficient of
variation, the mean negative log-likelihood, divided by the shape parameter and without the terms
that do not depend on w, is

    f(w) = (1/m) Σᵢ (yᵢ exp(−xᵢᵀw) + xᵢᵀw),
    ∇f(w) = (1/m) Σᵢ (1 − yᵢ exp(−xᵢᵀw)) xᵢ,
    ∇²f(w) v = (1/m) Σᵢ yᵢ exp(−xᵢᵀw) (xᵢᵀv) xᵢ.

The log-likelihood in μ is −yᵢ/μᵢ − log μᵢ times the shape parameter; see McCullagh & Nelder,
Generalized Linear Models (2nd ed. 1989), chapter 8. The link is not the canonical one (which is
1/μ), but f is convex in w all the same.
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


def value(w: Float[Array, " n"], data: Data) -> Float[Array, ""]:
    """f(w) = (1/m) Σᵢ (yᵢ exp(−xᵢᵀw) + xᵢᵀw), without constants."""
    logs = data.X @ w
    return jnp.mean(data.y * jnp.exp(-logs) + logs)


def gradient(w: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇f(w) = (1/m) Σᵢ (1 − yᵢ exp(−xᵢᵀw)) xᵢ."""
    # Xᵀr as r @ X, as in ridge.py: X.T @ r is several times slower on the CPU.
    return (1 - data.y * jnp.exp(-(data.X @ w))) @ data.X / len(data.y)


def hvp(w: Float[Array, " n"], v: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇²f(w) v = (1/m) Σᵢ yᵢ exp(−xᵢᵀw) (xᵢᵀv) xᵢ."""
    return (data.y * jnp.exp(-(data.X @ w)) * (data.X @ v)) @ data.X / len(data.y)


def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
    """Draws `size` weights and twice as many rows, with responses from a Gamma of shape 2."""
    w, X, predictor = draw(rng, size, 2 * size)
    return w, Data(X, np.exp(predictor) * rng.gamma(2.0, 0.5, 2 * size))


OBJECTIVES = (
    Objective(
        name="gamma-regression",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda w: {"zero": 0 * w},
        sizes=(10, 100, 1000),
        family="regression and classification",
        tags=("convex",),
        source="McCullagh & Nelder, Generalized Linear Models (2nd ed. 1989), chapter 8",
        convention=Convention(reduction="mean"),
    ),
)
