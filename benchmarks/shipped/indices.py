"""Shipped faults: the right numbers in the wrong places, overwritten, or of one row for all."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import digamma, gammaln, logsumexp

from ._case import GITHUB, ShippedCase


def weibull(p, x):
    alpha, beta = p
    return jnp.sum(jnp.log(beta / x) + beta * jnp.log(x / alpha) - (x / alpha) ** beta)


def weibull_gradient(p, x):
    alpha, beta = p
    z = (x / alpha) ** beta
    by_alpha = jnp.sum(z - 1) * beta / alpha
    by_beta = jnp.sum(1 / beta + (1 - z) * jnp.log(x / alpha))
    return jnp.stack([by_alpha, by_beta])


def make_weibull(rng):
    return np.array([2.0, 1.5]), (rng.uniform(0.5, 4, 6),)


def hypot(p, weights):
    return jnp.sum(weights * jnp.sqrt(p["x"] ** 2 + p["y"] ** 2))


def hypot_gradient(p, weights):
    h = jnp.sqrt(p["x"] ** 2 + p["y"] ** 2)
    return {"x": weights * p["x"] / h, "y": weights * p["y"] / h}


def hypot_wrong(p, weights):
    right = hypot_gradient(p, weights)
    return {"x": right["y"], "y": right["x"]}


def make_hypot(rng):
    return {"x": rng.standard_normal(4), "y": rng.standard_normal(4)}, (rng.uniform(1, 2, 4),)


def ordered_logistic(p, outcome):
    """Each row has its location and one of four outcomes; the cutpoints are shared."""
    cuts = jnp.concatenate([jnp.array([-jnp.inf]), p["cuts"], jnp.array([jnp.inf])])
    below, above = cuts[outcome], cuts[outcome + 1]
    upper = jax.nn.sigmoid(above - p["location"])
    return jnp.sum(jnp.log(upper - jax.nn.sigmoid(below - p["location"])))


def ordered_logistic_gradient(p, outcome, accumulate=True):
    location, last = p["location"], len(p["cuts"]) - 1
    lower = jnp.where(outcome > 0, p["cuts"][jnp.maximum(outcome - 1, 0)], -1e3)
    upper = jnp.where(outcome <= last, p["cuts"][jnp.minimum(outcome, last)], 1e3)
    low, high = jax.nn.sigmoid(lower - location), jax.nn.sigmoid(upper - location)
    by_low, by_high = -low * (1 - low) / (high - low), high * (1 - high) / (high - low)
    cuts = jnp.zeros(last + 3)  # with one at either end, for the outcomes that have none
    for row in range(len(location)):
        for place, part in ((outcome[row], by_low[row]), (outcome[row] + 1, by_high[row])):
            cuts = cuts.at[place].add(part) if accumulate else cuts.at[place].set(part)
    return {"cuts": cuts[1:-1], "location": -(by_low + by_high)}


def make_ordered(rng):
    p = {"cuts": np.array([-1.0, 0.3, 1.4]), "location": rng.standard_normal(6)}
    return p, (np.array([2, 0, 1, 3, 1, 2]),)


def count_terms(p, n):
    """Logarithms of the probabilities of 0, 1, … and which of them each row sums up."""
    k = jnp.arange(8.0)
    alpha, beta = p["alpha"], p["beta"]
    log = gammaln(k + alpha) - gammaln(alpha) - gammaln(k + 1)
    log = log + alpha * jnp.log(beta / (1 + beta)) - k * jnp.log(1 + beta)
    return k, jnp.where(k <= n[:, None], log, -jnp.inf)


def negative_binomial_cdf(p, n):
    """The logarithms of the distribution function at all counts, summed."""
    return jnp.sum(logsumexp(count_terms(p, n)[1], axis=1))


def negative_binomial_cdf_gradient(p, n, by_alpha_at=None):
    alpha, beta = p["alpha"], p["beta"]
    k, log = count_terms(p, n if by_alpha_at is None else by_alpha_at)
    each = digamma(k + alpha) - digamma(alpha) + jnp.log(beta / (1 + beta))
    by_alpha = jnp.sum(jax.nn.softmax(log, axis=1) @ each)
    log = count_terms(p, n)[1]
    by_beta = jnp.sum(jax.nn.softmax(log, axis=1) @ (alpha / beta - k)) / (1 + beta)
    return {"alpha": by_alpha, "beta": by_beta}


def negative_binomial_cdf_wrong(p, n):
    """Digamma functions for α are computed of the first count alone."""
    return negative_binomial_cdf_gradient(p, n, by_alpha_at=jnp.full_like(n, n[0]))


def make_cdf(rng):
    p = {"alpha": np.array(2.3), "beta": np.array(0.9)}
    return p, (np.array([1.0, 4.0, 0.0, 6.0, 2.0]),)


def own_drift(x, z, A, mu):
    """The drift A(μ - x) of each coordinate, as a function of that coordinate alone."""
    here = jnp.where(jnp.eye(len(x)) > 0, x[None], z[None])
    return jnp.sum(A * (mu - here))


def make_drift(rng):
    A = np.eye(5) + 0.4 * rng.standard_normal((5, 5))
    return rng.standard_normal(5), (rng.standard_normal(5), A, rng.standard_normal(5))


def isotonic(x, c):
    """Decreasing isotonic regression by its formula of minima, maxima and means, weighted."""
    return c @ isotonic_fit(x)


def isotonic_fit(x):
    sums, n = jnp.concatenate([jnp.zeros(1), jnp.cumsum(x)]), len(x)
    ends = jnp.arange(1, n + 1)
    means = (sums[None, 1:] - sums[:-1, None]) / jnp.maximum(ends - ends[:, None] + 1, 1)
    return jnp.stack([jnp.min(jnp.max(means[: i + 1, i:], axis=1)) for i in range(n)])


def isotonic_gradient(x, c):
    """The weights are averaged over the block that was pooled, as the values were."""
    fit = isotonic_fit(x)
    together = jnp.abs(fit[:, None] - fit) < 1e-12 * (1 + jnp.abs(fit))
    return together @ c / together.sum(1)


def make_isotonic(rng):
    return np.array([4.0, 0.7, 2.0, 0.4, -0.5, -0.1]), (rng.standard_normal(6),)


CASES = (
    ShippedCase(
        "openturns#1556",
        f"{GITHUB}/openturns/openturns/issues/1556",
        "Weibull: ∂α and ∂β swapped",
        weibull,
        weibull_gradient,
        lambda p, x: weibull_gradient(p, x)[::-1],
        make_weibull,
        ("swap", "permutation", "reversed"),
        {"domain": "positive"},
    ),
    ShippedCase(
        "ChainRules.jl!74",
        f"{GITHUB}/JuliaDiff/ChainRules.jl/pull/74",
        "hypot: (y/h, x/h) -> (x/h, y/h); the test had the same mistake",
        hypot,
        hypot_gradient,
        hypot_wrong,
        make_hypot,
        ("swap", "permutation"),
    ),
    ShippedCase(
        "math#1248",
        f"{GITHUB}/stan-dev/math/issues/1248",
        "ordered_logistic: = -> += on the cutpoints that rows share",
        ordered_logistic,
        ordered_logistic_gradient,
        lambda p, outcome: ordered_logistic_gradient(p, outcome, accumulate=False),
        make_ordered,
        ("sample", "accumulated", "place"),
    ),
    ShippedCase(
        "math#1662",
        f"{GITHUB}/stan-dev/math/issues/1662",
        "neg_binomial_cdf: ∂α of the first count for all of them",
        negative_binomial_cdf,
        negative_binomial_cdf_gradient,
        negative_binomial_cdf_wrong,
        make_cdf,
        ("sample", "place"),
        {"domain": "positive"},
    ),
    ShippedCase(
        "fpcross!2",
        f"{GITHUB}/AndreiChertkov/fpcross/pull/2",
        "Ornstein-Uhlenbeck: the sums of the rows of A -> its diagonal",
        own_drift,
        lambda x, z, A, mu: -jnp.diagonal(A),
        lambda x, z, A, mu: -A.sum(1),
        make_drift,
        ("sum", "term", "place"),
    ),
    ShippedCase(
        "tensorflow#127234",
        f"{GITHUB}/tensorflow/tensorflow/issues/127234",
        "isotonic regression: 1 -> 1/2 inside a pooled block of two",
        isotonic,
        isotonic_gradient,
        lambda x, c: c,
        make_isotonic,
        ("regime", "branch", "sum", "place"),
    ),
)
