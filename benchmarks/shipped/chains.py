"""Shipped faults: a link of the chain rule, of a parametrisation or an estimate inside."""

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import digamma, gammaln

from ._case import GITHUB, ShippedCase


def fem_posterior(log, forces, C, X, y):
    """statFEM: data y ~ N(ρ m, ρ² C + σ² exp(-d/l) + 0.1), all parameters by their logarithms."""
    rho, sigma, length = jnp.exp(log)
    discrepancy = sigma**2 * jnp.exp(-jnp.abs(X[:, None] - X) / length)
    K = rho**2 * C + discrepancy + 0.1 * jnp.eye(len(y))
    r = y - rho * forces
    return 0.5 * (r @ jnp.linalg.solve(K, r) + jnp.linalg.slogdet(K)[1])


def fem_posterior_gradient(log, forces, C, X, y, chained=True):
    rho, sigma, length = jnp.exp(log)
    apart = jnp.abs(X[:, None] - X) / length
    discrepancy = sigma**2 * jnp.exp(-apart)
    inverse = jnp.linalg.inv(rho**2 * C + discrepancy + 0.1 * jnp.eye(len(y)))
    alpha = inverse @ (y - rho * forces)

    def by(D):
        return 0.5 * jnp.sum((inverse - jnp.outer(alpha, alpha)) * D)

    by_rho = by(2 * rho * C) - alpha @ forces
    by_log = (by(2 * discrepancy), by(discrepancy * apart))
    return jnp.stack([by_rho * (rho if chained else 1), *by_log])


def make_fem(rng):
    X = np.linspace(0, 1, 6)
    C = 0.2 * np.exp(-((X[:, None] - X) ** 2) / 0.1)
    forces = np.sin(3 * X)
    y = 0.7 * forces + 0.3 * rng.standard_normal(6)
    return np.log([0.7, 0.4, 0.5]), (forces, C, X, y)


def exponential(t, rate):
    """Exponential variables by their logarithms t: the log Jacobian of each is t itself."""
    return jnp.sum(jnp.log(rate) - rate * jnp.exp(t) + t)


def exponential_gradient(t, rate, times=1):
    return -rate * jnp.exp(t) + times


def affine(p, y):
    """Standard normal variables times a slope; its log Jacobian lacks the absolute value."""
    z = (y - p["loc"]) / p["slope"]
    return jnp.sum(-(z**2) / 2 - jnp.log(p["slope"]))


def affine_gradient(p, y):
    z = (y - p["loc"]) / p["slope"]
    return {"loc": jnp.sum(z) / p["slope"], "slope": jnp.sum(z**2 - 1) / p["slope"]}


def make_affine(rng):
    return {"loc": np.array(0.4), "slope": np.array(-1.5)}, (rng.standard_normal(6),)


def estimated_scale(mu, y, p):
    return jnp.sum((y / mu - 1) ** 2) / (len(y) - p)


def gaussian(beta, X, y):
    """A likelihood whose scale is estimated on the way, with n - p for n."""
    rss = jnp.sum((y - X @ beta) ** 2)
    scale = rss / (len(y) - len(beta))
    return -rss / (2 * scale) - len(y) / 2 * jnp.log(2 * jnp.pi * scale)


def gaussian_gradient(beta, X, y):
    r = y - X @ beta
    return len(y) * X.T @ r / (r @ r)


def gaussian_wrong(beta, X, y):
    """The partial derivative, at a scale that is held."""
    r = y - X @ beta
    return (len(y) - len(beta)) * X.T @ r / (r @ r)


def gamma(beta, X, y):
    mu = jnp.exp(X @ beta)
    k = 1 / estimated_scale(mu, y, len(beta))
    return jnp.sum(k * jnp.log(k * y / mu) - k * y / mu - jnp.log(y) - gammaln(k))


def gamma_gradient(beta, X, y, total=True):
    mu = jnp.exp(X @ beta)
    ratio, scale = y / mu, estimated_scale(mu, y, len(beta))
    k = 1 / scale
    by_k = jnp.sum(jnp.log(k * ratio) + 1 - ratio - digamma(k))
    k_by_eta = 2 * k**2 * (ratio - 1) * ratio / (len(y) - len(beta))
    return X.T @ (k * (ratio - 1) + (by_k * k_by_eta if total else 0))


def make_glm(rng, positive):
    X = np.column_stack([np.ones(6), rng.standard_normal(6)])
    y = rng.gamma(3.0, 0.5, 6) if positive else rng.standard_normal(6)
    return np.array([0.3, -0.2]), (X, y)


SCALE = f"{GITHUB}/statsmodels/statsmodels/issues/4616"
CASES = (
    ShippedCase(
        "stat-fem#35",
        f"{GITHUB}/alan-turing-institute/stat-fem/issues/35",
        "∂ρ -> ρ ∂ρ, as ρ is given by its logarithm; the same at ρ = 1",
        fem_posterior,
        fem_posterior_gradient,
        lambda *args: fem_posterior_gradient(*args, chained=False),
        make_fem,
        ("chain factor",),
        nice=lambda rng: (np.log([1.0, 0.4, 0.5]), make_fem(rng)[1]),
    ),
    ShippedCase(
        "pymc!800",
        f"{GITHUB}/pymc-devs/pymc/pull/800",
        "the log Jacobian is summed over the n elements and then added to each: n -> 1",
        exponential,
        exponential_gradient,
        lambda t, rate: exponential_gradient(t, rate, times=len(t)),
        lambda rng: (rng.standard_normal(6), (1.3,)),
        ("term", "additive"),
    ),
    ShippedCase(
        "aeppl#111",
        f"{GITHUB}/aesara-devs/aeppl/issues/111",
        "affine transform: log slope -> log |slope|, NaN where the slope is negative",
        affine,
        affine_gradient,
        None,
        make_affine,
        ("non-finite",),
        expected="NONFINITE",
        why="1/slope is the derivative of both: the gradient is right, the value is NaN",
    ),
    ShippedCase(
        "statsmodels#4616",
        SCALE,
        "Gaussian likelihood, scale estimated inside: partial derivative -> total derivative",
        gaussian,
        gaussian_gradient,
        gaussian_wrong,
        lambda rng: make_glm(rng, positive=False),
        ("factor",),
    ),
    ShippedCase(
        "statsmodels#4616 gamma",
        SCALE,
        "gamma likelihood, scale estimated inside: partial derivative -> total derivative",
        gamma,
        gamma_gradient,
        lambda *args: gamma_gradient(*args, total=False),
        lambda rng: make_glm(rng, positive=True),
        ("term", "place"),
    ),
)
