r"""Variational Bayes: the negative evidence lower bound of a Gaussian for logistic regression.

With rows xᵢ of X (m × n), labels yᵢ ∈ {−1, +1}, the prior N(0, λ²I) of the weights and the
approximation N(μ, diag(σ²)) of their posterior, σ = exp(ρ), the bound is estimated from s draws
εₛ of N(0, I), rows of E (s × n), which are data here, so that f is deterministic. The weights are
reparametrised as wₛ = μ + σ ∘ εₛ, the Kullback–Leibler divergence has a closed form:

    f(μ, ρ) = (1/s) Σₛᵢ log(1 + exp(−yᵢ xᵢᵀwₛ))
              + Σⱼ (½ (μⱼ² + σⱼ²) / λ² − ½ + log λ − ρⱼ).

With the errors rₛᵢ = −yᵢ σ(−yᵢ xᵢᵀwₛ) / s, where σ(t) = 1 / (1 + exp(−t)), R = (rₛᵢ), and
G = RX, whose rows are the derivatives by wₛ,

    ∂f/∂μ = Gᵀ1 + μ / λ²,    ∂f/∂ρ = σ ∘ (E ∘ G)ᵀ1 + σ² / λ² − 1.

Along a direction (μ̇, ρ̇) the weights change by ẇₛ = μ̇ + ρ̇ ∘ σ ∘ εₛ, the errors by
ṙₛᵢ = σ(yᵢ xᵢᵀwₛ) σ(−yᵢ xᵢᵀwₛ) xᵢᵀẇₛ / s and G by Ġ = ṘX, so the Hessian times the direction is

    (Ġᵀ1 + μ̇ / λ²,  σ ∘ (E ∘ (Ġ + 1ρ̇ᵀ ∘ G))ᵀ1 + 2 σ² ∘ ρ̇ / λ²).

See Kingma & Welling, Auto-encoding variational Bayes (2014), section 2.4 for wₛ and appendix B
for the divergence, and Titsias & Lázaro-Gredilla, Doubly stochastic variational Bayes for
non-conjugate inference (2014), for regression.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective
from ._linear import draw

DRAWS = 8


class Params(NamedTuple):
    mean: Float[Array, " n"]
    log_deviation: Float[Array, " n"]


class Data(NamedTuple):
    X: Float[Array, "m n"]
    y: Float[Array, " m"]
    noise: Float[Array, "s n"]
    prior_deviation: float


def margins(params: Params, data: Data) -> Float[Array, "s m"]:
    """Returns yᵢ xᵢᵀwₛ for each draw and row."""
    W = params.mean + jnp.exp(params.log_deviation) * data.noise
    return data.y * (W @ data.X.T)


def divergence(params: Params, data: Data) -> Float[Array, ""]:
    """Returns the Kullback–Leibler divergence of the approximation from the prior."""
    log_ratio = params.log_deviation - jnp.log(data.prior_deviation)
    squares = (params.mean / data.prior_deviation) ** 2 + jnp.exp(2 * log_ratio)
    return jnp.sum((squares - 1) / 2 - log_ratio)


def value(params: Params, data: Data) -> Float[Array, ""]:
    """f(μ, ρ) = (1/s) Σₛᵢ log(1 + exp(−yᵢ xᵢᵀ(μ + eᵖ ∘ εₛ))) + KL(N(μ, e²ᵖ), N(0, λ²))."""
    # softplus does not overflow for the badly classified rows, as log(1 + exp) does.
    losses = jax.nn.softplus(-margins(params, data))
    return jnp.sum(losses) / len(losses) + divergence(params, data)


def gradient(params: Params, data: Data) -> Params:
    """∂f/∂μ = Gᵀ1 + μ/λ² and ∂f/∂ρ = σ ∘ (E ∘ G)ᵀ1 + σ²/λ² − 1 with G = RX."""
    deviation, precision = jnp.exp(params.log_deviation), data.prior_deviation**-2
    errors = -data.y * jax.nn.sigmoid(-margins(params, data)) / len(data.noise)
    G = errors @ data.X
    by_log = deviation * jnp.sum(data.noise * G, axis=0) + precision * deviation**2 - 1
    return Params(jnp.sum(G, axis=0) + precision * params.mean, by_log)


def hvp(params: Params, direction: Params, data: Data) -> Params:
    """(Ġᵀ1 + μ̇/λ², σ ∘ (E ∘ (Ġ + 1ρ̇ᵀ ∘ G))ᵀ1 + 2σ² ∘ ρ̇/λ²) with Ġ = ṘX."""
    deviation, precision = jnp.exp(params.log_deviation), data.prior_deviation**-2
    t = margins(params, data)
    wrong = jax.nn.sigmoid(-t) / len(t)
    moved = direction.mean + direction.log_deviation * deviation * data.noise
    change = (jax.nn.sigmoid(t) * wrong * (moved @ data.X.T)) @ data.X
    G = (-data.y * wrong) @ data.X
    along = change + direction.log_deviation * G
    stretched = 2 * precision * deviation**2 * direction.log_deviation
    by_log = deviation * jnp.sum(data.noise * along, axis=0) + stretched
    return Params(jnp.sum(change, axis=0) + precision * direction.mean, by_log)


def make(rng: np.random.Generator, size: int) -> tuple[Params, Data]:
    """Draws an approximation for `size` weights, 4 × `size` labelled rows and eight draws."""
    mean, X, predictor = draw(rng, size, 4 * size)
    y = np.where(predictor + rng.logistic(size=len(X)) > 0, 1.0, -1.0)
    log_deviation = -1 + 0.3 * rng.standard_normal(size)
    noise = rng.standard_normal((DRAWS, size))
    return Params(mean, log_deviation), Data(X, y, noise, prior_deviation=1.5)


OBJECTIVES = (
    Objective(
        name="gaussian-elbo",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda p: {
            "certain": p._replace(log_deviation=p.log_deviation - 5),
            "tail": p._replace(mean=10 * p.mean),
        },
        sizes=(10, 100, 500),
        family="probabilistic",
        tags=("log-parameters", "tails"),
        source="Kingma & Welling, Auto-encoding variational Bayes (2014), section 2.4 and "
        "appendix B; Titsias & Lázaro-Gredilla, Doubly stochastic variational Bayes (2014)",
        convention=Convention(reduction="sum"),
    ),
)
