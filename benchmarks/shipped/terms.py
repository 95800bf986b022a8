"""Shipped faults: a term that is missing, or not the derivative of that of the value."""

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaln, logit

from ._case import GITHUB, ShippedCase

SCHOOLS = np.array([28.0, 8, -3, 7, -1, 1, 18, 12])
SCHOOL_ERRORS = np.array([15.0, 10, 16, 11, 9, 11, 10, 18])


def eight_schools(x, y, sigma):
    """The centred model: μ ~ N(0, 5), τ ~ half-Cauchy(0, 5), θ ~ N(μ, τ), y ~ N(θ, σ)."""
    mu, tau, theta = x[0], x[1], x[2:]
    priors = -(mu**2) / 50 - jnp.log(1 + (tau / 5) ** 2)
    schools = -jnp.log(tau) - (theta - mu) ** 2 / (2 * tau**2) - (y - theta) ** 2 / (2 * sigma**2)
    return priors + jnp.sum(schools)


def eight_schools_gradient(x, y, sigma, hierarchy=1.0):
    mu, tau, theta = x[0], x[1], x[2:]
    away = theta - mu
    by_mu = -mu / 25 + hierarchy * jnp.sum(away) / tau**2
    by_tau = -2 * tau / (25 + tau**2) + jnp.sum(away**2 / tau**3 - 1 / tau)
    by_theta = -away / tau**2 + (y - theta) / sigma**2
    return jnp.concatenate([jnp.stack([by_mu, by_tau]), by_theta])


def make_schools(rng):
    return np.arange(1.0, 11.0), (SCHOOLS, SCHOOL_ERRORS)


def generalized_poisson(p, X, y, power):
    """Counts whose dispersion grows with μ to a power, 1 for what is called GP-2."""
    mu = jnp.exp(X @ p["beta"])
    a1 = 1 + p["alpha"] * mu**power
    a2 = mu + (a1 - 1) * y
    terms = jnp.log(mu) + (y - 1) * jnp.log(a2) - y * jnp.log(a1) - gammaln(y + 1) - a2 / a1
    return jnp.sum(terms)


def generalized_poisson_gradient(p, X, y, power, chained=True):
    mu = jnp.exp(X @ p["beta"])
    grown = mu**power
    a1 = 1 + p["alpha"] * grown
    a2 = mu + (a1 - 1) * y
    by_a1, by_a2 = -y / a1 + a2 / a1**2, (y - 1) / a2 - 1 / a1
    a1_by_mu = power * (a1 - 1) / mu
    by_mu = 1 / mu + by_a2 * (1 + a1_by_mu * y) + by_a1 * a1_by_mu
    by_alpha = (grown if chained else 1.0) * (by_a1 + y * by_a2)
    return {"alpha": jnp.sum(by_alpha), "beta": X.T @ (by_mu * mu)}


def make_counts(rng):
    X = np.column_stack([np.ones(6), rng.standard_normal(6)])
    p = {"alpha": np.array(0.3), "beta": np.array([0.8, 0.4])}
    return p, (X, rng.poisson(3.0, 6).astype(float), 1.0)


def pairs(x):
    """All ordered pairs of different atoms, their distances and directions."""
    i, j = np.nonzero(~np.eye(len(x), dtype=bool))
    apart = x[i] - x[j]
    r = jnp.sqrt(jnp.sum(apart**2, axis=1))
    return i, j, r, apart / r[:, None]


def embedded_atoms(x, depth, decay):
    """Embedded atoms: an embedding -A√ρ in the densities exp(-b r) of all others, repulsion."""
    i, j, r, _ = pairs(x)
    density = jnp.zeros(len(x)).at[i].add(jnp.exp(-decay[j] * r))
    return -jnp.sum(depth * jnp.sqrt(density)) + jnp.sum(jnp.exp(-3 * r)) / 2


def embedded_atoms_gradient(x, depth, decay, mixed=True):
    i, j, r, e = pairs(x)
    slope = -decay * jnp.exp(-decay * r[:, None])
    of_i, of_j = slope[np.arange(len(i)), i], slope[np.arange(len(j)), j]
    density = jnp.zeros(len(x)).at[i].add(jnp.exp(-decay[j] * r))
    F = -depth / (2 * jnp.sqrt(density))
    embedding = F[i] * of_j + F[j] * of_i if mixed else (F[i] + F[j]) * of_i
    return jnp.zeros_like(x).at[i].add((embedding - 3 * jnp.exp(-3 * r))[:, None] * e)


def make_alloy(rng):
    corners = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    species = np.array([0, 1, 1, 0])
    x = 1.5 * corners + 0.2 * rng.standard_normal((4, 3))
    return x, (np.array([1.0, 1.7])[species], np.array([0.8, 1.3])[species])


def logit_normal(x, mu, sigma):
    z = (logit(x) - mu) / sigma
    return jnp.sum(-(z**2) / 2 - jnp.log(sigma * x * (1 - x)) - jnp.log(2 * jnp.pi) / 2)


def logit_normal_gradient(x, mu, sigma, link=logit):
    return -((link(x) - mu) / sigma**2 + 1 - 2 * x) / (x * (1 - x))


def make_fractions(rng):
    return rng.uniform(0.15, 0.85, 6), (0.3, 0.8)


def neighbours(L, near, far):
    """LMNN: distances to be pulled in, and hinges of near beside far ones that push."""
    pulled, pushed = jnp.sum((near @ L.T) ** 2, axis=1), jnp.sum((far @ L.T) ** 2, axis=1)
    return jnp.sum(pulled) / 2 + jnp.sum(jnp.maximum(0, 1 + pulled - pushed)) / 2


def outer_sums(L, near, far):
    pulled, pushed = jnp.sum((near @ L.T) ** 2, axis=1), jnp.sum((far @ L.T) ** 2, axis=1)
    active = (1 + pulled - pushed > 0)[:, None]
    return near.T @ near / 2 + (near.T @ (active * near) - far.T @ (active * far)) / 2


def neighbours_gradient(L, near, far):
    return 2 * L @ outer_sums(L, near, far)


def neighbours_wrong(L, near, far):
    return 2 * outer_sums(L, near, far)


def make_neighbours(rng):
    L = np.eye(3) + 0.4 * rng.standard_normal((3, 3))
    return L, (rng.standard_normal((6, 3)), 1.3 * rng.standard_normal((6, 3)))


def kernel_weights(A, X, itself):
    squares = jnp.sum(((X[:, None] - X[None]) @ A.T) ** 2, axis=2)
    K = jnp.exp(-squares) * (1 - (0 if itself else 1) * jnp.eye(len(X)))
    return K / K.sum(1, keepdims=True)


def kernel_regression(A, X, y):
    """MLKR: each row is predicted from all others."""
    return jnp.sum((kernel_weights(A, X, itself=False) @ y - y) ** 2)


def kernel_regression_gradient(A, X, y, itself=False):
    W = kernel_weights(A, X, itself)
    off = W @ y - y
    predicted_apart = (off + y)[:, None] - y[None]
    weights = 4 * W * off[:, None] * predicted_apart
    apart = X[:, None] - X[None]
    return A @ jnp.einsum("ij,ija,ijb->ab", weights, apart, apart)


def make_kernel_regression(rng):
    return 0.6 * rng.standard_normal((2, 3)), (rng.standard_normal((6, 3)), rng.standard_normal(6))


CASES = (
    ShippedCase(
        "pints#1136",
        f"{GITHUB}/pints-team/pints/issues/1136",
        "eight schools: ∂μ lacks Σ(θ - μ)/τ², which is zero at np.ones",
        eight_schools,
        eight_schools_gradient,
        lambda x, y, sigma: eight_schools_gradient(x, y, sigma, hierarchy=0.0),
        make_schools,
        ("term", "place"),
        {"bounds": (np.r_[-np.inf, 1e-3, np.full(8, -np.inf)], np.inf)},
        nice=lambda rng: (np.ones(10), (SCHOOLS, SCHOOL_ERRORS)),
    ),
    ShippedCase(
        "statsmodels!3727",
        f"{GITHUB}/statsmodels/statsmodels/pull/3727",
        "generalized Poisson: ∂α lacks the factor μ^(p-1) of each row",
        generalized_poisson,
        generalized_poisson_gradient,
        lambda *args: generalized_poisson_gradient(*args, chained=False),
        make_counts,
        ("term", "place"),
        {"domain": {"alpha": "positive", "beta": "real"}},
    ),
    ShippedCase(
        "matscipy!20",
        f"{GITHUB}/libAtoms/matscipy/pull/20",
        "EAM force: (F'_a + F'_b) ρ'_a -> F'_a ρ'_b + F'_b ρ'_a, the same with one species",
        embedded_atoms,
        embedded_atoms_gradient,
        lambda *args: embedded_atoms_gradient(*args, mixed=False),
        make_alloy,
        ("term", "place"),
    ),
    ShippedCase(
        "Distributions.jl#1221",
        f"{GITHUB}/JuliaStats/Distributions.jl/issues/1221",
        "logit-normal: log x -> logit x",
        logit_normal,
        logit_normal_gradient,
        lambda x, mu, sigma: logit_normal_gradient(x, mu, sigma, link=jnp.log),
        make_fractions,
        ("term", "place"),
        {"domain": "unit"},
    ),
    ShippedCase(
        "metric-learn!201",
        f"{GITHUB}/scikit-learn-contrib/metric-learn/pull/201",
        "LMNN: 2 G -> 2 L G, the product with L is missing",
        neighbours,
        neighbours_gradient,
        neighbours_wrong,
        make_neighbours,
        ("matrix factor", "parameter factor", "place"),
        nice=lambda rng: (np.eye(3), make_neighbours(rng)[1]),
    ),
    ShippedCase(
        "metric-learn!111",
        f"{GITHUB}/scikit-learn-contrib/metric-learn/pull/111",
        "MLKR: the kernel's diagonal is 0 in the cost, 1 in the gradient",
        kernel_regression,
        kernel_regression_gradient,
        lambda A, X, y: kernel_regression_gradient(A, X, y, itself=True),
        make_kernel_regression,
        ("term", "place"),
    ),
)
