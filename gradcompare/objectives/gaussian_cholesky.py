r"""Negative log-likelihood of a Gaussian in its mean and a Cholesky factor of its covariance.

With samples xᵢ (rows of X, m × d), mean μ and covariance Σ = LLᵀ, L lower triangular with the
diagonal exp(s) and the entries l below it, so that any numbers s and l give a covariance, and
with the white residuals zᵢ = L⁻¹(xᵢ − μ), their mean z̄ and S = (1/m) Σᵢ zᵢzᵢᵀ,

    f(μ, s, l) = ½ tr S + Σⱼ sⱼ + (d/2) log 2π,
    ∂f/∂μ = −L⁻ᵀz̄,    ∂f/∂sⱼ = 1 − exp(sⱼ) Pⱼⱼ,    ∂f/∂lⱼₖ = −Pⱼₖ (j > k),    P = L⁻ᵀS,

because zᵢ changes by żᵢ = −L⁻¹(μ̇ + L̇zᵢ). Along a direction (μ̇, ṡ, l̇), where L̇ has the diagonal
exp(s) ∘ ṡ and l̇ below it, with K = L⁻¹L̇ and k = L⁻¹μ̇,

    z̄˙ = −Kz̄ − k,    Ṡ = −KS − SKᵀ − kz̄ᵀ − z̄kᵀ,    Ṗ = L⁻ᵀ(Ṡ − KᵀS),

and the Hessian times the direction is

    (−L⁻ᵀ(z̄˙ − Kᵀz̄),  −exp(sⱼ) (ṡⱼ Pⱼⱼ + Ṗⱼⱼ),  −Ṗⱼₖ).

All of it after S and z̄ is independent of the number of samples. It is, as a mean over the samples
and with the sign changed, Bishop, Pattern Recognition and Machine Learning (2006), equation
(2.118); the parameters are called log-Cholesky in Pinheiro & Bates, Statistics and Computing 6
(1996), 289–296.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective


class Params(NamedTuple):
    mean: Float[Array, " d"]
    log_diagonal: Float[Array, " d"]
    lower: Float[Array, " d*(d-1)/2"]


class Data(NamedTuple):
    X: Float[Array, "m d"]


def triangle(diagonal: Float[Array, " d"], lower: Float[Array, " d*(d-1)/2"]):
    """Returns the lower triangular matrix with that diagonal and, row by row, those entries."""
    return jnp.diag(diagonal).at[np.tril_indices(len(diagonal), -1)].set(lower)


def below(P: Float[Array, "d d"]) -> Float[Array, " d*(d-1)/2"]:
    """Returns the entries below the diagonal, row by row."""
    return P[np.tril_indices(len(P), -1)]


def white(params: Params, data: Data) -> tuple[Float[Array, "d d"], Float[Array, "d m"]]:
    """Returns L and the columns zᵢ = L⁻¹(xᵢ − μ)."""
    L = triangle(jnp.exp(params.log_diagonal), params.lower)
    return L, solve_triangular(L, (data.X - params.mean).T, lower=True)


def value(params: Params, data: Data) -> Float[Array, ""]:
    """f(μ, s, l) = (1/2m) Σᵢ ‖L⁻¹(xᵢ − μ)‖² + Σⱼ sⱼ + (d/2) log 2π."""
    _, Z = white(params, data)
    constant = len(Z) / 2 * np.log(2 * np.pi).item()
    return jnp.sum(Z**2) / (2 * len(data.X)) + jnp.sum(params.log_diagonal) + constant


def gradient(params: Params, data: Data) -> Params:
    """∂f/∂μ = −L⁻ᵀz̄, ∂f/∂sⱼ = 1 − exp(sⱼ) Pⱼⱼ and ∂f/∂lⱼₖ = −Pⱼₖ with P = L⁻ᵀS."""
    L, Z = white(params, data)
    moments = jnp.column_stack([Z @ Z.T / len(data.X), jnp.mean(Z, axis=1)])
    solved = solve_triangular(L, moments, lower=True, trans="T")
    P, by_mean = solved[:, :-1], solved[:, -1]
    return Params(-by_mean, 1 - jnp.diag(L) * jnp.diag(P), -below(P))


def hvp(params: Params, direction: Params, data: Data) -> Params:
    """(−L⁻ᵀ(z̄˙ − Kᵀz̄), −exp(sⱼ) (ṡⱼ Pⱼⱼ + Ṗⱼⱼ), −Ṗⱼₖ) with Ṗ = L⁻ᵀ(Ṡ − KᵀS)."""
    L, Z = white(params, data)
    S, z = Z @ Z.T / len(data.X), jnp.mean(Z, axis=1)
    moved = triangle(jnp.diag(L) * direction.log_diagonal, direction.lower)
    solved = solve_triangular(L, jnp.column_stack([moved, direction.mean]), lower=True)
    K, k = solved[:, :-1], solved[:, -1]
    half = K @ S + jnp.outer(k, z)
    changes = jnp.column_stack([-half - half.T - K.T @ S, -K @ z - k - K.T @ z])
    solved = solve_triangular(L, jnp.column_stack([changes, S]), lower=True, trans="T")
    d = len(L)
    change, by_mean, P = solved[:, :d], solved[:, d], solved[:, d + 1 :]
    by_log = jnp.diag(L) * (direction.log_diagonal * jnp.diag(P) + jnp.diag(change))
    return Params(-by_mean, -by_log, -below(change))


def make(rng: np.random.Generator, size: int) -> tuple[Params, Data]:
    """Draws a Gaussian in `size` dimensions, and 4 × `size` samples of another one."""
    mixing = np.eye(size) + rng.standard_normal((size, size)) / np.sqrt(size)
    X = rng.standard_normal(size) + rng.standard_normal((4 * size, size)) @ mixing
    lower = rng.standard_normal(size * (size - 1) // 2) / np.sqrt(2 * size)
    return Params(rng.standard_normal(size), 0.3 * rng.standard_normal(size), lower), Data(X)


OBJECTIVES = (
    Objective(
        name="gaussian-cholesky",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda p: {
            "white": Params(p.mean, 0 * p.log_diagonal, 0 * p.lower),
            "narrow": p._replace(log_diagonal=p.log_diagonal - 3),
        },
        sizes=(6, 20, 60),
        family="probabilistic",
        tags=("log-parameters", "matrix"),
        source="Bishop, Pattern Recognition and Machine Learning (2006), eq. 2.118; Pinheiro & "
        "Bates, Statistics and Computing 6 (1996)",
        convention=Convention(reduction="mean"),
    ),
)
