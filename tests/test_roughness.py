"""A solver whose tolerance is no argument: f is rough over the steps of finite differences."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from sweeps import sweep
from test_tolerance_arguments import FixedPoint, Integration

from gradcompare import Verdict, check


def without_argument(kind, seed, tol, fault=""):
    """Returns a value and its gradient with the tolerance in the code."""
    case = kind(seed)
    return (
        lambda x: case.value(x, tol),
        lambda x: case.gradient(x, tol, fault),
        case.x,
    )


CASES = [
    *((Integration, s, 1e-3) for s in (0, 5)),
    (Integration, 2, 1e-4),
    *((FixedPoint, s, 1e-3) for s in (2, 3, 5)),
]
"""Gradients that are right up to the tolerance, and off by 1e-3 to 1e-2."""


@pytest.mark.parametrize(("kind", "seed", "tol"), sweep(CASES, [CASES[0], CASES[4]]))
def test_a_right_gradient_is_inexact(kind, seed, tol):
    result = check(*without_argument(kind, seed, tol))
    assert result.verdict is Verdict.ANALYTIC_INEXACT, result
    assert "f is rough: over" in str(result)


@pytest.mark.parametrize(("kind", "seed", "tol"), sweep(CASES, [CASES[0], CASES[4]]))
def test_a_wrong_one_is_wrong(kind, seed, tol):
    for fault in kind.faults:
        result = check(*without_argument(kind, seed, tol, fault))
        assert result.verdict is Verdict.ANALYTIC_WRONG, (fault, result)
        assert "f is rough" not in str(result)


def called(function):
    """Returns a function that JAX cannot follow: it needs plain numbers."""
    return lambda x: float(function(np.array([float(number) for number in x])))


OFF = 1 + 5e-3 * np.array([1.0, -0.3, 0.55])
"""Ratios of a wrong gradient to the right one that no hypothesis explains."""

SMOOTH = {
    "polynomial": (
        lambda x: np.sum(x**3) + x[0] * x[1] * x[2],
        lambda x: 3 * x**2 + x[[1, 0, 0]] * x[[2, 2, 1]],
    ),
    "near a pole": (lambda x: np.sum(1 / (x**2 + 0.1)), lambda x: -2 * x / (x**2 + 0.1) ** 2),
    "oscillating": (lambda x: np.sum(np.sin(300 * x)), lambda x: 300 * np.cos(300 * x)),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_a_small_error_is_wrong_where_f_is_not_rough(name):
    function, gradient = SMOOTH[name]
    x = np.array([0.7, -1.1, 0.4])
    result = check(called(function), lambda x: OFF * gradient(np.asarray(x)), x)
    assert result.verdict is Verdict.ANALYTIC_WRONG, result
    assert "f is rough" not in str(result)


def test_an_error_above_what_the_roughness_explains_is_wrong():
    """The breaks of this integration at 1e-9 are a millionth of the error."""
    start = np.array([1.0, 0.5])

    def value(x):
        y = solve_ivp(
            lambda t, y: [y[0] * (x[0] - y[1]), y[1] * (y[0] - x[1])],
            (0, 3), start, rtol=1e-9, atol=1e-11,
        ).y[:, -1]  # fmt: skip
        return float(np.sum(y**2))

    x = np.array([0.8, 0.6])
    steps = 1e-4 * np.eye(2)
    slopes = np.array([(value(x + h) - value(x - h)) / 2e-4 for h in steps])
    result = check(value, lambda _: slopes * OFF[:2], x, points=1)
    assert result.verdict is Verdict.ANALYTIC_WRONG, result
