"""No setting of JAX or NumPy that a user has made changes a verdict or a report."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

import gradcompare
from gradcompare import Verdict, check, compare, estimate, get_objective, locate

X = np.array([0.5, -1.0, 2.0, 0.0])
A = np.random.default_rng(0).standard_normal((4, 4))


def where_that_hides_a_nan(x):
    return jnp.sum(jnp.where(x > 0, jnp.sqrt(x), 0.0))


def loop(x):
    z = jax.lax.while_loop(lambda s: s[0] < 4, lambda s: (s[0] + 1, jnp.sin(A @ s[1])), (0, x))
    return jnp.sum(z[1])


def on_host(x):
    squares = np.zeros(4)
    squares[:] = np.exp(A @ x) ** 2
    return float(np.sum(squares))


def jax_on_host(x):
    return float(jnp.sum(jnp.cos(x))) + x[0].item()


def tails(x):
    return np.sum(np.exp(-np.exp(50 * x))).item()


CASES = {
    "right": (lambda x: jnp.sum(x**3), lambda x: 3 * x**2, X),
    "wrong": (lambda x: jnp.sum(x**3), lambda x: 3.01 * x**2, X),
    "matrix": (lambda x: jnp.sum(jnp.tanh(A @ x)), lambda x: (1 - jnp.tanh(A @ x) ** 2) @ A, X),
    "where": (where_that_hides_a_nan, None, X),
    "loop": (loop, None, X),
    "host": (on_host, lambda x: 2 * np.exp(A @ x) ** 2 @ A, X),
    "wrong on host": (on_host, lambda x: np.exp(A @ x) ** 2 @ A, X),
    "jax on host": (jax_on_host, lambda x: -np.sin(x) + np.array([1.0, 0, 0, 0]), X),
    "kink": (lambda x: jnp.sum(jnp.abs(x)), lambda x: jnp.sign(x), X),
    "tails": (tails, lambda x: -50 * np.exp(50 * x) * np.exp(-np.exp(50 * x)), X),
    "float32": (
        lambda x: jnp.sum(jnp.sin(x.astype(jnp.float32))),
        lambda x: jnp.cos(x.astype(jnp.float32)),
        X,
    ),
    "outer": (lambda x: jnp.sum(x[:, None] * A + x), lambda x: A.sum(1) + 4.0, X),
}


@contextmanager
def warnings_are_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


SETTINGS = {
    "debug_nans": lambda: jax.debug_nans(True),
    "debug_infs": lambda: jax.debug_infs(True),
    "disable_jit": lambda: jax.disable_jit(True),
    "transfer_guard": lambda: jax.transfer_guard("disallow"),
    "x64": lambda: jax.enable_x64(True),
    "rank promotion": lambda: jax.numpy_rank_promotion("raise"),
    "dtype promotion": lambda: jax.numpy_dtype_promotion("strict"),
    "matmul precision": lambda: jax.default_matmul_precision("bfloat16"),
    "leaks": lambda: jax.checking_leaks(),
    "key reuse": lambda: jax.debug_key_reuse(True),
    "NumPy raises": lambda: np.errstate(all="raise"),
    "NumPy warns": lambda: np.errstate(all="warn"),
    "warnings": warnings_are_errors,
}
PAIRS = [(setting, case) for setting in SETTINGS for case in CASES]
FIRST = [(s, list(CASES)[(5 * k + j) % 12]) for k, s in enumerate(SETTINGS) for j in (0, 4)]


@pytest.fixture(scope="module")
def reports():
    return {}


def report(case):
    value, gradient, x = CASES[case]
    gradcompare.clear_cache()  # what is compiled under a setting is seen
    return str(check(value, gradient, x))


@pytest.mark.parametrize(("setting", "case"), sweep(PAIRS, FIRST))
def test_a_setting_changes_nothing(setting, case, reports):
    if case not in reports:
        reports[case] = report(case)
    with SETTINGS[setting]():
        assert report(case) == reports[case]


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_other_functions_work_with_it(setting):
    value, gradient, x = CASES["right"]
    with SETTINGS[setting]():
        assert np.allclose(estimate(value, x).value, 3 * x**2)
        assert np.allclose(estimate(value, x, method="reverse").value, 3 * x**2)
        assert locate(value, gradient, x).ok
        assert compare(get_objective("rosenbrock"), timing=False).ok


@pytest.mark.parametrize("setting", ["disable_jit", "debug_nans", "rank promotion"])
def test_a_setting_is_put_back(setting):
    names = ("jax_disable_jit", "jax_debug_nans", "jax_numpy_rank_promotion", "jax_enable_x64")
    read = lambda: [getattr(jax.config, name) for name in names]  # noqa: E731
    with SETTINGS[setting]():
        before = read()
        check(*CASES["right"])
        with pytest.raises(ZeroDivisionError):
            estimate(lambda x: 1 / 0, X)
        assert read() == before
    with np.errstate(over="raise"):
        check(*CASES["tails"])
        assert np.geterr()["over"] == "raise"


def test_an_executor_computes_in_float64_as_well():
    """Its threads have no scope of their own; in float32, every gradient is right enough."""
    with ThreadPoolExecutor(2) as executor:
        for case, factor, verdict in (
            ("jax on host", 1.0, Verdict.AGREE),
            ("jax on host", 1 + 1e-6, Verdict.ANALYTIC_INEXACT),
        ):
            value, gradient, x = CASES[case]
            wrong = lambda x: factor * gradient(x)  # noqa: B023, E731
            assert check(value, wrong, x, executor=executor).verdict is verdict
