r"""Long short-term memory with diagonal weights, as in ADBench, and backpropagation through time.

A sequence of characters of b bits each, x₀ … x_T, goes through l layers of b cells with forget,
input and output gates. Every product is elementwise, so the units meet only in the loss; forget
and output gates see only the input of their layer, the input gates and the change only its hidden
units (formulas in _lstm_layer.py). The lowest layer takes x ∘ u; with h of the last one,

    y = h ∘ v + c,    sₜ = log(2 + Σⱼ exp(yₜⱼ)),    f = −(1/(T b)) Σₜⱼ xₜ₊₁,ⱼ (yₜⱼ − sₜ).

The 2 is ADBench's; issue 143 there asks why. With nₜ = Σⱼ xₜ₊₁,ⱼ, the errors at y are

    Dₜⱼ = (nₜ exp(yₜⱼ − sₜ) − xₜ₊₁,ⱼ) / (T b),    ∂f/∂v = Σₜ D ∘ h,    ∂f/∂c = Σₜ D,

those at h of the last layer G = D ∘ v, and each layer, from the last to the lowest, returns the
derivatives by its weights and biases and the errors at its input, in the end ∂f/∂u = Σₜ x ∘ those.
The Hessian-vector product is the change of these lines along a direction: with shares p =
exp(y − s) it is ṗ = p ∘ (ẏ − Σⱼ pⱼ ẏⱼ), with those of the layers first forwards, then backwards.

The form is that of github.com/microsoft/ADBench, src/cpp/shared/lstm.h; the paper on ADBench,
Šrajer, Kukelova & Fitzgibbon, Optimization Methods and Software 33 (2018), has no LSTM. With full
weights: Hochreiter & Schmidhuber, Neural Computation 9 (1997), 1735–1780; the forget gate: Gers,
Schmidhuber & Cummins, Neural Computation 12 (2000), 2451–2471; the product: Pearlmutter, Neural
Computation 6 (1994), 147–160.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective
from ._lstm_layer import down, down_change, layer, layer_change

LAYERS = 2


class Params(NamedTuple):
    """The gates are in the order forget, input, output, change."""

    weight: Float[Array, "l 4 b"]
    bias: Float[Array, "l 4 b"]
    in_weight: Float[Array, " b"]
    out_weight: Float[Array, " b"]
    out_bias: Float[Array, " b"]


class Data(NamedTuple):
    sequence: Float[Array, "T+1 b"]
    hidden: Float[Array, "l b"]
    cell: Float[Array, "l b"]


def forwards(params: Params, data: Data):
    """Returns y and the hidden units of the last layer, and the traces of all layers."""
    x = params.in_weight * data.sequence[:-1]
    layers = params.weight, params.bias, data.hidden, data.cell
    h, traces = jax.lax.scan(layer, x, layers)
    return params.out_weight * h + params.out_bias, h, traces


def log_total(y: Float[Array, "T b"]) -> Float[Array, "T 1"]:
    """Returns log(2 + Σⱼ exp(yₜⱼ))."""
    return jnp.logaddexp(jax.nn.logsumexp(y, axis=1, keepdims=True), math.log(2))


def value(params: Params, data: Data) -> Float[Array, ""]:
    """f(w, b, u, v, c) = −(1/(T b)) Σₜⱼ xₜ₊₁,ⱼ (yₜⱼ − log(2 + Σₖ exp(yₜₖ))), y by LSTM."""
    y, _, _ = forwards(params, data)
    return -jnp.mean(data.sequence[1:] * (y - log_total(y)))


def at_output(y: Float[Array, "T b"], data: Data) -> tuple[Float[Array, "T b"], ...]:
    """Returns exp(yₜⱼ − sₜ) and ∂f/∂y."""
    following, shares = data.sequence[1:], jnp.exp(y - log_total(y))
    bits = jnp.sum(following, axis=1, keepdims=True)
    return shares, (bits * shares - following) / y.size


def gradient(params: Params, data: Data) -> Params:
    """Cₜ = αₜ Gₜ + (fₜ₊₁ + αₜ βₜ₊₁) Cₜ₊₁ in each layer, the last one first; sums over t."""
    y, h, traces = forwards(params, data)
    at_y = at_output(y, data)[1]
    G = at_y * params.out_weight
    at_x, sums = jax.lax.scan(down, G, (params.weight, traces), reverse=True)
    return Params(
        *sums,
        jnp.sum(at_x * data.sequence[:-1], axis=0),
        jnp.sum(at_y * h, axis=0),
        jnp.sum(at_y, axis=0),
    )


def hvp(params: Params, direction: Params, data: Data) -> Params:
    """The change of the recurrences of the gradient, after that of the cells forwards."""
    y, h, traces = forwards(params, data)
    shares, at_y = at_output(y, data)
    u, bits = direction, data.sequence[:-1]
    layers = params.weight, u.weight, u.bias, traces
    dh, d = jax.lax.scan(layer_change, u.in_weight * bits, layers)
    dy = u.out_weight * h + params.out_weight * dh + u.out_bias
    d_shares = shares * (dy - jnp.sum(shares * dy, axis=1, keepdims=True))
    d_at_y = jnp.sum(data.sequence[1:], axis=1, keepdims=True) * d_shares / y.size

    state = at_y * params.out_weight, d_at_y * params.out_weight + at_y * u.out_weight
    layers = params.weight, u.weight, traces, d
    (_, at_x), sums = jax.lax.scan(down_change, state, layers, reverse=True)
    return Params(
        *sums,
        jnp.sum(at_x * bits, axis=0),
        jnp.sum(d_at_y * h + at_y * dh, axis=0),
        jnp.sum(d_at_y, axis=0),
    )


def make(rng: np.random.Generator, size: int) -> tuple[Params, Data]:
    """Draws 8 × `size` characters of `size` bits, and two layers of `size` cells.

    It has 19 size parameters: 57 at size 3, 266 at size 14, the bits of ADBench's texts.
    """

    # Nothing is close to zero: each derivative is a product of factors of all layers and times.
    def signed(low, high, *shape):
        return rng.choice([-1.0, 1.0], shape) * rng.uniform(low, high, shape)

    params = Params(
        weight=signed(0.5, 1.5, LAYERS, 4, size),
        bias=signed(0.5, 1, LAYERS, 4, size),
        in_weight=signed(1, 2, size),
        out_weight=signed(1, 3, size),
        out_bias=0.5 * rng.standard_normal(size),
    )
    often = rng.uniform(0.3, 0.7, size)
    sequence = np.where(rng.uniform(size=(8 * size + 1, size)) < often, 1.0, 0.0)
    hidden, cell = rng.uniform(0, 1, (2, LAYERS, size))
    return params, Data(sequence, hidden, cell)


OBJECTIVES = (
    Objective(
        name="lstm",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda p: {"all positive": jax.tree.map(np.abs, p)},
        sizes=(3, 14, 40),
        family="networks",
        tags=("recursion",),
        source="ADBench (github.com/microsoft/ADBench, src/cpp/shared/lstm.h); Hochreiter & "
        "Schmidhuber, Neural Computation 9 (1997)",
        convention=Convention(reduction="mean"),
    ),
)
