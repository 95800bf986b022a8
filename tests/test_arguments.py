"""What `check` and `estimate` pass on to the user's functions: data is traced, the rest fixed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradcompare import Verdict, check, estimate

X = np.array([1.0, -2.0, 0.5])

ARGUMENTS = {
    # args, value, gradient with respect to x
    "array": ((X,), lambda x, a: jnp.sum(a * x**2), lambda x, a: 2 * a * x),
    "float": ((0.5,), lambda x, a: a * jnp.sum(x**2), lambda x, a: 2 * a * x),
    "int-as-shape": ((2,), lambda x, n: jnp.sum(jnp.tile(x, n)), lambda x, n: n * jnp.ones(3)),
    "string": (
        ("sum",),
        lambda x, how: {"sum": jnp.sum, "mean": jnp.mean}[how](x**2),
        lambda x, how: 2 * x,
    ),
    "function": ((jnp.tanh,), lambda x, f: jnp.sum(f(x)), lambda x, f: 1 - f(x) ** 2),
    "none": ((None,), lambda x, a: jnp.sum(x**2), lambda x, a: 2 * x),
    "bool": ((True,), lambda x, a: jnp.sum(x**2) if a else 0.0, lambda x, a: 2 * x),
    "integer-array": (
        (np.array([2, 0, 1]),),
        lambda x, i: jnp.sum(x[i] ** 2 * i),
        lambda x, i: jnp.zeros(3).at[i].add(2 * i * x[i]),
    ),
    "boolean-array": (
        (np.array([True, False, True]),),
        lambda x, mask: jnp.sum(jnp.where(mask, x**2, 0.0)),
        lambda x, mask: jnp.where(mask, 2 * x, 0.0),
    ),
    "pytree": (
        ({"a": X, "n": 2},),
        lambda x, d: jnp.sum(d["a"] * x ** d["n"]),
        lambda x, d: d["n"] * d["a"] * x ** (d["n"] - 1),
    ),
    "several": (
        (X, "a", 2),
        lambda x, a, s, n: jnp.sum(a * x**n),
        lambda x, a, s, n: n * a * x ** (n - 1),
    ),
}


@pytest.mark.parametrize("case", ARGUMENTS)
def test_further_arguments(case):
    args, value, gradient = ARGUMENTS[case]
    assert check(value, gradient, X, *args).verdict is Verdict.AGREE
    assert np.all(estimate(value, X, *args).error < 1e-9)


def test_arrays_and_floats_are_traced_and_the_rest_is_fixed():
    seen = {}

    def value(x, array, number, static, word):
        seen.update(array=array, number=number, static=static, word=word)
        return jnp.sum(x * array * number)

    check(value, None, X, X, 0.5, 3, "word")
    assert isinstance(seen["array"], jax.Array)
    assert isinstance(seen["number"], jax.Array)
    assert (seen["static"], seen["word"]) == (3, "word")
