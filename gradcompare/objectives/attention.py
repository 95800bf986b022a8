r"""A block of attention with layer normalisation and a residual, backpropagated by hand.

For t tokens with p features each (rows of X, t × p) and targets Y (t × n), an embedding E (p × n)
gives A = X E. Each row of A is normalised by its mean and variance to Â, scaled by the gains g and
shifted by b; from that come queries, keys and values, which are compared in pairs,

    N = Â diag(g) + 1bᵀ,   Q = N W₁,   K = N W₂,   V = N W₃,
    P = softmax(QKᵀ / √n), row by row,   O = P V,   f = (1/t) ‖A + O − Y‖²,

where A goes past the attention in a residual connection. With the errors R at the outputs and S
at the logits of the softmax, for which diag(P Gᵀ) = diag(O Rᵀ) where G = R Vᵀ, they are

    R = (2/t) (A + O − Y),   S = P ∘ (R Vᵀ − diag(O Rᵀ) 1ᵀ) / √n,
    D₁ = S K,   D₂ = SᵀQ,   D₃ = PᵀR   at Q, K and V,    ∂f/∂Wₖ = NᵀDₖ,
    D = Σₖ Dₖ Wₖᵀ   at N,    ∂f/∂g = (D ∘ Â)ᵀ1,    ∂f/∂b = Dᵀ1,
    ∂f/∂E = Xᵀ(R + J(D diag(g))),   J d = (d − mean(d) − â mean(â ∘ d)) / s   in each row.

The Hessian-vector product is the derivative of these lines along a direction, first forwards,
then backwards.

See Vaswani et al., Advances in Neural Information Processing Systems 30 (2017), equation (1), for
the attention; Ba, Kiros & Hinton, arXiv:1607.06450 (2016), for the normalisation, here before the
attention; Pearlmutter, Neural Computation 6 (1994), 147–160, for the product.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective
from ._normalise import Normalised, jacobian, jacobian_change, normalise


class Params(NamedTuple):
    """E, g, b, and W with the matrices of the queries, the keys and the values."""

    E: Float[Array, "p n"]
    gain: Float[Array, " n"]
    shift: Float[Array, " n"]
    W: Float[Array, "3 n n"]


class Data(NamedTuple):
    X: Float[Array, "t p"]
    Y: Float[Array, "t n"]


class Layers(NamedTuple):
    A: Normalised
    N: Float[Array, "t n"]
    QKV: Float[Array, "3 t n"]
    P: Float[Array, "t t"]
    O: Float[Array, "t n"]  # noqa: E741
    R: Float[Array, "t n"]


class Errors(NamedTuple):
    G: Float[Array, "t t"]
    S: Float[Array, "t t"]
    D: Float[Array, "3 t n"]
    at_n: Float[Array, "t n"]


def forwards(params: Params, data: Data) -> Layers:
    """Returns Â, N, (Q, K, V), P, O and R."""
    A = data.X @ params.E
    normalised = normalise(A, axis=1)
    N = normalised.hat * params.gain + params.shift
    Q, K, V = QKV = N @ params.W
    P = jax.nn.softmax(Q @ K.T / math.sqrt(N.shape[1]))
    O = P @ V  # noqa: E741
    return Layers(normalised, N, QKV, P, O, 2 / len(A) * (A + O - data.Y))


def backwards(at: Layers, params: Params) -> Errors:
    """Returns G − diag(O Rᵀ)1ᵀ, S, (D₁, D₂, D₃) and D."""
    Q, K, V = at.QKV
    G = at.R @ V.T - jnp.sum(at.O * at.R, axis=1, keepdims=True)
    S = at.P * G / math.sqrt(Q.shape[1])
    D = jnp.stack([S @ K, S.T @ Q, at.P.T @ at.R])
    return Errors(G, S, D, jnp.einsum("kti,kji->tj", D, params.W))


def value(params: Params, data: Data) -> Float[Array, ""]:
    """f(E, g, b, W) = (1/t) ‖A + softmax(QKᵀ/√n) V − Y‖², Q, K, V = N Wₖ, N from A = X E."""
    # R = (2/t) (A + O − Y), so ‖A + O − Y‖² = (t²/4) ‖R‖².
    return len(data.X) / 4 * jnp.sum(forwards(params, data).R ** 2)


def gradient(params: Params, data: Data) -> Params:
    """∂f/∂Wₖ = NᵀDₖ and ∂f/∂E = Xᵀ(R + J(D diag(g))), where D = Σₖ Dₖ Wₖᵀ."""
    at = forwards(params, data)
    _, _, D, at_n = backwards(at, params)
    return Params(
        data.X.T @ (at.R + jacobian(at.A, at_n * params.gain, axis=1)),
        jnp.sum(at_n * at.A.hat, axis=0),
        jnp.sum(at_n, axis=0),
        at.N.T @ D,
    )


def tangents(at: Layers, params: Params, direction: Params, data: Data) -> Layers:
    """Returns the changes of the layers along the direction; that of A itself in place of s."""
    moved = data.X @ direction.E
    hat = jacobian(at.A, moved, axis=1)
    N = hat * params.gain + at.A.hat * direction.gain + direction.shift
    (Q, K, V), (dQ, dK, dV) = at.QKV, (QKV := N @ params.W + at.N @ direction.W)
    changed = (dQ @ K.T + Q @ dK.T) / math.sqrt(N.shape[1])
    P = at.P * (changed - jnp.sum(at.P * changed, axis=1, keepdims=True))
    O = P @ V + at.P @ dV  # noqa: E741
    return Layers(Normalised(hat, moved), N, QKV, P, O, 2 / len(N) * (moved + O))


def hvp(params: Params, direction: Params, data: Data) -> Params:
    """The change of each line of the gradient along the direction, by the product rule."""
    at = forwards(params, data)
    G, S, D, at_n = backwards(at, params)
    d = tangents(at, params, direction, data)
    (Q, K, V), (dQ, dK, dV) = at.QKV, d.QKV
    shared = jnp.sum(d.O * at.R + at.O * d.R, axis=1, keepdims=True)
    dG = d.R @ V.T + at.R @ dV.T - shared
    dS = (d.P * G + at.P * dG) / math.sqrt(Q.shape[1])
    dD = jnp.stack(
        [dS @ K + S @ dK, dS.T @ Q + S.T @ dQ, d.P.T @ at.R + at.P.T @ d.R],
    )
    by_W = "kti,kji->tj"
    d_at_n = jnp.einsum(by_W, dD, params.W) + jnp.einsum(by_W, D, direction.W)
    at_hat = d_at_n * params.gain + at_n * direction.gain
    turned = jacobian_change(at.A, d.A.scale, at_n * params.gain, axis=1)
    return Params(
        data.X.T @ (d.R + jacobian(at.A, at_hat, axis=1) + turned),
        jnp.sum(d_at_n * at.A.hat + at_n * d.A.hat, axis=0),
        jnp.sum(d_at_n, axis=0),
        d.N.T @ D + at.N.T @ dD,
    )


def make(rng: np.random.Generator, size: int) -> tuple[Params, Data]:
    """Draws a block of width `size` and 4 × `size` tokens with `size` features.

    It has 4 size² + 2 size parameters: 42 at size 3, 272 at size 8, 4160 at size 32.
    """
    X = rng.standard_normal((4 * size, size))
    Y = np.roll(X, 1, axis=0) + 0.3 * rng.standard_normal(X.shape)
    params = Params(
        E=np.eye(size) + 0.5 * rng.standard_normal((size, size)) / np.sqrt(size),
        gain=1 + 0.3 * rng.standard_normal(size),
        shift=0.3 * rng.standard_normal(size),
        W=rng.standard_normal((3, size, size)) / np.sqrt(size),
    )
    return params, Data(X, Y)


OBJECTIVES = (
    Objective(
        name="attention",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda p: {"sharp": p._replace(W=p.W * np.array([4, 4, 1])[:, None, None])},
        sizes=(3, 8, 32),
        family="networks",
        tags=("matrix", "normalisation"),
        source="Vaswani et al., Advances in Neural Information Processing Systems 30 (2017), "
        "eq. 1; Ba, Kiros & Hinton, arXiv:1607.06450 (2016)",
        convention=Convention(reduction="mean"),
    ),
)
