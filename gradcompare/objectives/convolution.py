r"""A small convolutional classifier of images, backpropagated by hand.

From m images X (m × a × a), k filters F (3 × 3 × k) with biases b, applied at all q = (a − 2)²
places at which they fit, give maps; the mean of a smooth rectifier over each map gives k features
of each image, and those the logits of c classes, with indicators Y (m × c, one 1 in each row):

    Zᵢₓᵧⱼ = Σ_{u,v} Xᵢ,ₓ₊ᵤ,ᵧ₊ᵥ Fᵤᵥⱼ + bⱼ,    Mᵢⱼ = (1/q) Σₓᵧ log(1 + exp(Zᵢₓᵧⱼ)),
    P = softmax(M W + 1b₂ᵀ), row by row,     f = −(1/m) Σᵢₖ Yᵢₖ log Pᵢₖ.

With D₂ = (P − Y) / m, and σ the logistic function, the derivative of the rectifier, the errors at
the maps are D, and the filters have the correlation of the images with them as their derivative:

    ∂f/∂W = MᵀD₂,    ∂f/∂b₂ = D₂ᵀ1,    Dᵢₓᵧⱼ = (D₂ Wᵀ)ᵢⱼ σ(Zᵢₓᵧⱼ) / q,
    ∂f/∂Fᵤᵥⱼ = Σᵢₓᵧ Xᵢ,ₓ₊ᵤ,ᵧ₊ᵥ Dᵢₓᵧⱼ,    ∂f/∂bⱼ = Σᵢₓᵧ Dᵢₓᵧⱼ.

Both sums over patches are one product with the matrix of all 3 × 3 patches, a row for each place.
Along a direction Ż is the convolution with its filters, and with σ′ = σ(1 − σ)

    Ḋ = ((Ḋ₂ Wᵀ + D₂ Ẇᵀ) σ(Z) + (D₂ Wᵀ) σ′(Z) Ż) / q,    Ṁ = (1/q) Σₓᵧ σ(Z) Ż.

See LeCun, Bottou, Bengio & Haffner, Proceedings of the IEEE 86 (1998), 2278–2324, section II, for
such networks, and Lin, Chen & Yan, arXiv:1312.4400 (2013), for the mean over whole maps;
Pearlmutter, Neural Computation 6 (1994), 147–160, for the product.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective

CLASSES = 3
IMAGES = 12
SIDE = 7


class Params(NamedTuple):
    F: Float[Array, "3 3 k"]
    b: Float[Array, " k"]
    W: Float[Array, "k c"]
    b2: Float[Array, " c"]


class Data(NamedTuple):
    X: Float[Array, "m a a"]
    Y: Float[Array, "m c"]


def patches(X: Float[Array, "m a a"]) -> Float[Array, "m*q 9"]:
    """Returns each 3 × 3 patch of each image as a row."""
    inner = X.shape[1] - 2
    shifted = [X[:, u : u + inner, v : v + inner] for u in range(3) for v in range(3)]
    return jnp.stack(shifted, axis=-1).reshape(-1, 9)


def convolve(rows: Float[Array, "m*q 9"], F: Float[Array, "3 3 k"], m: int):
    """Returns the maps of the m images, as m × q × k."""
    return (rows @ F.reshape(9, -1)).reshape(m, -1, F.shape[2])


def value(params: Params, data: Data) -> Float[Array, ""]:
    """f(F, b, W, b₂) = −(1/m) Σᵢₖ Yᵢₖ log softmax(mean of log(1 + exp(X ∗ F + b)) W + b₂)ᵢₖ."""
    Z = convolve(patches(data.X), params.F, len(data.X)) + params.b
    logits = jnp.mean(jax.nn.softplus(Z), axis=1) @ params.W + params.b2
    return -jnp.sum(data.Y * jax.nn.log_softmax(logits)) / len(data.X)


def gradient(params: Params, data: Data) -> Params:
    """∂f/∂F: correlation of X with the errors D = (D₂ Wᵀ) σ(Z) / q, where D₂ = (P − Y) / m."""
    rows, m = patches(data.X), len(data.X)
    Z = convolve(rows, params.F, m) + params.b
    M = jnp.mean(jax.nn.softplus(Z), axis=1)
    D2 = (jax.nn.softmax(M @ params.W + params.b2) - data.Y) / m
    D = (D2 @ params.W.T / Z.shape[1])[:, None] * jax.nn.sigmoid(Z)
    by_filter = rows.T @ D.reshape(len(rows), -1)
    return Params(
        by_filter.reshape(params.F.shape),
        jnp.sum(D, axis=(0, 1)),
        M.T @ D2,
        jnp.sum(D2, axis=0),
    )


def hvp(params: Params, direction: Params, data: Data) -> Params:
    """The correlation of X with Ḋ, and the changes of the other derivatives likewise."""
    rows, m = patches(data.X), len(data.X)
    Z = convolve(rows, params.F, m) + params.b
    dZ = convolve(rows, direction.F, m) + direction.b
    s = jax.nn.sigmoid(Z)
    M, dM = jnp.mean(jax.nn.softplus(Z), axis=1), jnp.mean(s * dZ, axis=1)
    P = jax.nn.softmax(M @ params.W + params.b2)
    changed = dM @ params.W + M @ direction.W + direction.b2

    D2 = (P - data.Y) / m
    dD2 = P * (changed - jnp.sum(P * changed, axis=1, keepdims=True)) / m
    back = D2 @ params.W.T / Z.shape[1]
    d_back = (dD2 @ params.W.T + D2 @ direction.W.T) / Z.shape[1]
    dD = s * (d_back[:, None] + back[:, None] * jax.nn.sigmoid(-Z) * dZ)
    by_filter = rows.T @ dD.reshape(len(rows), -1)
    return Params(
        by_filter.reshape(params.F.shape),
        jnp.sum(dD, axis=(0, 1)),
        dM.T @ D2 + M.T @ dD2,
        jnp.sum(dD2, axis=0),
    )


def make(rng: np.random.Generator, size: int) -> tuple[Params, Data]:
    """Draws `size` filters, three classes, and 12 images with edges of one of three directions.

    It has 13 size + 3 parameters: 42 at size 3, 133 at size 10, 393 at size 30.
    """
    labels = rng.permutation(np.arange(IMAGES) % CLASSES)
    x, y = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    angles = (np.pi / CLASSES * labels)[:, None, None]
    phases = rng.uniform(0, 2 * np.pi, (IMAGES, 1, 1))
    X = np.sin(1.5 * (np.cos(angles) * x + np.sin(angles) * y) + phases)
    params = Params(
        F=rng.standard_normal((3, 3, size)) / 2,
        b=0.5 * rng.standard_normal(size),
        W=rng.standard_normal((size, CLASSES)) / np.sqrt(size),
        b2=0.5 * rng.standard_normal(CLASSES),
    )
    return params, Data(X + 0.3 * rng.standard_normal(X.shape), np.eye(CLASSES)[labels])


OBJECTIVES = (
    Objective(
        name="convolution",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda p: {"zero filters": p._replace(F=0 * p.F)},
        sizes=(3, 10, 30),
        family="networks",
        source="LeCun, Bottou, Bengio & Haffner, Proc. IEEE 86 (1998), section II; "
        "Lin, Chen & Yan, arXiv:1312.4400 (2013)",
        convention=Convention(reduction="mean"),
    ),
)
