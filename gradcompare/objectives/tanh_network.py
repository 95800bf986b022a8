r"""A network with one hidden layer of tanh units, and its backpropagation by hand.

With inputs X (m × p), targets Y (m × q), h hidden units H = tanh(X W₁ + 1b₁ᵀ) and outputs
H W₂ + 1b₂ᵀ, the mean over the rows of the squared error is

    f(W₁, b₁, W₂, b₂) = (1/m) ‖H W₂ + 1b₂ᵀ − Y‖².

With the errors of the output layer D₂ and those of the hidden layer D₁,

    D₂ = (2/m) (H W₂ + 1b₂ᵀ − Y),    ∂f/∂W₂ = HᵀD₂,    ∂f/∂b₂ = D₂ᵀ1,
    D₁ = (D₂ W₂ᵀ) ∘ (1 − H ∘ H),     ∂f/∂W₁ = XᵀD₁,    ∂f/∂b₁ = D₁ᵀ1.

Along a direction (V₁, c₁, V₂, c₂) the layers change forwards by Ḣ, and the errors backwards by Ḋ,

    Ḣ = (1 − H ∘ H) ∘ (X V₁ + 1c₁ᵀ),    Ḋ₂ = (2/m) (Ḣ W₂ + H V₂ + 1c₂ᵀ),
    Ḋ₁ = (Ḋ₂ W₂ᵀ + D₂ V₂ᵀ) ∘ (1 − H ∘ H) − 2 (D₂ W₂ᵀ) ∘ H ∘ Ḣ,

and the Hessian times the direction is (XᵀḊ₁, Ḋ₁ᵀ1, ḢᵀD₂ + HᵀḊ₂, Ḋ₂ᵀ1).

See Bishop, Pattern Recognition and Machine Learning (2006), section 5.3.2, equations (5.60) to
(5.67), there for one row and with the factor ½; the method is that of Rumelhart, Hinton &
Williams, Nature 323 (1986), 533–536. The product is that of Pearlmutter, Neural Computation 6
(1994), 147–160, and of Bishop's section 5.4.6.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective

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


def hvp(params: Params, direction: Params, data: Data) -> Params:
    """(XᵀḊ₁, Ḋ₁ᵀ1, ḢᵀD₂ + HᵀḊ₂, Ḋ₂ᵀ1): the changes of H, D₂ and D₁ along the direction."""
    H = jnp.tanh(data.X @ params["W1"] + params["b1"])
    slope = 1 - H**2
    dH = slope * (data.X @ direction["W1"] + direction["b1"])
    D2 = 2 / len(H) * (H @ params["W2"] + params["b2"] - data.Y)
    dD2 = 2 / len(H) * (dH @ params["W2"] + H @ direction["W2"] + direction["b2"])
    dD1 = (dD2 @ params["W2"].T + D2 @ direction["W2"].T) * slope
    dD1 -= 2 * (D2 @ params["W2"].T) * H * dH
    return {
        "W1": data.X.T @ dD1,
        "b1": jnp.sum(dD1, axis=0),
        "W2": dH.T @ D2 + H.T @ dD2,
        "b2": jnp.sum(dD2, axis=0),
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
        hvp=hvp,
        make=make,
        special=lambda p: {"saturated": {**p, "W1": 4 * p["W1"]}},
        sizes=(5, 50, 100),
        family="networks",
        tags=("tails",),
        source="Bishop, Pattern Recognition and Machine Learning (2006), eq. 5.60 to 5.67",
        convention=Convention(reduction="mean"),
    ),
)
