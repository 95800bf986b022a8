r"""Test functions of any number of parameters, from Moré, Garbow & Hillstrom.

Each is f(x) = Σᵢ rᵢ(x)² with the residuals that its function states; gradient and Hessian-vector
product follow as in `_squares.py`, in a time proportional to n: the Jacobians are diagonal or
block-diagonal plus a few rows. Numbers in parentheses, starting points and minima are those of
section 3 of Testing Unconstrained Optimization Software, ACM TOMS 7 (1981), 17–41:

    (20) Watson (n ≤ 31)            f = 2.28767…·10⁻³ for n = 6
    (21) Extended Rosenbrock        f = 0 at (1, …, 1)
    (22) Extended Powell singular   f = 0 at the origin, where the Hessian is singular
    (23) Penalty I                  f = 2.24997…·10⁻⁵ for n = 4, 7.08765…·10⁻⁵ for n = 10
    (25) Variably dimensioned       f = 0 at (1, …, 1)
    (26) Trigonometric              f = 0, at the origin among others

The problems whose residuals tie neighbours or multiply all of x are in `mgh_coupled.py`.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ._squares import sum_of_squares

SIZES = (10, 100, 1000)


def numbers(x: Float[Array, " n"]) -> Float[Array, " n"]:
    """1, 2, … n in the type of x."""
    return jnp.arange(1, len(x) + 1, dtype=x.dtype)


class WatsonData(NamedTuple):
    slope: Float[Array, "29 n"]
    power: Float[Array, "29 n"]


def watson_data(n: int) -> WatsonData:
    """The matrices (j − 1)tᵢʲ⁻² and tᵢʲ⁻¹ for tᵢ = i/29, i = 1 … 29."""
    t, j = np.arange(1.0, 30.0)[:, None] / 29, np.arange(n)
    return WatsonData(slope=j * t ** np.maximum(j - 1.0, 0.0), power=t**j)


def watson_residuals(x: Float[Array, " n"], data: WatsonData) -> Float[Array, "31"]:
    """rᵢ = Σⱼ(j − 1)xⱼtᵢʲ⁻² − (Σⱼxⱼtᵢʲ⁻¹)² − 1, tᵢ = i/29; r₃₀ = x₁, r₃₁ = x₂ − x₁² − 1."""
    curve = data.slope @ x - (data.power @ x) ** 2 - 1
    return jnp.concatenate([curve, jnp.stack([x[0], x[1] - x[0] ** 2 - 1])])


def watson_push(x, v, data: WatsonData) -> Float[Array, "31"]:
    curve = data.slope @ v - 2 * (data.power @ x) * (data.power @ v)
    return jnp.concatenate([curve, jnp.stack([v[0], v[1] - 2 * x[0] * v[0]])])


def watson_pull(x, u, data: WatsonData) -> Float[Array, " n"]:
    curve = u[:29] @ data.slope - 2 * ((data.power @ x) * u[:29]) @ data.power
    return curve.at[:2].add(jnp.stack([u[29] - 2 * x[0] * u[30], u[30]]))


def watson_bend(x, w, v, data: WatsonData) -> Float[Array, " n"]:
    """∇²rᵢ = −2 pᵢᵀpᵢ with pᵢ = (1, tᵢ, tᵢ², …), ∂²r₃₁/∂x₁² = −2."""
    curve = -2 * (w[:29] * (data.power @ v)) @ data.power
    return curve.at[0].add(-2 * w[30] * v[0])


def rosenbrock_residuals(x: Float[Array, " n"], data: None) -> Float[Array, "2 n/2"]:
    """r₂ᵢ₋₁ = 10(x₂ᵢ − x₂ᵢ₋₁²), r₂ᵢ = 1 − x₂ᵢ₋₁, i = 1 … n/2."""
    a, b = x.reshape(-1, 2).T
    return jnp.stack([10 * (b - a**2), 1 - a])


def rosenbrock_push(x, v, data: None) -> Float[Array, "2 n/2"]:
    a, (da, db) = x[::2], v.reshape(-1, 2).T
    return jnp.stack([10 * (db - 2 * a * da), -da])


def rosenbrock_pull(x, u, data: None) -> Float[Array, " n"]:
    return jnp.stack([-20 * x[::2] * u[0] - u[1], 10 * u[0]], axis=1).ravel()


def rosenbrock_bend(x, w, v, data: None) -> Float[Array, " n"]:
    """Of the first residual of a pair, ∂²/∂x₂ᵢ₋₁² = −20."""
    return jnp.stack([-20 * w[0] * v[::2], jnp.zeros_like(w[0])], axis=1).ravel()


def singular_residuals(x: Float[Array, " n"], data: None) -> Float[Array, "4 n/4"]:
    """(rᵢ) = (a + 10b, √5(c − d), (b − 2c)², √10(a − d)²) for each four a, b, c, d of x."""
    a, b, c, d = x.reshape(-1, 4).T
    return jnp.stack([a + 10 * b, 5**0.5 * (c - d), (b - 2 * c) ** 2, 10**0.5 * (a - d) ** 2])


def singular_push(x, v, data: None) -> Float[Array, "4 n/4"]:
    (a, b, c, d), (da, db, dc, dd) = x.reshape(-1, 4).T, v.reshape(-1, 4).T
    inner, outer = 2 * (b - 2 * c) * (db - 2 * dc), 2 * 10**0.5 * (a - d) * (da - dd)
    return jnp.stack([da + 10 * db, 5**0.5 * (dc - dd), inner, outer])


def singular_pull(x, u, data: None) -> Float[Array, " n"]:
    a, b, c, d = x.reshape(-1, 4).T
    line, gap = u[0], 5**0.5 * u[1]
    inner, outer = 2 * (b - 2 * c) * u[2], 2 * 10**0.5 * (a - d) * u[3]
    columns = [line + outer, 10 * line + inner, gap - 2 * inner, -gap - outer]
    return jnp.stack(columns, axis=1).ravel()


def singular_bend(x, w, v, data: None) -> Float[Array, " n"]:
    """∇²r₃ = 2 (0, 1, −2, 0)ᵀ(0, 1, −2, 0), ∇²r₄ = 2√10 (1, 0, 0, −1)ᵀ(1, 0, 0, −1)."""
    da, db, dc, dd = v.reshape(-1, 4).T
    inner, outer = 2 * w[2] * (db - 2 * dc), 2 * 10**0.5 * w[3] * (da - dd)
    return jnp.stack([outer, inner, -2 * inner, -outer], axis=1).ravel()


def penalty_residuals(x: Float[Array, " n"], data: None) -> Float[Array, " n+1"]:
    """rᵢ = √a (xᵢ − 1), a = 10⁻⁵, i = 1 … n; rₙ₊₁ = Σⱼxⱼ² − ¼."""
    return jnp.append(1e-5**0.5 * (x - 1), jnp.sum(x**2) - 1 / 4)


def penalty_push(x, v, data: None) -> Float[Array, " n+1"]:
    return jnp.append(1e-5**0.5 * v, 2 * x @ v)


def penalty_pull(x, u, data: None) -> Float[Array, " n"]:
    return 1e-5**0.5 * u[:-1] + 2 * u[-1] * x


def penalty_bend(x, w, v, data: None) -> Float[Array, " n"]:
    """∇²rₙ₊₁ = 2I."""
    return 2 * w[-1] * v


def variably_residuals(x: Float[Array, " n"], data: None) -> Float[Array, " n+2"]:
    """rᵢ = xᵢ − 1, i = 1 … n; rₙ₊₁ = s, rₙ₊₂ = s², s = Σⱼ j(xⱼ − 1)."""
    s = numbers(x) @ (x - 1)
    return jnp.concatenate([x - 1, jnp.stack([s, s**2])])


def variably_push(x, v, data: None) -> Float[Array, " n+2"]:
    s, ds = numbers(x) @ (x - 1), numbers(x) @ v
    return jnp.concatenate([v, jnp.stack([ds, 2 * s * ds])])


def variably_pull(x, u, data: None) -> Float[Array, " n"]:
    j = numbers(x)
    return u[:-2] + j * (u[-2] + 2 * (j @ (x - 1)) * u[-1])


def variably_bend(x, w, v, data: None) -> Float[Array, " n"]:
    """∂²rₙ₊₂/∂xᵢ∂xⱼ = 2ij."""
    j = numbers(x)
    return 2 * w[-1] * (j @ v) * j


def trigonometric_residuals(x: Float[Array, " n"], data: None) -> Float[Array, " n"]:
    """rᵢ = Σⱼ(1 − cos xⱼ) + i(1 − cos xᵢ) − sin xᵢ, i = 1 … n."""
    # 1 − cos x as 2 sin²(x/2): at the start x = 1/n, where the difference loses digits.
    versine = 2 * jnp.sin(x / 2) ** 2
    return jnp.sum(versine) + numbers(x) * versine - jnp.sin(x)


def trigonometric_push(x, v, data: None) -> Float[Array, " n"]:
    sine = jnp.sin(x)
    return sine @ v + (numbers(x) * sine - jnp.cos(x)) * v


def trigonometric_pull(x, u, data: None) -> Float[Array, " n"]:
    sine = jnp.sin(x)
    return jnp.sum(u) * sine + (numbers(x) * sine - jnp.cos(x)) * u


def trigonometric_bend(x, w, v, data: None) -> Float[Array, " n"]:
    """∂²rᵢ/∂xⱼ² = cos xⱼ + [i = j] (i cos xᵢ + sin xᵢ)."""
    cosine = jnp.cos(x)
    return (jnp.sum(w) * cosine + w * (numbers(x) * cosine + jnp.sin(x))) * v


OBJECTIVES = (
    sum_of_squares(
        "mgh-watson",
        20,
        watson_residuals,
        (watson_push, watson_pull),
        watson_bend,
        start=np.zeros,
        data=watson_data,
        sizes=(6, 9, 12),
        tags=("ill-conditioned",),
    ),
    sum_of_squares(
        "mgh-extended-rosenbrock",
        21,
        rosenbrock_residuals,
        (rosenbrock_push, rosenbrock_pull),
        rosenbrock_bend,
        # Sizes are rounded up: the parameters come in pairs, in the next problem in fours.
        start=lambda size: np.tile([-1.2, 1.0], -(-size // 2)),
        minimum=np.ones,
        sizes=SIZES,
    ),
    sum_of_squares(
        "mgh-extended-powell-singular",
        22,
        singular_residuals,
        (singular_push, singular_pull),
        singular_bend,
        start=lambda size: np.tile([3.0, -1.0, 0.0, 1.0], -(-size // 4)),
        minimum=np.zeros,
        sizes=(12, 100, 1000),
        tags=("singular-hessian",),
    ),
    sum_of_squares(
        "mgh-penalty-1",
        23,
        penalty_residuals,
        (penalty_push, penalty_pull),
        penalty_bend,
        start=lambda size: np.arange(1.0, size + 1),
        sizes=SIZES,
    ),
    sum_of_squares(
        "mgh-variably-dimensioned",
        25,
        variably_residuals,
        (variably_push, variably_pull),
        variably_bend,
        start=lambda size: 1 - np.arange(1.0, size + 1) / size,
        minimum=np.ones,
        sizes=SIZES,
    ),
    sum_of_squares(
        "mgh-trigonometric",
        26,
        trigonometric_residuals,
        (trigonometric_push, trigonometric_pull),
        trigonometric_bend,
        start=lambda size: np.full(size, 1 / size),
        sizes=SIZES,
    ),
)
