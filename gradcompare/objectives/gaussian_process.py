r"""Negative log marginal likelihood of a Gaussian process.

With inputs X (m × p), targets y, length scales ℓₖ (one for each input dimension), signal
variance s and noise variance v, all three as logarithms, scaled inputs zᵢₖ = xᵢₖ / ℓₖ and
covariance

    K = S + v I,    Sᵢⱼ = s exp(−½ Σₖ (zᵢₖ − zⱼₖ)²),    α = K⁻¹y,

    f(θ) = ½ yᵀα + ½ log det K + (m/2) log 2π,
    ∂f/∂θ = −½ tr((ααᵀ − K⁻¹) ∂K/∂θ),

Rasmussen & Williams, Gaussian Processes for Machine Learning (2006), equations (5.1), (5.2),
(5.8) and (5.9). The derivatives of K are ∂K/∂log s = S, ∂K/∂log v = v I and
∂K/∂log ℓₖ = S ∘ (zᵢₖ − zⱼₖ)²ᵢⱼ. With G = K⁻¹ − ααᵀ, B = G ∘ S and its row sums B1,

    ∂f/∂log s = ½ Σᵢⱼ Bᵢⱼ,    ∂f/∂log v = ½ v tr G,
    ∂f/∂log ℓₖ = ½ Σᵢⱼ Bᵢⱼ (zᵢₖ − zⱼₖ)² = Σᵢ zᵢₖ ((B1)ᵢ zᵢₖ − (BZ)ᵢₖ),

the last because B is symmetric: one matrix product serves all length scales.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import cho_solve, cholesky
from jaxtyping import Array, Float

from .._objective import Objective

DIMENSIONS = 3


class Params(NamedTuple):
    log_length_scale: Float[Array, " p"]
    log_signal_variance: Float[Array, ""]
    log_noise_variance: Float[Array, ""]


class Data(NamedTuple):
    X: Float[Array, "m p"]
    y: Float[Array, " m"]


def signal_covariance(params: Params, Z: Float[Array, "m p"]) -> Float[Array, "m m"]:
    """Returns S, from inputs already divided by the length scales."""
    # Differences, not ‖zᵢ‖² + ‖zⱼ‖² − 2 zᵢᵀzⱼ, which cancels for neighbours.
    squares = jnp.sum((Z[:, None] - Z) ** 2, axis=-1)
    return jnp.exp(params.log_signal_variance - squares / 2)


def value(params: Params, data: Data) -> Float[Array, ""]:
    """f(θ) = ½ yᵀK⁻¹y + ½ log det K + (m/2) log 2π."""
    S = signal_covariance(params, data.X * jnp.exp(-params.log_length_scale))
    identity = jnp.eye(len(S), dtype=S.dtype)
    L = cholesky(S + jnp.exp(params.log_noise_variance) * identity, lower=True)
    fit = data.y @ cho_solve((L, True), data.y) / 2
    return fit + jnp.sum(jnp.log(jnp.diag(L))) + len(S) / 2 * np.log(2 * np.pi).item()


def gradient(params: Params, data: Data) -> Params:
    """∂f/∂θ = −½ tr((ααᵀ − K⁻¹) ∂K/∂θ) with α = K⁻¹y."""
    Z, v = data.X * jnp.exp(-params.log_length_scale), jnp.exp(params.log_noise_variance)
    S = signal_covariance(params, Z)
    identity = jnp.eye(len(S), dtype=S.dtype)
    inverse = cho_solve((cholesky(S + v * identity, lower=True), True), identity)
    alpha = inverse @ data.y
    G = inverse - jnp.outer(alpha, alpha)
    B = G * S
    rows = jnp.sum(B, axis=1)
    scales = jnp.sum(Z * (rows[:, None] * Z - B @ Z), axis=0)
    return Params(scales, jnp.sum(rows) / 2, v * jnp.trace(G) / 2)


def make(rng: np.random.Generator, size: int) -> tuple[Params, Data]:
    """Draws `size` observations of a smooth function of three inputs; five parameters."""
    X = rng.uniform(-2, 2, (size, DIMENSIONS))
    y = np.sin(X @ rng.standard_normal(DIMENSIONS)) + 0.2 * rng.standard_normal(size)
    scale = np.log([0.8, 1.3, 2.1]) + 0.1 * rng.standard_normal(DIMENSIONS)
    signal, noise = np.log([1.5, 0.1]) + 0.1 * rng.standard_normal(2)
    return Params(scale, np.asarray(signal), np.asarray(noise)), Data(X, y)


OBJECTIVES = (
    Objective(
        name="gaussian-process",
        value=value,
        gradient=gradient,
        make=make,
        sizes=(20, 100, 300),
        source="Rasmussen & Williams, Gaussian Processes for Machine Learning (2006), "
        "eq. 5.1, 5.2, 5.8 and 5.9",
    ),
)
