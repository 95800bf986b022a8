"""`assert_rule`: what passes, and what fails a test."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradcompare import InputError, check_rule
from gradcompare.testing import GradientMismatch, assert_rule

X = np.array([0.3, 0.7, 1.1])


def rule(slope):
    @jax.custom_vjp
    def softplus(x):
        return jnp.logaddexp(x, 0.0)

    softplus.defvjp(lambda x: (softplus(x), x), lambda x, u: (u * slope(x),))
    return softplus


def test_a_right_rule_passes_and_the_comparison_comes_back():
    assert [r.objective for r in assert_rule(rule(jax.nn.sigmoid), X, points=1)] == ["x"]


def test_a_wrong_rule_fails_with_a_short_report():
    with pytest.raises(GradientMismatch, match="ANALYTIC_WRONG") as raised:
        assert_rule(rule(jnp.tanh), X, points=1)
    assert len(str(raised.value).splitlines()) <= 15
    assert type(raised.value).__module__ == "gradcompare.testing"


def test_a_rule_that_overflows_at_an_extreme_primal_alone_fails():
    with pytest.raises(GradientMismatch, match="x-at-1000"):
        assert_rule(rule(lambda x: jnp.exp(x) / (1 + jnp.exp(x))), X, points=1)


def test_a_pair_on_the_host():
    def backward(u, x, w):
        return u @ w.T, x.T @ u

    def negated(u, x, w):
        return u @ w.T, -x.T @ u

    x, w = np.random.default_rng(0).standard_normal((2, 3, 3))
    assert assert_rule(np.matmul, x, w, backward=backward, points=1).ok
    with pytest.raises(GradientMismatch, match="opposite sign"):
        assert_rule(np.matmul, x, w, backward=negated, points=1)


def test_a_rule_that_was_not_compared_fails():
    methods = ["reverse", "richardson"]
    with pytest.raises(GradientMismatch, match="the rule was not among the methods"):
        assert_rule(rule(jnp.tanh), X, methods=methods, points=1, second_order=False)


def test_arguments_are_those_of_check_rule():
    assert inspect.signature(assert_rule) == inspect.signature(check_rule)
    with pytest.raises(InputError, match="has no rule of its own"):
        assert_rule(jnp.sin, X)
