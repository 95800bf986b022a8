r"""Traps for automatic differentiation: the formula is right, and autodiff is not.

    trap-where-sqrt       f(x) = Σᵢ max(xᵢ, 0)^{3/2},    ∂f/∂xᵢ = (3/2) √max(xᵢ, 0)

is smooth enough at and below 0, but written as `where(x > 0, x * sqrt(x), 0)` its derivative
there is 0 · ∞ or 0 · NaN in the branch not taken. `where` has to stand inside the root as well.

    trap-norm-at-zero     f(x) = ‖x‖ + ½‖x − a‖²,    ∇f(x) = x/‖x‖ + x − a

has a kink at 0, where ∇‖x‖ is any vector of the unit ball; 0 is given, and autodiff gives 0/0.

    trap-bessel-at-zero   f(κ) = Σᵢ (log I₀(κᵢ) − cᵢκᵢ),    ∂f/∂κᵢ = I₁(κᵢ)/I₀(κᵢ) − cᵢ

is the negative log-likelihood of von Mises distributions (Mardia & Jupp, Directional Statistics,
2000, section 5.3.1) but for constants. I₀ is even, so I₀′(0) = 0; autodiff of exp|κ| I₀ₑ(κ) gives
1 there, because it differentiates |κ| and I₀ₑ by different conventions at 0. So did
`jax.scipy.special.i0` until jax 0.11.

    trap-stop-gradient    f(w) = (1/2m) Σᵢ (rᵢ + γ φᵢ′ᵀw − φᵢᵀw)²,    ∇f(w) = (1/m) (γΦ′ − Φ)ᵀδ

is the mean squared Bellman error of temporal-difference learning, δ the temporal differences in
parentheses. With a stopped gradient at the target rᵢ + γ φᵢ′ᵀw, autodiff gives the
semi-gradient −(1/m) Φᵀδ, which is what one wants and no gradient of f (Sutton & Barto,
Reinforcement Learning, 2nd ed. 2018, sections 9.3 and 11.4 f.).

    trap-custom-jvp       f(w) = (1/m) Σᵢ log(1 + exp(−yᵢxᵢᵀw)),  ∇f(w) = −(1/m) Σᵢ σ(−yᵢxᵢᵀw)yᵢxᵢ

is the logistic loss, with a rule for log(1 + eᶻ) written by hand that gives σ(−z) for σ(z).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective
from .._model.verdict import Verdict
from ._linear import draw


class Transitions(NamedTuple):
    """Features before and after each of m steps, rewards and the discount."""

    before: Float[Array, "m n"]
    after: Float[Array, "m n"]
    reward: Float[Array, " m"]
    discount: float


class Labelled(NamedTuple):
    X: Float[Array, "m n"]
    y: Float[Array, " m"]


def root_value(x: Float[Array, " n"], data: None) -> Float[Array, ""]:
    """f(x) = Σᵢ max(xᵢ, 0)^{3/2}, as where(x > 0, x √x, 0)."""
    return jnp.sum(jnp.where(x > 0, x * jnp.sqrt(x), 0))


def root_gradient(x: Float[Array, " n"], data: None) -> Float[Array, " n"]:
    """∂f/∂xᵢ = (3/2) √max(xᵢ, 0)."""
    return 1.5 * jnp.sqrt(jnp.maximum(x, 0))


def norm_value(x: Float[Array, " n"], a: Float[Array, " n"]) -> Float[Array, ""]:
    """f(x) = ‖x‖ + ½‖x − a‖²."""
    return jnp.linalg.norm(x) + jnp.sum((x - a) ** 2) / 2


def norm_gradient(x: Float[Array, " n"], a: Float[Array, " n"]) -> Float[Array, " n"]:
    """∇f(x) = x/‖x‖ + x − a, the first term 0 at 0."""
    length = jnp.linalg.norm(x)
    return x / jnp.where(length > 0, length, 1) + x - a


def bessel_value(kappa: Float[Array, " n"], c: Float[Array, " n"]) -> Float[Array, ""]:
    """f(κ) = Σᵢ (log I₀(κᵢ) − cᵢκᵢ), with I₀(κ) = exp(|κ|) I₀ₑ(κ)."""
    return jnp.sum(jnp.abs(kappa) + jnp.log(jax.scipy.special.i0e(kappa)) - c * kappa)


def bessel_gradient(kappa: Float[Array, " n"], c: Float[Array, " n"]) -> Float[Array, " n"]:
    """∂f/∂κᵢ = I₁(κᵢ)/I₀(κᵢ) − cᵢ."""
    return jax.scipy.special.i1e(kappa) / jax.scipy.special.i0e(kappa) - c


def bellman_value(w: Float[Array, " n"], data: Transitions) -> Float[Array, ""]:
    """f(w) = (1/2m) Σᵢ (rᵢ + γ φᵢ′ᵀw − φᵢᵀw)², the target behind stop_gradient."""
    target = jax.lax.stop_gradient(data.reward + data.discount * data.after @ w)
    return jnp.mean((target - data.before @ w) ** 2) / 2


def bellman_gradient(w: Float[Array, " n"], data: Transitions) -> Float[Array, " n"]:
    """∇f(w) = (1/m) (γΦ′ − Φ)ᵀδ."""
    change = data.discount * data.after - data.before
    return (data.reward + change @ w) @ change / len(data.reward)


@jax.custom_jvp
def softplus(z: Float[Array, " m"]) -> Float[Array, " m"]:
    return jnp.logaddexp(z, 0)


@softplus.defjvp
def softplus_rule(primals, tangents):
    (z,), (dz,) = primals, tangents
    return softplus(z), jax.nn.sigmoid(-z) * dz  # the fault: the derivative is σ(z)


def logistic_value(w: Float[Array, " n"], data: Labelled) -> Float[Array, ""]:
    """f(w) = (1/m) Σᵢ log(1 + exp(−yᵢ xᵢᵀw)), with a wrong rule for autodiff."""
    return jnp.mean(softplus(-data.y * (data.X @ w)))


def logistic_gradient(w: Float[Array, " n"], data: Labelled) -> Float[Array, " n"]:
    """∇f(w) = −(1/m) Σᵢ σ(−yᵢ xᵢᵀw) yᵢ xᵢ."""
    return -(jax.nn.sigmoid(-data.y * (data.X @ w)) * data.y) @ data.X / len(data.y)


def make_positive(rng: np.random.Generator, size: int) -> tuple[np.ndarray, None]:
    """Draws positive numbers, at which nothing is wrong."""
    return rng.uniform(0.5, 2.0, size), None


def make_target(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Draws a point and a target in (−1, 1)ⁿ, at most half of the way to the corner."""
    x, a = rng.standard_normal(size), rng.uniform(-1, 1, size) / (2 * np.sqrt(size))
    return x, a


def make_transitions(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Transitions]:
    """Draws `size` weights and four times as many transitions."""
    before, after = rng.standard_normal((2, 4 * size, size)) / np.sqrt(size)
    reward = rng.standard_normal(4 * size)
    return rng.standard_normal(size), Transitions(before, after, reward, 0.9)


def make_labelled(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Labelled]:
    """Draws `size` weights and four times as many labelled rows."""
    w, X, predictor = draw(rng, size, 4 * size)
    return w, Labelled(X, np.where(predictor + rng.logistic(size=len(X)) > 0, 1.0, -1.0))


OBJECTIVES = (
    Objective(
        name="trap-where-sqrt",
        value=root_value,
        gradient=root_gradient,
        make=make_positive,
        special=lambda x: {"some negative": np.where(np.arange(len(x)) % 2, x, -x)},
        sizes=(5, 100),
        family="traps",
        tags=("nan",),
        source="JAX documentation, frequently asked questions, gradients with `where`",
        expected=Verdict.NONFINITE,
    ),
    Objective(
        name="trap-norm-at-zero",
        value=norm_value,
        gradient=norm_gradient,
        make=make_target,
        special=lambda x: {"zero": 0 * x},
        sizes=(5, 100),
        family="traps",
        tags=("nan", "kink"),
        source="Clarke, Optimization and Nonsmooth Analysis (1983), section 2.2",
        expected=Verdict.NONFINITE,
    ),
    Objective(
        name="trap-bessel-at-zero",
        value=bessel_value,
        gradient=bessel_gradient,
        make=lambda rng, size: (rng.uniform(0.5, 3.0, size), rng.uniform(-1, 1, size)),
        special=lambda kappa: {"one at zero": np.where(np.arange(len(kappa)) == 0, 0, kappa)},
        sizes=(5, 100),
        family="traps",
        tags=("special-point",),
        source="Mardia & Jupp, Directional Statistics (2000), section 5.3.1",
        expected=Verdict.AUTODIFF_WRONG,
    ),
    Objective(
        name="trap-stop-gradient",
        value=bellman_value,
        gradient=bellman_gradient,
        make=make_transitions,
        sizes=(5, 100),
        family="traps",
        tags=("stop-gradient",),
        source="Sutton & Barto, Reinforcement Learning (2nd ed. 2018), sections 9.3 and 11.4",
        convention=Convention(reduction="mean"),
        expected=Verdict.AUTODIFF_WRONG,
    ),
    Objective(
        name="trap-custom-jvp",
        value=logistic_value,
        gradient=logistic_gradient,
        make=make_labelled,
        sizes=(5, 100),
        family="traps",
        tags=("custom-rule",),
        source="Hastie, Tibshirani & Friedman, The Elements of Statistical Learning (2009), "
        "section 4.4.1, with labels ±1",
        convention=Convention(reduction="mean"),
        expected=Verdict.AUTODIFF_WRONG,
    ),
)
