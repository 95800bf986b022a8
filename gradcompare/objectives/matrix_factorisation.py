r"""Factorisation of a matrix of which some entries are observed.

With ratings R (m × n), indicators M of the observed entries (ones and zeros), factors U (m × k)
and V (n × k), and residuals on the observed entries E = M ∘ (U Vᵀ − R),

    f(U, V) = ½ ‖E‖² + (λ/2) (‖U‖² + ‖V‖²),
    ∂f/∂U = E V + λ U,    ∂f/∂V = Eᵀ U + λ V,

in Frobenius norms; M ∘ E = E, so that the indicators enter once. See Mnih & Salakhutdinov,
Probabilistic Matrix Factorization, NIPS 20 (2007), equation (4), with one λ for both factors.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._objective import Objective

RANK = 3


class Params(NamedTuple):
    U: Float[Array, "m k"]
    V: Float[Array, "n k"]


class Data(NamedTuple):
    R: Float[Array, "m n"]
    M: Float[Array, "m n"]
    lam: float


def value(params: Params, data: Data) -> Float[Array, ""]:
    """f(U, V) = ½ ‖M ∘ (UVᵀ − R)‖² + (λ/2) (‖U‖² + ‖V‖²)."""
    U, V = params
    E = data.M * (U @ V.T - data.R)
    return (jnp.sum(E**2) + data.lam * (jnp.sum(U**2) + jnp.sum(V**2))) / 2


def gradient(params: Params, data: Data) -> Params:
    """∂f/∂U = EV + λU and ∂f/∂V = EᵀU + λV with E = M ∘ (UVᵀ − R)."""
    U, V = params
    E = data.M * (U @ V.T - data.R)
    return Params(E @ V + data.lam * U, E.T @ U + data.lam * V)


def make(rng: np.random.Generator, size: int) -> tuple[Params, Data]:
    """Draws factors of rank 3 and a noisy matrix, `size` by `size` + 2, 60 % of it observed."""
    shape = (size, size + 2)
    signal = rng.standard_normal((size, RANK)) @ rng.standard_normal((RANK, size + 2))
    M = (rng.random(shape) < 0.6).astype(np.float64)
    # Unobserved entries hold zeros, as in a table of ratings; the objective never uses them.
    R = M * (signal + 0.1 * rng.standard_normal(shape))
    U, V = rng.standard_normal((size, RANK)), rng.standard_normal((size + 2, RANK))
    return Params(U, V), Data(R, M, lam=0.1)


OBJECTIVES = (
    Objective(
        name="matrix-factorisation",
        value=value,
        gradient=gradient,
        make=make,
        sizes=(10, 100, 300),
        source="Mnih & Salakhutdinov, Probabilistic Matrix Factorization, NIPS 20 (2007), eq. 4",
    ),
)
