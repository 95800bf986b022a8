"""Cases with nothing to get wrong: a constant, and a point in float32."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

from gradcompare import Verdict, check
from gradcompare.testing import assert_gradient

X = np.array([1.5, -2.0])
CONSTANT = {
    "number": (lambda x: 3.0, np.zeros_like),
    "traced": (lambda x: jnp.asarray(3.0), jnp.zeros_like),
    "host": (lambda x: 3.0 + 0.0 * float(x[0]), np.zeros_like),
    "cancelled": (lambda x: 3.0 + 0.0 * jnp.sum(x), lambda x: 0.0 * x),
}


@pytest.mark.parametrize("case", CONSTANT)
def test_a_constant_with_a_gradient_of_0_agrees(case):
    value, gradient = CONSTANT[case]
    for x0 in (X, 1e3 * X):
        (result,) = assert_gradient(value, gradient, x0)
        assert result.verdict is Verdict.AGREE
        assert "f does not change at all with x[0], x[1]" in str(result)
        assert "stationary" not in str(result)


@pytest.mark.parametrize("case", sweep(CONSTANT, every=2))
def test_a_constant_with_another_gradient_is_wrong(case):
    value, _ = CONSTANT[case]
    assert check(value, lambda x: 1e-3 * x, X).verdict is Verdict.ANALYTIC_WRONG


def test_a_constant_derivative_is_no_copy_of_autodiff():
    assert check(jnp.sum, jnp.ones_like, X).ok
    assert check(jnp.sum, jax.grad(jnp.sum), X).verdict is Verdict.NOT_A_CHECK


def value(x):
    return jnp.sum(x**3)


def gradient(x):
    return 3 * x**2


SENTENCE = "x0 is float32, and your functions get it in float64, in which they are judged"


def test_a_point_in_float32_of_numpy_is_told():
    text = str(check(value, gradient, X.astype(np.float32)))
    assert SENTENCE in text
    assert 'dtype="float32" measures their rounding too' in text
    assert SENTENCE not in str(check(value, gradient, X))


def test_it_is_not_told_where_the_user_asked_for_float32():
    text = str(check(value, gradient, X.astype(np.float32), dtype="float32"))
    assert "in which they are judged" not in text


def test_of_jax_it_is_told_where_it_was_chosen_or_the_derivatives_differ():
    narrow = jnp.asarray(np.array(X, np.float32))
    assert narrow.dtype == np.float32
    assert SENTENCE not in str(check(value, gradient, narrow))
    assert SENTENCE in str(check(value, lambda x: x**2, narrow))
    assert "x0 is bfloat16" in str(check(value, gradient, narrow.astype(jnp.bfloat16)))
    with jax.enable_x64(True):
        assert SENTENCE in str(check(value, gradient, narrow))


def test_a_random_gradient_is_not_said_to_be_meant_at_x0_alone():
    rng = np.random.default_rng(0)

    def random_elsewhere(x):
        x = np.asarray(x)
        return 2 * x * (1.0 if np.array_equal(x, X) else rng.uniform(0.5, 1.0))

    (result,) = check(lambda x: float(np.sum(np.asarray(x) ** 2)), random_elsewhere, X)
    assert result.verdict is Verdict.STOCHASTIC
    assert result.points[0].judgement.verdict is Verdict.AGREE
    assert "if the derivative is meant there alone" not in str(result)
