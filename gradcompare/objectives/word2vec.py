r"""Skip-gram with negative sampling: the embeddings of words of word2vec.

A word w has a vector v_w where it is the centre and another one, u_w, where it is near a centre:
rows of V and U (vocabulary × k). Of m pairs, the centre cₜ was seen with the context oₜ = wₜ₀, and
with the words drawn as noise, wₜ₁ … wₜᵣ, it was not; with scores sₜⱼ = u_{wₜⱼ}·v_{cₜ},

    f(V, U) = −(1/m) Σₜ (log σ(sₜ₀) + Σ_{j≥1} log σ(−sₜⱼ)).

With the errors eₜⱼ = (σ(sₜⱼ) − [j = 0]) / m, the derivatives by the scores,

    ∂f/∂v_c = Σ_{t: cₜ = c} Σⱼ eₜⱼ u_{wₜⱼ},    ∂f/∂u_w = Σ_{t,j: wₜⱼ = w} eₜⱼ v_{cₜ},

and along a direction (V̇, U̇) the scores change by ṡₜⱼ = u̇_{wₜⱼ}·v_{cₜ} + u_{wₜⱼ}·v̇_{cₜ}, the errors
by ėₜⱼ = σ(sₜⱼ) σ(−sₜⱼ) ṡₜⱼ / m, and the derivatives by the product rule to

    Σ_{t: cₜ = c} Σⱼ (ėₜⱼ u_{wₜⱼ} + eₜⱼ u̇_{wₜⱼ}),    Σ_{t,j: wₜⱼ = w} (ėₜⱼ v_{cₜ} + eₜⱼ v̇_{cₜ}).

See Mikolov, Sutskever, Chen, Corrado & Dean, Distributed Representations of Words and Phrases and
their Compositionality, NIPS 26 (2013), equation (4), with the noise drawn once and for all and f
to be minimised, and Rong, word2vec Parameter Learning Explained (2014), section 3.2.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._model.convention import Convention
from .._model.objective import Objective

DIMENSIONS = 3
NOISE = 4
REPEATS = 4


class Params(NamedTuple):
    V: Float[Array, "vocabulary k"]
    U: Float[Array, "vocabulary k"]


class Data(NamedTuple):
    """The numbers of words are floats, exact up to 256 even in bfloat16."""

    centres: Float[Array, " m"]
    contexts: Float[Array, " m"]
    noise: Float[Array, "m r"]


def words(data: Data) -> tuple[Int[Array, " m"], Int[Array, "m 1+r"]]:
    """Returns the number of the centre of each pair, and those of its context and noise."""
    outer = jnp.concatenate([data.contexts[:, None], data.noise], axis=1)
    return jnp.rint(data.centres).astype(int), jnp.rint(outer).astype(int)


def errors(s: Float[Array, "m 1+r"]) -> Float[Array, "m 1+r"]:
    """Returns eₜⱼ = (σ(sₜⱼ) − [j = 0]) / m."""
    # −σ(−s) and not σ(s) − 1, which has no digits left where σ(s) rounds to 1.
    return jnp.concatenate([-jax.nn.sigmoid(-s[:, :1]), jax.nn.sigmoid(s[:, 1:])], axis=1) / len(s)


def dots(u: Float[Array, "m 1+r k"], v: Float[Array, "m k"]) -> Float[Array, "m 1+r"]:
    return jnp.einsum("tjk,tk->tj", u, v)


def value(params: Params, data: Data) -> Float[Array, ""]:
    """f(V, U) = −(1/m) Σₜ (log σ(u_{oₜ}·v_{cₜ}) + Σⱼ log σ(−u_{wₜⱼ}·v_{cₜ}))."""
    centre, outer = words(data)
    s = dots(params.U[outer], params.V[centre])
    # −log σ(s) = softplus(−s), which does not overflow.
    return (jnp.sum(jax.nn.softplus(-s[:, 0])) + jnp.sum(jax.nn.softplus(s[:, 1:]))) / len(s)


def gradient(params: Params, data: Data) -> Params:
    """∂f/∂v_c = Σ_{t: cₜ = c} Σⱼ eₜⱼ u_{wₜⱼ} and ∂f/∂u_w = Σ_{t,j: wₜⱼ = w} eₜⱼ v_{cₜ}."""
    centre, outer = words(data)
    u, v = params.U[outer], params.V[centre]
    e = errors(dots(u, v))
    return scattered(params, data, jnp.einsum("tj,tjk->tk", e, u), e[:, :, None] * v[:, None])


def scattered(
    params: Params, data: Data, by_v: Float[Array, "m k"], by_u: Float[Array, "m 1+r k"]
) -> Params:
    """Returns the sums over the occurrences of each word of what belongs to its vectors."""
    centre, outer = words(data)
    zero = jax.tree.map(jnp.zeros_like, params)
    return Params(zero.V.at[centre].add(by_v), zero.U.at[outer].add(by_u))


def hvp(params: Params, direction: Params, data: Data) -> Params:
    """The change of each term of the gradient along the direction, by the product rule."""
    centre, outer = words(data)
    u, v = params.U[outer], params.V[centre]
    u_change, v_change = direction.U[outer], direction.V[centre]
    s = dots(u, v)
    bend = jax.nn.sigmoid(s) * jax.nn.sigmoid(-s) / len(s)
    e, e_change = errors(s), bend * (dots(u_change, v) + dots(u, v_change))
    by_v = jnp.einsum("tj,tjk->tk", e_change, u) + jnp.einsum("tj,tjk->tk", e, u_change)
    by_u = e_change[:, :, None] * v[:, None] + e[:, :, None] * v_change[:, None]
    return scattered(params, data, by_v, by_u)


def make(rng: np.random.Generator, size: int) -> tuple[Params, Data]:
    """Draws vectors of `size` words, and pairs from a text that has each word four times."""
    text = np.concatenate([rng.permutation(size) for _ in range(REPEATS)]).astype(np.float64)
    noise = rng.integers(size, size=(len(text), NOISE)).astype(np.float64)
    V, U = rng.standard_normal((2, size, DIMENSIONS))
    return Params(V, U), Data(text, np.roll(text, 1), noise)


OBJECTIVES = (
    Objective(
        name="skip-gram",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda p: {
            "first-position": p._replace(U=0 * p.U),
            "tail": jax.tree.map(lambda x: 5 * x, p),
        },
        sizes=(8, 64, 256),
        family="representation learning",
        tags=("gather", "tails"),
        source="Mikolov, Sutskever, Chen, Corrado & Dean, NIPS 26 (2013), eq. 4; "
        "Rong, word2vec Parameter Learning Explained (2014), section 3.2",
        convention=Convention(reduction="mean"),
    ),
)
