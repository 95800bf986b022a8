"""Bounds that keep a number off 0 or 1 are no branches of a model; other bounds are."""

import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

import gradcompare

RNG = np.random.default_rng(3)
X, Y = RNG.standard_normal((40, 3)), RNG.integers(0, 2, 40).astype(float)
X0 = np.array([0.3, -0.2, 0.5])


def log_loss(library, bound):
    """Returns a logistic loss with probabilities between bounds, and its gradient without."""

    def value(w, x, y):
        p = library.clip(1 / (1 + library.exp(-(x @ w))), bound, 1 - bound)
        return -library.sum(y * library.log(p) + (1 - y) * library.log1p(-p))

    def gradient(w, x, y):
        return x.T @ (1 / (1 + library.exp(-(x @ w))) - y)

    return value, gradient


@pytest.fixture(params=["traced", "host"])
def library(request):
    return jnp if request.param == "traced" else np


@pytest.mark.parametrize("bound", sweep([1e-15, 1e-12, float(np.finfo(float).eps)]))
def test_a_gradient_that_leaves_out_a_guard_is_right(library, bound):
    checked = gradcompare.check(*log_loss(library, bound), X0, X, Y)
    assert checked.verdict.name == "AGREE", str(checked)
    assert "a guard that keeps a number off 0 or 1" in str(checked)


@pytest.mark.sweep
def test_a_gradient_that_leaves_out_a_bound_of_the_model_is_wrong(library):
    checked = gradcompare.check(*log_loss(library, 0.01), X0, X, Y)
    assert checked.verdict.name == "ANALYTIC_WRONG", str(checked)


@pytest.mark.parametrize(("size", "verdict"), [(1.0, "AGREE"), (1e-19, "ANALYTIC_WRONG")])
def test_a_small_bound_of_small_numbers_is_no_guard(library, size, verdict):
    def value(w, bound):
        return library.sum(library.maximum(w, bound) ** 1.5) / size**1.5

    def gradient(w, bound):
        return 1.5 * library.sqrt(library.abs(w)) / size**1.5

    x0 = size * np.array([0.5, 1.0, 2.0])
    checked = gradcompare.check(value, gradient, x0, 1e-20, bounds=(0, np.inf))
    assert checked.verdict.name == verdict


def test_a_bound_at_infinity_is_no_branch(library):
    def value(w):
        return library.sum(library.clip(w, -np.inf, np.inf) ** 2)

    assert "no branch" in str(gradcompare.check(value, lambda w: 2 * w, X0))


def test_a_point_where_the_value_towers_shows_nothing():
    def value(w):
        return np.sum(np.exp(np.minimum(w, 700.0)))

    def gradient(w):
        e = np.exp(np.minimum(w, 700.0))
        return e * e / e  # not a number where e * e overflows

    assert gradcompare.check(value, gradient, X0).verdict.name == "AGREE"
