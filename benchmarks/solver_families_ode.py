"""Objectives that integrators of SciPy compute up to a tolerance: right and wrong gradients."""

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
)
