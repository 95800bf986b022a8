"""Shipped faults of a value, with the gradient of that value: no checker of gradients sees them.

The check agrees; with the function that was meant as `reference` it says that the value differs.
"""

import functools

import jax.numpy as jnp
import numpy as np

from ._case import GITHUB, ShippedCase


def embedding(Y, P, nu, meant=False):
    """t-SNE with tails of ν degrees of freedom: it shipped (1 + d)/ν for 1 + d/ν."""
    squares = jnp.sum((Y[:, None] - Y[None]) ** 2, axis=2)
    size = 1 + squares / nu if meant else (1 + squares) / nu
    off = 1 - jnp.eye(len(Y))
    Q = off * size ** (-(nu + 1) / 2)
    Q = Q / Q.sum()
    return jnp.sum(P * jnp.log((P + 1 - off) / (Q + 1 - off)))


def embedding_gradient(Y, P, nu):
    """2 (ν + 1) Σ (p - q)/(1 + d) (y_i - y_j), in which the division by ν is no more."""
    apart = Y[:, None] - Y[None]
    near = 1 / (1 + jnp.sum(apart**2, axis=2))
    Q = near ** ((nu + 1) / 2) * (1 - jnp.eye(len(Y)))
    weights = (P - Q / Q.sum()) * near
    return 2 * (nu + 1) * jnp.sum(weights[:, :, None] * apart, axis=1)


def make_embedding(rng):
    P = rng.uniform(0.2, 1, (5, 5)) * (1 - np.eye(5))
    return rng.standard_normal((5, 2)), ((P + P.T) / (P + P.T).sum(),)


def normal(p, x):
    """The normal log density as it shipped, with a parenthesis that holds one term too many."""
    z = (x - p["mean"]) / p["std"]
    return jnp.sum(-(z**2 + jnp.log(2 * jnp.pi)) / (2 - jnp.log(p["std"])))


def normal_gradient(p, x):
    z, under = (x - p["mean"]) / p["std"], 2 - jnp.log(p["std"])
    by_mean = 2 * z / p["std"] / under
    by_std = 2 * z**2 / p["std"] / under - (z**2 + jnp.log(2 * jnp.pi)) / under**2 / p["std"]
    return {"mean": jnp.sum(by_mean), "std": jnp.sum(by_std)}


def normal_meant(p, x):
    z = (x - p["mean"]) / p["std"]
    return jnp.sum(-(z**2 + jnp.log(2 * jnp.pi)) / 2 - jnp.log(p["std"]))


def logistic(p, y, halves=1.0):
    """The density sech²((y - μ)/2s)/4s, which shipped without the 2."""
    z = (y - p["mean"]) / p["scale"]
    return jnp.sum(-2 * jnp.log(jnp.cosh(halves * z)) - jnp.log(4 * p["scale"]))


def logistic_gradient(p, y):
    z = (y - p["mean"]) / p["scale"]
    slope = 2 * jnp.tanh(z) / p["scale"]
    return {"mean": jnp.sum(slope), "scale": jnp.sum(slope * z - 1 / p["scale"])}


def log_normal(y, mu, sigma):
    """With 1/σ in integers, as it shipped."""
    z = (jnp.log(y) - mu) * (1 // sigma)
    return jnp.sum(-(z**2) / 2 - jnp.log(sigma * y))


def log_normal_gradient(y, mu, sigma):
    inverse = 1 // sigma
    return -((jnp.log(y) - mu) * inverse**2 + 1) / y


def log_normal_meant(y, mu, sigma):
    return jnp.sum(-(((jnp.log(y) - mu) / sigma) ** 2) / 2 - jnp.log(sigma * y))


HIDDEN = functools.partial(
    ShippedCase,
    wrong=None,
    expected="AGREE",
    visible=False,
    why="the gradient is that of the value; only another way to the value shows it",
)
CASES = (
    HIDDEN(
        "scikit-learn#9711",
        f"{GITHUB}/scikit-learn/scikit-learn/issues/9711",
        "t-SNE: (1 + d)/ν -> 1 + d/ν",
        functools.partial(embedding, nu=2.0),
        functools.partial(embedding_gradient, nu=2.0),
        make=make_embedding,
        reference=functools.partial(embedding, nu=2.0, meant=True),
    ),
    HIDDEN(
        "genjax#430",
        f"{GITHUB}/genjax-community/genjax/issues/430",
        "normal log density: -(z² + log 2π)/(2 - log σ) -> -(z² + log 2π)/2 - log σ",
        normal,
        normal_gradient,
        make=lambda rng: ({"mean": np.array(0.2), "std": np.array(1.6)}, (rng.normal(0, 2, 5),)),
        options={"domain": {"mean": "real", "std": "positive"}},
        reference=normal_meant,
    ),
    HIDDEN(
        "EvoTrees.jl!348",
        f"{GITHUB}/Evovest/EvoTrees.jl/pull/348",
        "logistic metric: sech²((y - μ)/s) -> sech²((y - μ)/2s)",
        logistic,
        logistic_gradient,
        make=lambda rng: ({"mean": np.array(0.5), "scale": np.array(2.0)}, (rng.normal(2, 2, 5),)),
        options={"domain": {"mean": "real", "scale": "positive"}},
        reference=functools.partial(logistic, halves=0.5),
    ),
    HIDDEN(
        "math#1893",
        f"{GITHUB}/stan-dev/math/issues/1893",
        "lognormal with an integer σ: 1/σ is an integer too -> a number",
        log_normal,
        log_normal_gradient,
        make=lambda rng: (rng.uniform(0.5, 3, 5), (0.3, 2)),
        options={"domain": "positive"},
        reference=log_normal_meant,
    ),
)
