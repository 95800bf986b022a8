r"""Tweedie regression with the logarithmic link: half of the mean unit deviance, 1 < p < 2.

With rows xᵢ of X (m × n), responses yᵢ ≥ 0 of mean μᵢ = exp(ηᵢ), ηᵢ = xᵢᵀw, and variance
proportional to μᵢᵖ, half of the mean deviance without the terms that do not depend on w is

    f(w) = (1/m) Σᵢ (exp((2 − p) ηᵢ) / (2 − p) + yᵢ exp(−(p − 1) ηᵢ) / (p − 1)),
    ∇f(w) = (1/m) Σᵢ (exp((2 − p) ηᵢ) − yᵢ exp(−(p − 1) ηᵢ)) xᵢ,
    ∇²f(w) v = (1/m) Σᵢ ((2 − p) exp((2 − p) ηᵢ) + (p − 1) yᵢ exp(−(p − 1) ηᵢ)) (xᵢᵀv) xᵢ.

Its negative is the log quasi-likelihood of that variance function, ∫ (y − t) t⁻ᵖ dt up to μ, as
in Wedderburn, Biometrika 61 (1974), 439–447; for 1 < p < 2 the distributions are compound Poisson
sums of Gamma variables, with P(y = 0) > 0; see Jørgensen, Journal of the Royal Statistical
Society B 49 (1987), 127–162. The limits p → 1 and p → 2 are poisson.py and gamma_regression.py.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective
from ._linear import draw


class Data(NamedTuple):
    X: Float[Array, "m n"]
    y: Float[Array, " m"]
    p: float


def parts(w: Float[Array, " n"], data: Data) -> tuple[Float[Array, " m"], Float[Array, " m"]]:
    """Returns exp((2 − p) η) = μ²⁻ᵖ and y exp(−(p − 1) η) = y μ¹⁻ᵖ with η = Xw."""
    logs = data.X @ w
    return jnp.exp((2 - data.p) * logs), data.y * jnp.exp((1 - data.p) * logs)


def value(w: Float[Array, " n"], data: Data) -> Float[Array, ""]:
    """f(w) = (1/m) Σᵢ (μᵢ²⁻ᵖ / (2 − p) + yᵢ μᵢ¹⁻ᵖ / (p − 1)) with μ = exp(Xw)."""
    fitted, observed = parts(w, data)
    return jnp.mean(fitted / (2 - data.p) + observed / (data.p - 1))


def gradient(w: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇f(w) = (1/m) Σᵢ (μᵢ²⁻ᵖ − yᵢ μᵢ¹⁻ᵖ) xᵢ."""
    fitted, observed = parts(w, data)
    # Xᵀr as r @ X, as in ridge.py: X.T @ r is several times slower on the CPU.
    return (fitted - observed) @ data.X / len(fitted)


def hvp(w: Float[Array, " n"], v: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇²f(w) v = (1/m) Σᵢ ((2 − p) μᵢ²⁻ᵖ + (p − 1) yᵢ μᵢ¹⁻ᵖ) (xᵢᵀv) xᵢ."""
    fitted, observed = parts(w, data)
    curvature = (2 - data.p) * fitted + (data.p - 1) * observed
    return (curvature * (data.X @ v)) @ data.X / len(fitted)


def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
    """Draws `size` weights and twice as many rows: Poisson numbers of claims, Gamma in size."""
    w, X, predictor = draw(rng, size, 2 * size)
    claims = rng.poisson(np.exp(predictor / 2))
    # A sum of k Gamma variables of shape 2 is one of shape 2k; no claims cost nothing.
    y = np.where(claims > 0, rng.gamma(2.0 * np.maximum(claims, 1), np.exp(predictor / 2) / 2), 0)
    return w, Data(X, y, p=1.5)


OBJECTIVES = (
    Objective(
        name="tweedie-regression",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda w: {"zero": 0 * w},
        sizes=(10, 100, 1000),
        family="regression and classification",
        tags=("convex",),
        source="Wedderburn, Biometrika 61 (1974); Jørgensen, J. R. Statist. Soc. B 49 (1987)",
        convention=Convention(reduction="mean"),
    ),
)
