r"""Logistic regression with two classes and a quadratic penalty.

With rows xᵢ of X (m × n), labels yᵢ ∈ {−1, +1}, margins zᵢ = yᵢ xᵢᵀw and the logistic
function σ(t) = 1 / (1 + exp(−t)),

    f(w) = (1/m) Σᵢ log(1 + exp(−zᵢ)) + (λ/2) ‖w‖²,
    ∇f(w) = −(1/m) Σᵢ σ(−zᵢ) yᵢ xᵢ + λ w,
    ∇²f(w) v = (1/m) Σᵢ σ(zᵢ) σ(−zᵢ) (xᵢᵀv) xᵢ + λ v,

because d/dz log(1 + exp(−z)) = −σ(−z), σ′(z) = σ(z) σ(−z) and yᵢ² = 1. See Bishop, Pattern
Recognition and Machine Learning (2006), equations (7.47) and (7.48) for this form of the error;
there the penalty is λ‖w‖² and the sum is not divided by m.
"""

from typing import NamedTuple

import jax
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
    """f(w) = (1/m) Σᵢ log(1 + exp(−yᵢ xᵢᵀw)) + (λ/2) ‖w‖²."""
    # softplus, because exp(−z) overflows at z = −710 in float64 and at z = −89 in float32.
    margins = data.y * (data.X @ w)
    return jnp.mean(jax.nn.softplus(-margins)) + data.lam / 2 * jnp.sum(w**2)


def gradient(w: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇f(w) = −(1/m) Σᵢ σ(−yᵢ xᵢᵀw) yᵢ xᵢ + λw."""
    weights = data.y * jax.nn.sigmoid(-data.y * (data.X @ w))
    # Xᵀr as r @ X, as in ridge.py: X.T @ r is several times slower on the CPU.
    return data.lam * w - weights @ data.X / len(weights)


def hvp(w: Float[Array, " n"], v: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇²f(w) v = (1/m) Σᵢ σ(zᵢ) σ(−zᵢ) (xᵢᵀv) xᵢ + λv with zᵢ = yᵢ xᵢᵀw."""
    margins = data.y * (data.X @ w)
    # σ(−z), not 1 − σ(z), which cancels where σ(z) is close to 1.
    curvature = jax.nn.sigmoid(margins) * jax.nn.sigmoid(-margins)
    return (curvature * (data.X @ v)) @ data.X / len(margins) + data.lam * v


def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
    """Draws `size` weights and twice as many rows, with labels from a logistic model."""
    X = rng.standard_normal((2 * size, size))
    logits = X @ rng.standard_normal(size) / np.sqrt(size)
    y = np.where(rng.random(2 * size) < 1 / (1 + np.exp(-logits)), 1.0, -1.0)
    return rng.standard_normal(size) / np.sqrt(size), Data(X, y, lam=0.1)


OBJECTIVES = (
    Objective(
        name="logistic",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda w: {"zero": 0 * w, "tail": 100 * w},
        sizes=(10, 100, 1000),
        family="regression and classification",
        tags=("convex", "tails"),
        source="Bishop, Pattern Recognition and Machine Learning (2006), eq. 7.47 and 7.48",
        convention=Convention(reduction="mean"),
    ),
)
