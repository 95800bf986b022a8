"""Objectives that solvers in JAX compute up to a tolerance, with right and wrong gradients.

Autodiff votes here: through the steps (scan, diffrax), by a rule that solves another system up to
the same tolerance (implicit rule, odeint), or pathwise (Monte Carlo).
"""

import jax
import jax.numpy as jnp
import numpy as np
from solver_families import POSITIVE, Family, Problem

END = 1.5
"""Final time of the integrators."""


def flow(y, p):
    """Predator and prey, with the rates p₀ and p₁."""
    return jnp.stack([p[0] * y[0] - y[0] * y[1], y[0] * y[1] - p[1] * y[1]])


def start(p):
    return jnp.stack([p[2], p[0] * p[2]])


def drawn(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draws the weights of the final state, and the parameters."""
    return rng.uniform(0.5, 1.5, 2), rng.uniform(0.5, 1.5, 3)


def backwards(state, p, fault):
    """The right-hand side of the continuous adjoint: the state, its adjoint, and the integral."""
    y, v, _ = state
    pulled = jax.vjp(flow, y, p)[1](v)
    along = jax.jvp(lambda y: flow(y, p), (y,), (v,))[1]
    return flow(y, p), -(along if fault == "transposed solve" else pulled[0]), -pulled[1]


def by_adjoint(integrate, weights):
    """Returns value and gradient of the weighted final state, for `integrate(f, y, p, t₀, t₁)`."""

    def final(p):
        return integrate(flow, start(p), p, 0.0, END)

    def gradient(p, fault=""):
        p = jnp.asarray(p)
        state = (final(p), jnp.asarray(weights), jnp.zeros(3))
        _, v, inside = integrate(lambda s, p: backwards(s, p, fault), state, p, END, 0.0)
        if fault == "initial condition":
            return inside
        return inside + jax.vjp(start, p)[1](v)[0]

    return lambda p: weights @ final(p), gradient


def scan(rng: np.random.Generator, tolerance: float) -> Problem:
    """Runge and Kutta's method with so many steps that its error is about the tolerance."""
    weights, x0 = drawn(rng)
    steps = round(0.7 * tolerance**-0.25)

    def integrate(f, y, p, begin, end):
        h = (end - begin) / steps

        def moved(y, slope, h):
            return jax.tree.map(lambda a, b: a + h * b, y, slope)

        def step(y, _):
            a = f(y, p)
            b = f(moved(y, a, h / 2), p)
            c = f(moved(y, b, h / 2), p)
            d = f(moved(y, c, h), p)
            return jax.tree.map(
                lambda y, a, b, c, d: y + h / 6 * (a + 2 * b + 2 * c + d), y, a, b, c, d
            ), None

        return jax.lax.scan(step, y, length=steps)[0]

    return Problem(*by_adjoint(integrate, weights), x0, POSITIVE)


def diffrax_solve(rng: np.random.Generator, tolerance: float) -> Problem:
    """Tsitouras' method with adaptive steps by diffrax."""
    import diffrax

    weights, x0 = drawn(rng)

    def integrate(f, y, p, begin, end):
        term = diffrax.ODETerm(lambda _, y, p: f(y, p))
        steps = diffrax.PIDController(rtol=tolerance, atol=tolerance)
        first = (end - begin) / 20
        solution = diffrax.diffeqsolve(
            term, diffrax.Tsit5(), begin, end, first, y, p, stepsize_controller=steps
        )
        return jax.tree.map(lambda a: a[-1], solution.ys)

    return Problem(*by_adjoint(integrate, weights), x0, POSITIVE)


def odeint(rng: np.random.Generator, tolerance: float) -> Problem:
    """JAX's own adaptive integrator, with forward sensitivities."""
    from jax.experimental.ode import odeint as integrate

    weights, x0 = drawn(rng)

    def final(f, y, p):
        times = jnp.array([0.0, END])
        ys = integrate(lambda y, _, p: f(y, p), y, times, p, rtol=tolerance, atol=tolerance)
        return jax.tree.map(lambda a: a[-1], ys)

    def gradient(p, fault=""):
        p = jnp.asarray(p)

        def right_hand_side(state, p):
            y, S = state
            by_y, by_p = jax.jacfwd(flow, (0, 1))(y, p)
            return flow(y, p), by_p if fault == "missing term" else by_y @ S + by_p

        S = jax.jacfwd(start)(p)
        state = (start(p), jnp.zeros_like(S) if fault == "initial condition" else S)
        return weights @ final(right_hand_side, state, p)[1]

    return Problem(lambda p: weights @ final(flow, start(p), p), gradient, x0, POSITIVE)


def while_loop(rng: np.random.Generator, tolerance: float) -> Problem:
    """The root z of z = p + sin(A z)/2 by a loop; its rule solves the adjoint by another."""
    d = 4
    A = rng.standard_normal((d, d))
    A, target = A / np.linalg.norm(A, 2), rng.standard_normal(d)

    def loop(step, z):
        def body(state):
            new = step(state[0])
            return new, jnp.linalg.norm(new - state[0])

        return jax.lax.while_loop(lambda state: state[1] > tolerance, body, (z, jnp.inf))[0]

    def step(z, p):
        return p + 0.5 * jnp.sin(A @ z)

    @jax.custom_vjp
    def solve(p):
        return loop(lambda z: step(z, p), jnp.zeros(d))

    def forwards(p):
        z = solve(p)
        return z, (z, p)

    def rule(state, v):
        pull = jax.vjp(step, *state)[1]
        return pull(loop(lambda u: v + pull(u)[0], v))[1:]

    solve.defvjp(forwards, rule)

    def gradient(p, fault=""):
        z = solve(jnp.asarray(p))
        if fault == "stop_gradient":
            return z - target
        J = jnp.eye(d) - 0.5 * jnp.cos(A @ z)[:, None] * A
        return jnp.linalg.solve(J if fault == "transposed solve" else J.T, z - target)

    return Problem(
        lambda p: 0.5 * jnp.sum((solve(jnp.asarray(p)) - target) ** 2),
        gradient,
        rng.standard_normal(d),
    )


def linear_solve(rng: np.random.Generator, tolerance: float) -> Problem:
    """The solution z of (D + Σ pᵢ kᵢ kᵢᵀ) z = b by `jax.scipy`; the value is c·z."""
    from jax.scipy.sparse.linalg import cg

    d, n = 3, 16
    D, K = rng.uniform(1.0, 8.0, n), rng.standard_normal((n, d))
    b, c = rng.standard_normal((2, n))

    def solve(p, b):
        return cg(lambda z: D * z + K @ (p * (K.T @ z)), jnp.asarray(b), tol=tolerance)[0]

    def gradient(p, fault=""):
        z = solve(p, b)
        v = {"no adjoint": z, "stop_gradient": c}.get(fault)
        return -(K.T @ (solve(p, c) if v is None else v)) * (K.T @ z)

    return Problem(lambda p: c @ solve(p, b), gradient, rng.uniform(0.2, 1.5, d), POSITIVE)


def monte_carlo(rng: np.random.Generator, tolerance: float) -> Problem:
    """A call on p₀ with volatility p₁ and strike p₂ over fixed paths: its derivative is exact.

    The value has a kink for each path. The tolerance stands for the number of paths, whose
    inverse square it is.
    """
    seed, paths = int(rng.integers(1000)), round(tolerance**-0.5)

    def ends(p):
        z = jax.random.normal(jax.random.key(seed), (paths,))
        return z, p[0] * jnp.exp(p[1] * z - p[1] ** 2 / 2)

    def gradient(p, fault=""):
        z, s = ends(p)
        by_volatility = z if fault == "missing term" else z - p[1]
        slopes = jnp.stack([s / p[0], s * by_volatility, -jnp.ones(paths)])
        return jnp.mean(jnp.where(s > p[2], slopes, 0.0), axis=1)

    x0 = rng.uniform([0.8, 0.3, 0.8], [1.2, 0.8, 1.2])
    return Problem(lambda p: jnp.mean(jnp.maximum(ends(p)[1] - p[2], 0.0)), gradient, x0, POSITIVE)


ADJOINT = ("initial condition", "transposed solve", "sign")

FAMILIES = (
    Family("scan, adjoint", scan, ADJOINT, "jax"),
    Family("diffrax, adjoint", diffrax_solve, ADJOINT, "diffrax"),
    Family(
        "odeint, sensitivities", odeint, ("initial condition", "missing term", "factor 2"), "jax"
    ),
    Family(
        "while_loop", while_loop, ("transposed solve", "stop_gradient", "dropped entry"), "jax"
    ),
    Family("cg of jax.scipy", linear_solve, ("no adjoint", "stop_gradient", "sign"), "jax"),
    Family(
        "Monte Carlo, fixed key",
        monte_carlo,
        ("missing term", "factor 2", "dropped entry"),
        "jax",
        exact=None,
    ),
)
