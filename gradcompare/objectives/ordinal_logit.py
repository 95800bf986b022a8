r"""Ordinal logit: the proportional odds model, with thresholds that stay in order.

With rows xᵢ of X (m × n), class indicators Y (m × c, one 1 in each row), weights w and thresholds
θ₁ < … < θ_{c−1}, P(class ≤ k) = σ(θₖ − xᵢᵀw). The thresholds are parametrised by the first of
them, θ₁ = a, and the logarithms of their increments, θₖ₊₁ = θₖ + exp(bₖ).

Of the logistic function, σ(u) − σ(l) = σ(u) σ(−l) (1 − exp(l − u)), and in the class between two
thresholds u − l = exp(bₖ), whatever xᵢᵀw is. So with tᵢₖ = θₖ − xᵢᵀw, aᵢₖ = 1 if row i is in the
class below threshold k, bᵢₖ = 1 if it is in the class above, and shares sₖ of the inner classes,

    f(w, a, b) = (1/m) Σᵢₖ (aᵢₖ log(1 + exp(−tᵢₖ)) + bᵢₖ log(1 + exp(tᵢₖ)))
                 − Σₖ sₖ log(1 − exp(−exp(bₖ))).

With eᵢₖ = (bᵢₖ σ(tᵢₖ) − aᵢₖ σ(−tᵢₖ)) / m, the derivative by tᵢₖ, Tₖ = Σᵢ eᵢₖ, that by θₖ, and
q(b) = exp(b) / (exp(exp(b)) − 1),

    ∂f/∂w = −Xᵀ(Σₖ eᵢₖ)ᵢ,    ∂f/∂a = Σₖ Tₖ,    ∂f/∂bₖ = exp(bₖ) Σ_{j>k} Tⱼ − sₖ q(bₖ).

Along a direction eᵢₖ changes by (aᵢₖ + bᵢₖ) σ(tᵢₖ) σ(−tᵢₖ) / m times the change of tᵢₖ, and
q′(b) = q(b) (1 − q(b) − exp(b)). See McCullagh, Journal of the Royal Statistical Society B 42
(1980), 109–142, and Agresti, Categorical Data Analysis (2nd ed. 2002), section 7.2.2.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective
from ._linear import draw

CLASSES = 4


class Params(NamedTuple):
    w: Float[Array, " n"]
    first: Float[Array, ""]
    log_increments: Float[Array, " c-2"]


class Data(NamedTuple):
    X: Float[Array, "m n"]
    Y: Float[Array, "m c"]


def distances(params: Params, data: Data) -> Float[Array, "m c-1"]:
    """Returns tᵢₖ = θₖ − xᵢᵀw."""
    steps = jnp.cumsum(jnp.exp(params.log_increments))
    return params.first + jnp.pad(steps, (1, 0)) - (data.X @ params.w)[:, None]


def from_later(by_threshold: Float[Array, " c-1"]) -> Float[Array, " c-2"]:
    """Returns Σ_{j>k} Tⱼ for each increment k, which moves all the thresholds after it."""
    return jnp.cumsum(by_threshold[:0:-1])[::-1]


def value(params: Params, data: Data) -> Float[Array, ""]:
    """f(w, a, b) = −(1/m) Σᵢ log P(class of row i), P(class ≤ k) = σ(θₖ − xᵢᵀw)."""
    t, below, above = distances(params, data), data.Y[:, :-1], data.Y[:, 1:]
    fit = jnp.sum(below * jax.nn.softplus(-t) + above * jax.nn.softplus(t)) / len(t)
    gaps = jnp.log(-jnp.expm1(-jnp.exp(params.log_increments)))
    return fit - jnp.mean(data.Y[:, 1:-1], axis=0) @ gaps


def gradient(params: Params, data: Data) -> Params:
    """∂f/∂w = −Xᵀ(Σₖ eᵢₖ)ᵢ, ∂f/∂a = Σₖ Tₖ and ∂f/∂bₖ = exp(bₖ) Σ_{j>k} Tⱼ − sₖ q(bₖ)."""
    t, gap = distances(params, data), jnp.exp(params.log_increments)
    e = (data.Y[:, 1:] * jax.nn.sigmoid(t) - data.Y[:, :-1] * jax.nn.sigmoid(-t)) / len(t)
    T, shares = jnp.sum(e, axis=0), jnp.mean(data.Y[:, 1:-1], axis=0)
    by_log = gap * from_later(T) - shares * gap / jnp.expm1(gap)
    return Params(-jnp.sum(e, axis=1) @ data.X, jnp.sum(T), by_log)


def hvp(params: Params, direction: Params, data: Data) -> Params:
    """The change of each term of the gradient along the direction, by the product rule."""
    t, gap = distances(params, data), jnp.exp(params.log_increments)
    s, flipped = jax.nn.sigmoid(t), jax.nn.sigmoid(-t)
    below, above, shares = data.Y[:, :-1], data.Y[:, 1:], jnp.mean(data.Y[:, 1:-1], axis=0)
    widened = gap * direction.log_increments
    steps = direction.first + jnp.pad(jnp.cumsum(widened), (1, 0))
    e = (below + above) * s * flipped * (steps - (data.X @ direction.w)[:, None]) / len(t)
    T = jnp.sum(above * s - below * flipped, axis=0) / len(t)
    q = gap / jnp.expm1(gap)
    bend = shares * q * (1 - q - gap) * direction.log_increments
    change = jnp.sum(e, axis=0)
    by_log = gap * from_later(change) + widened * from_later(T) - bend
    return Params(-jnp.sum(e, axis=1) @ data.X, jnp.sum(change), by_log)


def make(rng: np.random.Generator, size: int) -> tuple[Params, Data]:
    """Draws `size` weights, thresholds of four classes and 4 × `size` rows of that model."""
    w, X, predictor = draw(rng, size, 4 * size)
    classes = np.searchsorted([-1.2, 0.1, 1.3], predictor + rng.logistic(size=len(X)))
    log_increments = 0.3 * rng.standard_normal(CLASSES - 2)
    first = np.asarray(-1 + 0.3 * rng.standard_normal())
    return Params(w, first, log_increments), Data(X, np.eye(CLASSES)[classes])


OBJECTIVES = (
    Objective(
        name="ordinal-logit",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda p: {"tail": p._replace(w=10 * p.w)},
        sizes=(10, 100, 1000),
        family="regression and classification",
        tags=("log-parameters", "tails"),
        source="McCullagh, J. R. Statist. Soc. B 42 (1980); Agresti, Categorical Data Analysis "
        "(2nd ed. 2002), section 7.2.2",
        convention=Convention(reduction="mean"),
    ),
)
