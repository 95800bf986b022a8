"""Shipped faults: the opposite sign, of a gradient, of one array of it, or of one term."""

import jax
import jax.numpy as jnp
import numpy as np

from ._case import GITHUB, ShippedCase

SQRT5 = 5**0.5


def normal(p, x):
    """The log density of a multivariate normal distribution."""
    z = x - p["mean"]
    quadratic = z @ jnp.linalg.solve(p["cov"], z)
    return -0.5 * (quadratic + jnp.linalg.slogdet(p["cov"])[1] + len(z) * jnp.log(2 * jnp.pi))


def normal_gradient(p, x, sign=1):
    """Entries of the covariance are taken for independent ones: it may be unsymmetric."""
    z, inverse = x - p["mean"], jnp.linalg.inv(p["cov"])
    by_cov = 0.5 * (jnp.outer(inverse.T @ z, inverse @ z) - inverse.T)
    return {"mean": 0.5 * (inverse + inverse.T) @ z, "cov": sign * by_cov}


def make_normal(rng):
    A = rng.standard_normal((3, 3))
    p = {"mean": rng.standard_normal(3), "cov": A @ A.T + 2 * np.eye(3)}
    return p, (rng.standard_normal(3),)


def gumbel(x, mu, theta):
    z = (x - mu) / theta
    return jnp.sum(-z - jnp.exp(-z) - jnp.log(theta))


def gumbel_gradient(x, mu, theta, sign=1):
    return (-1 + sign * jnp.exp(-(x - mu) / theta)) / theta


def make_gumbel(rng):
    return rng.gumbel(3.5, 1.3, 6), (3.5, 1.3)


def matern(p, C, scale):
    """A sum over all pairs of the Matérn kernel of smoothness 5/2."""
    r = SQRT5 * jnp.linalg.norm(p["x"][:, None] - p["z"][None], axis=2) / scale
    return jnp.sum(C * (1 + r + r**2 / 3) * jnp.exp(-r))


def matern_gradient(p, C, scale, sign=1):
    """The derivative blocks of the kernel with gradients, contracted with the weights."""
    apart = p["x"][:, None] - p["z"][None]
    r = SQRT5 * jnp.linalg.norm(apart, axis=2) / scale
    blocks = -5 / (3 * scale**2) * ((1 + r) * jnp.exp(-r) * C)[:, :, None] * apart
    return {"x": sign * blocks.sum(1), "z": -sign * blocks.sum(0)}


def make_matern(rng):
    p = {"x": rng.standard_normal((3, 2)), "z": rng.standard_normal((4, 2))}
    return p, (rng.standard_normal((3, 4)), 1.4)


def bernoulli_logit(theta, n):
    """Where the outcome is all but certain, beyond 20, the limit is taken."""
    z = (2 * n - 1) * theta
    return jnp.sum(jnp.where(z > 20.0, -jnp.exp(-z), -jnp.logaddexp(0.0, -z)))


def bernoulli_logit_gradient(theta, n, tail_sign=None):
    s = 2 * n - 1
    z = s * theta
    tail = (s if tail_sign is None else tail_sign) * jnp.exp(-z)
    return jnp.where(z > 20.0, tail, s * jax.nn.sigmoid(-z))


def make_bernoulli(rng):
    return np.array([21.0, -22.5, 23.0, -21.5]), (np.array([1.0, 0.0, 1.0, 0.0]),)


def kernel(X, p):
    squares = jnp.sum((X[:, None] - X[None]) ** 2, axis=2)
    length, signal, noise = jnp.exp(2 * p["log"])
    return signal * jnp.exp(-squares / (2 * length)), squares / length, noise * jnp.eye(len(X))


def evidence(p, X, y):
    """The marginal likelihood of a Gaussian process whose mean is linear."""
    smooth, _, noise = kernel(X, p)
    K, r = smooth + noise, y - X @ p["mean"]
    constant = len(y) * jnp.log(2 * jnp.pi)
    return -0.5 * (r @ jnp.linalg.solve(K, r) + jnp.linalg.slogdet(K)[1] + constant)


def evidence_gradient(p, X, y, sign=1):
    smooth, scaled, noise = kernel(X, p)
    inverse = jnp.linalg.inv(smooth + noise)
    alpha = inverse @ (y - X @ p["mean"])
    inner = jnp.outer(alpha, alpha) - inverse
    by_log = [jnp.sum(inner * D) / 2 for D in (smooth * scaled, 2 * smooth, 2 * noise)]
    return {"mean": sign * X.T @ alpha, "log": jnp.stack(by_log)}


def make_evidence(rng):
    X = rng.standard_normal((6, 2))
    p = {"mean": np.array([0.4, -0.8]), "log": np.array([0.2, 0.1, -0.7])}
    return p, (X, X @ np.array([1.0, -0.3]) + np.sin(2 * X[:, 0]))


@jax.custom_jvp
def sine_times(x, y):
    return jnp.sin(x) * y


@sine_times.defjvp
def _sine_times_rule(primals, tangents):
    (x, y), (x_dot, y_dot) = primals, tangents
    return sine_times(x, y), jnp.cos(x) * x_dot * y - jnp.sin(x) * y_dot


def sine_sum(p):
    return jnp.sum(sine_times(p["x"], p["y"]))


def sine_sum_gradient(p):
    return {"x": jnp.cos(p["x"]) * p["y"], "y": jnp.sin(p["x"])}


def make_sine(rng):
    return {"x": rng.standard_normal(3), "y": rng.standard_normal(3)}, ()


CASES = (
    ShippedCase(
        "autograd#401",
        f"{GITHUB}/HIPS/autograd/issues/401",
        "multivariate normal, by the covariance: -G -> G",
        normal,
        normal_gradient,
        lambda p, x: normal_gradient(p, x, sign=-1),
        make_normal,
        ("sign",),
    ),
    ShippedCase(
        "Distributions.jl!1821",
        f"{GITHUB}/JuliaStats/Distributions.jl/pull/1821",
        "Gumbel: -(1 + exp(-z))/θ -> (-1 + exp(-z))/θ",
        gumbel,
        gumbel_gradient,
        lambda x, mu, theta: gumbel_gradient(x, mu, theta, sign=-1),
        make_gumbel,
        ("term", "sign"),
    ),
    ShippedCase(
        "gpytorch#2563",
        f"{GITHUB}/cornellius-gp/gpytorch/issues/2563",
        "Matérn 5/2 with gradients: the sign of the blocks of derivatives",
        matern,
        matern_gradient,
        lambda p, C, scale: matern_gradient(p, C, scale, sign=-1),
        make_matern,
        ("sign",),
    ),
    ShippedCase(
        "math#3369",
        f"{GITHUB}/stan-dev/math/issues/3369",
        "bernoulli_logit where sθ > 20: -exp(-sθ) -> s exp(-sθ)",
        bernoulli_logit,
        bernoulli_logit_gradient,
        lambda theta, n: bernoulli_logit_gradient(theta, n, tail_sign=-1),
        make_bernoulli,
        ("regime", "branch", "sign", "term"),
        nice=lambda rng: (np.array([1.0, -2.5, 3.0, -1.5]), make_bernoulli(rng)[1]),
    ),
    ShippedCase(
        "GaussianProcesses.jl#26",
        f"{GITHUB}/STOR-i/GaussianProcesses.jl/issues/26",
        "parameters of the mean: -dot(Mgrad, α) -> dot(Mgrad, α)",
        evidence,
        evidence_gradient,
        lambda p, X, y: evidence_gradient(p, X, y, sign=-1),
        make_evidence,
        ("sign",),
    ),
    ShippedCase(
        "jax#3213",
        f"{GITHUB}/jax-ml/jax/issues/3213",
        "custom_jvp in the documentation: -sin(x) ẏ -> sin(x) ẏ",
        sine_sum,
        sine_sum_gradient,
        None,
        make_sine,
        ("custom rule",),
        expected="AUTODIFF_WRONG",
    ),
)
