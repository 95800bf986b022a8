r"""Negative log-likelihood of counts whose probabilities have a Dirichlet distribution.

With counts nᵢₖ of k categories (rows of N, m × k) that add up to Nᵢ in row i, and αₖ = exp(aₖ)
with the sum A = Σₖ αₖ, the mean negative log-likelihood of the draws in their order, without the
multinomial coefficients, which do not depend on a, is

    f(a) = (1/m) Σᵢ (log Γ(A + Nᵢ) − log Γ(A) − Σₖ (log Γ(αₖ + nᵢₖ) − log Γ(αₖ))),
    ∂f/∂aₖ = αₖ (D − dₖ),    D = (1/m) Σᵢ ψ(A + Nᵢ) − ψ(A),    dₖ = (1/m) Σᵢ ψ(αₖ + nᵢₖ) − ψ(αₖ),

with the digamma function ψ. With D′ and d′ₖ, the same differences of the trigamma function ψ′,
and α̇ = α ∘ v, the Hessian times v has the entries

    α̇ₖ (D − dₖ) + αₖ (D′ Σⱼ α̇ⱼ − d′ₖ α̇ₖ).

It is a diagonal matrix and one of rank one. Where αₖ is much larger than nᵢₖ the differences
cancel: about as many digits are lost as αₖ/nᵢₖ has. The distribution is also called Pólya's, and
compound multinomial in Mosimann, Biometrika 49 (1962), 65–82; see Minka, Estimating a Dirichlet
distribution (2000), for the derivatives by α.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import digamma, gammaln, polygamma
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective


class Data(NamedTuple):
    N: Float[Array, "m k"]


def rise(function, alpha: Float[Array, "..."], counts: Float[Array, "m ..."]):
    """Returns the mean over the rows of function(α + n) − function(α)."""
    # The differences are taken first: where n = 0 they are zero, though log Γ(α) is large.
    return jnp.mean(function(alpha + counts) - function(alpha), axis=0)


def trigamma(x: Float[Array, "..."]) -> Float[Array, "..."]:
    return polygamma(1, x)


def value(a: Float[Array, " k"], data: Data) -> Float[Array, ""]:
    """f(a) = (1/m) Σᵢ (log Γ(A + Nᵢ)/Γ(A) − Σₖ log Γ(αₖ + nᵢₖ)/Γ(αₖ)), αₖ = exp(aₖ)."""
    alpha, totals = jnp.exp(a), jnp.sum(data.N, axis=1)
    return rise(gammaln, jnp.sum(alpha), totals) - jnp.sum(rise(gammaln, alpha, data.N))


def gradient(a: Float[Array, " k"], data: Data) -> Float[Array, " k"]:
    """∂f/∂aₖ = αₖ (D − dₖ), with D and d the mean differences of ψ."""
    alpha, totals = jnp.exp(a), jnp.sum(data.N, axis=1)
    return alpha * (rise(digamma, jnp.sum(alpha), totals) - rise(digamma, alpha, data.N))


def hvp(a: Float[Array, " k"], v: Float[Array, " k"], data: Data) -> Float[Array, " k"]:
    """α̇ₖ (D − dₖ) + αₖ (D′ Σⱼ α̇ⱼ − d′ₖ α̇ₖ) with α̇ = α ∘ v."""
    alpha, totals = jnp.exp(a), jnp.sum(data.N, axis=1)
    moved, A = alpha * v, jnp.sum(alpha)
    slopes = rise(digamma, A, totals) - rise(digamma, alpha, data.N)
    whole, each = rise(trigamma, A, totals), rise(trigamma, alpha, data.N)
    return moved * slopes + alpha * (whole * jnp.sum(moved) - each * moved)


def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
    """Draws `size` parameters and 2 × `size` rows of counts: 4 to 8 times `size` draws each."""
    probabilities = rng.dirichlet(np.exp(0.7 * rng.standard_normal(size)), 2 * size)
    totals = rng.integers(4 * size, 8 * size, 2 * size)
    N = rng.multinomial(totals, probabilities).astype(np.float64)
    return 0.7 * rng.standard_normal(size), Data(N)


OBJECTIVES = (
    Objective(
        name="dirichlet-multinomial",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda a: {"uniform": 0 * a, "sparse": a - 4, "nearly multinomial": a + 5},
        sizes=(10, 50, 200),
        family="probabilistic",
        tags=("log-parameters", "tails"),
        source="Mosimann, Biometrika 49 (1962); Minka, Estimating a Dirichlet distribution (2000)",
        convention=Convention(reduction="mean"),
    ),
)
