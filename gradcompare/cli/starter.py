"""An example of an objective: replace the formulas by your own.

    f(w) = (1/m) Σᵢ log(1 + exp(−yᵢ xᵢᵀw)) + (λ/2) ‖w‖²
    ∇f(w) = −(1/m) Σᵢ yᵢ xᵢ / (1 + exp(yᵢ xᵢᵀw)) + λ w

Check it with `gradcompare check FILE`. `gradcompare run FILE` also times it. If the gradient is
wrong, the report names the wrong coordinates.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from gradcompare import Objective


class Data(NamedTuple):
    """Everything but the parameters: arrays, floats, or any tree of them."""

    X: np.ndarray  # m rows, n columns
    y: np.ndarray  # m labels, −1 or 1
    lam: float


def value(w, data):
    """f(w) = (1/m) Σ log(1 + exp(−y Xw)) + (λ/2) ‖w‖²."""
    # Use JAX operations and return one number. logaddexp(0, z) does not overflow.
    losses = jnp.logaddexp(0, -data.y * (data.X @ w))
    return jnp.mean(losses) + data.lam / 2 * jnp.sum(w**2)


def gradient(w, data):
    """∇f(w) = −(1/m) Xᵀ (y / (1 + exp(y Xw))) + λ w, in the structure of w."""
    weights = data.y / (1 + jnp.exp(data.y * (data.X @ w)))
    return -data.X.T @ weights / len(data.y) + data.lam * w


def make(rng, size):
    """Draws a point with `size` parameters, and data, with the NumPy generator `rng`.

    Use generic numbers: at zeros, ones or equal entries, wrong gradients can look right.
    """
    X = rng.standard_normal((3 * size, size))
    y = rng.choice([-1.0, 1.0], 3 * size)
    return rng.standard_normal(size), Data(X, y, lam=0.1)


OBJECTIVES = (
    Objective(
        name="my-objective",  # its name in tables
        value=value,
        gradient=gradient,
        make=make,
        sizes=(5,),  # sizes for gradcompare run; the first is the default
        # lower=0.0,  # if the parameters must not be negative
        # source="paper, page, equation",
    ),
)
