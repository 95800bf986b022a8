r"""Softmax regression: logistic regression with c classes and a quadratic penalty.

With rows xᵢ of X (m × n), class indicators Y (m × c, one 1 in each row), weights W (n × c),
biases b, logits A = XW + 1bᵀ and probabilities P = softmax(A), row by row,

    f(W, b) = −(1/m) Σᵢₖ Yᵢₖ log Pᵢₖ + (λ/2) ‖W‖²,
    ∂f/∂W = (1/m) Xᵀ(P − Y) + λ W,    ∂f/∂b = (1/m) (P − Y)ᵀ1,

because ∂pₖ/∂aⱼ = pₖ(δₖⱼ − pⱼ). Along a direction (V, c) the logits change by Ȧ = XV + 1cᵀ and
the probabilities by Ṗ = P ∘ (Ȧ − (P ∘ Ȧ) 11ᵀ), so the Hessian times the direction is

    ((1/m) XᵀṖ + λ V,  (1/m) Ṗᵀ1).

See Bishop, Pattern Recognition and Machine Learning (2006), equations (4.104) to (4.110); there
is no penalty there and the sum is not divided by m. The biases carry no penalty.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective

CLASSES = 4


class Params(NamedTuple):
    W: Float[Array, "n c"]
    b: Float[Array, " c"]


class Data(NamedTuple):
    X: Float[Array, "m n"]
    Y: Float[Array, "m c"]
    lam: float


def value(params: Params, data: Data) -> Float[Array, ""]:
    """f(W, b) = −(1/m) Σᵢₖ Yᵢₖ log softmax(XW + 1bᵀ)ᵢₖ + (λ/2) ‖W‖²."""
    # log_softmax subtracts the largest logit: log(softmax(A)) is −inf where exp underflows.
    log_probabilities = jax.nn.log_softmax(data.X @ params.W + params.b)
    fit = -jnp.sum(data.Y * log_probabilities) / len(data.X)
    return fit + data.lam / 2 * jnp.sum(params.W**2)


def gradient(params: Params, data: Data) -> Params:
    """∂f/∂W = (1/m) Xᵀ(P − Y) + λW and ∂f/∂b = (1/m) (P − Y)ᵀ1."""
    errors = (jax.nn.softmax(data.X @ params.W + params.b) - data.Y) / len(data.X)
    return Params(data.X.T @ errors + data.lam * params.W, jnp.sum(errors, axis=0))


def hvp(params: Params, direction: Params, data: Data) -> Params:
    """((1/m) XᵀṖ + λV, (1/m) Ṗᵀ1), where Ṗ is the derivative of P along the direction (V, c)."""
    P = jax.nn.softmax(data.X @ params.W + params.b)
    moved = data.X @ direction.W + direction.b
    change = P * (moved - jnp.sum(P * moved, axis=1, keepdims=True)) / len(P)
    return Params(data.X.T @ change + data.lam * direction.W, jnp.sum(change, axis=0))


def make(rng: np.random.Generator, size: int) -> tuple[Params, Data]:
    """Draws weights for `size` features and four classes, and 4 × `size` labelled rows."""
    rows = 4 * size
    X = rng.standard_normal((rows, size))
    logits = X @ rng.standard_normal((size, CLASSES)) / np.sqrt(size)
    # The largest of the logits plus Gumbel noise is a draw from their softmax.
    labels = np.argmax(logits + rng.gumbel(size=logits.shape), axis=1)
    W = rng.standard_normal((size, CLASSES)) / np.sqrt(size)
    b = 0.5 * rng.standard_normal(CLASSES)
    return Params(W, b), Data(X, np.eye(CLASSES)[labels], lam=0.1)


OBJECTIVES = (
    Objective(
        name="softmax-regression",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda p: {"zero": jax.tree.map(np.zeros_like, p)},
        sizes=(10, 100, 1000),
        family="regression and classification",
        tags=("convex",),
        source="Bishop, Pattern Recognition and Machine Learning (2006), eq. 4.104 to 4.110",
        convention=Convention(reduction="mean"),
    ),
)
