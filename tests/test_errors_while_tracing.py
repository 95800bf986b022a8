"""Functions that raise an error of any kind while JAX traces them are called on the host."""

import functools

import jax.numpy as jnp
import numpy as np
import pytest

from gradcompare import GradcompareError, check, check_jacobian, estimate


def square(x):
    return float(x**2)


def keyed(x):
    return float(np.sin(x)) * len({x: 1.0})


def picky(x):
    if not isinstance(x, float):
        raise RuntimeError("this takes a float")
    return x * x


def formatted(x):
    return float(f"{x:.17g}") ** 2


def doubled(x):
    return 2 * x


CASES = {
    "cache": (functools.lru_cache(square), doubled, "unhashable type"),
    "key of a dict": (keyed, np.cos, "unhashable type"),
    "class of x": (picky, doubled, "RuntimeError: this takes a float"),
    "text": (formatted, doubled, "called on the host"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_function_that_works_on_the_host_is_called_there(name):
    value, gradient, reason = CASES[name]
    right = check(value, gradient, 0.5)
    assert right.verdict.name == "AGREE"
    assert "value: called on the host, not compiled: " in str(right)
    assert reason in str(right)
    wrong = check(value, lambda x: 1.01 * gradient(x), 0.5)
    assert wrong.verdict.name == "ANALYTIC_WRONG"


@pytest.mark.parametrize("point", [0.5, np.float64(0.5), (0.5, 2.0), {"a": 0.5}], ids=repr)
def test_a_number_stays_a_number(point):
    """A cache takes numbers, and an array without axes is none."""
    cached = functools.lru_cache(lambda *numbers: float(sum(n**2 for n in numbers)))

    def numbers(tree):
        return list(tree.values()) if isinstance(tree, dict) else np.atleast_1d(tree).tolist()

    def value(tree):
        if isinstance(tree, (float, dict)):
            return cached(*(tree.values() if isinstance(tree, dict) else [tree]))
        return cached(*numbers(tree))

    def gradient(tree):
        return {k: 2 * v for k, v in tree.items()} if isinstance(tree, dict) else 2 * tree

    assert check(value, gradient, point).verdict.name == "AGREE"


def test_a_number_among_the_data_stays_a_number():
    cached = functools.lru_cache(lambda c: 3 * c)
    result = check(lambda x, c: float(x @ x) * cached(c), lambda x, c: 6 * c * x, np.ones(2), 0.5)
    assert result.verdict.name == "AGREE"


def test_an_array_without_axes_stays_an_array():
    def value(x):
        assert isinstance(x, np.ndarray)
        return float(np.sin(x))

    assert check(value, np.cos, np.array(0.5)).verdict.name == "AGREE"


def test_a_gradient_and_a_jacobian_may_be_cached():
    gradient = functools.lru_cache(lambda x: 2 * float(x))
    result = check(lambda x: x**2, gradient, 0.5)
    assert result.verdict.name == "AGREE"
    assert "gradient: called on the host" in str(result)
    fun = functools.lru_cache(lambda x: np.array([float(x) ** 2, float(np.sin(x))]))
    by_hand = functools.lru_cache(lambda x: np.array([2 * float(x), float(np.cos(x))]))
    assert check_jacobian(fun, by_hand, 0.5).verdict.name == "AGREE"


def of_jax(x):
    return jnp.sum(x.at[0].set(2.0) @ jnp.ones(5))


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (functools.lru_cache(lambda x: float(x @ x)), TypeError, "type: 'numpy.ndarray'"),
        (of_jax, TypeError, "contracting dimensions"),
        (lambda x: float(x @ x) + {}[x.shape], KeyError, "3,"),
    ],
    ids=["array", "of JAX", "key"],
)
def test_what_fails_on_the_host_is_told_in_its_own_words(value, error, words):
    with pytest.raises(error, match=words) as raised:
        check(value, lambda x: 2 * x, np.ones(3))
    assert "Tracer" not in str(raised.value)
    assert "raised by value" in raised.value.__notes__


@pytest.mark.parametrize("method", ["reverse", "forward-mode"])
def test_autodiff_alone_says_that_it_needs_a_traced_function(method):
    with pytest.raises(GradcompareError, match=f"{method} needs a function that JAX can trace"):
        estimate(keyed, 0.5, method=method)
