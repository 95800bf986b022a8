r"""Factorisation of a matrix of which some entries are observed.

With ratings R (m × n), indicators M of the observed entries (ones and zeros), factors U (m × k)
and V (n × k), and residuals on the observed entries E = M ∘ (U Vᵀ − R),

    f(U, V) = ½ ‖E‖² + (λ/2) (‖U‖² + ‖V‖²),
    ∂f/∂U = E V + λ U,    ∂f/∂V = Eᵀ U + λ V,

in Frobenius norms; M ∘ E = E, so that the indicators enter once. Along a direction (X, Y) the
residuals change by Ė = M ∘ (X Vᵀ + U Yᵀ), and the Hessian times the direction is

    (Ė V + E Y + λ X,  Ėᵀ U + Eᵀ X + λ Y).

The terms EY and EᵀX make f non-convex: beside the penalty, they are all there is at U = V = 0,
a saddle point if λ is smaller than the largest singular value of M ∘ R. See Mnih & Salakhutdinov,
Probabilistic Matrix Factorization, NIPS 20 (2007), equation (4), with one λ for both factors.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective

RANK = 3


class Params(NamedTuple):
    U: Float[Array, "m k"]
    V: Float[Array, "n k"]


class Data(NamedTuple):
    R: Float[Array, "m n"]
    M: Float[Array, "m n"]
    lam: float


def residuals(params: Params, data: Data) -> Float[Array, "m n"]:
    """Returns E = M ∘ (UVᵀ − R)."""
    return data.M * (params.U @ params.V.T - data.R)


def value(params: Params, data: Data) -> Float[Array, ""]:
    """f(U, V) = ½ ‖M ∘ (UVᵀ − R)‖² + (λ/2) (‖U‖² + ‖V‖²)."""
    U, V = params
    E = residuals(params, data)
    return (jnp.sum(E**2) + data.lam * (jnp.sum(U**2) + jnp.sum(V**2))) / 2


def gradient(params: Params, data: Data) -> Params:
    """∂f/∂U = EV + λU and ∂f/∂V = EᵀU + λV with E = M ∘ (UVᵀ − R)."""
    U, V = params
    E = residuals(params, data)
    return Params(E @ V + data.lam * U, E.T @ U + data.lam * V)


def hvp(params: Params, direction: Params, data: Data) -> Params:
    """(ĖV + EY + λX, ĖᵀU + EᵀX + λY) with Ė = M ∘ (XVᵀ + UYᵀ)."""
    (U, V), (X, Y) = params, direction
    E, change = residuals(params, data), data.M * (X @ V.T + U @ Y.T)
    return Params(change @ V + E @ Y + data.lam * X, change.T @ U + E.T @ X + data.lam * Y)


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
        hvp=hvp,
        make=make,
        special=lambda p: {"first-position": Params(0.01 * p.U, 0.01 * p.V)},
        sizes=(10, 100, 300),
        family="representation learning",
        tags=("matrix", "non-convex"),
        source="Mnih & Salakhutdinov, Probabilistic Matrix Factorization, NIPS 20 (2007), eq. 4",
        convention=Convention(reduction="sum"),
    ),
)
