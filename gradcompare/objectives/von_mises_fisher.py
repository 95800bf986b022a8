r"""Negative log-likelihood of the von Mises–Fisher distribution on the sphere in ℝᵖ.

With unit vectors xᵢ (rows of X, m × p) of mean x̄, and the parameter θ = κμ ∈ ℝᵖ, that is the mean
direction μ times the concentration κ = ‖θ‖, the density is proportional to exp(θᵀx). Its integral
over the sphere, of area 2π^(p/2) / Γ(p/2), is that area times

    ₀F₁(; p/2; κ²/4) = Γ(p/2) (2/κ)^(p/2−1) I_{p/2−1}(κ),    ₀F₁(; b; t) = Σₖ tᵏ / (k! (b)ₖ),

with the modified Bessel function I and (b)ₖ = b (b + 1) … (b + k − 1). So the mean negative
log-likelihood is

    f(θ) = log ₀F₁(; p/2; θᵀθ/4) − θᵀx̄ + log(2π^(p/2) / Γ(p/2)),

for p = 3 log(4π sinh κ / κ) − θᵀx̄. It is convex, and smooth at θ = 0, where neither the factors
κ^(p/2−1) and I nor μ are. With the mean resultant length A_p(κ) = I_{p/2}(κ) / I_{p/2−1}(κ),

    ∇f(θ) = a_p θ − x̄,    a_p = A_p(κ) / κ,
    ∇²f(θ) v = a_p v − a_p (a_p − a_{p+2}) (θᵀv) θ.

The recurrence of the Bessel functions, I_{ν−1} − I_{ν+1} = (2ν/κ) I_ν, gives the continued
fraction a_p = 1 / (p + κ² a_{p+2}), whose terms are all positive. The Hessian follows from it and
from A_p′ = 1 − A_p² − (p − 1) A_p / κ: a_p changes with κ by (1 − κ²a_p² − p a_p) / κ, which
is κ a_p (a_{p+2} − a_p), without the cancellation of the first form for small κ.

See Mardia & Jupp, Directional Statistics (2000), section 9.3.2, and Banerjee, Dhillon, Ghosh &
Sra, Journal of Machine Learning Research 6 (2005), 1345–1382; for ₀F₁ and the recurrence, the
Digital Library of Mathematical Functions, sections 10.39 and 10.29.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective

TERMS = 200
"""How many terms of the series and of the continued fraction; that many do for κ up to 200."""


class Data(NamedTuple):
    X: Float[Array, "m p"]


def log_hypergeometric(b: float, t: Float[Array, ""]) -> Float[Array, ""]:
    """Returns log ₀F₁(; b; t), where ₀F₁ = 1 + t/b (1 + t/(2(b + 1)) (1 + …))."""

    def inner(total, k):
        return 1 + t / (k * (b + k - 1)) * total, None

    total, _ = jax.lax.scan(inner, jnp.ones_like(t), jnp.arange(TERMS, 1, -1, dtype=t.dtype))
    return jnp.log1p(t / b * total)


def ratios(p: int, squared: Float[Array, ""]) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Returns a_p and a_{p+2} for κ² by the continued fraction a_q = 1 / (q + κ² a_{q+2})."""

    def outer(a, q):
        return 1 / (q + squared * a), None

    levels = jnp.arange(p + 2 * TERMS, p, -2, dtype=squared.dtype)
    after, _ = jax.lax.scan(outer, jnp.zeros_like(squared), levels)
    return 1 / (p + squared * after), after


def value(theta: Float[Array, " p"], data: Data) -> Float[Array, ""]:
    """f(θ) = log ₀F₁(; p/2; θᵀθ/4) − (1/m) Σᵢ θᵀxᵢ + log(2π^(p/2) / Γ(p/2))."""
    b = len(theta) / 2
    log_area = math.log(2) + b * math.log(math.pi) - math.lgamma(b)
    return log_hypergeometric(b, theta @ theta / 4) - jnp.mean(data.X @ theta) + log_area


def gradient(theta: Float[Array, " p"], data: Data) -> Float[Array, " p"]:
    """∇f(θ) = a_p θ − x̄ with a_p = I_{p/2}(κ) / (κ I_{p/2−1}(κ))."""
    a, _ = ratios(len(theta), theta @ theta)
    # The mean as r @ X: a sum over the rows of X is several times slower on the CPU.
    return a * theta - jnp.full_like(data.X[:, 0], 1 / len(data.X)) @ data.X


def hvp(theta: Float[Array, " p"], v: Float[Array, " p"], data: Data) -> Float[Array, " p"]:
    """∇²f(θ) v = a_p v − a_p (a_p − a_{p+2}) (θᵀv) θ, whatever the data."""
    a, after = ratios(len(theta), theta @ theta)
    return a * (v - (a - after) * (theta @ v) * theta)


def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
    """Draws θ with κ of about `size`/2, and 4 × `size` unit vectors around another direction."""
    centre, theta = rng.standard_normal((2, size))
    X = rng.standard_normal((4 * size, size)) + centre
    return theta * np.sqrt(size) / 2, Data(X / np.linalg.norm(X, axis=1, keepdims=True))


OBJECTIVES = (
    Objective(
        name="von-mises-fisher",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda theta: {
            "uniform": 0 * theta,
            "nearly uniform": 1e-4 * theta,
            "concentrated": 50 * theta / np.linalg.norm(theta),
        },
        sizes=(10, 50, 200),
        family="probabilistic",
        tags=("convex", "recursion"),
        source="Mardia & Jupp, Directional Statistics (2000), section 9.3.2; Banerjee, Dhillon, "
        "Ghosh & Sra, J. Mach. Learn. Res. 6 (2005)",
        convention=Convention(reduction="mean"),
    ),
)
