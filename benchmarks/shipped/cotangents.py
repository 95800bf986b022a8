"""Shipped faults: what comes from above, a cotangent or a weight, is not multiplied by."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import digamma, gammaln, logsumexp

from ._case import GITHUB, ShippedCase


def paths_of(label, times, symbols):
    """All alignments of a label, blank 0, as one-hot arrays (path, time, symbol)."""
    paths = np.indices((symbols,) * times).reshape(times, -1).T
    kept = np.diff(paths, axis=1, prepend=-1) != 0
    reads = [tuple(path[first & (path > 0)]) for path, first in zip(paths, kept, strict=True)]
    chosen = np.array([read == tuple(label) for read in reads])
    return np.eye(symbols)[paths[chosen]]


def ctc(log_probs, first, second, weights):
    """The weighted CTC losses of two utterances, of alignments that are given."""

    def loss(paths, lp):
        return -logsumexp(jnp.sum(paths * lp, axis=(1, 2)))

    return weights[0] * loss(first, log_probs[0]) + weights[1] * loss(second, log_probs[1])


def ctc_gradient(log_probs, first, second, weights):
    """Minus the posterior probability of each symbol at each time."""

    def occupied(paths, lp):
        return jnp.tensordot(jax.nn.softmax(jnp.sum(paths * lp, axis=(1, 2))), paths, 1)

    both = jnp.stack([occupied(first, log_probs[0]), occupied(second, log_probs[1])])
    return -weights[:, None, None] * both


def ctc_unweighted(log_probs, first, second, weights):
    return ctc_gradient(log_probs, first, second, jnp.ones(2))


def make_ctc(rng):
    log_probs = np.log(rng.dirichlet(np.ones(3), (2, 4)))
    return log_probs, (paths_of([1, 2], 4, 3), paths_of([2], 4, 3), np.array([0.5, 1.7]))


def scaled_ctc(log_probs, first, second, scale):
    return scale * ctc(log_probs, first, second, jnp.ones(2))


def scaled_ctc_gradient(log_probs, first, second, scale):
    return scale * ctc_unweighted(log_probs, first, second, None)


def make_scaled_ctc(rng):
    log_probs, (first, second, _) = make_ctc(rng)
    return log_probs, (first, second, 0.37)


def beta_terms(a, b, x, nodes, weights):
    """I_x(a, b) by quadrature, and its three partial derivatives."""
    s = nodes
    scale = jnp.exp(gammaln(a + b) - gammaln(a) - gammaln(b))
    head = scale * weights * (x * s) ** (a - 1) * (1 - x * s) ** (b - 1)
    value, both = x * jnp.sum(head), digamma(a + b)
    by_a = x * jnp.sum(head * jnp.log(x * s)) + value * (both - digamma(a))
    by_b = x * jnp.sum(head * jnp.log1p(-x * s)) + value * (both - digamma(b))
    return value, by_a, by_b, jnp.sum(head * (a - (b - 1) * x * s / (1 - x * s)))


@jax.custom_vjp
def ibeta(a, b, x, nodes, weights):
    return beta_terms(a, b, x, nodes, weights)[0]


def _ibeta_forwards(*args):
    return ibeta(*args), args


def _ibeta_backwards(args, adj):
    _, by_a, by_b, by_x = beta_terms(*args)
    return adj * by_a, by_b, adj * by_x, None, None


ibeta.defvjp(_ibeta_forwards, _ibeta_backwards)


def beta_loss(p, nodes, weights):
    return ibeta(p["a"], p["b"], p["x"], nodes, weights) ** 2


def beta_loss_gradient(p, nodes, weights):
    value, *parts = beta_terms(p["a"], p["b"], p["x"], nodes, weights)
    return dict(zip(("a", "b", "x"), [2 * value * part for part in parts], strict=True))


def make_beta(rng):
    nodes, weights = np.polynomial.legendre.leggauss(20)
    p = {"a": np.array(2.2), "b": np.array(3.1), "x": np.array(0.25)}
    return p, ((nodes + 1) / 2, weights / 2)


def class_slope(z, others, y):
    """The first component of each row's softmax gradient: its derivatives are second ones."""
    return jnp.sum(jnp.exp(z - class_norm(z, others)) - y)


def class_norm(z, others):
    return jnp.logaddexp(z, logsumexp(others, axis=1))


def class_curvature(z, others, y):
    p = jnp.exp(z - class_norm(z, others))
    return p * (1 - p)


def class_curvature_wrong(z, others, y):
    norm = class_norm(z, others)
    return (1 - jnp.exp(z - norm)) / jnp.exp(norm)


def make_classes(rng):
    return 1.5 * rng.standard_normal(6), (rng.standard_normal((6, 2)), np.ones(6) / 3)


def rank_slope(s, other, w):
    """LambdaRank: the weighted gradient of each pair, by the score of the better one."""
    return jnp.sum(w * (jax.nn.sigmoid(s - other) - 1))


def rank_curvature(s, other, w):
    p = jax.nn.sigmoid(s - other)
    return w * p * (1 - p)


def make_ranks(rng):
    return rng.standard_normal(6), (rng.standard_normal(6), rng.uniform(0.2, 3, 6))


CASES = (
    ShippedCase(
        "pytorch#11750",
        f"{GITHUB}/pytorch/pytorch/issues/11750",
        "ctc_loss: the backward pass ignores grad_output, here one for each utterance",
        ctc,
        ctc_gradient,
        ctc_unweighted,
        make_ctc,
        ("data factor",),
    ),
    ShippedCase(
        "ctc#2",
        f"{GITHUB}/sherjilozair/ctc/issues/2",
        "the same with one number for all",
        scaled_ctc,
        scaled_ctc_gradient,
        ctc_unweighted,
        make_scaled_ctc,
        ("factor",),
    ),
    ShippedCase(
        "math#1569",
        f"{GITHUB}/stan-dev/math/issues/1569",
        "ibeta: the partial by the second argument is not multiplied by adj",
        beta_loss,
        beta_loss_gradient,
        None,
        make_beta,
        ("custom rule",),
        {"bounds": ({"a": 0.5, "b": 0.5, "x": 0.01}, {"a": 20.0, "b": 20.0, "x": 0.99})},
        expected="AUTODIFF_WRONG",
    ),
    ShippedCase(
        "EvoTrees.jl!359",
        f"{GITHUB}/Evovest/EvoTrees.jl/pull/359",
        "softmax Hessian: (1 - p)/Σe -> p (1 - p), the same where all logits are zero",
        class_slope,
        class_curvature,
        class_curvature_wrong,
        make_classes,
        ("chain factor",),
        nice=lambda rng: (np.zeros(6), (np.zeros((6, 2)), np.ones(6) / 3)),
    ),
    ShippedCase(
        "xgboost#119",
        f"{GITHUB}/dmlc/xgboost/issues/119",
        "LambdaRank Hessian: 2 h -> w h",
        rank_slope,
        rank_curvature,
        lambda s, other, w: 2 * rank_curvature(s, other, 1.0),
        make_ranks,
        ("data factor",),
    ),
)
