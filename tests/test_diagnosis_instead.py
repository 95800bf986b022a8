"""A quadratic form whose matrix was taken to be symmetric."""

import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

from gradcompare import check

RNG = np.random.default_rng(0)
A, B, X = RNG.standard_normal((4, 4)), RNG.standard_normal(4), RNG.standard_normal(4)


def form(x, A, b):
    return 0.5 * x @ A @ x - b @ x


def bilinear(x, A, b):
    return jnp.sin(x) @ A @ jnp.cos(x) - b @ x


def found(value, gradient, A=A):
    return check(value, gradient, X, A, B).results[0].diagnosis


@pytest.mark.parametrize(
    ("gradient", "never"),
    [(lambda x, A, b: A @ x - b, "`0.5 * x @ A @ x`"), (lambda x, A, b: A.T @ x - b, "`0.5 * x`")],
)
def test_one_use_taken_twice_is_named(gradient, never):
    (finding,) = found(form, gradient)
    first, second = finding.sentence.split(" twice, and lacks that through ")
    assert first.startswith("your gradient has the derivative through the use of x in")
    assert never in second
    assert second.endswith(", as if the two were the same")
    assert not found(form, gradient, A + A.T)


MIXED = {
    "a factor": lambda x, A, b: 1.1 * A @ x - b,
    "another function": lambda x, A, b: 0.5 * (A + A.T) @ x * x - b,
    "other shares": lambda x, A, b: (0.7 * A + 0.5 * A.T) @ x - b,
}


@pytest.mark.parametrize("case", sweep(MIXED, {"other shares"}))
def test_uses_that_are_mixed_up_in_another_way_are_not_named_so(case):
    assert not [f for f in found(form, MIXED[case]) if "twice, and lacks" in f.sentence]


def test_one_factor_of_a_product_differentiated_twice():
    def gradient(x, A, b):
        return 2 * jnp.cos(x) * (A @ jnp.cos(x)) - b

    (finding,) = found(bilinear, gradient)
    assert "the use of x in `jnp.sin(x)`" in finding.sentence
    assert "and lacks that through the use of x in `jnp.cos(x)`" in finding.sentence
