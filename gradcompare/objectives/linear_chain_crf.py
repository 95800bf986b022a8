r"""A conditional random field on linear chains, with a quadratic penalty.

A sequence has p features at each of its T places, the rows xₜ of X, and one of k labels there,
with the indicators yₜ. With weights W (p × k) of the features and weights A (k × k) of
neighbouring labels, the scores are sₜ = Wᵀxₜ and, in the mean over the sequences,

    f(W, A) = log Z − Σₜ yₜᵀsₜ − Σₜ yₜᵀA yₜ₊₁ + (λ/2) (‖W‖² + ‖A‖²),

where Z is the sum of exp(Σₜ yₜᵀsₜ + Σₜ yₜᵀA yₜ₊₁) over all kᵀ sequences of labels. As a product of
factors along a chain it is what the forward algorithm of hidden_markov.py sums, with exp(A) in
place of the transition matrix and exp(sₜ) in place of the emission probabilities. Marginals of
single labels γₜ and expected numbers Ξ of neighbouring labels follow from its backward algorithm:

    ∂f/∂W = Σₜ xₜ(γₜ − yₜ)ᵀ + λW,    ∂f/∂A = Ξ − Σₜ yₜ yₜ₊₁ᵀ + λA,

expected features less observed ones. Along a direction (V, U) the factors change by exp(A) ∘ U and
exp(sₜ) ∘ Vᵀxₜ, and the derivatives γ̇ₜ and Ξ̇ of the marginals, which are covariances with
Σₜ yₜᵀVᵀxₜ + Σₜ yₜᵀU yₜ₊₁ under the model, give the Hessian times the direction:

    (Σₜ xₜ γ̇ₜᵀ + λV,  Ξ̇ + λU).

See Lafferty, McCallum & Pereira, Proceedings of ICML (2001), 282–289, and Sutton & McCallum, An
Introduction to Conditional Random Fields, Foundations and Trends in Machine Learning 4 (2012),
267–373, sections 4.1 and 5.1.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective
from .hidden_markov import Chain, backward, counts, counts_along, forward

LABELS, LENGTH = 4, 8


class Params(NamedTuple):
    W: Float[Array, "p k"]
    A: Float[Array, "k k"]


class Data(NamedTuple):
    """Features X and label indicators Y of n sequences of the same length, by time first."""

    X: Float[Array, "t n p"]
    Y: Float[Array, "t n k"]
    lam: float


def factors(params: Params, data: Data) -> tuple[Chain, Float[Array, ""]]:
    """Returns the factors, divided so that none exceeds 1, and the logarithm of the divisors."""
    s, pairs = data.X @ params.W, len(data.X) - 1
    tops, top = jax.nn.logsumexp(s, axis=-1, keepdims=True), jax.nn.logsumexp(params.A)
    chain = Chain(jnp.ones_like(params.A[0]), jnp.exp(params.A - top), jnp.exp(s - tops))
    return chain, jnp.sum(tops) + data.X.shape[1] * pairs * top


def neighbours(Y: Float[Array, "t n k"]) -> Float[Array, "k k"]:
    """Returns Σₜ yₜ yₜ₊₁ᵀ, summed over the sequences."""
    return jnp.einsum("tni,tnj->ij", Y[:-1], Y[1:])


def by_weights(X: Float[Array, "t n p"], by_scores: Float[Array, "t n k"]) -> Float[Array, "p k"]:
    """Returns Σₜ xₜ rₜᵀ, summed over the sequences."""
    return X.reshape(-1, X.shape[-1]).T @ by_scores.reshape(-1, by_scores.shape[-1])


def value(params: Params, data: Data) -> Float[Array, ""]:
    """f(W, A) = log Z(X) − Σₜ yₜᵀWᵀxₜ − Σₜ yₜᵀA yₜ₊₁ + (λ/2)(‖W‖² + ‖A‖²), mean over sequences."""
    chain, shift = factors(params, data)
    log_z = jnp.sum(jnp.log(forward(chain).scale)) + shift
    score = jnp.sum(data.Y * (data.X @ params.W)) + jnp.sum(neighbours(data.Y) * params.A)
    penalty = data.lam / 2 * (jnp.sum(params.W**2) + jnp.sum(params.A**2))
    return (log_z - score) / data.X.shape[1] + penalty


def gradient(params: Params, data: Data) -> Params:
    """∂f/∂W = Σₜ xₜ(γₜ − yₜ)ᵀ + λW and ∂f/∂A = Ξ − Σₜ yₜ yₜ₊₁ᵀ + λA, mean over sequences."""
    chain, _ = factors(params, data)
    passed = forward(chain)
    expected, sequences = counts(chain, passed, backward(chain, passed)), data.X.shape[1]
    return Params(
        by_weights(data.X, expected.local - data.Y) / sequences + data.lam * params.W,
        (expected.step - neighbours(data.Y)) / sequences + data.lam * params.A,
    )


def hvp(params: Params, v: Params, data: Data) -> Params:
    """(Σₜ xₜ γ̇ₜᵀ + λV, Ξ̇ + λU) along the direction (V, U), mean over sequences."""
    chain, _ = factors(params, data)
    moved = Chain(jnp.zeros_like(chain.start), chain.step * v.A, chain.local * (data.X @ v.W))
    change, sequences = counts_along(chain, moved)[1], data.X.shape[1]
    return Params(
        by_weights(data.X, change.local) / sequences + data.lam * v.W,
        change.step / sequences + data.lam * v.A,
    )


def make(rng: np.random.Generator, size: int) -> tuple[Params, Data]:
    """Draws weights of `size` features and four labels, and 2 × `size` sequences of length 8.

    It has 4 size + 16 parameters: 40 at size 6, 216 at size 50, 1616 at size 400.
    """
    X = rng.standard_normal((LENGTH, 2 * size, size))
    scores = X @ rng.standard_normal((size, LABELS)) / np.sqrt(size)
    pull = rng.standard_normal((LABELS, LABELS))
    # The largest of the logits plus Gumbel noise is a draw from their softmax.
    labels = [np.argmax(scores[0] + rng.gumbel(size=scores[0].shape), axis=1)]
    for s in scores[1:]:
        labels.append(np.argmax(s + pull[labels[-1]] + rng.gumbel(size=s.shape), axis=1))
    W = rng.standard_normal((size, LABELS)) / np.sqrt(size)
    A = rng.standard_normal((LABELS, LABELS))
    return Params(W, A), Data(X, np.eye(LABELS)[np.array(labels)], lam=0.1)


OBJECTIVES = (
    Objective(
        name="linear-chain-crf",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda p: {
            "zero": jax.tree.map(np.zeros_like, p),
            "independent": p._replace(A=0 * p.A),
            "tail": jax.tree.map(lambda x: 5 * x, p),
        },
        sizes=(6, 50, 400),
        family="probabilistic",
        tags=("convex", "recursion"),
        source="Lafferty, McCallum & Pereira, ICML (2001); Sutton & McCallum, Found. Trends Mach. "
        "Learn. 4 (2012), sections 4.1 and 5.1",
        convention=Convention(reduction="mean"),
    ),
)
