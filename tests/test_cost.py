"""What a program costs is counted, so that a diagnosis finds the same on a busy machine."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradcompare.diagnosis.terms.cost import TURNS, operation_count


def count(function, *args):
    return operation_count(jax.make_jaxpr(function)(*args).jaxpr)


X, W = np.ones((50, 30)), np.ones(30)


def test_a_product_with_a_matrix_is_more_than_its_result():
    assert count(lambda x, w: x @ w, X, W) == pytest.approx(50 * 30)
    assert count(lambda x: x @ x.T, X) == pytest.approx(50 * 30 * 50, rel=0.03)


def test_entries_are_counted():
    assert count(jnp.sin, X) == 1500
    assert count(lambda x: jnp.sum(jnp.sin(x)), X) >= 3000


def test_a_loop_costs_its_turns():
    def loop(w, length):
        return jax.lax.scan(lambda c, _: (jnp.sin(c), None), w, None, length=length)[0]

    one, many = (count(lambda w, n=n: loop(w, n), W) for n in (1, 70))
    assert many == 70 * one

    def endless(w):
        return jax.lax.while_loop(lambda c: c[0] < 1, jnp.sin, w)

    assert TURNS * 30 <= count(endless, W) <= TURNS * 70


def test_what_is_compiled_inside_is_counted():
    assert count(jax.jit(jnp.sin), X) == count(jnp.sin, X)
