r"""Proportional hazards: the partial likelihood of Cox, with Breslow's treatment of ties.

Of m individuals with covariates xᵢ (rows of X, m × n), observed until the times tᵢ, an event ends
the observation where δᵢ = 1 and censoring does where δᵢ = 0. With ηᵢ = xᵢᵀw, risk sets Rᵢ = {j :
tⱼ ≥ tᵢ}, which tied events share, and Lᵢ = log Σ_{j∈Rᵢ} exp(ηⱼ), the mean negative logarithm is

    f(w) = (1/m) Σᵢ δᵢ (Lᵢ − ηᵢ),
    ∇f(w) = (1/m) Xᵀ(c − δ),    cⱼ = Σ_{i: tᵢ ≤ tⱼ} δᵢ exp(ηⱼ − Lᵢ),
    ∇²f(w) v = (1/m) Xᵀċ,    ċⱼ = Σ_{i: tᵢ ≤ tⱼ} δᵢ exp(ηⱼ − Lᵢ) (η̇ⱼ − L̇ᵢ),    η̇ = Xv,

where L̇ᵢ = Σ_{j∈Rᵢ} exp(ηⱼ − Lᵢ) η̇ⱼ; δ − c are called martingale residuals. See Cox, Journal of
the Royal Statistical Society B 34 (1972), 187–220, Breslow's discussion there, p. 216 f., and
Breslow, Biometrics 30 (1974), 89–99.

The rows are sorted by decreasing time, so that a risk set is all rows up to its last tie, and all
the sums are linear recurrences over the rows, in O(m log m) operations and without an m × m array.
They are scaled by exp(Lᵢ), which only grows along the rows: no factor exceeds 1.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._model.convention import Convention
from .._model.objective import Objective
from ._linear import draw


class Data(NamedTuple):
    X: Float[Array, "m n"]
    time: Float[Array, " m"]
    event: Float[Array, " m"]


def ties(data: Data) -> tuple[Int[Array, " m"], Int[Array, " m"]]:
    """Returns the first and the last row that has the time of each row."""
    first = jnp.searchsorted(-data.time, -data.time, side="left")
    return first, jnp.searchsorted(-data.time, -data.time, side="right") - 1


def recurrence(
    factor: Float[Array, " m"], term: Float[Array, " m"], *, reverse: bool
) -> Float[Array, " m"]:
    """Returns sₖ = factorₖ sₖ₋₁ + termₖ, from the last row on if `reverse`."""

    def step(s, row):
        s = row[0] * s + row[1]
        return s, s

    # One row after another: `associative_scan` takes more than twice as long to compile.
    start = jnp.zeros_like(term[0])
    return jax.lax.scan(step, start, (factor, term), reverse=reverse)[1]


def log_sums(eta: Float[Array, " m"]) -> Float[Array, " m"]:
    """Returns log Σ_{j≤k} exp(ηⱼ) for each row k; twice as fast as `jax.lax.cumlogsumexp`."""
    top = jax.lax.cummax(eta)
    fall = jnp.exp(jnp.append(top[:1], top[:-1]) - top)
    return top + jnp.log(recurrence(fall, jnp.exp(eta - top), reverse=False))


def value(w: Float[Array, " n"], data: Data) -> Float[Array, ""]:
    """f(w) = (1/m) Σᵢ δᵢ (log Σ_{j: tⱼ ≥ tᵢ} exp(xⱼᵀw) − xᵢᵀw)."""
    eta, (_, last) = data.X @ w, ties(data)
    return jnp.mean(data.event * (log_sums(eta)[last] - eta))


def gradient(w: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇f(w) = (1/m) Xᵀ(c − δ) with cⱼ = Σ_{i: tᵢ ≤ tⱼ} δᵢ exp(ηⱼ − Lᵢ)."""
    eta, (first, last) = data.X @ w, ties(data)
    L = log_sums(eta)[last]
    shrink = jnp.exp(L - jnp.append(L[1:], L[-1]))
    hazard = recurrence(shrink, data.event, reverse=True)[first]
    # Xᵀr as r @ X, as in ridge.py: X.T @ r is several times slower on the CPU.
    return (jnp.exp(eta - L) * hazard - data.event) @ data.X / len(eta)


def hvp(w: Float[Array, " n"], v: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇²f(w) v = (1/m) Xᵀċ with ċⱼ = Σ_{i: tᵢ ≤ tⱼ} δᵢ exp(ηⱼ − Lᵢ) (η̇ⱼ − L̇ᵢ)."""
    eta, moved, (first, last) = data.X @ w, data.X @ v, ties(data)
    each = log_sums(eta)
    grow = jnp.exp(jnp.append(each[:1], each[:-1]) - each)
    mean = recurrence(grow, jnp.exp(eta - each) * moved, reverse=False)[last]
    L = each[last]
    shrink = jnp.exp(L - jnp.append(L[1:], L[-1]))
    hazard = recurrence(shrink, data.event, reverse=True)[first]
    slope = recurrence(shrink, data.event * mean, reverse=True)[first]
    return (jnp.exp(eta - L) * (moved * hazard - slope)) @ data.X / len(eta)


def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
    """Draws `size` weights and 4 × `size` individuals, observed in whole months, so with ties."""
    w, X, predictor = draw(rng, size, 4 * size)
    survival = rng.exponential(6 * np.exp(-predictor))
    censoring = rng.exponential(12, len(X))
    time = np.minimum(np.ceil(np.minimum(survival, censoring)), 24)
    event = np.where((survival <= censoring) & (survival <= 24), 1.0, 0.0)
    order = np.argsort(-time, kind="stable")
    return w, Data(X[order], time[order], event[order])


OBJECTIVES = (
    Objective(
        name="cox",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda w: {"zero": 0 * w, "tail": 4 * w},
        sizes=(10, 100, 1000),
        family="regression and classification",
        tags=("convex", "tails"),
        source="Cox, J. R. Statist. Soc. B 34 (1972); Breslow, Biometrics 30 (1974)",
        convention=Convention(reduction="mean"),
    ),
)
