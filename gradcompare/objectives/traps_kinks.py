r"""Traps at kinks: the sources give different subgradients, and all of them are valid.

    trap-max-ties       f(x) = maxᵢ xᵢ + ½ λ‖x‖²

has at a tie the subgradients λx + Σᵢ αᵢeᵢ over the tied i, with αᵢ ≥ 0 and Σᵢ αᵢ = 1 (Boyd &
Vandenberghe, Subgradients, lecture notes 2022, section 3.4). The formula here takes
the first of the tied; autodiff shares the derivative out among them.

    trap-relu-at-zero   f(w) = (1/m) Σᵢ max(xᵢᵀw, 0),    (1/m) Σᵢ [xᵢᵀw > 0] xᵢ

has a kink wherever a row of X is orthogonal to w; the special point lies on one. At the kink the
formula takes the slope 0 and autodiff of `maximum` takes ½.

    trap-clip           f(x) = ½ Σᵢ clip(xᵢ, −1, 1)²,    ∂f/∂xᵢ = xᵢ [−1 ≤ xᵢ ≤ 1]

has kinks at ±1, where parameters end up that an optimiser projects onto the box. The formula
takes the slope from inside, autodiff the mean of both.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective
from .._model.verdict import Verdict


class Rows(NamedTuple):
    X: Float[Array, "m n"]


def max_value(x: Float[Array, " n"], lam: float) -> Float[Array, ""]:
    """f(x) = maxᵢ xᵢ + ½ λ‖x‖²."""
    return jnp.max(x) + lam / 2 * jnp.sum(x**2)


def max_gradient(x: Float[Array, " n"], lam: float) -> Float[Array, " n"]:
    """λx + eᵢ, i the first index of the largest entry."""
    return lam * x + jnp.where(jnp.arange(len(x)) == jnp.argmax(x), 1, 0).astype(x.dtype)


def relu_value(w: Float[Array, " n"], data: Rows) -> Float[Array, ""]:
    """f(w) = (1/m) Σᵢ max(xᵢᵀw, 0)."""
    return jnp.mean(jnp.maximum(data.X @ w, 0))


def relu_gradient(w: Float[Array, " n"], data: Rows) -> Float[Array, " n"]:
    """(1/m) Σᵢ [xᵢᵀw > 0] xᵢ."""
    return (data.X @ w > 0).astype(w.dtype) @ data.X / len(data.X)


def clip_value(x: Float[Array, " n"], data: None) -> Float[Array, ""]:
    """f(x) = ½ Σᵢ clip(xᵢ, −1, 1)²."""
    return jnp.sum(jnp.clip(x, -1, 1) ** 2) / 2


def clip_gradient(x: Float[Array, " n"], data: None) -> Float[Array, " n"]:
    """∂f/∂xᵢ = xᵢ [−1 ≤ xᵢ ≤ 1]."""
    return jnp.where(jnp.abs(x) <= 1, x, 0)


def tied(x: Float[np.ndarray, " n"]) -> dict[str, np.ndarray]:
    """The two largest entries made equal."""
    order = np.argsort(x)
    return {"tie": np.where(np.arange(len(x)) == order[-2], x[order[-1]], x)}


def make_rows(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Rows]:
    """Draws `size` weights and twice as many rows; the first is a multiple of a unit vector."""
    X = rng.standard_normal((2 * size, size))
    X[0] = 2 * np.eye(size)[0]
    return rng.standard_normal(size), Rows(X)


def at_clip(x: Float[np.ndarray, " n"]) -> dict[str, np.ndarray]:
    """Every second entry on one of the bounds."""
    return {"at the bounds": np.where(np.arange(len(x)) % 2, x, np.sign(x))}


OBJECTIVES = (
    Objective(
        name="trap-max-ties",
        value=max_value,
        gradient=max_gradient,
        make=lambda rng, size: (rng.standard_normal(size), 0.1),
        special=tied,
        sizes=(5, 100),
        family="traps",
        tags=("kink",),
        source="Boyd & Vandenberghe, Subgradients (lecture notes, 2022), section 3.4",
        expected=Verdict.VALID_SUBGRADIENT,
    ),
    Objective(
        name="trap-relu-at-zero",
        value=relu_value,
        gradient=relu_gradient,
        make=make_rows,
        special=lambda w: {"a row at zero": np.where(np.arange(len(w)) == 0, 0, w)},
        sizes=(5, 100),
        family="traps",
        tags=("kink",),
        source="Nair & Hinton, ICML (2010)",
        convention=Convention(reduction="mean"),
        expected=Verdict.VALID_SUBGRADIENT,
    ),
    Objective(
        name="trap-clip",
        value=clip_value,
        gradient=clip_gradient,
        make=lambda rng, size: (rng.uniform(-1.5, 1.5, size), None),
        special=at_clip,
        sizes=(5, 100),
        family="traps",
        tags=("kink",),
        source="Bertsekas, Nonlinear Programming (2nd ed. 1999), section 2.3, for the projection",
        expected=Verdict.VALID_SUBGRADIENT,
    ),
)
