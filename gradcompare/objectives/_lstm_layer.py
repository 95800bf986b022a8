r"""One layer of LSTM cells with diagonal weights, at all times: forwards, backwards, changes.

All is elementwise, over the b units of a layer. With inputs xₜ, hidden units h and cells c,

    fₜ = σ(w₀ xₜ + b₀),   iₜ = σ(w₁ hₜ₋₁ + b₁),   oₜ = σ(w₂ xₜ + b₂),   aₜ = tanh(w₃ hₜ₋₁ + b₃),
    cₜ = fₜ cₜ₋₁ + iₜ aₜ,   hₜ = oₜ tanh(cₜ).

Let αₜ = ∂hₜ/∂cₜ = oₜ (1 − tanh²cₜ), let r be the derivatives of cₜ, cₜ, hₜ and cₜ by the argument
of σ or tanh in the gates f, i, o and a, and βₜ = ∂cₜ/∂hₜ₋₁,

    r = (cₜ₋₁ f(1 − f), a i(1 − i), tanh(cₜ) o(1 − o), i(1 − a²)),    β = w₁r₁ + w₃r₃.

With Gₜ = ∂f/∂hₜ by the layers above, the errors Cₜ at the cells and Hₜ at the hidden units are a
linear recurrence backwards in time, and the derivatives follow for all times at once:

    Cₜ = αₜ Gₜ + (fₜ₊₁ + αₜ βₜ₊₁) Cₜ₊₁,    Hₜ = Gₜ + βₜ₊₁ Cₜ₊₁,    e = (C, C, H, C) ∘ r,
    ∂f/∂wₖ = Σₜ eₖ (x, h₋, x, h₋)ₖ,    ∂f/∂bₖ = Σₜ eₖ,    ∂f/∂x = w₀e₀ + w₂e₂,

where h₋ is hₜ₋₁. Where parameters and inputs change, the argument in gate k does by wₖ ḣ₋, in the
gates i and a, and by żₖ = ẇₖ (x, h₋, x, h₋)ₖ + ḃₖ + wₖ (ẋ, 0, ẋ, 0)ₖ. The cells follow by the same
recurrence, transposed, so forwards in time:

    ċₜ = r₀ż₀ + r₁ż₁ + r₃ż₃ + βₜ (r₂ż₂)ₜ₋₁ + (fₜ + βₜ αₜ₋₁) ċₜ₋₁,    ḣₜ = r₂ż₂ + αₜ ċₜ.

The changes of C and H obey the recurrence of C and H with another term.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Sequence = Float[Array, "T b"]
Gates = Float[Array, "4 T b"]
Weights = Float[Array, "4 b"]


class Trace(NamedTuple):
    """What one layer did at all times; h and c before, tanh(c) after each of them."""

    x: Sequence
    h: Sequence
    c: Sequence
    f: Sequence
    i: Sequence
    o: Sequence
    a: Sequence
    tanh: Sequence


def later(s: Sequence) -> Sequence:
    """Returns sₜ₊₁, with zero after the last."""
    return jnp.concatenate([s[1:], 0 * s[:1]])


def earlier(s: Sequence) -> Sequence:
    """Returns sₜ₋₁, with zero before the first."""
    return jnp.concatenate([0 * s[:1], s[:-1]])


def recurrence(factor: Sequence, term: Sequence, *, reverse: bool) -> Sequence:
    """Returns sₜ = factorₜ sₜ₋₁ + termₜ, or with sₜ₊₁ if `reverse`."""

    def step(s, at):
        s = at[0] * s + at[1]
        return s, s

    return jax.lax.scan(step, 0 * term[0], (factor, term), reverse=reverse)[1]


def layer(x: Sequence, at) -> tuple[Sequence, Trace]:
    """Returns the hidden units at all times and the trace of one layer."""
    w, b, hidden, cell = at
    f, o = jax.nn.sigmoid(w[0] * x + b[0]), jax.nn.sigmoid(w[2] * x + b[2])

    def step(state, gates):
        h, c = state
        i, a = jax.nn.sigmoid(w[1] * h + b[1]), jnp.tanh(w[3] * h + b[3])
        after = gates[0] * c + i * a
        bent = jnp.tanh(after)
        return (gates[1] * bent, after), (h, c, i, a, bent)

    _, (h, c, i, a, bent) = jax.lax.scan(step, (hidden, cell), (f, o))
    return o * bent, Trace(x, h, c, f, i, o, a, bent)


def rates(tr: Trace) -> Gates:
    """Returns (c f(1 − f), a i(1 − i), tanh(c) o(1 − o), i(1 − a²))."""
    f, i, o = (gate * (1 - gate) for gate in (tr.f, tr.i, tr.o))
    return jnp.stack([tr.c * f, tr.a * i, tr.tanh * o, tr.i * (1 - tr.a**2)])


def rates_change(tr: Trace, d: Trace) -> Gates:
    """Returns how the rates change where the trace does by `d`."""
    f, i, o = (gate * (1 - gate) for gate in (tr.f, tr.i, tr.o))
    df, di, do = d.f * (1 - 2 * tr.f), d.i * (1 - 2 * tr.i), d.o * (1 - 2 * tr.o)
    return jnp.stack(
        [
            d.c * f + tr.c * df,
            d.a * i + tr.a * di,
            d.tanh * o + tr.tanh * do,
            d.i * (1 - tr.a**2) - 2 * tr.i * tr.a * d.a,
        ]
    )


class Slopes(NamedTuple):
    """α, β, r, and the factor fₜ₊₁ + αₜ βₜ₊₁ of Cₜ₊₁; or their changes."""

    alpha: Sequence
    beta: Sequence
    r: Gates
    factor: Sequence


def slopes(w: Weights, tr: Trace) -> Slopes:
    r, alpha = rates(tr), tr.o * (1 - tr.tanh**2)
    beta = w[1] * r[1] + w[3] * r[3]
    return Slopes(alpha, beta, r, later(tr.f) + alpha * later(beta))


def errors(G: Sequence, at: Slopes) -> Gates:
    """Returns (C, C, H, C)."""
    C = recurrence(at.factor, at.alpha * G, reverse=True)
    return jnp.stack([C, C, G + later(at.beta * C), C])


def inputs(tr: Trace) -> Gates:
    """Returns (x, h₋, x, h₋), what the gates see."""
    return jnp.stack([tr.x, tr.h, tr.x, tr.h])


def down(G: Sequence, at: tuple[Weights, Trace]) -> tuple[Sequence, tuple[Weights, Weights]]:
    """Returns the errors at the inputs, and the derivatives by the weights and the biases."""
    w, tr = at
    L = slopes(w, tr)
    e = errors(G, L) * L.r
    return w[0] * e[0] + w[2] * e[2], (jnp.sum(e * inputs(tr), axis=1), jnp.sum(e, axis=1))


def layer_change(dx: Sequence, at) -> tuple[Sequence, Trace]:
    """Returns the changes of the hidden units and of the trace, by the recurrence of ċ."""
    w, dw, db, tr = at
    alpha, beta, r, _ = slopes(w, tr)
    z = dw[:, None] * inputs(tr) + db[:, None] + w[:, None] * jnp.stack([dx, 0 * dx, dx, 0 * dx])
    shown = r[2] * z[2]
    term = r[0] * z[0] + r[1] * z[1] + r[3] * z[3] + beta * earlier(shown)
    c = recurrence(tr.f + beta * earlier(alpha), term, reverse=False)
    dh = shown + alpha * c
    before = earlier(dh)
    return dh, Trace(
        x=dx,
        h=before,
        c=earlier(c),
        f=tr.f * (1 - tr.f) * z[0],
        i=tr.i * (1 - tr.i) * (z[1] + w[1] * before),
        o=tr.o * (1 - tr.o) * z[2],
        a=(1 - tr.a**2) * (z[3] + w[3] * before),
        tanh=(1 - tr.tanh**2) * c,
    )


def slopes_change(w: Weights, dw: Weights, tr: Trace, d: Trace, at: Slopes) -> Slopes:
    """Returns how the slopes change where the weights and the trace do by `dw` and `d`."""
    alpha = d.o * (1 - tr.tanh**2) - 2 * tr.o * tr.tanh * d.tanh
    dr = rates_change(tr, d)
    beta = dw[1] * at.r[1] + dw[3] * at.r[3] + w[1] * dr[1] + w[3] * dr[3]
    factor = later(d.f) + alpha * later(at.beta) + at.alpha * later(beta)
    return Slopes(alpha, beta, dr, factor)


def errors_change(G, dG, C: Sequence, at: Slopes, d: Slopes) -> Gates:
    """Returns (Ċ, Ċ, Ḣ, Ċ), by the recurrence of C with another term."""
    term = d.alpha * G + at.alpha * dG + d.factor * later(C)
    dC = recurrence(at.factor, term, reverse=True)
    return jnp.stack([dC, dC, dG + later(d.beta * C + at.beta * dC), dC])


def down_change(state, at):
    """Takes G and Ġ through one layer; returns also the changes of its derivatives."""
    (G, dG), (w, dw, tr, d) = state, at
    L = slopes(w, tr)
    dL = slopes_change(w, dw, tr, d, L)
    error = errors(G, L)
    e = error * L.r
    de = errors_change(G, dG, error[0], L, dL) * L.r + error * dL.r
    below = w[0] * e[0] + w[2] * e[2]
    d_below = w[0] * de[0] + dw[0] * e[0] + w[2] * de[2] + dw[2] * e[2]
    by_weight = jnp.sum(de * inputs(tr) + e * inputs(d), axis=1)
    return (below, d_below), (by_weight, jnp.sum(de, axis=1))
