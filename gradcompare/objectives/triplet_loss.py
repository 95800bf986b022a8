r"""Triplet loss: an anchor shall be nearer to its positive than to its negative, by a margin.

With m triplets of an anchor, a positive of the same class and a negative of another one, a linear
map A (k × n) that embeds them, differences dₜ from anchor to positive and cₜ from anchor to
negative (rows of D and C, m × n), and shortfalls

    sₜ = max(0, ‖Adₜ‖² − ‖Acₜ‖² + α),    f(A) = (1/m) Σₜ sₜ,
    ∇f(A) = (2/m) Σ_{t: sₜ > 0} A (dₜdₜᵀ − cₜcₜᵀ) = (2/m) ((T D Aᵀ)ᵀ D − (T C Aᵀ)ᵀ C),

where T = diag([sₜ > 0]) selects the active triplets; no n × n matrix is formed. Between its kinks
f is quadratic, so that ∇²f(A) B is the gradient with B in the place of A, but T as it is at A.

Where a sum is just 0, f has a kink; the derivatives here leave that triplet out. (f is not convex,
and they are one of the limits of derivatives nearby.) The first triplet has the unit vectors
d₁ = e₂ and c₁ = e₁, and α = ¾: at the special point "kink", ‖Ae₂‖² = ¼ and ‖Ae₁‖² = 1.

See Schroff, Kalenichenko & Philbin, FaceNet, CVPR (2015), section 3.1, where f is the sum and the
embedding, a deep network, has unit length. With a linear map f is the term that pushes impostors
away in Weinberger & Saul, Journal of Machine Learning Research 10 (2009), 207–244, with α = 1.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective

CLASSES = 4
DIMENSIONS = 3
MARGIN = 0.75


class Data(NamedTuple):
    anchors: Float[Array, "m n"]
    positives: Float[Array, "m n"]
    negatives: Float[Array, "m n"]
    margin: float


def differences(data: Data) -> tuple[Float[Array, "m n"], Float[Array, "m n"]]:
    """Returns D and C; ‖Aa‖² + ‖Ap‖² − 2 Aa·Ap instead would cancel for near pairs."""
    return data.positives - data.anchors, data.negatives - data.anchors


def shortfalls(A: Float[Array, "k n"], data: Data) -> Float[Array, " m"]:
    """Returns sₜ = max(0, ‖Adₜ‖² − ‖Acₜ‖² + α)."""
    near, far = (jnp.sum((rows @ A.T) ** 2, axis=1) for rows in differences(data))
    # relu, whose derivative at 0 is 0 in JAX; that of jnp.maximum is ½.
    return jax.nn.relu(near - far + data.margin)


def value(A: Float[Array, "k n"], data: Data) -> Float[Array, ""]:
    """f(A) = (1/m) Σₜ max(0, ‖A(pₜ − aₜ)‖² − ‖A(nₜ − aₜ)‖² + α)."""
    return jnp.mean(shortfalls(A, data))


def gradient(A: Float[Array, "k n"], data: Data) -> Float[Array, "k n"]:
    """∇f(A) = (2/m) Σ_{t: sₜ > 0} A (dₜdₜᵀ − cₜcₜᵀ)."""
    return hvp(A, A, data)


def hvp(A: Float[Array, "k n"], B: Float[Array, "k n"], data: Data) -> Float[Array, "k n"]:
    """∇²f(A) B = (2/m) Σ_{t: sₜ > 0} B (dₜdₜᵀ − cₜcₜᵀ)."""
    active = shortfalls(A, data)[:, None] > 0
    D, C = differences(data)
    near, far = jnp.where(active, D @ B.T, 0), jnp.where(active, C @ B.T, 0)
    return 2 / len(D) * (near.T @ D - far.T @ C)


def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
    """Draws a map of `size` features, at least 2, to three dimensions, and 8 × `size` triplets."""
    count = 8 * size
    centres = rng.standard_normal((CLASSES, size))
    own = np.arange(count) % CLASSES
    other = (own + rng.integers(1, CLASSES, size=count)) % CLASSES
    noise = rng.standard_normal((3, count, size))
    anchors, positives, negatives = centres[np.array([own, own, other])] + noise
    anchors[0], positives[0], negatives[0] = 0, np.eye(size)[1], np.eye(size)[0]
    A = rng.standard_normal((DIMENSIONS, size)) / np.sqrt(size)
    return A, Data(anchors, positives, negatives, MARGIN)


def special(A: Float[np.ndarray, "k n"]) -> dict[str, np.ndarray]:
    """A point with all triplets active, and one with the first at its kink."""
    kink = A.copy()
    kink[:, :2] = np.eye(DIMENSIONS, 2) * [1, 0.5]
    return {"near-zero": 0.01 * A, "kink": kink}


OBJECTIVES = (
    Objective(
        name="triplet-loss",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=special,
        sizes=(10, 100, 300),
        family="representation learning",
        tags=("kink", "matrix"),
        source="Schroff, Kalenichenko & Philbin, FaceNet, CVPR (2015), section 3.1, divided by m",
        convention=Convention(reduction="mean"),
    ),
)
