r"""A linear Gaussian state space model: its likelihood, by the Kalman filter.

A series y₁, …, y_n is observed of a state αₜ with k entries, α₁ ~ N(a₁, P₁), that moves by

    yₜ = zᵀαₜ + εₜ,  εₜ ~ N(0, h),    αₜ₊₁ = T αₜ + ηₜ,  ηₜ ~ N(0, Q),  Q = diag(q).

The parameters are T, z, log h and log q. From the means aₜ and the covariances Pₜ of αₜ given
y₁, …, yₜ₋₁ the filter makes the prediction errors vₜ and their variances Fₜ, and with gₜ = Pₜz/Fₜ
the means mₜ of αₜ given yₜ as well, whose covariances times T are Gₜ:

    vₜ = yₜ − zᵀaₜ,    Fₜ = zᵀPₜz + h,    mₜ = aₜ + gₜvₜ,    Gₜ = T(Pₜ − gₜgₜᵀFₜ),
    aₜ₊₁ = T mₜ,    Pₜ₊₁ = GₜTᵀ + Q,    f(T, z, log h, log q) = (1/2n) Σₜ (log 2πFₜ + vₜ²/Fₜ).

Given the state, what comes later is Gaussian. So log p(yₜ, …, y_n) is quadratic in aₜ, with some
gradient rₜ₋₁ and Hessian −Nₜ₋₁, and since the density solves the heat equation ∂p/∂P = ½ ∂²p/∂a²,
its gradient by Pₜ is ½(rₜ₋₁rₜ₋₁ᵀ − Nₜ₋₁). Backwards from r_n = 0 and N_n = 0, with s = Tᵀrₜ and
S = TᵀNₜT, this is the smoother of the disturbances:

    uₜ = vₜ/Fₜ − gₜᵀs,    Dₜ = 1/Fₜ + gₜᵀSgₜ,    wₜ = Dₜz − Sgₜ,
    rₜ₋₁ = uₜz + s,       Nₜ₋₁ = S − Sgₜzᵀ + zwₜᵀ.

Since h is added to each Fₜ and Q to each Pₜ₊₁, and by the chain rule, n times the gradient is

    ∂/∂log h = ½ h Σₜ (Dₜ − uₜ²),           ∂/∂log q = ½ q ∘ Σₜ diag(Nₜ − rₜrₜᵀ),
    ∂/∂T = Σₜ ((Nₜ − rₜrₜᵀ)Gₜ − rₜmₜᵀ),    ∂/∂z = Σₜ (Pₜwₜ − uₜ(aₜ + Pₜrₜ₋₁)),

where aₜ + Pₜrₜ₋₁ is the mean of αₜ given the whole series. For the Hessian along a direction these
recursions and sums are differentiated once, by the product rule; a dot is the change.

See Durbin & Koopman, Time Series Analysis by State Space Methods (2nd ed. 2012), section 7.2 on
the likelihood, 4.4 and 4.5 on r, N, u and D, and 7.3.3 on the derivatives by h and Q, which are
those of Koopman & Shephard, Biometrika 79 (1992), 823–826.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.convention import Convention
from .._model.objective import Objective

LENGTH = 40


class Params(NamedTuple):
    T: Float[Array, "k k"]
    z: Float[Array, " k"]
    log_h: Float[Array, ""]
    log_q: Float[Array, " k"]


class Data(NamedTuple):
    """The series, and the mean and the covariance of the first state."""

    y: Float[Array, " n"]
    a1: Float[Array, " k"]
    P1: Float[Array, "k k"]


class Filtered(NamedTuple):
    a: Float[Array, "n k"]
    P: Float[Array, "n k k"]
    v: Float[Array, " n"]
    F: Float[Array, " n"]
    g: Float[Array, "n k"]
    m: Float[Array, "n k"]
    G: Float[Array, "n k k"]


class Smoothed(NamedTuple):
    """rₜ, Nₜ, Nₜ − rₜrₜᵀ, aₜ + Pₜrₜ₋₁, uₜ, Dₜ and Pₜwₜ."""

    r: Float[Array, "n k"]
    N: Float[Array, "n k k"]
    excess: Float[Array, "n k k"]
    mean: Float[Array, "n k"]
    u: Float[Array, " n"]
    D: Float[Array, " n"]
    Pw: Float[Array, "n k"]


def run_filter(params: Params, data: Data) -> Filtered:
    """Runs the Kalman filter."""
    T, z, h, Q = params.T, params.z, jnp.exp(params.log_h), jnp.diag(jnp.exp(params.log_q))

    def advance(state, y):
        a, P = state
        Pz = P @ z
        v, F = y - z @ a, z @ Pz + h
        g = Pz / F
        m, G = a + g * v, T @ (P - jnp.outer(g, Pz))
        return (T @ m, G @ T.T + Q), Filtered(a, P, v, F, g, m, G)

    return jax.lax.scan(advance, (data.a1, data.P1), data.y)[1]


def run_smoother(params: Params, run: Filtered) -> Smoothed:
    """Runs the smoother of the disturbances, from the last time to the first."""
    T, z = params.T, params.z

    def retreat(state, at: Filtered):
        r, N = state
        s, S = r @ T, T.T @ N @ T
        Sg = S @ at.g
        u, D = at.v / at.F - at.g @ s, 1 / at.F + at.g @ Sg
        w = D * z - Sg
        earlier, before = u * z + s, S - jnp.outer(Sg, z) + jnp.outer(z, w)
        mean = at.a + at.P @ earlier
        return (earlier, before), Smoothed(r, N, N - jnp.outer(r, r), mean, u, D, at.P @ w)

    last = jnp.zeros_like(run.a[0]), jnp.zeros_like(run.P[0])
    return jax.lax.scan(retreat, last, run, reverse=True)[1]


def filter_along(params: Params, moved: Params, run: Filtered) -> Filtered:
    """Returns the change of what the filter gives; `moved` has that of h and q."""
    (T, z, _, _), (T_dot, z_dot, h_dot, q_dot) = params, moved

    def advance(state, at: Filtered):
        a_dot, P_dot = state
        Pz, Pz_dot = at.P @ z, P_dot @ z + at.P @ z_dot
        v_dot, F_dot = -z_dot @ at.a - z @ a_dot, z_dot @ Pz + z @ Pz_dot + h_dot
        g_dot = (Pz_dot - F_dot * at.g) / at.F
        m_dot = a_dot + g_dot * at.v + at.g * v_dot
        left = at.P - jnp.outer(at.g, Pz)
        left_dot = P_dot - jnp.outer(g_dot, Pz) - jnp.outer(at.g, Pz_dot)
        G_dot = T_dot @ left + T @ left_dot
        after = G_dot @ T.T + at.G @ T_dot.T + jnp.diag(q_dot)
        change = Filtered(a_dot, P_dot, v_dot, F_dot, g_dot, m_dot, G_dot)
        return (T_dot @ at.m + T @ m_dot, after), change

    first = jnp.zeros_like(run.a[0]), jnp.zeros_like(run.P[0])
    return jax.lax.scan(advance, first, run)[1]


def smoother_along(
    params: Params, moved: Params, run: Filtered, run_dot: Filtered, smooth: Smoothed
) -> Smoothed:
    """Returns the change of what the smoother gives."""
    (T, z, _, _), (T_dot, z_dot, _, _) = params, moved

    def retreat(state, at: tuple[Filtered, Filtered, Smoothed]):
        (r_dot, N_dot), (run, dot, (r, N, _, _, u, D, _)) = state, at
        s, s_dot = r @ T, r_dot @ T + r @ T_dot
        NT = N @ T
        S, half = T.T @ NT, T_dot.T @ NT
        S_dot = half + half.T + T.T @ N_dot @ T
        Sg, Sg_dot = S @ run.g, S_dot @ run.g + S @ dot.g
        u_dot = (dot.v - run.v / run.F * dot.F) / run.F - dot.g @ s - run.g @ s_dot
        D_dot = -dot.F / run.F**2 + dot.g @ Sg + run.g @ Sg_dot
        w, w_dot = D * z - Sg, D_dot * z + D * z_dot - Sg_dot
        earlier, earlier_dot = u * z + s, u_dot * z + u * z_dot + s_dot
        before_dot = S_dot - jnp.outer(Sg_dot, z) - jnp.outer(Sg, z_dot)
        before_dot += jnp.outer(z_dot, w) + jnp.outer(z, w_dot)
        excess_dot = N_dot - jnp.outer(r_dot, r) - jnp.outer(r, r_dot)
        mean_dot = dot.a + dot.P @ earlier + run.P @ earlier_dot
        Pw_dot = dot.P @ w + run.P @ w_dot
        change = Smoothed(r_dot, N_dot, excess_dot, mean_dot, u_dot, D_dot, Pw_dot)
        return (earlier_dot, before_dot), change

    last = jnp.zeros_like(run.a[0]), jnp.zeros_like(run.P[0])
    return jax.lax.scan(retreat, last, (run, run_dot, smooth), reverse=True)[1]


def sum_of_products(A: Float[Array, "n k k"], B: Float[Array, "n k k"]) -> Float[Array, "k k"]:
    """Returns Σₜ AₜBₜ, where the Aₜ are symmetric."""
    return jnp.einsum("tji,tjk->ik", A, B)


def value(params: Params, data: Data) -> Float[Array, ""]:
    """f(T, z, log h, log q) = (1/2n) Σₜ (log 2πFₜ + vₜ²/Fₜ), vₜ and Fₜ of the Kalman filter."""
    run = run_filter(params, data)
    return jnp.mean(jnp.log(2 * np.pi * run.F) + run.v**2 / run.F) / 2


def gradient(params: Params, data: Data) -> Params:
    """∂f/∂log h = (h/2n) Σₜ (Dₜ − uₜ²), and so on, by the smoother of the disturbances."""
    h, q, n = jnp.exp(params.log_h), jnp.exp(params.log_q), len(data.y)
    run = run_filter(params, data)
    r, _, excess, mean, u, D, Pw = run_smoother(params, run)
    return Params(
        T=(sum_of_products(excess, run.G) - r.T @ run.m) / n,
        z=(jnp.sum(Pw, axis=0) - u @ mean) / n,
        log_h=h * jnp.sum(D - u**2) / (2 * n),
        log_q=q * jnp.diag(jnp.sum(excess, axis=0)) / (2 * n),
    )


def hvp(params: Params, v: Params, data: Data) -> Params:
    """Each sum of the gradient differentiated along v, by the product rule."""
    h, q, n = jnp.exp(params.log_h), jnp.exp(params.log_q), len(data.y)
    moved = v._replace(log_h=h * v.log_h, log_q=q * v.log_q)
    run = run_filter(params, data)
    run_dot = filter_along(params, moved, run)
    smooth = run_smoother(params, run)
    dot = smoother_along(params, moved, run, run_dot, smooth)
    r, _, excess, mean, u, D, _ = smooth
    products = sum_of_products(dot.excess, run.G) + sum_of_products(excess, run_dot.G)
    by_h = jnp.sum(dot.D - 2 * u * dot.u + v.log_h * (D - u**2))
    by_q = jnp.diag(jnp.sum(dot.excess + v.log_q * excess, axis=0))
    return Params(
        T=(products - dot.r.T @ run.m - r.T @ run_dot.m) / n,
        z=(jnp.sum(dot.Pw, axis=0) - dot.u @ mean - u @ dot.mean) / n,
        log_h=h * by_h / (2 * n),
        log_q=q * by_q / (2 * n),
    )


def make(rng: np.random.Generator, size: int) -> tuple[Params, Data]:
    """Draws a stable system with `size` states, and a series of length 40 of another such system.

    It has (size + 1)² parameters: 25 at size 4, 169 at size 12, 1369 at size 36.
    """
    systems = []
    for _ in range(2):
        T = rng.standard_normal((size, size))
        T, z = 0.9 * T / np.linalg.norm(T, 2), rng.standard_normal(size) / np.sqrt(size)
        systems.append((T, z, *(0.5 * rng.standard_normal(n) - 0.5 for n in (None, size))))
    T, z, log_h, log_q = systems[0]
    state, y = rng.standard_normal(size), []
    for _ in range(LENGTH):
        y.append(z @ state + np.exp(log_h / 2) * rng.standard_normal())
        state = T @ state + np.exp(log_q / 2) * rng.standard_normal(size)
    T, z, log_h, log_q = systems[1]
    data = Data(np.array(y), 0.5 * rng.standard_normal(size), np.eye(size))
    return Params(T, z, np.asarray(log_h), log_q), data


OBJECTIVES = (
    Objective(
        name="kalman-filter",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda p: {
            "nearly-exact": p._replace(log_h=p.log_h - 8),
            "nearly-constant": p._replace(log_q=p.log_q - 8),
        },
        sizes=(4, 12, 36),
        family="probabilistic",
        tags=("log-parameters", "recursion", "matrix"),
        source="Durbin & Koopman, Time Series Analysis by State Space Methods (2nd ed. 2012), "
        "sections 4.5, 7.2 and 7.3.3; Koopman & Shephard, Biometrika 79 (1992)",
        convention=Convention(reduction="mean"),
    ),
)
