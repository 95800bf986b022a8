r"""Poisson regression with the logarithmic link.

With rows xᵢ of X (m × n), counts yᵢ ∈ {0, 1, 2, …} and means μᵢ = exp(xᵢᵀw), the mean negative
log-likelihood without the constant log yᵢ! is

    f(w) = (1/m) Σᵢ (exp(xᵢᵀw) − yᵢ xᵢᵀw),
    ∇f(w) = (1/m) Xᵀ(μ − y),    ∇²f(w) v = (1/m) Xᵀ(μ ∘ Xv).

The logarithm is the canonical link of the Poisson family, so the gradient is the design matrix
times the difference of fitted and observed counts; see McCullagh & Nelder, Generalized Linear
Models (2nd ed. 1989), section 2.2.4 for canonical links and chapter 6 for log-linear models.
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


def value(w: Float[Array, " n"], data: Data) -> Float[Array, ""]:
    """f(w) = (1/m) Σᵢ (exp(xᵢᵀw) − yᵢ xᵢᵀw), without the constant log yᵢ!."""
    logs = data.X @ w
    return jnp.mean(jnp.exp(logs) - data.y * logs)


def gradient(w: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇f(w) = (1/m) Xᵀ(exp(Xw) − y)."""
    # Xᵀr as r @ X, as in ridge.py: X.T @ r is several times slower on the CPU.
    return (jnp.exp(data.X @ w) - data.y) @ data.X / len(data.y)


def hvp(w: Float[Array, " n"], v: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇²f(w) v = (1/m) Xᵀ(exp(Xw) ∘ Xv)."""
    return (jnp.exp(data.X @ w) * (data.X @ v)) @ data.X / len(data.y)


def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
    """Draws `size` weights and twice as many rows, with counts from a Poisson model."""
    X = rng.standard_normal((2 * size, size))
    means = np.exp(X @ rng.standard_normal(size) / np.sqrt(size))
    y = rng.poisson(means).astype(np.float64)
    return rng.standard_normal(size) / np.sqrt(size), Data(X, y)


OBJECTIVES = (
    Objective(
        name="poisson-regression",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        sizes=(10, 100, 1000),
        family="regression and classification",
        tags=("convex",),
        source="McCullagh & Nelder, Generalized Linear Models (2nd ed. 1989), section 2.2.4 "
        "and chapter 6",
        convention=Convention(reduction="mean"),
    ),
)
