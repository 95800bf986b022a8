r"""A softmax classifier with one hidden layer and batch normalisation, backpropagated by hand.

With inputs X (m × p), class indicators Y (m × c, one 1 in each row) and h hidden units, each of
which is normalised over the m rows of the batch by their mean and their variance, then scaled by
its gain gⱼ and shifted by bⱼ,

    Â = (X W₁ − 1μᵀ) / s,   s² = variance + ε,   H = tanh(Â diag(g) + 1bᵀ),
    P = softmax(H W₂ + 1b₂ᵀ), row by row,        f = −(1/m) Σᵢₖ Yᵢₖ log Pᵢₖ.

W₁ needs no biases, as μ would take them out again. With the errors of the output layer D₂, of the
hidden layer before tanh D₁, and the Jacobian J of the normalisation, column by column,

    D₂ = (P − Y) / m,                   ∂f/∂W₂ = HᵀD₂,            ∂f/∂b₂ = D₂ᵀ1,
    D₁ = (D₂ W₂ᵀ) ∘ (1 − H ∘ H),        ∂f/∂g = (D₁ ∘ Â)ᵀ1,       ∂f/∂b = D₁ᵀ1,
    J d = (d − mean(d) − â mean(â ∘ d)) / s,                      ∂f/∂W₁ = Xᵀ J(D₁ diag(g)).

J collects the derivatives through the mean and through the variance, which the paper lists one by
one. The Hessian-vector product is the derivative of these lines along a direction, first
forwards, then backwards. Nearly, f does not depend on the lengths of the columns of W₁; only ε
makes it.

See Ioffe & Szegedy, Proceedings of the 32nd International Conference on Machine Learning (2015),
448–456, algorithm 1 and the derivatives in section 3, and, for the product, Pearlmutter, Neural
Computation 6 (1994), 147–160.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective
from ._normalise import Normalised, jacobian, jacobian_change, normalise

CLASSES = 3
ROWS = 32


class Params(NamedTuple):
    W1: Float[Array, "p h"]
    gain: Float[Array, " h"]
    shift: Float[Array, " h"]
    W2: Float[Array, "h c"]
    b2: Float[Array, " c"]


class Data(NamedTuple):
    X: Float[Array, "m p"]
    Y: Float[Array, "m c"]


class Layers(NamedTuple):
    A: Normalised
    H: Float[Array, "m h"]
    logits: Float[Array, "m c"]


def forwards(params: Params, data: Data) -> Layers:
    """Returns Â with s, H = tanh(Â diag(g) + 1bᵀ) and the logits H W₂ + 1b₂ᵀ."""
    A = normalise(data.X @ params.W1, axis=0)
    H = jnp.tanh(A.hat * params.gain + params.shift)
    return Layers(A, H, H @ params.W2 + params.b2)


def value(params: Params, data: Data) -> Float[Array, ""]:
    """f(W₁, g, b, W₂, b₂) = −(1/m) Σᵢₖ Yᵢₖ log softmax(tanh(g ∘ Â + b) W₂ + b₂)ᵢₖ, Â from X W₁."""
    log_probabilities = jax.nn.log_softmax(forwards(params, data).logits)
    return -jnp.sum(data.Y * log_probabilities) / len(data.X)


def gradient(params: Params, data: Data) -> Params:
    """∂f/∂W₁ = Xᵀ J(D₁ diag(g)) with D₁ = (D₂ W₂ᵀ) ∘ (1 − H ∘ H) and D₂ = (P − Y) / m."""
    A, H, logits = forwards(params, data)
    D2 = (jax.nn.softmax(logits) - data.Y) / len(H)
    D1 = (D2 @ params.W2.T) * (1 - H**2)
    return Params(
        data.X.T @ jacobian(A, D1 * params.gain, axis=0),
        jnp.sum(D1 * A.hat, axis=0),
        jnp.sum(D1, axis=0),
        H.T @ D2,
        jnp.sum(D2, axis=0),
    )


def hvp(params: Params, direction: Params, data: Data) -> Params:
    """The change of each line of the gradient along the direction, by the product rule."""
    A, H, logits = forwards(params, data)
    moved = data.X @ direction.W1
    hat = jacobian(A, moved, axis=0)
    slope = 1 - H**2
    dH = slope * (hat * params.gain + A.hat * direction.gain + direction.shift)
    P = jax.nn.softmax(logits)
    changed = dH @ params.W2 + H @ direction.W2 + direction.b2

    D2 = (P - data.Y) / len(H)
    dD2 = P * (changed - jnp.sum(P * changed, axis=1, keepdims=True)) / len(H)
    back = D2 @ params.W2.T
    D1 = back * slope
    dD1 = (dD2 @ params.W2.T + D2 @ direction.W2.T) * slope - 2 * back * H * dH
    at_hat = dD1 * params.gain + D1 * direction.gain
    turned = jacobian_change(A, moved, D1 * params.gain, axis=0)
    return Params(
        data.X.T @ (jacobian(A, at_hat, axis=0) + turned),
        jnp.sum(dD1 * A.hat + D1 * hat, axis=0),
        jnp.sum(dD1, axis=0),
        dH.T @ D2 + H.T @ dD2,
        jnp.sum(dD2, axis=0),
    )


def make(rng: np.random.Generator, size: int) -> tuple[Params, Data]:
    """Draws a network of `size` hidden units and inputs, three classes, and 32 labelled rows."""
    X = rng.standard_normal((ROWS, size)) + rng.standard_normal(size)
    logits = np.sin(X @ rng.standard_normal((size, CLASSES)))
    # The largest of the logits plus Gumbel noise is a draw from their softmax.
    labels = np.argmax(2 * logits + rng.gumbel(size=logits.shape), axis=1)
    params = Params(
        W1=rng.standard_normal((size, size)) / np.sqrt(size),
        gain=1 + 0.3 * rng.standard_normal(size),
        shift=0.5 * rng.standard_normal(size),
        W2=rng.standard_normal((size, CLASSES)) / np.sqrt(size),
        b2=0.5 * rng.standard_normal(CLASSES),
    )
    return params, Data(X, np.eye(CLASSES)[labels])


OBJECTIVES = (
    Objective(
        name="batch-norm",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda p: {"short weights": p._replace(W1=0.01 * p.W1)},
        sizes=(5, 20, 60),
        family="networks",
        tags=("normalisation",),
        source="Ioffe & Szegedy, Int. Conf. on Machine Learning (2015), section 3",
        convention=Convention(reduction="mean"),
    ),
)
