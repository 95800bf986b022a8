r"""Probit regression: two classes and the normal distribution function.

With rows xᵢ of X (m × n), labels yᵢ ∈ {−1, +1}, margins zᵢ = yᵢ xᵢᵀw, and the density φ and the
distribution function Φ of the standard normal distribution,

    f(w) = −(1/m) Σᵢ log Φ(zᵢ),
    ∇f(w) = −(1/m) Σᵢ λ(zᵢ) yᵢ xᵢ,    λ(z) = φ(z) / Φ(z),
    ∇²f(w) v = (1/m) Σᵢ λ(zᵢ) (λ(zᵢ) + zᵢ) (xᵢᵀv) xᵢ,

because λ′(z) = −λ(z) (λ(z) + z); λ is called the inverse Mills ratio. See Greene, Econometric
Analysis (5th ed. 2003), section 21.4, for the likelihood and its derivatives.

In the left tail φ and Φ underflow, and λ(z) + z is the small difference of large numbers. There
λ comes from the continued fraction of the Mills ratio, Abramowitz & Stegun, Handbook of
Mathematical Functions (1964), equation (26.2.14): with x = −z > 0,

    λ(−x) = x + 1/(x + 2/(x + 3/(x + …))),    λ(−x) − x = 1/(x + 2/(x + 3/(x + …))).
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import log_ndtr
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective
from ._linear import draw

TAIL = 5.0
"""From here on, to the left of zero, the continued fraction is used."""

TERMS = 20
"""How many terms of it: from `TAIL` on, the rest is below the rounding of float64."""

SERIES = 10
"""Order of the asymptotic series of `log_ndtr` to the left of −20. With the 3 that JAX takes by
default, what autodiff makes of it is wrong by 1e-9 there."""


class Data(NamedTuple):
    X: Float[Array, "m n"]
    y: Float[Array, " m"]


def inverse_mills(z: Float[Array, " m"]) -> tuple[Float[Array, " m"], Float[Array, " m"]]:
    """Returns λ(z) = φ(z)/Φ(z) and λ(z) + z, both accurate in both tails."""
    x = jnp.maximum(-z, TAIL)
    # The rest r of the fraction changes slowly with k, so that r = x + TERMS/r, nearly.
    fraction = (x + jnp.sqrt(x**2 + 4 * TERMS)) / 2
    for k in range(TERMS - 1, 1, -1):
        fraction = x + k / fraction
    # Logarithms are subtracted before exp: Φ(z) is 0 from z = −39 on in float64.
    ratio = jnp.exp(-(z**2) / 2 - np.log(2 * np.pi).item() / 2 - log_ndtr(z, SERIES))
    tail = z < -TAIL
    return jnp.where(tail, x + 1 / fraction, ratio), jnp.where(tail, 1 / fraction, ratio + z)


def value(w: Float[Array, " n"], data: Data) -> Float[Array, ""]:
    """f(w) = −(1/m) Σᵢ log Φ(yᵢ xᵢᵀw)."""
    return -jnp.mean(log_ndtr(data.y * (data.X @ w), SERIES))


def gradient(w: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇f(w) = −(1/m) Σᵢ λ(zᵢ) yᵢ xᵢ with zᵢ = yᵢ xᵢᵀw."""
    ratio, _ = inverse_mills(data.y * (data.X @ w))
    # Xᵀr as r @ X, as in ridge.py: X.T @ r is several times slower on the CPU.
    return -(data.y * ratio) @ data.X / len(ratio)


def hvp(w: Float[Array, " n"], v: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇²f(w) v = (1/m) Σᵢ λ(zᵢ) (λ(zᵢ) + zᵢ) (xᵢᵀv) xᵢ."""
    ratio, shifted = inverse_mills(data.y * (data.X @ w))
    return (ratio * shifted * (data.X @ v)) @ data.X / len(ratio)


def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
    """Draws `size` weights and twice as many rows, with labels from a probit model."""
    w, X, predictor = draw(rng, size, 2 * size)
    y = np.where(predictor + rng.standard_normal(2 * size) > 0, 1.0, -1.0)
    return w, Data(X, y)


OBJECTIVES = (
    Objective(
        name="probit",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda w: {"zero": 0 * w, "tail": 5 * w},
        sizes=(10, 100, 1000),
        family="regression and classification",
        tags=("convex", "tails"),
        source="Greene, Econometric Analysis (5th ed. 2003), section 21.4; "
        "Abramowitz & Stegun (1964), eq. 26.2.14",
        convention=Convention(reduction="mean"),
    ),
)
