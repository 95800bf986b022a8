"""Objectives that SciPy's other solvers compute up to a tolerance: right and wrong gradients."""

import numpy as np
from solver_families import POSITIVE, Family, Problem


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


COARSE = (1e-4, 1e-6, 1e-7)
"""Tolerances of L-BFGS, which ends at smaller ones as soon as its own objective does not fall."""

FAMILIES = (
    Family("quad", quadrature, ("missing term", "sign", "dropped entry"), "scipy"),
    Family("eigsh", eigenvalue, ("missing square", "factor 2", "dropped entry"), "scipy"),
    Family("brentq", root, ("missing term", "sign", "dropped entry"), "scipy"),
    Family(
        "L-BFGS",
        hyperparameters,
        ("missing term", "missing factor", "sign"),
        "scipy",
        COARSE,
        1e-9,
    ),
    Family("GMRES", nonsymmetric, ("transposed solve", "stop_gradient", "sign"), "scipy"),
)
