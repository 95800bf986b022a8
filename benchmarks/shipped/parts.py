"""Shipped faults: a factor on one coordinate, or on one term."""

import jax.numpy as jnp
import numpy as np

from ._case import GITHUB, ShippedCase


def binomial_variance(mu, n):
    return jnp.sum(mu * (1 - mu / n))


def make_binomial(rng):
    return rng.uniform(0.5, 4.5, 6), (5.0,)


def rosenbrock(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


def rosenbrock_gradient(x, y_factor=1.0):
    over = x[1] - x[0] ** 2
    return jnp.stack([-400 * x[0] * over - 2 * (1 - x[0]), 200 * y_factor * over])


def implicit(u, v):
    """The y with y + sin(y)/2 = u exp(v), which Newton's method finds."""
    y = u
    for _ in range(12):
        y = y - (y + jnp.sin(y) / 2 - u * jnp.exp(v)) / (1 + jnp.cos(y) / 2)
    return y


def implicit_slope(p):
    """∂y/∂u of the implicit function, whose derivatives are the second ones of y."""
    u, v = p
    return jnp.exp(v) / (1 + jnp.cos(implicit(u, v)) / 2)


def implicit_slope_gradient(p, mixed=1.0):
    u, v = p
    y = implicit(u, v)
    across, e = 1 + jnp.cos(y) / 2, jnp.exp(v)
    bend = jnp.sin(y) / 2 / across**3
    return jnp.stack([bend * e**2, mixed * (e / across + bend * u * e**2)])


CASES = (
    ShippedCase(
        "statsmodels#9860",
        f"{GITHUB}/statsmodels/statsmodels/issues/9860",
        "binomial variance: 1 - 2μ -> 1 - 2μ/n",
        binomial_variance,
        lambda mu, n: 1 - 2 * mu / n,
        lambda mu, n: 1 - 2 * mu,
        make_binomial,
        ("term", "additive"),
    ),
    ShippedCase(
        "pytorch!3881",
        f"{GITHUB}/pytorch/pytorch/pull/3881",
        "Rosenbrock: ∂y = 200 x (y - x²) -> 200 (y - x²), right at x = 1",
        rosenbrock,
        rosenbrock_gradient,
        lambda x: rosenbrock_gradient(x, y_factor=x[0]),
        lambda rng: (np.array([1.5, 1.5]), ()),
        ("parameter factor",),
        nice=lambda rng: (np.array([1.0, 1.5]), ()),
    ),
    ShippedCase(
        "gam#1454",
        f"{GITHUB}/SauersML/gam/issues/1454",
        "implicit function: the mixed second derivative 2 y_uv -> y_uv",
        implicit_slope,
        implicit_slope_gradient,
        lambda p: implicit_slope_gradient(p, mixed=2.0),
        lambda rng: (np.array([0.7, 0.3]), ()),
        ("factor",),
    ),
)
