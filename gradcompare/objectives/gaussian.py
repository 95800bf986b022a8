r"""Negative log-likelihood of independent Gaussians in mean and log variance.

With samples xᵢ (rows of X, m × d), means μ, log variances s and standardised residuals
zᵢⱼ = (xᵢⱼ − μⱼ) exp(−sⱼ/2),

    f(μ, s) = (1/2m) Σᵢⱼ zᵢⱼ² + ½ Σⱼ sⱼ + (d/2) log 2π,
    ∂f/∂μⱼ = −exp(−sⱼ/2) (1/m) Σᵢ zᵢⱼ,    ∂f/∂sⱼ = ½ (1 − (1/m) Σᵢ zᵢⱼ²),
    ∂²f/∂μⱼ² = exp(−sⱼ),    ∂²f/∂μⱼ∂sⱼ = exp(−sⱼ/2) (1/m) Σᵢ zᵢⱼ,    ∂²f/∂sⱼ² = (1/2m) Σᵢ zᵢⱼ²,

because ∂zᵢⱼ/∂μⱼ = −exp(−sⱼ/2) and ∂zᵢⱼ/∂sⱼ = −zᵢⱼ/2; different coordinates do not mix.

It is the mean over the samples, for each coordinate that of Bishop, Pattern Recognition and
Machine Learning (2006), equation (1.54), with sⱼ = log σⱼ².
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective


class Params(NamedTuple):
    mean: Float[Array, " d"]
    log_variance: Float[Array, " d"]


class Data(NamedTuple):
    X: Float[Array, "m d"]


def value(params: Params, data: Data) -> Float[Array, ""]:
    """f(μ, s) = (1/2m) Σᵢⱼ (xᵢⱼ − μⱼ)² exp(−sⱼ) + ½ Σⱼ sⱼ + (d/2) log 2π."""
    # z is scaled before it is squared: exp(−s) alone overflows at half the range of s.
    z = (data.X - params.mean) * jnp.exp(-params.log_variance / 2)
    return jnp.sum(jnp.mean(z**2, axis=0) + params.log_variance + np.log(2 * np.pi).item()) / 2


def gradient(params: Params, data: Data) -> Params:
    """∂f/∂μ = −exp(−s/2) mean(z) and ∂f/∂s = ½ (1 − mean(z²)), means over the samples."""
    precision_root = jnp.exp(-params.log_variance / 2)
    z = (data.X - params.mean) * precision_root
    return Params(-precision_root * jnp.mean(z, axis=0), (1 - jnp.mean(z**2, axis=0)) / 2)


def hvp(params: Params, direction: Params, data: Data) -> Params:
    """The Hessian consists of one 2 × 2 block in (μⱼ, sⱼ) for each coordinate j."""
    precision_root = jnp.exp(-params.log_variance / 2)
    z = (data.X - params.mean) * precision_root
    mixed = precision_root * jnp.mean(z, axis=0)
    return Params(
        precision_root**2 * direction.mean + mixed * direction.log_variance,
        mixed * direction.mean + jnp.mean(z**2, axis=0) / 2 * direction.log_variance,
    )


def make(rng: np.random.Generator, size: int) -> tuple[Params, Data]:
    """Draws means and log variances in `size` dimensions, and 20 samples of other Gaussians."""
    centre, spread = rng.standard_normal(size), np.exp(0.5 * rng.standard_normal(size))
    X = centre + spread * rng.standard_normal((20, size))
    return Params(rng.standard_normal(size), 0.5 * rng.standard_normal(size)), Data(X)


OBJECTIVES = (
    Objective(
        name="gaussian-nll",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        sizes=(10, 100, 1000),
        family="probabilistic",
        tags=("log-parameters",),
        source="Bishop, Pattern Recognition and Machine Learning (2006), eq. 1.54",
        convention=Convention(reduction="mean"),
    ),
)
