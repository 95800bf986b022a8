r"""Neighbourhood components analysis: a linear map under which neighbours share their class.

With rows xᵢ of X (m × n), class indicators Y (m × c, one 1 in each row), same-class indicators
S = YYᵀ, and a linear map A (k × n) to points eᵢ = Axᵢ, rows of E = XAᵀ, a row picks another one
as its neighbour with probability pᵢⱼ; f is the expected number of rows that get their class right,

    pᵢⱼ = exp(−‖eᵢ − eⱼ‖²) / Σ_{l≠i} exp(−‖eᵢ − eₗ‖²),  pᵢᵢ = 0,    pᵢ = Σⱼ Sᵢⱼ pᵢⱼ,
    f(A) = Σᵢ pᵢ,
    ∇f(A) = 2A Σᵢⱼ wᵢⱼ (xᵢ − xⱼ)(xᵢ − xⱼ)ᵀ,    wᵢⱼ = (pᵢ − Sᵢⱼ) pᵢⱼ.

With Fᵢ = Σⱼ (wᵢⱼ + wⱼᵢ)(eᵢ − eⱼ), and W1 = 0 because Σⱼ pᵢⱼ = 1, the gradient is

    ∇f(A) = 2FᵀX,    F = diag(Wᵀ1) E − W E − WᵀE,

in O(m² k + m n k) operations. Along a direction B, with Ė = XBᵀ,

    δᵢⱼ = 2 (eᵢ − eⱼ)·(ėᵢ − ėⱼ),    ṗᵢⱼ = pᵢⱼ (Σₗ pᵢₗ δᵢₗ − δᵢⱼ),    ṗᵢ = Σⱼ Sᵢⱼ ṗᵢⱼ,
    ẇᵢⱼ = (pᵢ − Sᵢⱼ) ṗᵢⱼ + ṗᵢ pᵢⱼ,
    ∇²f(A) B = 2ḞᵀX,    Ḟᵢ = Σⱼ (ẇᵢⱼ + ẇⱼᵢ)(eᵢ − eⱼ) + Σⱼ (wᵢⱼ + wⱼᵢ)(ėᵢ − ėⱼ).

See Goldberger, Roweis, Hinton & Salakhutdinov, Neighbourhood Components Analysis, NIPS 17 (2004),
equations (1) to (5). f is to be maximised.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective
from ._pairwise import dot_differences

CLASSES = 3
DIMENSIONS = 2


class Data(NamedTuple):
    X: Float[Array, "m n"]
    Y: Float[Array, "m c"]


def neighbours(E: Float[Array, "m k"]) -> Float[Array, "m m"]:
    """Returns pᵢⱼ, the probability that row i picks row j as its neighbour."""
    # softmax subtracts the largest exponent: those of a row far from all others underflow.
    itself = jnp.eye(len(E), dtype=bool)
    return jax.nn.softmax(jnp.where(itself, -jnp.inf, -dot_differences(E, E)), axis=1)


def both_ways(W: Float[Array, "m m"], E: Float[Array, "m k"]) -> Float[Array, "m k"]:
    """Returns Σⱼ (wᵢⱼ + wⱼᵢ)(eᵢ − eⱼ) if W1 = 0."""
    # Only differences count; about the centre the terms cancel least.
    E = E - jnp.mean(E, axis=0)
    # As two products: adding a transpose is slower than the product on the CPU.
    return jnp.sum(W, axis=0)[:, None] * E - W @ E - (E.T @ W).T


def value(A: Float[Array, "k n"], data: Data) -> Float[Array, ""]:
    """f(A) = Σᵢ Σ_{j in the class of i} pᵢⱼ, pᵢⱼ ∝ exp(−‖Axᵢ − Axⱼ‖²) for j ≠ i."""
    return jnp.sum(data.Y @ data.Y.T * neighbours(data.X @ A.T))


def gradient(A: Float[Array, "k n"], data: Data) -> Float[Array, "k n"]:
    """∇f(A) = 2FᵀX with Fᵢ = Σⱼ (wᵢⱼ + wⱼᵢ)(eᵢ − eⱼ) and wᵢⱼ = (pᵢ − Sᵢⱼ) pᵢⱼ."""
    E, S = data.X @ A.T, data.Y @ data.Y.T
    P = neighbours(E)
    W = (jnp.sum(S * P, axis=1, keepdims=True) - S) * P
    return 2 * both_ways(W, E).T @ data.X


def hvp(A: Float[Array, "k n"], B: Float[Array, "k n"], data: Data) -> Float[Array, "k n"]:
    """∇²f(A) B = 2ḞᵀX, where Ḟ is the change of F as E moves by XBᵀ."""
    E, E_change, S = data.X @ A.T, data.X @ B.T, data.Y @ data.Y.T
    P, delta = neighbours(E), 2 * dot_differences(E, E_change)
    P_change = P * (jnp.sum(P * delta, axis=1, keepdims=True) - delta)
    right = jnp.sum(S * P, axis=1, keepdims=True) - S
    W = right * P
    W_change = right * P_change + jnp.sum(S * P_change, axis=1, keepdims=True) * P
    return 2 * (both_ways(W_change, E) + both_ways(W, E_change)).T @ data.X


def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
    """Draws a map of `size` features to the plane, and 4 × `size` rows in three classes."""
    labels = np.arange(4 * size) % CLASSES
    centres = rng.standard_normal((CLASSES, size))
    X = centres[labels] + rng.standard_normal((4 * size, size))
    A = rng.standard_normal((DIMENSIONS, size)) / np.sqrt(size)
    return A, Data(X, np.eye(CLASSES)[labels])


OBJECTIVES = (
    Objective(
        name="nca",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda A: {"first-position": 0.01 * A, "tail": 4 * A},
        sizes=(5, 50, 200),
        family="representation learning",
        tags=("matrix", "tails"),
        source="Goldberger, Roweis, Hinton & Salakhutdinov, Neighbourhood Components Analysis, "
        "NIPS 17 (2004), eq. 1 to 5",
        convention=Convention(reduction="sum"),
    ),
)
