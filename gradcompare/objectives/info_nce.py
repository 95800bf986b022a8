r"""InfoNCE: contrastive learning of an encoder from two views of each example, as NT-Xent.

With N examples, two views of each, rows i and i + N of X (2N × n), a linear encoder A (k × n), its
embeddings zᵢ, rows of XAᵀ, of lengths rᵢ = ‖zᵢ‖, unit vectors eᵢ = zᵢ/rᵢ, rows of E, and cosine
similarities sᵢⱼ = eᵢ·eⱼ/τ of temperature τ = exp(θ), a view shall find its partner i′ = i ± N,

    f(A, θ) = (1/2N) Σᵢ (log Σ_{j≠i} exp(sᵢⱼ) − sᵢᵢ′).

With pᵢⱼ = exp(sᵢⱼ) / Σ_{l≠i} exp(sᵢₗ), pᵢᵢ = 0, the derivatives by the unit vectors eᵢ, by the
embeddings zᵢ (the part of gᵢ across eᵢ, as a unit vector cannot grow) and by the parameters are

    gᵢ = (1/2Nτ) (Σⱼ (pᵢⱼ + pⱼᵢ) eⱼ − 2eᵢ′),    hᵢ = (gᵢ − ρᵢ eᵢ)/rᵢ,  ρᵢ = eᵢ·gᵢ,
    ∂f/∂A = HᵀX,    ∂f/∂θ = −½ Σᵢ ρᵢ,

the last because f is a function of E/√τ, so that −2 ∂f/∂θ is the derivative along E. Along a
direction (B, β) the product rule gives, with żᵢ = Bxᵢ,

    ėᵢ = (żᵢ − (eᵢ·żᵢ) eᵢ)/rᵢ,    ṡᵢⱼ = (ėᵢ·eⱼ + eᵢ·ėⱼ)/τ − β sᵢⱼ,    ṗᵢⱼ = pᵢⱼ (ṡᵢⱼ − Σₗ pᵢₗ ṡᵢₗ),
    ġᵢ = (1/2Nτ) (Σⱼ (ṗᵢⱼ + ṗⱼᵢ) eⱼ + Σⱼ (pᵢⱼ + pⱼᵢ) ėⱼ − 2ėᵢ′) − β gᵢ,    ρ̇ᵢ = ėᵢ·gᵢ + eᵢ·ġᵢ,
    ḣᵢ = (ġᵢ − ρ̇ᵢ eᵢ − ρᵢ ėᵢ − (eᵢ·żᵢ) hᵢ)/rᵢ,    and    ∇²f (B, β) = (ḢᵀX, −½ Σᵢ ρ̇ᵢ).

See van den Oord, Li & Vinyals, Representation Learning with Contrastive Predictive Coding (2018),
equation (4), and Chen, Kornblith, Norouzi & Hinton, SimCLR, ICML (2020), equation (1), which has
the candidates used here: all other views of the batch.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective

DIMENSIONS = 3


class Params(NamedTuple):
    A: Float[Array, "k n"]
    log_temperature: Float[Array, ""]


class Data(NamedTuple):
    X: Float[Array, "2N n"]


class Forward(NamedTuple):
    """What the value and its derivatives start from."""

    E: Float[Array, "2N k"]
    lengths: Float[Array, "2N 1"]
    S: Float[Array, "2N 2N"]
    tau: Float[Array, ""]


def row_dots(U: Float[Array, "2N k"], V: Float[Array, "2N k"]) -> Float[Array, "2N 1"]:
    return jnp.sum(U * V, axis=1, keepdims=True)


def partners(E: Float[Array, "2N k"]) -> Float[Array, "2N k"]:
    """Returns eᵢ′, the other view of each example."""
    return jnp.roll(E, len(E) // 2, axis=0)


def forward(params: Params, data: Data) -> Forward:
    """Embeds the views, scales them to unit length and compares them."""
    Z, tau = data.X @ params.A.T, jnp.exp(params.log_temperature)
    lengths = jnp.sqrt(row_dots(Z, Z))
    E = Z / lengths
    return Forward(E, lengths, E @ E.T / tau, tau)


def others(S: Float[Array, "2N 2N"]) -> Float[Array, "2N 2N"]:
    """Returns S with −∞ on the diagonal, where a view would be compared with itself."""
    return jnp.where(jnp.eye(len(S), dtype=bool), -jnp.inf, S)


def value(params: Params, data: Data) -> Float[Array, ""]:
    """f(A, θ) = (1/2N) Σᵢ (log Σ_{j≠i} exp(sᵢⱼ) − sᵢᵢ′), sᵢⱼ = cos(Axᵢ, Axⱼ)/exp(θ)."""
    E, _, S, tau = forward(params, data)
    # logsumexp subtracts the largest similarity: exp(1/τ) overflows at a low temperature.
    return jnp.mean(jax.nn.logsumexp(others(S), axis=1) - row_dots(E, partners(E))[:, 0] / tau)


def pull(P: Float[Array, "2N 2N"], E: Float[Array, "2N k"]) -> Float[Array, "2N k"]:
    """Returns Σⱼ (pᵢⱼ + pⱼᵢ) eⱼ."""
    # As two products: adding a transpose is slower than the product on the CPU.
    return P @ E + (E.T @ P).T


def gradient(params: Params, data: Data) -> Params:
    """∂f/∂A = HᵀX with hᵢ = (gᵢ − ρᵢ eᵢ)/rᵢ, and ∂f/∂θ = −½ Σᵢ ρᵢ."""
    E, lengths, S, tau = forward(params, data)
    G = (pull(jax.nn.softmax(others(S), axis=1), E) - 2 * partners(E)) / (len(E) * tau)
    rho = row_dots(E, G)
    return Params(((G - rho * E) / lengths).T @ data.X, -jnp.sum(rho) / 2)


def hvp(params: Params, direction: Params, data: Data) -> Params:
    """(ḢᵀX, −½ Σᵢ ρ̇ᵢ), by the product rule along the direction (B, β)."""
    E, lengths, S, tau = forward(params, data)
    P, scale = jax.nn.softmax(others(S), axis=1), 1 / (len(E) * tau)
    G = scale * (pull(P, E) - 2 * partners(E))
    rho = row_dots(E, G)
    H = (G - rho * E) / lengths

    Z_change, beta = data.X @ direction.A.T, direction.log_temperature
    along = row_dots(E, Z_change)
    E_change = (Z_change - along * E) / lengths
    cross = E_change @ E.T
    S_change = (cross + cross.T) / tau - beta * S
    P_change = P * (S_change - jnp.sum(P * S_change, axis=1, keepdims=True))
    moved = pull(P_change, E) + pull(P, E_change) - 2 * partners(E_change)
    G_change = scale * moved - beta * G
    rho_change = row_dots(E_change, G) + row_dots(E, G_change)
    H_change = (G_change - rho_change * E - rho * E_change - along * H) / lengths
    return Params(H_change.T @ data.X, -jnp.sum(rho_change) / 2)


def make(rng: np.random.Generator, size: int) -> tuple[Params, Data]:
    """Draws an encoder of `size` features, and two views of each of 2 × `size` examples."""
    examples = rng.standard_normal((2 * size, size))
    X = np.concatenate([examples, examples]) + 0.5 * rng.standard_normal((4 * size, size))
    A = rng.standard_normal((DIMENSIONS, size)) / np.sqrt(size)
    return Params(A, np.asarray(-1 + 0.2 * rng.standard_normal())), Data(X)


OBJECTIVES = (
    Objective(
        name="info-nce",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda p: {"cold": p._replace(log_temperature=np.asarray(-5.0))},
        sizes=(10, 50, 200),
        family="representation learning",
        tags=("log-parameters", "matrix", "tails"),
        source="van den Oord, Li & Vinyals, Contrastive Predictive Coding (2018), eq. 4; "
        "Chen, Kornblith, Norouzi & Hinton, ICML (2020), eq. 1",
        convention=Convention(reduction="mean"),
    ),
)
