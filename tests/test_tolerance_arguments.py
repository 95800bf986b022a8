"""An argument that behaves like the tolerance of a solver, told from a coefficient."""

from functools import partial

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from sweeps import sweep

from gradcompare import Verdict, check


class Solver:
    """A value with its right gradient, up to the tolerance, and wrong ones."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        A = rng.normal(size=(3, 3))
        self.A, self.b = 0.8 * A / np.linalg.norm(A, 2), rng.normal(size=3)
        self.x, self.start = rng.normal(size=3), rng.uniform(0.5, 2, 2)
        self.rates = rng.uniform(0.3, 1.2, 2)


class FixedPoint(Solver):
    def solve(self, x, tol):
        z = np.zeros(3)
        while True:
            new = np.tanh(self.A @ z + self.b * x)
            if np.max(np.abs(new - z)) < tol:
                return new
            z = new

    def value(self, x, tol):
        return np.sum(self.solve(x, tol) ** 2).item()

    def gradient(self, x, tol, fault=""):
        z = self.solve(x, tol)
        slope = 1 - z**2
        M = np.eye(3) - slope[:, None] * self.A
        adjoint = 2 * z if fault == "no adjoint" else np.linalg.solve(M.T, 2 * z)
        return self.b * slope * (np.linalg.solve(M, 2 * z) if fault == "transpose" else adjoint)

    faults = ("no adjoint", "transpose")


class Integration(Solver):
    """Predator and prey by an adaptive method, with forward sensitivities."""

    def __init__(self, seed):
        super().__init__(seed)
        self.x = self.rates

    def value(self, x, tol):
        def rate(t, y):
            meet = x[1] * y[0] * y[1]
            return [meet - x[0] * y[0], -meet - 0.1 * y[1]]

        y = solve_ivp(rate, (0, 3), self.start, rtol=tol, atol=tol / 100).y[:, -1]
        return np.sum(y**2).item()

    def gradient(self, x, tol, fault=""):
        k, a = x

        def rate(t, z):
            (u, v), S = z[:2], z[2:].reshape(2, 2)
            J = np.array([[a * v - k, a * u], [-a * v, -a * u - 0.1]])
            by_rates = np.array([[-u, u * v], [0, -u * v]])
            if fault == "cross term":
                J[0, 1] = 0
            change = [a * u * v - k * u, -a * u * v - 0.1 * v]
            return np.concatenate([change, (J @ S + by_rates).ravel()])

        z0 = np.concatenate([self.start, np.zeros(4)])
        z = solve_ivp(rate, (0, 3), z0, rtol=tol, atol=tol / 100).y[:, -1]
        return (-1 if fault == "sign" else 1) * 2 * z[:2] @ z[2:].reshape(2, 2)

    faults = ("cross term", "sign")


CASES = [(k, s, t) for k in (FixedPoint, Integration) for s in range(4) for t in (1e-3, 1e-4)]
FIRST = [(FixedPoint, 0, 1e-3), (FixedPoint, 1, 1e-3), (Integration, 0, 1e-3)]


@pytest.mark.parametrize(("kind", "seed", "tol"), sweep(CASES, FIRST))
def test_a_right_gradient_is_not_called_wrong(kind, seed, tol):
    case = kind(seed)
    result = check(case.value, case.gradient, case.x, tol)
    assert result.verdict in (Verdict.ANALYTIC_INEXACT, Verdict.INCONCLUSIVE), result


def test_the_report_names_the_argument():
    case = FixedPoint(1)
    report = str(check(case.value, case.gradient, case.x, 1e-3))
    assert "with `tol` = 1e-5 instead of 0.001: the tolerance of f, not the formula" in report


@pytest.mark.parametrize(("kind", "seed", "tol"), sweep(CASES, FIRST))
def test_a_wrong_gradient_is_called_so(kind, seed, tol):
    case = kind(seed)
    for fault in case.faults:
        result = check(case.value, partial(case.gradient, fault=fault), case.x, tol)
        assert result.verdict is Verdict.ANALYTIC_WRONG, (fault, result)


TERMS = {
    "linear": lambda x, c: c * np.sum(np.sin(3 * x) * np.exp(x)).item(),
    "quadratic": lambda x, c: 1e5 * c**2 * np.sum(np.cos(x) * x).item(),
    "a root": lambda x, c: c**0.5 * np.sum(x[0] * np.tanh(x)).item(),
}


@pytest.mark.parametrize("name", TERMS)
@pytest.mark.parametrize("coefficient", sweep([1e-2, 1e-3], [1e-2]))
def test_a_term_with_a_small_coefficient_that_is_forgotten_is_wrong(name, coefficient):
    """Its gap vanishes with the coefficient, too, but by a power of it."""
    x = np.array([0.3, -0.7, 1.2])

    def value(x, c):
        return np.sum(x**3).item() + TERMS[name](x, c)

    result = check(value, lambda x, c: 3 * x**2, x, coefficient)
    assert result.verdict is Verdict.ANALYTIC_WRONG, result
    assert "the tolerance of f" not in str(result)
