r"""Quantile regression with a smoothed pinball loss.

With residuals r = y − Xw (X is m × n), a level 0 < τ < 1, a width α > 0 and the logistic function
σ(t) = 1 / (1 + exp(−t)),

    f(w) = (1/m) Σᵢ (τ rᵢ + α log(1 + exp(−rᵢ/α))),
    ∇f(w) = −(1/m) Xᵀ(τ − σ(−r/α)),
    ∇²f(w) v = (1/(αm)) Xᵀ(σ(r/α) ∘ σ(−r/α) ∘ Xv).

For α → 0 it is the pinball loss max(τ rᵢ, (τ − 1) rᵢ) of Koenker & Bassett, Econometrica 46
(1978), 33–50, from which it is never further than α log 2. The smoothing is that of Zheng,
International Journal of Machine Learning and Cybernetics 2 (2011), 191–207.
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
    tau: float
    alpha: float


def value(w: Float[Array, " n"], data: Data) -> Float[Array, ""]:
    """f(w) = (1/m) Σᵢ (τ rᵢ + α log(1 + exp(−rᵢ/α))) with r = y − Xw."""
    # softplus, because exp(−r/α) overflows where a residual is 710 widths below zero.
    residuals = data.y - data.X @ w
    smoothed = data.alpha * jax.nn.softplus(-residuals / data.alpha)
    return jnp.mean(data.tau * residuals + smoothed)


def gradient(w: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇f(w) = −(1/m) Xᵀ(τ − σ(−r/α)) with r = y − Xw."""
    below = jax.nn.sigmoid((data.X @ w - data.y) / data.alpha)
    # Xᵀr as r @ X, as in ridge.py: X.T @ r is several times slower on the CPU.
    return (below - data.tau) @ data.X / len(below)


def hvp(w: Float[Array, " n"], v: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇²f(w) v = (1/(αm)) Xᵀ(σ(r/α) ∘ σ(−r/α) ∘ Xv)."""
    t = (data.y - data.X @ w) / data.alpha
    density = jax.nn.sigmoid(t) * jax.nn.sigmoid(-t)
    return (density * (data.X @ v)) @ data.X / (data.alpha * len(t))


def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
    """Draws `size` weights and twice as many rows, with skewed noise on the targets."""
    w, X, predictor = draw(rng, size, 2 * size)
    return w, Data(X, predictor + rng.gumbel(size=2 * size), tau=0.8, alpha=0.5)


OBJECTIVES = (
    Objective(
        name="quantile-regression",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda w: {"zero": 0 * w},
        sizes=(10, 100, 1000),
        family="regression and classification",
        tags=("convex",),
        source="Koenker & Bassett, Econometrica 46 (1978); Zheng, Int. J. Machine Learning and "
        "Cybernetics 2 (2011)",
        convention=Convention(reduction="mean"),
    ),
)
