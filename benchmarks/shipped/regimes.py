"""Shipped faults that live in a part of the space, or grow there."""

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaln

from ._case import GITHUB, ShippedCase


def smoothed(rho, X, y, S):
    """A penalised likelihood with the coefficients profiled out; λ = exp ρ for each penalty."""
    H, beta, lam = solved(rho, X, y, S)
    penalty = jnp.einsum("k,kij->ij", lam, S)
    fit = jnp.sum((y - X @ beta) ** 2) / 2 + beta @ penalty @ beta / 2
    return fit + jnp.linalg.slogdet(H)[1] / 2 - jnp.sum(rho)


def solved(rho, X, y, S):
    lam = jnp.exp(rho)
    H = X.T @ X + jnp.einsum("k,kij->ij", lam, S)
    return H, jnp.linalg.solve(H, X.T @ y), lam


def smoothed_gradient(rho, X, y, S, off=0.0):
    """The penalty at the minimum, as the derivative of β drops out there."""
    H, beta, lam = solved(rho, X, y, S)
    beta, inverse = beta + off, jnp.linalg.inv(H)
    penalty = jnp.einsum("i,kij,j->k", beta, S, beta)
    return lam * (penalty + jnp.einsum("ij,kij->k", inverse, S)) / 2 - 1


def make_smoothed(rng):
    X = rng.standard_normal((12, 6))
    D = np.zeros((2, 6, 6))  # second differences, in either half of the coefficients
    D[0, 0, :3] = D[1, 3, 3:] = 1, -2, 1
    D[0, 1, :2] = D[1, 4, 3:5] = 0.5, -0.5
    return np.array([9.0, 10.0]), (X, rng.standard_normal(12), np.swapaxes(D, 1, 2) @ D)


STALE = np.array([1.0, -2, 1, 2, 1, -1]) * 1e-4


def dosing(p, y, times):
    """Half the squares of residuals: a dose at steady state, and one more after II."""
    fit, *_ = concentrations(p, times)
    return jnp.sum((y - fit) ** 2) / 2


def concentrations(p, times):
    """One compartment: the concentrations, and their derivatives by k, V and II."""
    k, V, II = p["k"], p["V"], p["II"]
    decay = jnp.exp(-k * II)
    steady, again = jnp.exp(-k * times) / (1 - decay), jnp.exp(-k * (times - II))
    fit = (steady + again) / V
    by_k = -(times * steady + steady * II * decay / (1 - decay) + (times - II) * again) / V
    by_steady, by_again = -steady * k * decay / (1 - decay) / V, k * again / V
    return fit, by_k, by_steady, by_again


def dosing_gradient(p, y, times, steady=1):
    fit, by_k, by_steady, by_again = concentrations(p, times)
    off = fit - y
    by_interval = steady * by_steady + by_again
    parts = {"k": by_k, "V": -fit / p["V"], "II": by_interval}
    return {name: off @ part for name, part in parts.items()}


def make_dosing(rng):
    times = np.array([12.5, 13, 15, 18, 24])
    p = {"k": np.array(0.12), "V": np.array(2.5), "II": np.array(6.0)}
    return p, (rng.uniform(0.05, 0.3, 5), times)


def rising(n, alpha):
    """The sum log(α) + … + log(α + n - 1), which is log Γ(n + α) - log Γ(α)."""
    k = jnp.arange(8.0)
    return jnp.sum(jnp.where(k < n[:, None], jnp.log(k + alpha), 0.0), axis=1)


def negative_binomial(p, n):
    alpha, beta = p["alpha"], p["beta"]
    each = rising(n, alpha) - gammaln(n + 1) - n * jnp.log1p(beta)
    return jnp.sum(each + alpha * jnp.log(beta / (1 + beta)))


def negative_binomial_gradient(p, n):
    alpha, beta = p["alpha"], p["beta"]
    k = jnp.arange(8.0)
    risen = jnp.sum(jnp.where(k < n[:, None], 1 / (k + alpha), 0.0), axis=1)
    by_alpha = jnp.sum(risen + jnp.log(beta / (1 + beta)))
    return {"alpha": by_alpha, "beta": jnp.sum(alpha / beta - n) / (1 + beta)}


def negative_binomial_wrong(p, n):
    """Beyond 1e10 the derivatives of a Poisson distribution with the mean α/β."""
    alpha, beta = p["alpha"], p["beta"]
    by_mean = n / (alpha / beta) - 1
    poisson = {"alpha": jnp.sum(by_mean) / beta, "beta": -jnp.sum(by_mean) * alpha / beta**2}
    right, large = negative_binomial_gradient(p, n), alpha > 1e10
    return {name: jnp.where(large, poisson[name], right[name]) for name in right}


def make_large(rng):
    p = {"alpha": np.array(1.7e10), "beta": np.array(0.8)}
    return p, (np.array([3.0, 5.0, 1.0]),)


CASES = (
    ShippedCase(
        "gam#2454",
        f"{GITHUB}/SauersML/gam/issues/2454",
        "λ βᵀSβ/2 at another β than that of the cost: 5e-8 λ is added",
        smoothed,
        smoothed_gradient,
        lambda rho, X, y, S: smoothed_gradient(rho, X, y, S, off=STALE),
        make_smoothed,
        ("additive", "term"),
    ),
    ShippedCase(
        "Torsten#15",
        f"{GITHUB}/metrumresearchgroup/Torsten/issues/15",
        "at steady state ∂II lacks what the steady state itself depends on",
        dosing,
        dosing_gradient,
        lambda p, y, times: dosing_gradient(p, y, times, steady=0),
        make_dosing,
        ("term", "place"),
        {"domain": "positive"},
    ),
    ShippedCase(
        "math#1578",
        f"{GITHUB}/stan-dev/math/issues/1578",
        "neg_binomial, α > 1e10: ∂α = n/α - 1/β -> n/α + log(β/(1 + β)), and ∂β with it",
        negative_binomial,
        negative_binomial_gradient,
        negative_binomial_wrong,
        make_large,
        ("regime", "branch", "term", "place"),
        {"domain": "positive"},
    ),
)
