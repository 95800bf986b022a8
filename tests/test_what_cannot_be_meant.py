"""Arguments that cannot be meant are refused in a sentence; those that can be meant are taken."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradcompare import GradcompareError, Verdict, check, estimate, locate

X = np.array([1.0, 2.0])


def square(x):
    return float(np.sum(np.asarray(x) ** 2))


def doubled(x):
    return 2 * np.asarray(x)


def weighted(x, weights):
    return float(sum(w * v**2 for w, v in zip(weights, x, strict=False)))


class Shy:
    """An array that does not want to be one, as a tensor of torch that requires a gradient."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("call detach first")


REFUSED = {
    "generator": (lambda: check(weighted, None, X, (w for w in X)), "an iterator, which one call"),
    "iterator": (
        lambda: check(weighted, None, X, iter([1.0, 2.0])),
        "an iterator, which one call",
    ),
    "iterator inside": (lambda: check(weighted, None, X, {"w": iter(X)}), "an iterator"),
    "masked point": (lambda: check(square, doubled, np.ma.array(X, mask=[0, 1])), "masked array"),
    "masked data": (lambda: check(weighted, None, X, np.ma.array(X, mask=[0, 1])), "masked"),
    "bound of nan": (lambda: check(square, doubled, X, bounds=(np.nan, 5)), r"nan at x\[0\]"),
    "no room": (lambda: check(square, doubled, X, bounds=([1, 0], [1, 5])), "cannot move"),
    "scale": (lambda: check(square, doubled, X, scale="2"), "scale='2'; give a positive"),
    "executor": (lambda: check(square, doubled, X, executor=4), "one of concurrent.futures"),
    "domain": (lambda: check(square, doubled, X, domain=(X, X)), r"bounds=\(lower, upper\)"),
    "in a list": (lambda: check(lambda x: [square(x)], doubled, X), "number inside of a list"),
    "in a dict": (lambda: check(lambda x: {"f": jnp.sum(x)}, None, X), "number inside of a dict"),
    "shy array": (lambda: check(square, doubled, Shy()), r"cannot be made an array \(.*detach"),
    "not traced": (
        lambda: estimate(lambda x: sum(v.item() for v in x), X, method="reverse"),
        "needs a function that JAX can trace: .*; write it with jax.numpy",
    ),
    "nothing to locate": (lambda: locate(lambda x: sum(v.item() for v in x), None, X), "trace"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(name):
    call, sentence = REFUSED[name]
    with pytest.raises(GradcompareError, match=sentence):
        call()


def test_a_gradient_whose_shape_changes_is_told():
    calls = []

    def changes(x):
        calls.append(x)
        return doubled(x) if len(calls) < 4 else np.append(doubled(x), 1.0)

    result = check(square, changes, X)
    assert result.verdict is Verdict.ERROR
    assert "returns the shapes (2,) at one call and (3,) at another" in str(result)


TAKEN = {
    "nested lists": (square, doubled, [[1.0, 2.0], [3.0, 4]]),
    "rows of lists": (square, lambda x: [[2 * v for v in row] for row in x], [[1.0, 2.0], [3, 4]]),
    "rows of arrays": (
        lambda x: jnp.sum(x**2),
        lambda x: tuple(2 * row for row in x),
        [[1.0, 2.0], [3.0, 4.0]],
    ),
    "lists of two lengths": (
        lambda x: x[0][0] ** 2 + x[1][0] * x[1][1],
        lambda x: [[2 * x[0][0]], [x[1][1], x[1][0]]],
        [[1.0], [3.0, 4.0]],
    ),
}


@pytest.mark.parametrize("name", TAKEN)
def test_it_is_taken(name):
    assert check(*TAKEN[name]).verdict is Verdict.AGREE


def test_a_device_may_be_given_itself():
    assert check(square, doubled, X, device=jax.devices()[0]).ok


def test_autodiff_of_numpy_code_is_that_of_its_twin():
    assert np.allclose(estimate(square, X, method="reverse").value, 2 * X)
    assert locate(square, None, X).ok
