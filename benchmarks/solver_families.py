"""Objectives that an iteration in NumPy computes up to a tolerance: right and wrong gradients.

The gradients are those that people write: the implicit function theorem, an adjoint solve or the
envelope theorem, at what the solver returned, with a linear solver of the same tolerance. So they
are right up to the tolerance, and not further.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

TOLERANCES = (1e-4, 1e-6, 1e-9)
EXACT = 1e-12
"""Tolerance of the solver at which the gradient counts as the true one."""

MOST = 10_000
"""Largest number of iterations."""

ANYWHERE: Mapping[str, Any] = MappingProxyType({})
POSITIVE: Mapping[str, Any] = MappingProxyType({"domain": "positive"})


class Problem(NamedTuple):
    """One objective at one tolerance of its solver.

    Attributes:
        value: `value(p)`, as the solver computes it.
        gradient: `gradient(p, fault)`; right where `fault` is empty.
        x0: The point.
        options: Further arguments of `gradcompare.check`.
    """

    value: Callable
    gradient: Callable
    x0: np.ndarray
    options: Mapping[str, Any] = ANYWHERE


class Family(NamedTuple):
    """A kind of solver.

    Attributes:
        name: The solver.
        make: `make(rng, tolerance)` draws a problem, the same one at every tolerance.
        faults: Three faults of its gradient: those that `Problem.gradient` knows, or those of
            every gradient (`solver_trials.COMMON`).
        needs: The package without which the family is left out.
        tolerances: The tolerances of the solver.
        exact: The tolerance at which the gradient counts as the true one; None where it does at
            every tolerance.
    """

    name: str
    make: Callable[[np.random.Generator, float], Problem]
    faults: tuple[str, str, str]
    needs: str = "numpy"
    tolerances: tuple[float, ...] = TOLERANCES
    exact: float | None = EXACT

    @property
    def traced(self) -> bool:
        """Whether JAX can trace the value and the gradient."""
        return self.needs in ("jax", "diffrax")


def iterate(step: Callable, z: np.ndarray, tolerance: float) -> np.ndarray:
    """Repeats a contraction until its steps are shorter than the tolerance."""
    for _ in range(MOST):
        z, before = step(z), z
        if np.linalg.norm(z - before) <= tolerance:
            break
    return z


def conjugate_gradients(A: np.ndarray, b: np.ndarray, tolerance: float) -> np.ndarray:
    """Solves A x = b until the residual is shorter than the tolerance times b."""
    x, r = np.zeros_like(b), b
    u, rr = r, r @ r
    while rr > (tolerance * np.linalg.norm(b)) ** 2:
        Au = A @ u
        a = rr / (u @ Au)
        x, r = x + a * u, r - a * Au
        rr, before = r @ r, rr
        u = r + rr / before * u
    return x


def contraction(rng: np.random.Generator, d: int, norm: float) -> np.ndarray:
    W = rng.standard_normal((d, d))
    return norm * W / np.linalg.norm(W, 2)


def fixed_point(rng: np.random.Generator, tolerance: float) -> Problem:
    """The equilibrium z = tanh(W z + p) of a recurrent network; the value is c·z."""
    d = 4
    W, c = contraction(rng, d, 0.7), rng.standard_normal(d)

    def solve(p):
        return iterate(lambda z: np.tanh(W @ z + p), np.zeros(d), tolerance)

    def gradient(p, fault=""):
        D = 1 - solve(p) ** 2
        J = D[:, None] * W
        if fault == "stop_gradient":
            return D * c
        A = J if fault == "transposed solve" else J.T
        return D * iterate(lambda v: c + A @ v, c, tolerance)

    return Problem(lambda p: c @ solve(p), gradient, rng.standard_normal(d))


def newton_scalar(rng: np.random.Generator, tolerance: float) -> Problem:
    """The root z of p₀ z³ + p₁ z = p₂; the value is z²."""

    def solve(p):
        a, b, c = np.asarray(p)
        return iterate(
            lambda z: z - (a * z**3 + b * z - c) / (3 * a * z**2 + b), np.ones(1), tolerance
        )[0]

    def gradient(p, fault=""):
        z = solve(p)
        slope = p[1] if fault == "missing term" else 3 * p[0] * z**2 + p[1]
        return 2 * z * np.array([-(z**3), -z, 1.0]) / slope

    return Problem(lambda p: solve(p) ** 2, gradient, rng.uniform(0.5, 2.0, 3), POSITIVE)


def newton_system(rng: np.random.Generator, tolerance: float) -> Problem:
    """The root z of z + tanh(A z)/2 = p; the value is a distance of z."""
    d = 4
    A, target = contraction(rng, d, 1.0), rng.standard_normal(d)

    def jacobian(z):
        return np.eye(d) + 0.5 * (1 - np.tanh(A @ z) ** 2)[:, None] * A

    def solve(p):
        return iterate(
            lambda z: z - np.linalg.solve(jacobian(z), z + 0.5 * np.tanh(A @ z) - p), p, tolerance
        )

    def gradient(p, fault=""):
        z = solve(p)
        if fault == "stop_gradient":
            return z - target
        J = jacobian(z)
        return np.linalg.solve(J if fault == "transposed solve" else J.T, z - target)

    def value(p):
        return 0.5 * np.sum((solve(p) - target) ** 2)

    return Problem(value, gradient, rng.standard_normal(d))


def linear_solve(rng: np.random.Generator, tolerance: float) -> Problem:
    """The solution z of (D + Σ pᵢ kᵢ kᵢᵀ) z = b + B p by conjugate gradients; the value is c·z."""
    d, n = 4, 16
    D = np.diag(rng.uniform(1.0, 8.0, n))
    K, B = rng.standard_normal((n, d)), 0.3 * rng.standard_normal((n, d))
    b, c = rng.standard_normal((2, n))

    def matrix(p):
        return D + (K * p) @ K.T

    def solve(p):
        return conjugate_gradients(matrix(p), b + B @ p, tolerance)

    def gradient(p, fault=""):
        z = solve(p)
        v = z if fault == "no adjoint" else conjugate_gradients(matrix(p), c, tolerance)
        of_matrix = -(K.T @ v) * (K.T @ z)
        return of_matrix if fault == "missing term" else of_matrix + B.T @ v

    return Problem(lambda p: c @ solve(p), gradient, rng.uniform(0.2, 1.5, d), POSITIVE)


def power_iteration(rng: np.random.Generator, tolerance: float) -> Problem:
    """The growth rate log ρ of a population with the matrix M₀ + Σ pᵢ Mᵢ."""
    d, n = 3, 5
    fixed, parts = rng.uniform(0.1, 1.0, (n, n)), rng.uniform(0.0, 1.0, (d, n, n))

    def solve(M):
        return iterate(lambda v: M @ v / np.sum(M @ v), np.full(n, 1 / n), tolerance)

    def matrix(p):
        return fixed + np.tensordot(p, parts, 1)

    def value(p):
        M = matrix(p)
        return np.log(np.sum(M @ solve(M)))

    def gradient(p, fault=""):
        M = matrix(p)
        v = solve(M)
        u = v if fault == "transposed solve" else solve(M.T)
        slopes = np.einsum("i,kij,j->k", u, parts, v) / (u @ v)
        return slopes if fault == "missing factor" else slopes / np.sum(M @ v)

    return Problem(value, gradient, rng.uniform(0.2, 1.5, d), POSITIVE)


def envelope(rng: np.random.Generator, tolerance: float) -> Problem:
    """The least Σ log cosh(A z − p) + |z|²/2 over z, and |p|²/10; by descent."""
    d, n = 4, 3
    A = rng.standard_normal((d, n))
    rate = 1 / (np.linalg.norm(A, 2) ** 2 + 1)

    def solve(p):
        # The step is divided by the rate: the gradient at the end is below the tolerance.
        return iterate(
            lambda z: z - rate * (A.T @ np.tanh(A @ z - p) + z), np.zeros(n), rate * tolerance
        )

    def value(p):
        z = solve(p)
        return np.sum(np.log(np.cosh(A @ z - p))) + 0.5 * z @ z + 0.1 * p @ p

    def gradient(p, fault=""):
        inner = -np.tanh(A @ solve(p) - p)
        return inner if fault == "missing term" else inner + 0.2 * p

    return Problem(value, gradient, rng.standard_normal(d))


FAMILIES = (
    Family("fixed point", fixed_point, ("transposed solve", "stop_gradient", "sign")),
    Family("Newton, scalar", newton_scalar, ("missing term", "sign", "dropped entry")),
    Family("Newton, system", newton_system, ("transposed solve", "stop_gradient", "factor 2")),
    Family("conjugate gradients", linear_solve, ("no adjoint", "missing term", "sign")),
    Family("power iteration", power_iteration, ("transposed solve", "missing factor", "sign")),
    Family("envelope theorem", envelope, ("missing term", "factor 2", "dropped entry")),
)
