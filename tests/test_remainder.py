"""`remainder`: differentiability by its definition, with the defect of a wrong derivative."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradcompare import InputError, Remainder, remainder

X = np.array([0.7, -1.3, 2.1])
V = np.array([1.0, 2.0, -0.5])


def value(x):
    return jnp.sum(jnp.sin(x) * x**2)


GRADIENT = jax.grad(value)


def hessian(x):
    return jax.hessian(value)(x)


def test_a_right_gradient_has_slope_one_and_a_right_hessian_slope_three():
    result = remainder(value, GRADIENT, X, hessian=hessian)
    low, high = result.interval
    assert result.ok
    assert low < 1 < high + 0.02
    assert abs(result.slope - 1) < 0.05
    assert abs(result.defect) <= 3 * result.defect_error < 1e-8
    assert "falls like ‖v‖^(3.0" in str(result)
    assert "this Hessian is right" in str(result)


def test_the_defect_is_that_of_the_wrong_gradient():
    def wrong(x):
        return GRADIENT(x) * jnp.array([1.0, 1.0, 0.9])

    result = remainder(value, wrong, X, direction=V)
    off = (np.asarray(GRADIENT(X)) - np.asarray(wrong(X))) @ V / np.linalg.norm(V)
    assert result.answer == "wrong"
    assert abs(result.defect - off) < 1e-6
    assert abs(result.slope) < 0.05  # the ratio stays where it is


@pytest.mark.parametrize("error", [1e-4, 1e-7])
def test_a_small_defect_is_inexact_and_measured(error):
    result = remainder(value, lambda x: (1 + error) * GRADIENT(x), X)
    assert result.answer == "inexact"
    assert abs(abs(result.defect) / result.scale / error) < 3


def test_a_wrong_hessian_is_found_and_the_gradient_is_not_blamed():
    result = remainder(value, GRADIENT, X, hessian=lambda x: 1.01 * hessian(x), direction=V)
    assert (result.answer, result.second_answer, result.ok) == ("right", "wrong", False)
    true = float(V @ np.asarray(hessian(X)) @ V) / 2 / float(V @ V)
    assert result.second is not None
    assert abs(result.second.defect + 0.01 * true) < 1e-4 * abs(true)


def test_a_kink_tends_to_a_constant():
    result = remainder(lambda x: jnp.sum(jnp.abs(x)), jnp.sign, [0.0, 2.0])
    assert result.answer == "kink"
    assert "f has a kink" in str(result)
    assert result.defect > 0.1


@pytest.mark.parametrize("factor", [1.0, 1.2])
def test_noise_neither_accuses_nor_hides(factor):
    def noisy(x):
        return float(np.sum(np.sin(x)) + 1e-6 * np.sin(1e9 * x[0]))

    result = remainder(noisy, lambda x: factor * np.cos(x), X)
    assert result.answer == ("right" if factor == 1 else "wrong")
    assert result.defect_error > 1e-6  # the noise is in the bar


def test_noise_that_hides_everything_is_undecided():
    def noisy(x):
        return float(np.sum(np.sin(x)) + 0.3 * np.sin(1e9 * x[0]))

    assert remainder(noisy, np.cos, X).answer == "undecided"


def test_float32_plateaus_are_no_derivative_zero():
    def narrow(x):
        return float(np.float32(np.sum(np.float32(np.sin(x)))))

    assert remainder(narrow, np.cos, X).answer == "right"
    assert remainder(narrow, lambda x: 0 * x, X).answer == "wrong"


def test_at_a_bound_one_side_is_enough():
    result = remainder(lambda x: jnp.sum(x**3 + x), None, [0.0, 1.0], domain="nonnegative")
    assert result.ok
    assert result.backward is None


def test_trees_json_and_truth():
    point = {"a": np.arange(1.0, 4.0), "b": 2.0}
    tree = remainder(lambda p, c: jnp.sum(c * p["a"] ** 2) * p["b"], None, point, np.ones(3))
    again = Remainder.from_json(tree.to_json())
    assert str(again) == str(tree)
    assert again.slope == tree.slope
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(tree)


def test_input_that_cannot_be_used():
    with pytest.raises(InputError, match="the direction is zero"):
        remainder(value, GRADIENT, X, direction=0 * X)
    with pytest.raises(InputError, match="the value is nan"):
        remainder(lambda x: jnp.sum(jnp.log(x)), None, X)
    with pytest.raises(InputError, match="shape"):
        remainder(value, GRADIENT, X, hessian=lambda x: jnp.eye(2))
    with pytest.raises(InputError, match="unknown option"):
        remainder(value, GRADIENT, X, steps=3)
