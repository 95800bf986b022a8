r"""A hidden Markov model with discrete emissions: its likelihood, by the scaled forward algorithm.

The k hidden states have the initial probabilities π = softmax(a), the transition matrix A and the
emission probabilities B, the softmax of the rows of L (k × k) and of E (k × m). A sequence of T
symbols gives the vectors bₜ, the probabilities of its t-th symbol in each of the states, and
forwards, with p₁ = π,

    cₜ = Σᵢ pₜ(i) bₜ(i),    αₜ = pₜ ∘ bₜ / cₜ,    pₜ₊₁ = Aᵀαₜ,

where pₜ and αₜ are the distributions of the state at time t, predicted from the symbols before t
and filtered with those up to t. Hence f(a, L, E) = −Σₜ log cₜ, in the mean over the sequences.
Backwards, with β_T = 1,

    hₜ = bₜ ∘ βₜ / cₜ,    βₜ₋₁ = A hₜ,

pₜ ∘ hₜ = αₜ ∘ βₜ = γₜ are the probabilities of the states given all symbols, and the expected
number of transitions is Ξ = A ∘ Σₜ αₜ hₜ₊₁ᵀ. By Fisher's identity the gradient by the logarithms
of probabilities is their expected count, and through the softmax of a row with the counts C

    −(C − (Σ C) softmax),    C = γ₁ for a,  C = Ξ for L,  C = Σₜ γₜ oₜᵀ for E,

where oₜ is the indicator of the t-th symbol; it vanishes where the step of Baum and Welch rests.

Along a direction (dots) each recursion is differentiated, and the sums by the product rule:

    ċₜ = Σᵢ (ṗₜ ∘ bₜ + pₜ ∘ ḃₜ)(i),    α̇ₜ = (ṗₜ ∘ bₜ + pₜ ∘ ḃₜ − ċₜ αₜ) / cₜ,
    ṗₜ₊₁ = Aᵀα̇ₜ + Ȧᵀαₜ,    ḣₜ = (ḃₜ ∘ βₜ + bₜ ∘ β̇ₜ − ċₜ hₜ) / cₜ,    β̇ₜ₋₁ = A ḣₜ + Ȧ hₜ.

See Rabiner, Proceedings of the IEEE 77 (1989), 257–286, sections III.A and III.C, and V.A on the
scaling, where the coefficients are 1/cₜ; Cappé, Moulines & Rydén, Inference in Hidden Markov
Models (2005), chapter 10, on Fisher's identity.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective

SYMBOLS = 5
SEQUENCES, LENGTH = 6, 12


class Params(NamedTuple):
    """The logits a, L and E."""

    initial: Float[Array, " k"]
    transition: Float[Array, "k k"]
    emission: Float[Array, "k m"]


class Data(NamedTuple):
    """The indicators oₜ of n sequences of the same length, by time first."""

    symbols: Float[Array, "t n m"]


class Chain(NamedTuple):
    """The positive factors of a chain, or for each of them a change or an expected count."""

    start: Float[Array, " k"]
    step: Float[Array, "k k"]
    local: Float[Array, "t n k"]


class Forward(NamedTuple):
    """The distributions p and α, and the scales c."""

    predicted: Float[Array, "t n k"]
    filtered: Float[Array, "t n k"]
    scale: Float[Array, "t n 1"]


class Backward(NamedTuple):
    """The functions β and h."""

    after: Float[Array, "t n k"]
    since: Float[Array, "t n k"]


def forward(chain: Chain) -> Forward:
    """Returns p, α and c; the sum over all paths of the product of the factors is Π c."""

    def advance(p, b):
        c = jnp.sum(p * b, axis=-1, keepdims=True)
        filtered = p * b / c
        return filtered @ chain.step, Forward(p, filtered, c)

    first = jnp.broadcast_to(chain.start, chain.local.shape[1:])
    return jax.lax.scan(advance, first, chain.local)[1]


def backward(chain: Chain, passed: Forward) -> Backward:
    """Returns β and h."""

    def retreat(beta, at):
        b, c = at
        h = b * beta / c
        return h @ chain.step.T, Backward(beta, h)

    last = jnp.ones_like(chain.local[0])
    return jax.lax.scan(retreat, last, (chain.local, passed.scale), reverse=True)[1]


def counts(chain: Chain, passed: Forward, back: Backward) -> Chain:
    """Returns γ₁ and Ξ, summed over the sequences, and γ."""
    gamma = passed.predicted * back.since
    pairs = jnp.einsum("tni,tnj->ij", passed.filtered[:-1], back.since[1:])
    return Chain(jnp.sum(gamma[0], axis=0), chain.step * pairs, gamma)


def forward_along(chain: Chain, moved: Chain, passed: Forward) -> Forward:
    """Returns ṗ, α̇ and ċ."""

    def advance(p_dot, at):
        b, b_dot, (p, alpha, c) = at
        joint = p_dot * b + p * b_dot
        c_dot = jnp.sum(joint, axis=-1, keepdims=True)
        alpha_dot = (joint - c_dot * alpha) / c
        change = Forward(p_dot, alpha_dot, c_dot)
        return alpha_dot @ chain.step + alpha @ moved.step, change

    first = jnp.broadcast_to(moved.start, chain.local.shape[1:])
    return jax.lax.scan(advance, first, (chain.local, moved.local, passed))[1]


def backward_along(
    chain: Chain, moved: Chain, passed: Forward, passed_dot: Forward, back: Backward
) -> Backward:
    """Returns β̇ and ḣ."""

    def retreat(beta_dot, at):
        b, b_dot, c, c_dot, (beta, h) = at
        h_dot = (b_dot * beta + b * beta_dot - c_dot * h) / c
        return h_dot @ chain.step.T + h @ moved.step.T, Backward(beta_dot, h_dot)

    along = (chain.local, moved.local, passed.scale, passed_dot.scale, back)
    return jax.lax.scan(retreat, jnp.zeros_like(chain.local[0]), along, reverse=True)[1]


def counts_along(chain: Chain, moved: Chain) -> tuple[Chain, Chain]:
    """Returns the expected counts and how they change."""
    passed = forward(chain)
    back = backward(chain, passed)
    passed_dot = forward_along(chain, moved, passed)
    back_dot = backward_along(chain, moved, passed, passed_dot, back)
    gamma_dot = passed_dot.predicted * back.since + passed.predicted * back_dot.since
    before = jnp.stack([passed.filtered[:-1], passed_dot.filtered[:-1]])
    since = jnp.stack([back.since[1:], back_dot.since[1:]])
    pairs = jnp.einsum("tni,tnj->ij", before[0], since[0])
    pairs_dot = jnp.einsum("stni,stnj->ij", before, since[::-1])
    steps = moved.step * pairs + chain.step * pairs_dot
    return counts(chain, passed, back), Chain(jnp.sum(gamma_dot[0], axis=0), steps, gamma_dot)


def probabilities(params: Params) -> Params:
    """Returns π, A and B."""
    return Params(*(jax.nn.softmax(logits) for logits in params))


def chain_of(probability: Params, data: Data) -> Chain:
    """Returns π, A and the bₜ."""
    return Chain(*probability[:2], data.symbols @ probability.emission.T)


def by_logits(count: Float[Array, "*k m"], probability: Float[Array, "*k m"]):
    """Returns C − (Σ C) softmax for each row of counts."""
    return count - jnp.sum(count, axis=-1, keepdims=True) * probability


def tallied(count: Chain, data: Data) -> Params:
    """Returns what belongs to each of the logits, in the mean over the sequences, negative."""
    seen = jnp.einsum("tnk,tnm->km", count.local, data.symbols)
    return Params(*(-c / data.symbols.shape[1] for c in (count.start, count.step, seen)))


def value(params: Params, data: Data) -> Float[Array, ""]:
    """f(a, L, E) = −(1/n) Σ log P(o₁, …, o_T), rows softmax(a), softmax(L), softmax(E)."""
    # Without the scales c the probability of a long sequence would underflow.
    scales = forward(chain_of(probabilities(params), data)).scale
    return -jnp.sum(jnp.log(scales)) / data.symbols.shape[1]


def gradient(params: Params, data: Data) -> Params:
    """−(C − (Σ C) softmax) / n, row by row, with the expected counts C."""
    probability = probabilities(params)
    chain = chain_of(probability, data)
    passed = forward(chain)
    count = tallied(counts(chain, passed, backward(chain, passed)), data)
    return Params(*map(by_logits, count, probability))


def hvp(params: Params, v: Params, data: Data) -> Params:
    """−(Ċ − (Σ Ċ) softmax − (Σ C) softmax˙) / n, row by row."""
    probability = probabilities(params)
    changes = (
        p * (x - jnp.sum(p * x, axis=-1, keepdims=True))
        for p, x in zip(probability, v, strict=True)
    )
    moved = Params(*changes)
    count, count_dot = counts_along(chain_of(probability, data), chain_of(moved, data))
    return Params(
        *(
            by_logits(c_dot, p) - jnp.sum(c, axis=-1, keepdims=True) * p_dot
            for c, c_dot, p, p_dot in zip(
                tallied(count, data), tallied(count_dot, data), probability, moved, strict=True
            )
        )
    )


def make(rng: np.random.Generator, size: int) -> tuple[Params, Data]:
    """Draws logits of `size` states with five symbols, and six sequences of another such model.

    It has size² + 6 size parameters: 40 at size 4, 216 at size 12, 1512 at size 36.
    """
    shapes = (size,), (size, size), (size, SYMBOLS)
    a, L, E = (1.5 * rng.standard_normal(shape) for shape in shapes)
    # The largest of the logits plus Gumbel noise is a draw from their softmax.
    state = np.argmax(a + rng.gumbel(size=(SEQUENCES, size)), axis=1)
    symbols = []
    for _ in range(LENGTH):
        symbols.append(np.argmax(E[state] + rng.gumbel(size=(SEQUENCES, SYMBOLS)), axis=1))
        state = np.argmax(L[state] + rng.gumbel(size=(SEQUENCES, size)), axis=1)
    params = Params(*(rng.standard_normal(shape) for shape in shapes))
    return params, Data(np.eye(SYMBOLS)[np.array(symbols)])


OBJECTIVES = (
    Objective(
        name="hidden-markov",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda p: {
            "sticky": p._replace(transition=p.transition + 6 * np.eye(len(p.initial))),
            "tail": Params(*(4 * logits for logits in p)),
        },
        sizes=(4, 12, 36),
        family="probabilistic",
        tags=("recursion", "tails"),
        source="Rabiner, Proc. IEEE 77 (1989), sections III.A, III.C and V.A",
        convention=Convention(reduction="mean"),
    ),
)
