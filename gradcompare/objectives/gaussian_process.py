r"""Negative log marginal likelihood of a Gaussian process, with five covariance functions.

With inputs X (m × p), targets y, correlations C(φ) by one of the kernels of `_kernels.py`, signal
variance s and noise variance v, and θ = (φ, log s, log v), where φ are logarithms too,

    S = s C,    K = S + v I,    α = K⁻¹y,    G = K⁻¹ − ααᵀ,
    f(θ) = ½ yᵀα + ½ log det K + (m/2) log 2π,
    ∂f/∂θₖ = ½ tr(G ∂K/∂θₖ) = ½ Σᵢⱼ Gᵢⱼ ∂Kᵢⱼ/∂θₖ,

Rasmussen & Williams, Gaussian Processes for Machine Learning (2006), equations (2.30), (5.8) and
(5.9). The derivatives of K are s ∂C/∂φₖ, S and v I. Along a direction (φ̇, ṡ, v̇), all of them
changes of logarithms,

    K̇ = Ṡ + v̇ v I,    Ṡ = s Ċ + ṡ S,    α̇ = −K⁻¹K̇α,    Ġ = −K⁻¹K̇K⁻¹ − α̇αᵀ − αα̇ᵀ,

and the product rule gives the Hessian times the direction,

    by φₖ:  ½ s Σᵢⱼ ((Ġ + ṡ G)ᵢⱼ ∂Cᵢⱼ/∂φₖ + Gᵢⱼ ∂Ċᵢⱼ/∂φₖ),
    by log s:  ½ Σᵢⱼ (Ġᵢⱼ Sᵢⱼ + Gᵢⱼ Ṡᵢⱼ),    by log v:  ½ v (tr Ġ + v̇ tr G).

With the Matérn kernel of smoothness 3/2 the parameters are the positive numbers themselves, and
the derivatives are still those with respect to their logarithms, as software for Gaussian
processes often gives them.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import cho_solve, cholesky, solve_triangular
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective
from . import _kernels
from ._kernels import Kernel

DIMENSIONS = 3


class Params(NamedTuple):
    log_length_scale: Float[Array, " p"]
    log_signal_variance: Float[Array, ""]
    log_noise_variance: Float[Array, ""]


class NaturalParams(NamedTuple):
    length_scale: Float[Array, " p"]
    signal_variance: Float[Array, ""]
    noise_variance: Float[Array, ""]


class MixtureParams(NamedTuple):
    log_length_scale: Float[Array, ""]
    log_mixture: Float[Array, ""]
    log_signal_variance: Float[Array, ""]
    log_noise_variance: Float[Array, ""]


class PeriodicParams(NamedTuple):
    log_length_scale: Float[Array, ""]
    log_period: Float[Array, ""]
    log_signal_variance: Float[Array, ""]
    log_noise_variance: Float[Array, ""]


class Data(NamedTuple):
    X: Float[Array, "m p"]
    y: Float[Array, " m"]


def cholesky_factor(S: Float[Array, "m m"], noise: Float[Array, ""]) -> Float[Array, "m m"]:
    """Returns the lower triangular L with LLᵀ = S + v I."""
    return cholesky(S + noise * jnp.eye(len(S), dtype=S.dtype), lower=True)


def solver(S: Float[Array, "m m"], noise: Float[Array, ""]) -> Callable[[Array], Array]:
    """Returns the function b ↦ K⁻¹b."""
    L = cholesky_factor(S, noise)
    return lambda b: cho_solve((L, True), b)


def negative_log_likelihood(kernel: Kernel, params, data: Data) -> Float[Array, ""]:
    """½ ‖L⁻¹y‖² + Σᵢ log Lᵢᵢ + (m/2) log 2π with K = LLᵀ."""
    *phi, log_signal, log_noise = params
    S = jnp.exp(log_signal) * kernel.correlation(phi, data.X)
    L = cholesky_factor(S, jnp.exp(log_noise))
    fit = jnp.sum(solve_triangular(L, data.y, lower=True) ** 2) / 2
    return fit + jnp.sum(jnp.log(jnp.diag(L))) + len(S) / 2 * np.log(2 * np.pi).item()


def derivatives(kernel: Kernel, params, data: Data) -> list:
    """½ tr(G ∂K/∂θ) for φ, log s and log v."""
    *phi, log_signal, log_noise = params
    signal, noise = jnp.exp(log_signal), jnp.exp(log_noise)
    S = signal * kernel.correlation(phi, data.X)
    solve = solver(S, noise)
    alpha = solve(data.y)
    G = solve(jnp.eye(len(S), dtype=S.dtype)) - jnp.outer(alpha, alpha)
    by_kernel = kernel.pull(phi, data.X, signal / 2 * G)
    return [*by_kernel, jnp.sum(G * S) / 2, noise * jnp.trace(G) / 2]


def second_derivatives(kernel: Kernel, params, direction, data: Data) -> list:
    """½ tr(Ġ ∂K/∂θ + G ∂K̇/∂θ) for φ, log s and log v."""
    (*phi, log_signal, log_noise), (*along, ds, dv) = params, direction
    signal, noise = jnp.exp(log_signal), jnp.exp(log_noise)
    S = signal * kernel.correlation(phi, data.X)
    S_dot = signal * kernel.push(phi, along, data.X) + ds * S
    identity, solve = jnp.eye(len(S), dtype=S.dtype), solver(S, noise)
    inverse, alpha, K_dot = solve(identity), solve(data.y), S_dot + dv * noise * identity
    # Solved for once more: K⁻¹ times the vector would be less accurate for a K near to singular.
    cross = jnp.outer(-solve(K_dot @ alpha), alpha)
    G = inverse - jnp.outer(alpha, alpha)
    G_dot = -inverse @ K_dot @ inverse - cross - cross.T
    moved = kernel.pull(phi, data.X, signal / 2 * (G_dot + ds * G))
    bent = kernel.bend(phi, along, data.X, signal / 2 * G)
    by_kernel = [a + b for a, b in zip(moved, bent, strict=True)]
    by_signal = jnp.sum(G_dot * S + G * S_dot) / 2
    return [*by_kernel, by_signal, noise * (jnp.trace(G_dot) + dv * jnp.trace(G)) / 2]


def gaussian_process(
    name: str, kernel: Kernel, formula: str, logs: Callable = tuple, **fields: Any
) -> Objective:
    """Returns the objective with that kernel.

    Args:
        name: How it is called.
        kernel: The correlations.
        formula: What they are, for the table.
        logs: The logarithms (φ, log s, log v) from the parameters, which are these by default.
        fields: Further fields of the objective.
    """

    def value(params, data: Data) -> Float[Array, ""]:
        return negative_log_likelihood(kernel, logs(params), data)

    def gradient(params, data: Data):
        return type(params)(*derivatives(kernel, logs(params), data))

    def hvp(params, direction, data: Data):
        return type(params)(*second_derivatives(kernel, logs(params), direction, data))

    value.__doc__ = f"f(θ) = ½ yᵀK⁻¹y + ½ log det 2πK, K = v I + s {formula}."
    return Objective(
        name=name,
        value=value,
        gradient=gradient,
        hvp=hvp,
        sizes=(20, 100, 300),
        family="probabilistic",
        source="Rasmussen & Williams, Gaussian Processes for Machine Learning (2006), "
        "section 4.2, eq. 2.30, 5.8 and 5.9",
        **fields,
    )


def make(rng: np.random.Generator, size: int) -> tuple[Params, Data]:
    """Draws `size` observations of a smooth function of three inputs; five parameters."""
    X = rng.uniform(-2, 2, (size, DIMENSIONS))
    y = np.sin(X @ rng.standard_normal(DIMENSIONS)) + 0.2 * rng.standard_normal(size)
    scale = np.log([0.8, 1.3, 2.1]) + 0.1 * rng.standard_normal(DIMENSIONS)
    signal, noise = np.log([1.5, 0.1]) + 0.1 * rng.standard_normal(2)
    return Params(scale, np.asarray(signal), np.asarray(noise)), Data(X, y)


def make_natural(rng: np.random.Generator, size: int) -> tuple[NaturalParams, Data]:
    """Draws what `make` does, with the positive parameters themselves."""
    params, data = make(rng, size)
    return NaturalParams(*(np.asarray(np.exp(log)) for log in params)), data


def make_mixture(rng: np.random.Generator, size: int) -> tuple[MixtureParams, Data]:
    """Draws the data of `make`, and four parameters around α = 0.7."""
    _, data = make(rng, size)
    logs = np.log([1.2, 0.7, 1.5, 0.1]) + 0.1 * rng.standard_normal(4)
    return MixtureParams(*map(np.asarray, logs)), data


def make_periodic(rng: np.random.Generator, size: int) -> tuple[PeriodicParams, Data]:
    """Draws `size` observations within some three periods of a function of time."""
    t = rng.uniform(0, 4, size)
    wave = np.sin(2 * np.pi * t / 1.3 + 0.4) + 0.5 * np.cos(4 * np.pi * t / 1.3)
    logs = np.log([0.9, 1.3, 1.5, 0.1]) + 0.1 * rng.standard_normal(4)
    data = Data(t[:, None], wave + 0.2 * rng.standard_normal(size))
    return PeriodicParams(*map(np.asarray, logs)), data


def special(params) -> dict[str, Any]:
    """A tenth of the noise, and correlations that reach much further."""
    return {
        "little-noise": params._replace(log_noise_variance=params.log_noise_variance - 2.3),
        "long-scales": params._replace(log_length_scale=params.log_length_scale + 1.2),
    }


def special_natural(theta: NaturalParams) -> dict[str, NaturalParams]:
    return {
        "little-noise": theta._replace(noise_variance=theta.noise_variance / 10),
        "long-scales": theta._replace(length_scale=3 * theta.length_scale),
    }


LOGS: dict[str, Any] = {"special": special, "tags": ("log-parameters",)}

OBJECTIVES = (
    gaussian_process(
        "gaussian-process", _kernels.SQUARED_EXPONENTIAL, "exp(−r²/2)", make=make, **LOGS
    ),
    gaussian_process(
        "gp-matern-3-2",
        _kernels.MATERN_3_2,
        "(1 + √3 r) exp(−√3 r)",
        logs=lambda theta: tuple(map(jnp.log, theta)),
        make=make_natural,
        special=special_natural,
        lower=1e-6,
        convention=Convention(wrt="log"),
    ),
    gaussian_process(
        "gp-matern-5-2",
        _kernels.MATERN_5_2,
        "(1 + √5 r + 5r²/3) exp(−√5 r)",
        make=make,
        **LOGS,
    ),
    gaussian_process(
        "gp-rational-quad",
        _kernels.RATIONAL_QUADRATIC,
        "(1 + r²/(2αℓ²))^(−α)",
        make=make_mixture,
        **LOGS,
    ),
    gaussian_process(
        "gp-periodic", _kernels.PERIODIC, "exp(−2 sin²(πr/c)/ℓ²)", make=make_periodic, **LOGS
    ),
)
