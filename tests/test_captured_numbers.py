"""Numbers that a function captures: their rounding counts before a source is accused."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from sweeps import sweep

from gradcompare import Verdict, check
from gradcompare._introspection.twin.moved import with_moved_numbers

SIZE = 6


def system(seed, condition=1e6):
    rng = np.random.default_rng(seed)
    Q, R = (np.linalg.qr(rng.standard_normal((SIZE, SIZE)))[0] for _ in range(2))
    A = Q @ np.diag(np.logspace(0, -np.log10(condition), SIZE)) @ R
    return A, *(rng.standard_normal(SIZE) for _ in range(3))


def in_a_closure(seed, error=0.0):
    """NumPy solves the adjoint system before JAX traces anything of the gradient."""
    A, b, c, x = system(seed)

    def value(x):
        return c @ np.linalg.solve(A, b * (1 + x**2))

    def gradient(x):
        return (1 + error) * 2 * x * b * np.linalg.solve(A.T, c)

    return value, gradient, x


def value_of(A, b, c, x):
    return float(c @ np.linalg.solve(A, b * (1 + x**2)))


def gradient_of(A, b, c, x, error=0.0):
    g = np.empty(SIZE)
    g[:] = (1 + error) * 2 * x * b * np.linalg.solve(A.T, c)
    return g


def in_a_partial(seed, error=0.0):
    A, b, c, x = system(seed)
    return partial(value_of, A, b, c), partial(gradient_of, A, b, c, error=error), x


class Model:
    def __init__(self, A, b, c, error):
        self.A, self.b, self.c, self.error = A, b, c, error

    def value(self, x):
        return value_of(self.A, self.b, self.c, x)

    def gradient(self, x):
        return gradient_of(self.A, self.b, self.c, x, self.error)


def in_an_object(seed, error=0.0):
    *arrays, x = system(seed)
    model = Model(*arrays, error)
    return model.value, model.gradient, x


KINDS = (in_a_closure, in_a_partial, in_an_object)
SEEDS = sweep(range(8), (0,))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", SEEDS)
def test_rounding_that_a_captured_matrix_amplifies_is_no_error(kind, seed):
    result = check(*kind(seed))
    assert result.verdict is Verdict.AGREE, result


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", SEEDS)
def test_an_error_above_that_rounding_is_found(kind, seed):
    """The rounding is about 1e-10 of the gradient."""
    result = check(*kind(seed, error=1e-7))
    assert result.verdict in (Verdict.ANALYTIC_WRONG, Verdict.ANALYTIC_INEXACT), result
    result = check(*kind(seed, error=1e-2))
    assert result.verdict is Verdict.ANALYTIC_WRONG, result


SCALE = 0.3
LABELS = np.array([1.0, 2.0, 3.0])


def with_everything():
    """Returns a function that captures numbers in each way, and what it captures."""
    weights, rows, calls = np.array([0.1, 0.7]), [0.2, {"a": 0.4}], SimpleNamespace(number=0)

    def inner(x, power=1.5):
        return x**power * weights.sum()

    def outer(x):
        calls.number += 1
        return SCALE * inner(x) + rows[0] + rows[1]["a"] + LABELS[1] + SCALE

    return outer, (weights, rows, calls)


def test_a_copy_moves_each_number_and_leaves_the_users_own():
    function, (weights, rows, _) = with_everything()
    moved = []

    def double(number):
        moved.append(np.array(number))
        return 2 * np.asarray(number)

    copy = with_moved_numbers(function, double)
    assert copy(1.0) == pytest.approx(0.6 * 1.6 + 0.4 + 0.8 + 4.0 + 0.6)
    assert copy(2.0) == pytest.approx(0.6 * 2.0**3.0 * 1.6 + 5.8)
    np.testing.assert_array_equal(weights, [0.1, 0.7])
    assert rows == [0.2, {"a": 0.4}]
    assert SCALE == 0.3
    assert inner_default(function) == (1.5,)
    assert function(1.0) == pytest.approx(0.3 * 0.8 + 0.6 + 2.0 + 0.3)


def inner_default(function):
    cells = dict(zip(function.__code__.co_freevars, function.__closure__, strict=True))
    return cells["inner"].cell_contents.__defaults__


def test_what_captures_no_number_has_no_copy():
    assert with_moved_numbers(lambda x: np.sum(x), np.array) is None


def test_a_copy_that_cannot_run_changes_nothing():
    """The copy of an array is another object, which this function refuses."""
    A, b, c, x = system(0)
    known = id(A)

    def gradient(x):
        if id(A) != known:
            raise RuntimeError("not mine")
        return gradient_of(A, b, c, x)

    result = check(lambda x: value_of(A, b, c, x), gradient, x)
    assert result.verdict is Verdict.ANALYTIC_INEXACT, result
    assert "not mine" not in str(result)
