r"""Negative binomial regression with the logarithmic link and a known dispersion.

With rows xᵢ of X (m × n), counts yᵢ ∈ {0, 1, 2, …} of mean μᵢ = exp(xᵢᵀw) and variance
μᵢ + αμᵢ², α > 0, and sᵢ = xᵢᵀw + log α, so that αμᵢ = exp(sᵢ), the mean negative log-likelihood
without the terms that do not depend on w is

    f(w) = (1/m) Σᵢ ((yᵢ + 1/α) log(1 + exp(sᵢ)) − yᵢ xᵢᵀw),
    ∇f(w) = (1/m) Σᵢ ((yᵢ + 1/α) σ(sᵢ) − yᵢ) xᵢ = (1/m) Σᵢ (μᵢ − yᵢ) / (1 + αμᵢ) xᵢ,
    ∇²f(w) v = (1/m) Σᵢ (yᵢ + 1/α) σ(sᵢ) σ(−sᵢ) (xᵢᵀv) xᵢ,

with the logistic function σ(s) = 1 / (1 + exp(−s)). It is the model called NB2 in Cameron &
Trivedi, Regression Analysis of Count Data (1998), section 3.3. With α → 0 it is the Poisson
regression of poisson.py.
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
    alpha: float


def value(w: Float[Array, " n"], data: Data) -> Float[Array, ""]:
    """f(w) = (1/m) Σᵢ ((yᵢ + 1/α) log(1 + α exp(xᵢᵀw)) − yᵢ xᵢᵀw), without constants."""
    logs = data.X @ w
    # softplus of a logarithm, because exp(xᵢᵀw) overflows long before f does.
    fit = (data.y + 1 / data.alpha) * jax.nn.softplus(logs + jnp.log(data.alpha))
    return jnp.mean(fit - data.y * logs)


def gradient(w: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇f(w) = (1/m) Σᵢ ((yᵢ + 1/α) σ(sᵢ) − yᵢ) xᵢ with sᵢ = xᵢᵀw + log α."""
    s = data.X @ w + jnp.log(data.alpha)
    errors = (data.y + 1 / data.alpha) * jax.nn.sigmoid(s) - data.y
    # Xᵀr as r @ X, as in ridge.py: X.T @ r is several times slower on the CPU.
    return errors @ data.X / len(data.y)


def hvp(w: Float[Array, " n"], v: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇²f(w) v = (1/m) Σᵢ (yᵢ + 1/α) σ(sᵢ) σ(−sᵢ) (xᵢᵀv) xᵢ."""
    s = data.X @ w + jnp.log(data.alpha)
    curvature = (data.y + 1 / data.alpha) * jax.nn.sigmoid(s) * jax.nn.sigmoid(-s)
    return (curvature * (data.X @ v)) @ data.X / len(s)


def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
    """Draws `size` weights and twice as many rows: Poisson counts of Gamma-distributed means."""
    alpha = 0.6
    w, X, predictor = draw(rng, size, 2 * size)
    means = np.exp(predictor) * rng.gamma(1 / alpha, alpha, 2 * size)
    return w, Data(X, rng.poisson(means).astype(np.float64), alpha)


OBJECTIVES = (
    Objective(
        name="negative-binomial-regression",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda w: {"zero": 0 * w, "tail": 10 * w},
        sizes=(10, 100, 1000),
        family="regression and classification",
        tags=("convex", "tails"),
        source="Cameron & Trivedi, Regression Analysis of Count Data (1998), section 3.3, NB2",
        convention=Convention(reduction="mean"),
    ),
)
