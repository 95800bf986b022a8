r"""Student-t regression: robust in the weights, with its scale and degrees of freedom to fit.

With rows xᵢ of X (m × n), responses yᵢ, weights w, log scale s, log degrees of freedom τ,
ν = exp(τ), residuals zᵢ = (yᵢ − xᵢᵀw) exp(−s) and weights of the observations
ωᵢ = (ν + 1) / (ν + zᵢ²), which fall for outliers, the mean negative log-likelihood is

    f(w, s, τ) = (1/m) Σᵢ ½ (ν + 1) log(1 + zᵢ²/ν) + s + ½ log ν + log B(½, ½ν),
    ∂f/∂w = −exp(−s) (1/m) Σᵢ ωᵢzᵢ xᵢ,    ∂f/∂s = 1 − (1/m) Σᵢ ωᵢzᵢ²,
    ∂f/∂τ = ½ (ν (1/m) Σᵢ log(1 + zᵢ²/ν) − (1/m) Σᵢ ωᵢzᵢ² + 1 − ν G(ν)),

with the beta function B(½, ½ν) = √π Γ(½ν) / Γ(½(ν + 1)) and the difference of digamma functions
G(ν) = ψ(½(ν + 1)) − ψ(½ν). For large ν that difference cancels; there

    G(ν) ~ 1/ν + Σₖ (4ᵏ − 1) B₂ₖ / (k ν²ᵏ) = 1/ν + 1/2ν² − 1/4ν⁴ + 1/2ν⁶ − 17/8ν⁸ + 31/2ν¹⁰ − …

with the Bernoulli numbers B₂ₖ. Along a direction (ẇ, ṡ, τ̇) the residuals change by
żᵢ = −exp(−s) xᵢᵀẇ − zᵢṡ, ν by ν̇ = ντ̇ and the weights by

    ω̇ᵢ = (ν̇ − ωᵢ (ν̇ + 2zᵢżᵢ)) / (ν + zᵢ²),

and the Hessian times the direction is, by the product rule, where E stands for (1/m) Σᵢ,

    −exp(−s) E (ω̇ᵢzᵢ + ωᵢżᵢ − ṡωᵢzᵢ) xᵢ,    −E (ω̇ᵢzᵢ² + 2ωᵢzᵢżᵢ),
    ½ (ν̇ (E log(1 + zᵢ²/ν) − G(ν) − ν G′(ν)) + ν E (2zᵢżᵢ − zᵢ²τ̇) / (ν + zᵢ²)
       − E (ω̇ᵢzᵢ² + 2ωᵢzᵢżᵢ)).

See Lange, Little & Taylor, Journal of the American Statistical Association 84 (1989), 881–896,
and for G, Erdélyi et al., Higher Transcendental Functions I (1953), section 1.8.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import betaln, digamma, polygamma
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective
from ._linear import draw

LARGE = 40
"""From so many degrees of freedom on, the series of G is exact to rounding."""


class Params(NamedTuple):
    w: Float[Array, " n"]
    log_scale: Float[Array, ""]
    log_dof: Float[Array, ""]


class Data(NamedTuple):
    X: Float[Array, "m n"]
    y: Float[Array, " m"]


def standardised(params: Params, data: Data) -> tuple[Float[Array, " m"], Float[Array, ""]]:
    """Returns zᵢ = (yᵢ − xᵢᵀw) exp(−s) and ν."""
    return (data.y - data.X @ params.w) * jnp.exp(-params.log_scale), jnp.exp(params.log_dof)


def digamma_step(nu: Float[Array, ""]) -> Float[Array, ""]:
    """Returns G(ν) = ψ((ν + 1)/2) − ψ(ν/2)."""
    x = 1 / nu
    y = x**2
    series = x + y * (1 / 2 + y * (-1 / 4 + y * (1 / 2 + y * (-17 / 8 + y * 31 / 2))))
    return jnp.where(nu < LARGE, digamma((nu + 1) / 2) - digamma(nu / 2), series)


def trigamma_step(nu: Float[Array, ""]) -> Float[Array, ""]:
    """Returns G′(ν) = ½ (ψ′((ν + 1)/2) − ψ′(ν/2))."""
    x = 1 / nu
    y = x**2
    series = -y * (1 + x * (1 + y * (-1 + y * (3 + y * (-17 + y * 155)))))
    return jnp.where(nu < LARGE, (polygamma(1, (nu + 1) / 2) - polygamma(1, nu / 2)) / 2, series)


def value(params: Params, data: Data) -> Float[Array, ""]:
    """f(w, s, τ) = (1/m) Σᵢ ½ (ν + 1) log(1 + zᵢ²/ν) + s + ½ log ν + log B(½, ½ν)."""
    z, nu = standardised(params, data)
    # betaln has a series for large ν, where the difference of two log Γ loses all digits.
    constant = params.log_dof / 2 + betaln(0.5, nu / 2)
    return (nu + 1) / 2 * jnp.mean(jnp.log1p(z**2 / nu)) + params.log_scale + constant


def gradient(params: Params, data: Data) -> Params:
    """−exp(−s) E ωzx, 1 − E ωz² and ½ (ν E log(1 + z²/ν) − E ωz² + 1 − ν G(ν))."""
    z, nu = standardised(params, data)
    score = (nu + 1) * z / (nu + z**2)
    by_scale = 1 - jnp.mean(score * z)
    by_dof = (nu * (jnp.mean(jnp.log1p(z**2 / nu)) - digamma_step(nu)) + by_scale) / 2
    # Xᵀr as r @ X, as in ridge.py: X.T @ r is several times slower on the CPU.
    by_weights = -jnp.exp(-params.log_scale) / len(z) * (score @ data.X)
    return Params(by_weights, by_scale, by_dof)


def hvp(params: Params, direction: Params, data: Data) -> Params:
    """The change of each term of the gradient along the direction, by the product rule."""
    z, nu = standardised(params, data)
    shrink, tau = jnp.exp(-params.log_scale), direction.log_dof
    moved = -shrink * (data.X @ direction.w) - z * direction.log_scale
    total = nu + z**2
    weight = (nu + 1) / total
    change = (nu * tau - weight * (nu * tau + 2 * z * moved)) / total
    score = change * z + weight * moved - direction.log_scale * weight * z
    by_scale = -jnp.mean(change * z**2 + 2 * weight * z * moved)
    slope = jnp.mean(jnp.log1p(z**2 / nu)) - digamma_step(nu) - nu * trigamma_step(nu)
    bend = nu * jnp.mean((2 * z * moved - z**2 * tau) / total)
    by_dof = (nu * tau * slope + bend + by_scale) / 2
    return Params(-shrink / len(z) * (score @ data.X), by_scale, by_dof)


def make(rng: np.random.Generator, size: int) -> tuple[Params, Data]:
    """Draws `size` weights, a scale, degrees of freedom, and 4 × `size` rows with t₃ errors."""
    w, X, predictor = draw(rng, size, 4 * size)
    y = predictor + 0.7 * rng.standard_t(3, len(X))
    log_scale, log_dof = np.log([0.8, 4.0]) + 0.3 * rng.standard_normal(2)
    return Params(w, np.asarray(log_scale), np.asarray(log_dof)), Data(X, y)


OBJECTIVES = (
    Objective(
        name="student-t",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda p: {
            "Cauchy": p._replace(log_dof=0 * p.log_dof),
            "nearly Gaussian": p._replace(log_dof=p.log_dof + 7),
        },
        sizes=(10, 100, 1000),
        family="probabilistic",
        tags=("log-parameters", "tails"),
        source="Lange, Little & Taylor, J. Am. Stat. Assoc. 84 (1989); Erdélyi et al., Higher "
        "Transcendental Functions I (1953), section 1.8",
        convention=Convention(reduction="mean"),
    ),
)
