"""`numerical_gradient`: the numbers of the plain methods, compiled once for each shape."""

import concurrent.futures

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize

import gradcompare
from gradcompare import InputError, UnknownNameError, numerical_gradient
from gradcompare._evaluation.compiled import CompiledFunction

RNG = np.random.default_rng(0)
X, Y, W = RNG.normal(size=(30, 4)), RNG.integers(0, 2, size=30) * 1.0, RNG.normal(size=4)


def risk(w, X, y):
    z = X @ w
    return jnp.sum(jnp.log1p(jnp.exp(z)) - y * z)


def risk_on_host(w, X, y):
    z = X @ w
    return np.sum(np.log1p(np.exp(z)) - y * z)


def slope(w, X, y):
    return X.T @ (1 / (1 + np.exp(-X @ w)) - y)


ACCURACY = {"forward": 1e-6, "central": 1e-8, "richardson": 1e-10, "complex-step": 4e-15}
"""About ten times the error that the powers of ε in the documentation predict."""


@pytest.mark.parametrize("value", [risk, risk_on_host])
@pytest.mark.parametrize("method", ACCURACY)
def test_methods_have_the_accuracy_of_their_order(method, value):
    gradient = numerical_gradient(value, method=method)
    for w in (W, W + 1):
        exact = slope(w, X, Y)
        error = np.max(np.abs(gradient(w, X, Y) - exact)) / np.max(np.abs(exact))
        assert error < ACCURACY[method]
        # A better method that did the work of a worse one would pass the test above.
        if method in ("forward", "central"):
            assert error > ACCURACY[method] * 1e-4


def test_it_is_the_gradient_of_estimate():
    plain = numerical_gradient(risk)(W, X, Y)
    estimate = gradcompare.estimate(risk, W, X, Y, method="central")
    np.testing.assert_allclose(plain, estimate.value, rtol=1e-9)


@pytest.fixture
def builds(monkeypatch):
    """The functions that are traced and compiled."""
    seen, build = [], CompiledFunction.build.__func__

    def record(cls, function, args, **options):
        seen.append(function)
        return build(cls, function, args, **options)

    monkeypatch.setattr(CompiledFunction, "build", classmethod(record))
    return seen


def test_a_shape_is_compiled_once(builds):
    gradient = numerical_gradient(risk)
    gradient(W, X, Y)
    first = len(builds)
    assert first > 0
    gradient(W + 1, X + 1, Y)
    assert len(builds) == first
    gradient(W, X[:20], Y[:20])
    assert len(builds) > first


def test_arguments_that_are_no_arrays_are_told_apart():
    def value(x, power, kind):
        return jnp.sum(x**power) if kind == "sum" else jnp.mean(x**power)

    gradient, x = numerical_gradient(value), np.array([1.0, 2.0])
    for power in (2, 3):
        for kind, share in (("sum", 1), ("mean", 0.5)):
            exact = share * power * x ** (power - 1)
            np.testing.assert_allclose(gradient(x, power, kind), exact, rtol=1e-8)
    # Equal as keys, and not the same program.
    np.testing.assert_allclose(gradient(x, 1, "sum"), 1, rtol=1e-8)
    np.testing.assert_allclose(gradient(x, True, "sum"), 1, rtol=1e-8)


def test_an_argument_without_a_hash_is_read_at_every_call():
    class Scale:
        __hash__ = None
        factor = 2.0

    scale = Scale()
    gradient = numerical_gradient(lambda x, s: s.factor * jnp.sum(x))
    np.testing.assert_allclose(gradient(np.ones(2), scale), 2)
    scale.factor = 3.0
    np.testing.assert_allclose(gradient(np.ones(2), scale), 3)


def test_pytrees_go_in_and_come_out():
    def value(params, a):
        return a * params["b"] + jnp.sum(params["w"] ** 2)

    params = {"w": jnp.arange(6, dtype=jnp.float32).reshape(2, 3), "b": 1.5}
    result = numerical_gradient(value)(params, 3.0)
    assert result["w"].shape == (2, 3)
    assert result["b"].shape == ()
    assert result["w"].dtype == result["b"].dtype == np.float64
    assert isinstance(result["w"], np.ndarray)
    np.testing.assert_allclose(result["w"], 2 * params["w"], atol=1e-8)
    np.testing.assert_allclose(result["b"], 3, rtol=1e-8)


def test_another_argument_is_differentiated():
    by_data = numerical_gradient(risk, argnums=1)(W, X, Y)
    exact = np.outer(1 / (1 + np.exp(-X @ W)) - Y, W)
    np.testing.assert_allclose(by_data, exact, atol=1e-7)
    both = numerical_gradient(risk, argnums=(0, 1))(W, X, Y)
    np.testing.assert_allclose(both[1], exact, atol=1e-7)


def test_numbers_are_float64_outside_of_its_scope():
    assert not jax.config.jax_enable_x64
    value = numerical_gradient(lambda x: jnp.sum(jnp.exp(x.astype(jnp.float32))))
    x = jnp.array([0.1, 0.2], jnp.float32)
    np.testing.assert_allclose(value(x), np.exp(np.asarray(x, np.float64)), rtol=1e-8)


@pytest.mark.parametrize("xp", [jnp, np])
@pytest.mark.parametrize("method", ["forward", "central", "richardson"])
def test_no_value_is_taken_outside_of_the_bounds(method, xp):
    gradient = numerical_gradient(
        lambda x: xp.sum(xp.sqrt(x) + xp.sqrt(1 - x)), method=method, bounds=(0.0, 1.0)
    )
    x = np.array([1.0, 0.25, 1e-9])
    result = gradient(x)
    assert np.all(np.isfinite(result))
    np.testing.assert_allclose(result[1], 1 - 0.5 / np.sqrt(0.75), rtol=1e-6)


def test_a_fixed_step_is_taken():
    # (8 + 6h² …): the error of x³ by a central difference is h².
    for xp in (jnp, np):
        result = numerical_gradient(lambda x, xp=xp: xp.sum(x**3), step=0.5)(np.array([2.0]))
        np.testing.assert_allclose(result, 12.25, rtol=1e-12)


def test_an_optimiser_can_use_it():
    for value in (risk, risk_on_host):

        def penalised(w, X, y, value=value):
            return value(w, X, y) + w @ w

        fit = minimize(penalised, W, jac=numerical_gradient(penalised), args=(X, Y))
        np.testing.assert_allclose(slope(fit.x, X, Y) + 2 * fit.x, 0, atol=1e-4)


def test_executors_call_a_function_on_the_host():
    with concurrent.futures.ThreadPoolExecutor(2) as executor:
        apart = numerical_gradient(risk_on_host, executor=executor)(W, X, Y)
    np.testing.assert_array_equal(apart, numerical_gradient(risk_on_host)(W, X, Y))


def refuses(x):
    if x[0] > 1:
        raise ValueError("too large")
    return float(np.sum(x**2))


def test_an_error_of_the_function_is_the_users():
    gradient = numerical_gradient(refuses)
    np.testing.assert_allclose(gradient(np.array([0.5])), 1.0)
    with pytest.raises(ValueError, match="too large"):
        gradient(np.array([2.0]))
    with concurrent.futures.ThreadPoolExecutor(2) as executor:
        gradient = numerical_gradient(refuses, executor=executor)
        gradient(np.array([0.5]))
        with pytest.raises(gradcompare.GradcompareError, match="too large"):
            gradient(np.array([2.0]))


@pytest.mark.parametrize("xp", [jnp, np])
def test_a_function_that_drops_imaginary_parts_is_refused(xp):
    gradient = numerical_gradient(lambda x: xp.sum(xp.abs(x)), method="complex-step")
    with pytest.raises(InputError, match="not analytic"):
        gradient(np.array([1.0, -2.0]))


def test_what_cannot_be_used_is_refused():
    with pytest.raises(UnknownNameError, match="did you mean central"):
        numerical_gradient(risk, method="centre")
    with pytest.raises(InputError, match="step is 0"):
        numerical_gradient(risk, step=0)
    gradient = numerical_gradient(risk, bounds=(-10.0, 10.0))
    gradient(W, X, Y)
    for wrong, message in ((np.full(4, np.nan), "finite"), (np.full(4, 11.0), "outside")):
        with pytest.raises(InputError, match=message):
            gradient(wrong, X, Y)
    with pytest.raises(InputError, match="scalar"):
        numerical_gradient(lambda x: x)(W)
