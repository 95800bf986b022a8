"""Objectives that SciPy's solvers compute up to a tolerance, with right and wrong gradients."""

from functools import partial

import numpy as np
from solver_families import POSITIVE, Family, Problem


def pendulum(p):
    """The right-hand side of y″ = −p₀ sin y − p₁ y′, its Jacobian, and its slope by p."""
    return (
        lambda y: np.array([y[1], -p[0] * np.sin(y[0]) - p[1] * y[1]]),
        lambda y: np.array([[0.0, 1.0], [-p[0] * np.cos(y[0]), -p[1]]]),
        lambda y: np.array([[0.0, 0.0, 0.0], [-np.sin(y[0]), -y[1], 0.0]]),
    )


def start(p):
    """The state at the time 0, and its slope by p: a damped velocity."""
    return np.array([p[2], -p[1] * p[2]]), np.array([[0.0, 0.0, 1.0], [0.0, -p[2], -p[1]]])


def integrated(right_hand_side, y, span, tolerance, method="RK45"):
    """Returns the state at the end."""
    from scipy.integrate import solve_ivp

    solution = solve_ivp(
        lambda _, y: right_hand_side(y), span, y, method, rtol=tolerance, atol=tolerance
    )
    return solution.y[:, -1]


def final_state(p, tolerance):
    return integrated(pendulum(p)[0], start(p)[0], (0.0, 2.0), tolerance)


def sensitivities(rng: np.random.Generator, tolerance: float) -> Problem:
    """A weighted final state of a pendulum, with forward sensitivities."""
    weights = rng.uniform(0.5, 1.5, 2)

    def gradient(p, fault=""):
        f, J, by_p = pendulum(p)
        y, S = start(p)
        S = np.zeros_like(S) if fault == "initial condition" else S

        def right_hand_side(state):
            y, S = state[:2], state[2:].reshape(2, 3)
            own = by_p(y) if fault == "missing term" else J(y) @ S + by_p(y)
            return np.concatenate([f(y), own.ravel()])

        state = integrated(right_hand_side, np.concatenate([y, S.ravel()]), (0, 2.0), tolerance)
        return weights @ state[2:].reshape(2, 3)

    x0 = rng.uniform([0.8, 0.1, 0.5], [2.5, 0.6, 1.5])
    return Problem(lambda p: weights @ final_state(p, tolerance), gradient, x0, POSITIVE)


def adjoint(rng: np.random.Generator, tolerance: float) -> Problem:
    """The distance of the final state of a pendulum from a target, with the continuous adjoint."""
    target = rng.standard_normal(2)

    def value(p):
        return 0.5 * np.sum((final_state(p, tolerance) - target) ** 2)

    def gradient(p, fault=""):
        f, J, by_p = pendulum(p)
        y = final_state(p, tolerance)

        def right_hand_side(state):
            y, v = state[:2], state[2:4]
            A = J(y) if fault == "transposed solve" else J(y).T
            return np.concatenate([f(y), -A @ v, -by_p(y).T @ v])

        state = np.concatenate([y, y - target, np.zeros(3)])
        state = integrated(right_hand_side, state, (2.0, 0.0), tolerance)
        at_start = start(p)[1].T @ state[2:4]
        return state[4:] + (0.0 if fault == "initial condition" else at_start)

    return Problem(value, gradient, rng.uniform([0.8, 0.1, 0.5], [2.5, 0.6, 1.5]), POSITIVE)


def reactions(p):
    """Robertson's reactions with rates p₀, 1000 p₁ and 100 p₂, less stiff than his."""
    a, b, c = p[0], 1e3 * p[1], 1e2 * p[2]

    def flow(y):
        one, two, three = a * y[0], b * y[1] ** 2, c * y[1] * y[2]
        return np.array([three - one, one - two - three, two])

    def jacobian(y):
        one, two = np.array([a, 0, 0]), np.array([0, 2 * b * y[1], 0])
        three = np.array([0, c * y[2], c * y[1]])
        return np.array([three - one, one - two - three, two])

    def by_p(y):
        one, two, three = np.diag([y[0], 1e3 * y[1] ** 2, 1e2 * y[1] * y[2]])
        return np.array([three - one, one - two - three, two])

    return flow, jacobian, by_p


def stiff(rng: np.random.Generator, tolerance: float, method: str) -> Problem:
    """A weighted composition after stiff reactions, with forward sensitivities."""
    weights, y0 = rng.uniform(0.5, 1.5, 3) * [1, 0.3, -1], np.array([1.0, 0.0, 0.0])

    def value(p):
        return weights @ integrated(reactions(p)[0], y0, (0, 1.0), tolerance, method)

    def gradient(p, fault=""):
        f, J, by_p = reactions(p)

        def right_hand_side(state):
            y, S = state[:3], state[3:].reshape(3, 3)
            A = J(y).T if fault == "transposed solve" else J(y)
            own = by_p(y) if fault == "missing term" else A @ S + by_p(y)
            return np.concatenate([f(y), own.ravel()])

        state = np.concatenate([y0, np.zeros(9)])
        state = integrated(right_hand_side, state, (0, 1.0), tolerance, method)
        return weights @ state[3:].reshape(3, 3)

    return Problem(value, gradient, rng.uniform(0.5, 2.0, 3), POSITIVE)


def quadrature(rng: np.random.Generator, tolerance: float) -> Problem:
    """The integral of a peak of width 0.05 at p₀, damped by p₁, from 0 to 1 + p₂."""
    from scipy.integrate import quad

    def integral(integrand, p):
        return quad(integrand, 0.0, 1 + p[2], epsabs=tolerance, epsrel=tolerance)[0]

    def peak(t, p):
        return p[2] * np.exp(-p[1] * t) / (0.0025 + (t - p[0]) ** 2)

    def gradient(p, fault=""):
        slopes = (
            lambda t: 2 * (t - p[0]) * peak(t, p) / (0.0025 + (t - p[0]) ** 2),
            lambda t: -t * peak(t, p),
            lambda t: peak(t, p) / p[2],
        )
        inside = np.array([integral(slope, p) for slope in slopes])
        end = np.array([0.0, 0.0, peak(1 + p[2], p)])
        return inside if fault == "missing term" else inside + end

    x0 = rng.uniform([0.5, 0.2, 0.2], [0.9, 1.0, 0.6])
    return Problem(lambda p: integral(lambda t: peak(t, p), p), gradient, x0, POSITIVE)


def eigenvalue(rng: np.random.Generator, tolerance: float) -> Problem:
    """The largest eigenvalue of a chain of 40 springs with a potential, by Lanczos."""
    from scipy.sparse.linalg import eigsh

    n = 40
    t = np.linspace(-1, 1, n)
    shapes = np.stack([t**2, t**4, t + rng.uniform(0.0, 1.0)])
    chain = np.diag(np.full(n - 1, 0.5), 1) + np.diag(np.full(n - 1, 0.5), -1)

    def solve(p):
        return eigsh(
            chain + np.diag(p @ shapes), 1, which="LA", ncv=6, tol=tolerance, v0=np.ones(n)
        )

    def gradient(p, fault=""):
        v = solve(p)[1][:, 0]
        return shapes @ (np.abs(v) if fault == "missing square" else v**2)

    return Problem(lambda p: solve(p)[0][0], gradient, rng.uniform(0.2, 1.0, 3), POSITIVE)


def root(rng: np.random.Generator, tolerance: float) -> Problem:
    """The height p₂ sin E above the axis of an orbit, where E − p₀ sin E = p₁, by brentq."""
    from scipy.optimize import brentq

    def solve(p):
        return brentq(lambda E: E - p[0] * np.sin(E) - p[1], -1.0, 8.0, xtol=tolerance)

    def gradient(p, fault=""):
        E = solve(p)
        slope = 1.0 if fault == "missing term" else 1 - p[0] * np.cos(E)
        of_root = np.array([np.sin(E), 1.0, 0.0]) / slope
        return p[2] * np.cos(E) * of_root + np.array([0.0, 0.0, np.sin(E)])

    x0 = rng.uniform([0.2, 0.5, 0.5], [0.7, 2.5, 2.0])
    box = {"bounds": (np.array([0.0, 0.0, 0.1]), np.array([0.9, 6.0, 10.0]))}
    return Problem(lambda p: p[2] * np.sin(solve(p)), gradient, x0, box)


def hyperparameters(rng: np.random.Generator, tolerance: float) -> Problem:
    """The error on other data of a logistic regression with penalties exp(p), by L-BFGS."""
    from scipy.optimize import minimize

    d, n = 3, 40
    X, other = rng.standard_normal((2, n, d))
    y = X @ rng.standard_normal(d) + rng.standard_normal(n) > 0
    wanted = other @ rng.standard_normal(d)

    def solve(p):
        def loss(z):
            u, w = X @ z, np.exp(p)
            slope = X.T @ (1 / (1 + np.exp(-u)) - y) + w * z
            return np.sum(np.logaddexp(0, u) - y * u) + 0.5 * w @ z**2, slope

        options = {"gtol": tolerance, "ftol": 0.0, "maxls": 50}
        return minimize(loss, np.zeros(d), jac=True, method="L-BFGS-B", options=options).x

    def value(p):
        return 0.5 * np.mean((other @ solve(p) - wanted) ** 2)

    def gradient(p, fault=""):
        z, w = solve(p), np.exp(p)
        s = 1 / (1 + np.exp(-X @ z))
        H = (X.T * (s * (1 - s))) @ X + np.diag(0 * w if fault == "missing term" else w)
        v = np.linalg.solve(H, other.T @ (other @ z - wanted) / n)
        return -z * v if fault == "missing factor" else -w * z * v

    return Problem(value, gradient, rng.uniform(-1.0, 1.0, d))


def nonsymmetric(rng: np.random.Generator, tolerance: float) -> Problem:
    """The solution z of (4 I + N + Σ pᵢ aᵢ bᵢᵀ) z = f by GMRES; the value is c·z."""
    from scipy.sparse.linalg import gmres

    d, n = 3, 10
    N, A, B = (rng.standard_normal(shape) / 3 for shape in ((n, n), (n, d), (n, d)))
    f, c = rng.standard_normal((2, n))

    def matrix(p):
        return 4 * np.eye(n) + N + (A * p) @ B.T

    def gradient(p, fault=""):
        z = solve(matrix(p), f)
        v = solve(matrix(p) if fault == "transposed solve" else matrix(p).T, c)
        return -(A.T @ (c if fault == "stop_gradient" else v)) * (B.T @ z)

    def solve(M, b):
        return gmres(M, b, rtol=tolerance, atol=0.0)[0]

    return Problem(lambda p: c @ solve(matrix(p), f), gradient, rng.standard_normal(d))


SHORT = (1e-4, 1e-6, 1e-8)
"""Tolerances of the stiff integrators, which are slow at smaller ones."""

FORWARD = ("missing term", "transposed solve", "sign")

FAMILIES = (
    Family(
        "RK45, sensitivities",
        sensitivities,
        ("initial condition", "missing term", "sign"),
        "scipy",
    ),
    Family(
        "RK45, adjoint", adjoint, ("initial condition", "transposed solve", "factor 2"), "scipy"
    ),
    Family("Radau", partial(stiff, method="Radau"), FORWARD, "scipy", SHORT, 1e-11),
    Family("BDF", partial(stiff, method="BDF"), FORWARD, "scipy", SHORT, 1e-10),
    Family("quad", quadrature, ("missing term", "sign", "dropped entry"), "scipy"),
    Family("eigsh", eigenvalue, ("missing square", "factor 2", "dropped entry"), "scipy"),
    Family("brentq", root, ("missing term", "sign", "dropped entry"), "scipy"),
    Family("L-BFGS", hyperparameters, ("missing term", "missing factor", "sign"), "scipy"),
    Family("GMRES", nonsymmetric, ("transposed solve", "stop_gradient", "sign"), "scipy"),
)
