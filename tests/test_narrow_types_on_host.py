"""float64 stands in for a narrow type of a function on the host, as of a traced one."""

import ml_dtypes
import numpy as np
import pytest
from fuzz_digits import FAMILIES
from fuzz_trials import run_trial
from sweeps import sweep

import gradcompare
from gradcompare import Verdict

HALF = np.float16
HALF_DTYPE = np.dtype(np.float16)
X = np.array([0.33, -0.71, 1.52])
A = np.array([[1.02, -0.38, 0.91], [0.49, 1.59, -0.05], [-0.13, 0.62, 1.7]])


def on_host(x):
    """Keeps JAX from following the numbers."""
    return np.array([number.item() for number in x])


def by_global(x):
    return float(np.sum(np.sin(A.astype(HALF) @ on_host(x).astype(HALF)), dtype=np.float64))


def by_attribute(x):
    return float(np.sum(np.sin(A.astype(np.float16) @ np.asarray(on_host(x), np.float16))))


def by_name(x):
    return float(np.sum(np.sin(A.astype("float16") @ np.asarray(on_host(x), dtype="float16"))))


def by_bfloat16(x):
    half = ml_dtypes.bfloat16
    inner = A.astype(half) @ on_host(x).astype(half)
    return float(np.sum(np.sin(inner.astype(float))))


def by_helper(x):
    return float(np.sum(np.sin(A.astype(HALF) @ narrow(on_host(x)))))


def narrow(x, kind=HALF_DTYPE):
    return x.astype(kind)


def right(x):
    return A.T @ np.cos(A @ on_host(x))


def right_in_half(x):
    return (A.astype(HALF).T @ np.cos(A.astype(HALF) @ on_host(x).astype(HALF))).astype(float)


VALUES = [by_global, by_attribute, by_name, by_bfloat16, by_helper]


@pytest.mark.parametrize("gradient", [right, right_in_half])
@pytest.mark.parametrize("value", VALUES)
def test_a_right_gradient_agrees(value, gradient):
    result = gradcompare.check(value, gradient, X)
    assert result.verdict is Verdict.AGREE, str(result)
    narrow = "bfloat16" if value is by_bfloat16 else "float16"
    both = " and gradient" if gradient is right_in_half else ""
    assert f"float64 stands in for {narrow} in value{both}: the derivation" in str(result)


@pytest.mark.parametrize("error", [lambda g: -g, lambda g: g * 1.001, lambda g: g * [1, 1, 0]])
@pytest.mark.parametrize("gradient", [right, right_in_half])
def test_a_wrong_gradient_is_found(gradient, error):
    result = gradcompare.check(by_global, lambda x: error(gradient(x)), X)
    assert result.verdict.name in ("ANALYTIC_WRONG", "ANALYTIC_INEXACT"), str(result)
    assert not result.ok


def test_what_depends_on_the_type_is_not_rerun():
    """Its value in float64 is another one."""

    def value(x):
        return float(np.sum(on_host(x) ** 2) * np.finfo(HALF).eps)

    result = gradcompare.check(value, lambda x: 2 * x * float(np.finfo(HALF).eps), X)
    assert result.ok, str(result)
    assert "stands in" not in str(result)


def test_a_type_that_changes_nothing_is_not_mentioned():
    def value(x):
        x = on_host(x)
        return float(np.sum(x**3)) if x.dtype != np.float16 else 0.0

    result = gradcompare.check(value, lambda x: 3 * x**2, X)
    assert result.ok
    assert "stands in" not in str(result)


def test_the_users_functions_are_not_changed():
    before = by_global(X), narrow(X)
    gradcompare.check(by_helper, right, X)
    assert HALF is np.float16
    assert before[0] == by_global(X)
    assert narrow(X).dtype == np.float16


@pytest.mark.parametrize("turn", sweep(range(12), every=4))
def test_random_programs(turn):
    number = list(FAMILIES).index("low precision") + turn * len(FAMILIES)
    trial = run_trial(12, number, "host", (10,))
    assert trial.verdict == "AGREE", trial.report
    assert trial.caught == {"10": True}
