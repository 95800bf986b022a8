r"""A network with one hidden layer of tanh units, and its backpropagation by hand.

With inputs X (m × p), targets Y (m × q), h hidden units H = tanh(X W₁ + 1b₁ᵀ) and outputs
H W₂ + 1b₂ᵀ, the mean over the rows of the squared error is

    f(W₁, b₁, W₂, b₂) = (1/m) ‖H W₂ + 1b₂ᵀ − Y‖².

With the errors of the output layer D₂ and those of the hidden layer D₁,

    D₂ = (2/m) (H W₂ + 1b₂ᵀ − Y),    ∂f/∂W₂ = HᵀD₂,    ∂f/∂b₂ = D₂ᵀ1,
    D₁ = (D₂ W₂ᵀ) ∘ (1 − H ∘ H),     ∂f/∂W₁ = XᵀD₁,    ∂f/∂b₁ = D₁ᵀ1.

See Bishop, Pattern Recognition and Machine Learning (2006), section 5.3.2, equations (5.60) to
(5.67), there for one row and with the factor ½; the method is that of Rumelhart, Hinton &
Williams, Nature 323 (1986), 533–536.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._objective import Objective

OUTPUTS = 3
ROWS = 64

Params = dict[str, Float[Array, "..."]]


class Data(NamedTuple):
    X: Float[Array, "m p"]
    Y: Float[Array, "m q"]


def value(params: Params, data: Data) -> Float[Array, ""]:
    """f(W₁, b₁, W₂, b₂) = (1/m) ‖tanh(X W₁ + 1b₁ᵀ) W₂ + 1b₂ᵀ − Y‖²."""
    H = jnp.tanh(data.X @ params["W1"] + params["b1"])
    return jnp.sum((H @ params["W2"] + params["b2"] - data.Y) ** 2) / len(H)


def gradient(params: Params, data: Data) -> Params:
    """∂f/∂W₂ = HᵀD₂ and ∂f/∂W₁ = XᵀD₁ by backpropagation; biases take the column sums."""
    H = jnp.tanh(data.X @ params["W1"] + params["b1"])
    D2 = 2 / len(H) * (H @ params["W2"] + params["b2"] - data.Y)
    D1 = (D2 @ params["W2"].T) * (1 - H**2)
    return {
        "W1": data.X.T @ D1,
        "b1": jnp.sum(D1, axis=0),
        "W2": H.T @ D2,
        "b2": jnp.sum(D2, axis=0),
    }


def make(rng: np.random.Generator, size: int) -> tuple[Params, Data]:
    """Draws a network of `size` hidden units, `size` + 1 inputs and three outputs.

    It has size² + 5 size + 3 parameters: 53 at size 5, 2753 at size 50, 10503 at size 100.
    """
    X = rng.standard_normal((ROWS, size + 1))
    Y = np.sin(X @ rng.standard_normal((size + 1, OUTPUTS)) / np.sqrt(size + 1))
    params = {
        "W1": rng.standard_normal((size + 1, size)) / np.sqrt(size + 1),
        "b1": 0.5 * rng.standard_normal(size),
        "W2": rng.standard_normal((size, OUTPUTS)) / np.sqrt(size),
        "b2": 0.5 * rng.standard_normal(OUTPUTS),
    }
    return params, Data(X, Y)


OBJECTIVES = (
    Objective(
        name="tanh-network",
        value=value,
        gradient=gradient,
        make=make,
        sizes=(5, 50, 100),
        source="Bishop, Pattern Recognition and Machine Learning (2006), eq. 5.60 to 5.67",
    ),
)
