"""The verdict at an accuracy that the user accepts."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradcompare
from gradcompare._model.verdict import Verdict

X = np.array([1.0, 2.0])


def verdict(value, gradient, accuracy):
    def of_numpy(x):
        return value(np.asarray(x))

    return gradcompare.check(of_numpy, gradient, X, accuracy=accuracy).verdict


def in_pieces(x):
    """x², with pieces of 1/50 on which its slope is off by up to 5e-4, as a stopped solver's."""
    return np.sum(x**2 + 1e-6 * np.sin(500 * x))


@pytest.mark.parametrize(("factor", "good"), [(1.0, True), (1.001, False), (-1.0, False)])
def test_the_trend_decides_where_short_pieces_have_other_slopes(factor, good):
    found = verdict(in_pieces, lambda x: factor * 2 * x, 1e-4)
    assert found is (Verdict.AGREE if good else Verdict.ANALYTIC_WRONG)


def test_a_slope_far_off_at_the_point_itself_is_no_solver():
    """A term is forgotten whose slope is 2.5 % of the derivative: at 1e-4, that is too much."""
    found = verdict(lambda x: np.sum(x**2 + 1e-5 * np.sin(1e4 * x)), lambda x: 2 * x, 1e-4)
    assert not found.ok


def test_a_function_that_varies_fast_keeps_its_own_derivative():
    def waves(x):
        return np.sum(np.sin(1000 * x))

    for factor, good in ((1.001, True), (1.05, False)):
        found = verdict(waves, lambda x, c=factor: c * 1000 * np.cos(1000 * x), 1e-2)
        assert found is (Verdict.AGREE if good else Verdict.ANALYTIC_WRONG)


def shares_its_mistake(x):
    return jnp.sum(x**2 * jax.lax.stop_gradient(x))


@pytest.mark.parametrize("accuracy", [None, 1e-3])
def test_a_mistake_that_autodiff_shares_is_not_that_of_the_formula_alone(accuracy):
    comparison = gradcompare.check(shares_its_mistake, lambda x: 2 * x**2, X, accuracy=accuracy)
    assert comparison.verdict is Verdict.BOTH_WRONG


def test_wide_bars_are_no_small_difference():
    """What cannot be told at an accuracy is not called right to a smaller number."""
    rough = np.random.default_rng(0).standard_normal(1000)

    def noisy(x):
        return np.sum(x**2) + 1e-6 * rough[int(abs(1e9 * np.sum(x))) % 1000]

    assert verdict(noisy, lambda x: 2 * x, 1e-9) is Verdict.INCONCLUSIVE
