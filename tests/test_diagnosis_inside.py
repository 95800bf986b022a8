"""What is wrong inside of a call of a library is not called by the name of the whole call."""

import jax
import jax.numpy as jnp
import numpy as np

from gradcompare import Verdict, check

RNG = np.random.default_rng(3)
W, C = RNG.standard_normal((2, 4))
HERE = "test_diagnosis_inside.py"


def said(value, gradient, x):
    result = check(value, gradient, x).results[0]
    assert result.verdict is Verdict.ANALYTIC_WRONG
    (finding,) = result.diagnosis
    assert finding.kind == "term"
    assert finding.residual == 0
    return finding.sentence


def line(value, after=1):
    return f"({HERE}:{value.__code__.co_firstlineno + after})"


def test_the_normaliser_of_softmax():
    def value(w):
        return jnp.sum(jax.nn.softmax(w) * C)

    assert said(value, lambda w: jax.nn.softmax(w) * C, W) == (
        f"the derivative through the sum inside of `jax.nn.softmax(w)` {line(value)} "
        "is missing from your gradient"
    )


def test_a_term_inside_of_log_softmax():
    def value(w):
        return -jax.nn.log_softmax(w)[2]

    assert said(value, lambda w: -jnp.eye(4)[2], W) == (
        f"term 2 of 2, the logarithm inside of `jax.nn.log_softmax(w)` {line(value)}, "
        "is missing from your gradient"
    )


def test_the_mean_inside_of_a_standard_deviation():
    def value(w):
        return jnp.sum(jnp.sin(w - jnp.mean(w, keepdims=True))) + jnp.mean(w) ** 2

    def wrong(w):  # the mean in the sine is taken for a constant
        return jnp.cos(w - w.mean()) + 2 * w.mean() / 4

    # A mean is a sum and a quotient, but there is one way through them.
    assert said(value, wrong, W) == (
        f"the derivative through `jnp.mean(w, keepdims=True)` {line(value)} "
        "is missing from your gradient"
    )


def test_a_call_that_is_missing_as_a_whole():
    def value(w):
        return jnp.sum(w * C * jax.nn.softmax(w**3))

    assert said(value, lambda w: C * jax.nn.softmax(w**3), W) == (
        f"the derivative through `jax.nn.softmax(w**3)` {line(value)} "
        "is missing from your gradient"
    )


def swish(w):
    return jnp.sum(C * jax.nn.silu(w))  # w σ(w)


def test_one_of_two_uses_in_one_call():
    sigmoid = jax.nn.sigmoid
    assert said(swish, lambda w: C * w * sigmoid(w) * sigmoid(-w), W) == (
        f"one use of x inside of `jax.nn.silu(w)` {line(swish)} is missing from your gradient"
    )
    assert said(swish, lambda w: C * sigmoid(w), W) == (
        f"the derivative through the sigmoid inside of `jax.nn.silu(w)` {line(swish)} "
        "is missing from your gradient"
    )


def test_a_part_that_has_no_name():
    def value(w):
        return jnp.sum(jax.nn.standardize(w) * C)

    def wrong(w):  # the deviation is taken for a constant
        return (C - C.mean()) / jnp.sqrt(w.var() + 1e-5)

    sentence = said(value, wrong, W)
    assert sentence == (
        f"a part of the derivative through `jax.nn.standardize(w)` {line(value)} "
        "is missing from your gradient"
    )


def test_terms_are_numbered_as_they_are_written():
    def value(w):
        return 0.5 * jnp.sum((jnp.sin(w) - 1) ** 2) - 0.5 * jnp.sum(1 + C * w**4 - jnp.exp(w))

    def wrong(w):  # the factor 1/2 of the first term is lost
        return 2 * (jnp.sin(w) - 1) * jnp.cos(w) - 0.5 * (4 * C * w**3 - jnp.exp(w))

    assert said(value, wrong, W).startswith("term 1 of 3, `0.5 * jnp.sum((jnp.sin(w) - 1) ** 2)`")


def test_terms_on_lines_before_the_sum_are_numbered_by_their_lines():
    def value(w):
        first = jnp.sum(jnp.cos(w))
        second = jnp.sum(w**4)
        return second + first

    sentence = said(value, lambda w: 4 * w**3, W)
    assert sentence.startswith(f"term 1 of 2, `jnp.sum(jnp.cos(w))` {line(value)}, is missing")
