r"""Traps in the value: what is computed is not the function that was differentiated.

    trap-rounding        f(w) = ½‖q(w) − a‖²,    given: q(w) − a

with weights rounded to a grid, q(w) = s·round(w/s). The derivative of f is zero wherever there is
one; the straight-through estimator of Bengio, Léonard & Courville (arXiv:1308.3432, 2013) is
given, which helps an optimiser and is not that derivative.

    trap-stochastic      f(w) = (1/m) ‖(X ∘ D) w − y‖²,    given: (2/m) Xᵀ(Xw − y)

is least squares with dropout (Srivastava et al., JMLR 15, 2014), whose mask D is drawn anew each
time: two values at one point differ, so there is nothing to compare a gradient with.

    trap-noisy-solver    f(θ) = Σᵢ u(θᵢ)² with u³ + u = θ,    ∂f/∂θᵢ = 2uᵢ/(3uᵢ² + 1)

has u found by bisection to about 10⁻⁶, so that f is a staircase. The derivative follows from the
implicit function theorem (Nocedal & Wright, Numerical Optimization, 2006, theorem A.2), finite
differences see it through the noise, and autodiff finds that no step of the solver depends on θ.

    trap-profile-scale   f(β) = m log σ̂(β) + ‖y − Xβ‖²/2σ̂(β)²,    σ̂(β)² = ‖y − Xβ‖²/(m − n)

is the negative log-likelihood of a regression, without constants, with its scale estimated inside
(Seber & Lee, Linear Regression Analysis, 2003, section 3.3). With r = y − Xβ, ∇f(β) = −(m/‖r‖²)
Xᵀr. The derivative given, −Xᵀr/σ̂², holds the scale fixed, and is too small by the factor
(m − n)/m. Were σ̂² the maximum-likelihood estimate ‖r‖²/m, both would be the same.
"""

import itertools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective
from .._model.verdict import Verdict

GRID = 0.25
BISECTIONS = 24
"""From an interval of length 16 to one of about 10⁻⁶."""

draws = itertools.count()


class Rows(NamedTuple):
    X: Float[Array, "m n"]
    y: Float[Array, " m"]


def rounding_value(w: Float[Array, " n"], a: Float[Array, " n"]) -> Float[Array, ""]:
    """f(w) = ½‖s·round(w/s) − a‖²."""
    return jnp.sum((GRID * jnp.round(w / GRID) - a) ** 2) / 2


def straight_through(w: Float[Array, " n"], a: Float[Array, " n"]) -> Float[Array, " n"]:
    """s·round(w/s) − a, the straight-through estimator."""
    return GRID * jnp.round(w / GRID) - a


def dropout_value(w: Float[Array, " n"], data: Rows) -> Float[Array, ""]:
    """f(w) = (1/m) ‖(X ∘ D) w − y‖² with D drawn anew each time."""
    # The mistake: a generator of NumPy, which draws once each time the function is traced.
    rng = np.random.default_rng(next(draws))
    kept = rng.choice([0.0, 2.0], data.X.shape).astype(data.X.dtype)
    return jnp.mean(((data.X * kept) @ w - data.y) ** 2)


def dropout_gradient(w: Float[Array, " n"], data: Rows) -> Float[Array, " n"]:
    """(2/m) Xᵀ(Xw − y)."""
    return 2 / len(data.y) * (data.X @ w - data.y) @ data.X


def root(theta: Float[Array, " n"]) -> Float[Array, " n"]:
    """The solution u of u³ + u = θ for |θ| ≤ 500, by bisection."""

    def halve(_, ends):
        low, high = ends
        middle = (low + high) / 2
        above = middle**3 + middle > theta
        return jnp.where(above, low, middle), jnp.where(above, middle, high)

    ends = jnp.full_like(theta, -8), jnp.full_like(theta, 8)
    low, high = jax.lax.fori_loop(0, BISECTIONS, halve, ends)
    return (low + high) / 2


def solver_value(theta: Float[Array, " n"], data: None) -> Float[Array, ""]:
    """f(θ) = Σᵢ u(θᵢ)² with u³ + u = θ, solved to about 10⁻⁶."""
    return jnp.sum(root(theta) ** 2)


def solver_gradient(theta: Float[Array, " n"], data: None) -> Float[Array, " n"]:
    """∂f/∂θᵢ = 2uᵢ/(3uᵢ² + 1)."""
    u = root(theta)
    return 2 * u / (3 * u**2 + 1)


def profile_value(beta: Float[Array, " n"], data: Rows) -> Float[Array, ""]:
    """f(β) = m log σ̂(β) + ‖y − Xβ‖²/2σ̂(β)² with σ̂(β)² = ‖y − Xβ‖²/(m − n)."""
    (m, n), squares = data.X.shape, jnp.sum((data.y - data.X @ beta) ** 2)
    variance = squares / (m - n)
    return m / 2 * jnp.log(variance) + squares / (2 * variance)


def profile_gradient(beta: Float[Array, " n"], data: Rows) -> Float[Array, " n"]:
    """−Xᵀ(y − Xβ)/σ̂², as if σ̂ did not depend on β."""
    (m, n), r = data.X.shape, data.y - data.X @ beta
    return -(r @ data.X) * (m - n) / jnp.sum(r**2)


def make_weights(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Draws weights that lie well between two steps, and a target."""
    w = GRID * (rng.integers(-4, 5, size) + rng.uniform(-0.3, 0.3, size))
    return w, rng.standard_normal(size)


def make_rows(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Rows]:
    """Draws `size` parameters and four times as many rows."""
    X = rng.standard_normal((4 * size, size))
    y = X @ rng.standard_normal(size) + rng.standard_normal(4 * size)
    return rng.standard_normal(size), Rows(X, y)


OBJECTIVES = (
    Objective(
        name="trap-rounding",
        value=rounding_value,
        gradient=straight_through,
        make=make_weights,
        sizes=(5, 100),
        family="traps",
        tags=("constant",),
        source="Bengio, Léonard & Courville, arXiv:1308.3432 (2013)",
        expected=Verdict.INCONCLUSIVE,
    ),
    Objective(
        name="trap-stochastic",
        value=dropout_value,
        gradient=dropout_gradient,
        make=make_rows,
        sizes=(5, 100),
        family="traps",
        tags=("random",),
        source="Srivastava et al., J. Machine Learning Research 15 (2014)",
        convention=Convention(reduction="mean"),
        expected=Verdict.STOCHASTIC,
    ),
    Objective(
        name="trap-noisy-solver",
        value=solver_value,
        gradient=solver_gradient,
        make=lambda rng, size: (3 * rng.standard_normal(size), None),
        sizes=(5, 100),
        family="traps",
        tags=("noise", "implicit"),
        source="Nocedal & Wright, Numerical Optimization (2nd ed. 2006), theorem A.2",
        expected=Verdict.AUTODIFF_WRONG,
    ),
    Objective(
        name="trap-profile-scale",
        value=profile_value,
        gradient=profile_gradient,
        make=make_rows,
        sizes=(5, 100),
        family="traps",
        tags=("profile",),
        source="Seber & Lee, Linear Regression Analysis (2nd ed. 2003), section 3.3",
        expected=Verdict.ANALYTIC_WRONG,
    ),
)
