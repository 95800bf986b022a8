"""What was called wrong and is not: right formulas, and conventions that can be declared.

Those with a convention agree once it is declared; without it, the finding should be one that
says how to declare it.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from ._case import GITHUB, ShippedCase
from .chains import make_fem
from .cotangents import class_curvature, class_slope, ctc, ctc_gradient, make_classes, make_ctc
from .values import embedding, embedding_gradient, make_embedding


def likelihood(theta, X, y):
    """A Gaussian process with constant, length scale and noise."""
    K, *_ = covariance(theta, X)
    return -0.5 * (y @ jnp.linalg.solve(K, y) + jnp.linalg.slogdet(K)[1])


def covariance(theta, X):
    squares = (X[:, None] - X[None]) ** 2
    smooth, noise = theta[0] * jnp.exp(-squares / (2 * theta[1] ** 2)), theta[2] * jnp.eye(len(X))
    return smooth + noise, smooth, smooth * squares / theta[1] ** 2, noise


def likelihood_by_log(theta, X, y):
    K, *by_log = covariance(theta, X)
    inverse = jnp.linalg.inv(K)
    alpha = inverse @ y
    inner = jnp.outer(alpha, alpha) - inverse
    return jnp.stack([jnp.sum(inner * D) / 2 for D in by_log])


def make_likelihood(rng):
    _, (_, _, X, y) = make_fem(rng)
    return np.array([0.8, 0.4, 0.2]), (X, y)


def huber_slope(score, y):
    return jnp.sum(jnp.clip(score - y, -0.9, 0.9))


def make_scores(rng):
    return rng.standard_normal(8), (rng.standard_normal(8),)


def ctc_of_logits(logits, *args):
    return ctc(jax.nn.log_softmax(logits), *args)


def ctc_of_logits_gradient(logits, first, second, weights):
    """Probabilities less posterior ones: both steps at once."""
    log_probs = jax.nn.log_softmax(logits)
    return weights[:, None, None] * jnp.exp(log_probs) + ctc_gradient(
        log_probs, first, second, weights
    )


def normal(x, m, s):
    return jnp.sum(-(((x - m) / s) ** 2) / 2 - jnp.log(s))


def splat(p, d):
    """A Gaussian splat, whose matrix is read on and above its diagonal."""
    return p["opacity"] * jnp.sum(splat_bells(p["conic"], d))


def splat_bells(M, d):
    squares = M[0, 0] * d[:, 0] ** 2 + M[1, 1] * d[:, 1] ** 2
    return jnp.exp(-squares / 2 - M[0, 1] * d[:, 0] * d[:, 1])


def splat_gradient(p, d):
    bells = splat_bells(p["conic"], d)
    by_conic = -0.5 * p["opacity"] * jnp.einsum("n,na,nb->ab", bells, d, d)
    return {"conic": by_conic, "opacity": jnp.sum(bells)}


def make_splat(rng):
    p = {"conic": np.array([[1.2, 0.3], [0.3, 0.8]]), "opacity": np.array(0.7)}
    return p, (rng.standard_normal((5, 2)),)


def quadratic(x, a):
    return 0.5 * jnp.sum(a * (x - 1) ** 2)


def make_quadratic(rng, d=1000):
    return rng.standard_normal(d), (10.0 ** rng.uniform(-3, 3, d),)


def fit(p, t, y):
    return jnp.sum((p[0] * jnp.exp(-p[1] * t) - y) ** 2)


def fit_gradient(p, t, y):
    decay = jnp.exp(-p[1] * t)
    off = p[0] * decay - y
    return 2 * jnp.stack([off @ decay, -p[0] * (off @ (t * decay))])


def make_optimum(rng):
    t = np.linspace(0.2, 3, 8)
    return np.array([2.0, 0.7]), (t, 2.0 * np.exp(-0.7 * t))


ONCE = functools.partial(ShippedCase, wrong=None, expected="AGREE")
CASES = (
    ONCE(
        "scikit-learn kernels",
        f"{GITHUB}/scikit-learn/scikit-learn/blob/main/sklearn/gaussian_process/kernels.py",
        "gradients of kernels are by log θ",
        likelihood,
        likelihood_by_log,
        make=make_likelihood,
        kinds=("chain factor",),
        options={"domain": "positive"},
        convention={"wrt": "log"},
    ),
    ONCE(
        "xgboost#5769",
        f"{GITHUB}/dmlc/xgboost/issues/5769",
        "softmax Hessian 2 p (1 - p): an upper bound, on purpose",
        class_slope,
        lambda *args: 2 * class_curvature(*args),
        make=make_classes,
        kinds=("factor",),
        convention={"intent": "upper_bound"},
    ),
    ONCE(
        "LightGBM!3545",
        f"{GITHUB}/lightgbm-org/LightGBM/pull/3545",
        "Huber Hessian 1 everywhere: an upper bound, on purpose",
        huber_slope,
        lambda score, y: jnp.ones_like(score),
        make=make_scores,
        kinds=("regime", "branch", "additive", "place"),
        convention={"intent": "upper_bound"},
    ),
    ONCE(
        "pytorch#127608",
        f"{GITHUB}/pytorch/pytorch/issues/127608",
        "ctc_loss: the gradient is that by the logits, log_softmax included",
        ctc_of_logits,
        ctc_of_logits_gradient,
        make=make_ctc,
    ),
    ONCE(
        "beast-mcmc#1064",
        f"{GITHUB}/beast-dev/beast-mcmc/issues/1064",
        "normal density: (m - x)/s² lacks no minus sign",
        normal,
        lambda x, m, s: (m - x) / s**2,
        make=lambda rng: (rng.standard_normal(5), (0.3, 1.4)),
    ),
    ONCE(
        "gaussian-splatting#1096",
        f"{GITHUB}/graphdeco-inria/gaussian-splatting/issues/1096",
        "-dx dy/2 for the entry beside the diagonal: it stands there twice",
        splat,
        splat_gradient,
        make=make_splat,
        kinds=("symmetric part",),
        convention={"symmetric": True},
    ),
    ONCE(
        "openTSNE!89",
        f"{GITHUB}/pavlin-policar/openTSNE/pull/89",
        "t-SNE without its 4, which the learning rate takes up",
        functools.partial(embedding, nu=1.0),
        lambda Y, P: embedding_gradient(Y, P, nu=1.0) / 4,
        make=make_embedding,
        kinds=("factor",),
        convention={"scale": 0.25},
    ),
    ONCE(
        "nlopt#328",
        f"{GITHUB}/stevengj/nlopt/issues/328",
        "a right quadratic with a thousand parameters on scales of six decades",
        quadratic,
        lambda x, a: a * (x - 1),
        make=make_quadratic,
    ),
    ONCE(
        "PyBNF#535",
        f"{GITHUB}/lanl/PyBNF/issues/535",
        "a right gradient at the minimum, where it is zero",
        fit,
        fit_gradient,
        make=make_optimum,
    ),
    ONCE(
        "gam#2461",
        f"{GITHUB}/SauersML/gam/issues/2461",
        "a right gradient of a function that a step of 3e-4 is too long for",
        lambda x: jnp.sum(jnp.sin(x / 1.66e-3)),
        lambda x: jnp.cos(x / 1.66e-3) / 1.66e-3,
        make=lambda rng: (rng.standard_normal(3), ()),
    ),
)
