r"""Robust linear regression with the pseudo-Huber loss.

With residuals r = Xw − y (X is m × n) and the scale δ > 0 at which the loss turns from
quadratic to linear,

    f(w) = (δ²/m) Σᵢ (√(1 + (rᵢ/δ)²) − 1),
    ∇f(w) = (1/m) Xᵀ(r / √(1 + (r/δ)²)),
    ∇²f(w) v = (1/m) Xᵀ(Xv / (1 + (r/δ)²)^(3/2)).

The loss is that of Charbonnier, Blanc-Féraud, Aubert & Barlaud, IEEE Transactions on Image
Processing 6 (1997), 298–311; see Hartley & Zisserman, Multiple View Geometry in Computer Vision
(2nd ed. 2004), appendix 6.8, p. 619, where it is twice as large.
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
    delta: float


def value(w: Float[Array, " n"], data: Data) -> Float[Array, ""]:
    """f(w) = (δ²/m) Σᵢ (√(1 + (rᵢ/δ)²) − 1) with r = Xw − y."""
    residuals = data.X @ w - data.y
    # δ²(√(1 + t²) − 1) = r² / (1 + √(1 + t²)): the left side cancels where |r| is below δ.
    return jnp.mean(residuals**2 / (1 + jnp.sqrt(1 + (residuals / data.delta) ** 2)))


def gradient(w: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇f(w) = (1/m) Xᵀ(r / √(1 + (r/δ)²)) with r = Xw − y."""
    residuals = data.X @ w - data.y
    influence = residuals / jnp.sqrt(1 + (residuals / data.delta) ** 2)
    # Xᵀr as r @ X, as in ridge.py: X.T @ r is several times slower on the CPU.
    return influence @ data.X / len(residuals)


def hvp(w: Float[Array, " n"], v: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇²f(w) v = (1/m) Xᵀ(Xv / (1 + (r/δ)²)^(3/2)) with r = Xw − y."""
    t2 = ((data.X @ w - data.y) / data.delta) ** 2
    return (data.X @ v / ((1 + t2) * jnp.sqrt(1 + t2))) @ data.X / len(t2)


def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
    """Draws `size` weights and twice as many rows, with heavy-tailed noise on the targets."""
    X = rng.standard_normal((2 * size, size))
    y = X @ rng.standard_normal(size) / np.sqrt(size) + rng.standard_t(2, 2 * size)
    return rng.standard_normal(size) / np.sqrt(size), Data(X, y, delta=0.7)


OBJECTIVES = (
    Objective(
        name="pseudo-huber",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        sizes=(10, 100, 1000),
        family="regression and classification",
        tags=("convex",),
        source="Charbonnier et al., IEEE Trans. Image Processing 6 (1997); Hartley & "
        "Zisserman, Multiple View Geometry (2004), appendix 6.8, halved",
        convention=Convention(reduction="mean"),
    ),
)
