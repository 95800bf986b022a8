"""Breaks of smoothness, kinks and jumps near the point: bars hold, errors alone are accused."""

import functools
from itertools import product

import numpy as np
import pytest
from sweeps import sweep

import gradcompare
from gradcompare import estimate

check = functools.partial(gradcompare.check, points=1)

SAFETY = 3.0
"""Error bars that a right derivative may be off by."""


def holds(e, truth) -> bool:
    return bool(np.all(np.abs(e.value - truth) <= SAFETY * e.error))


SIZES, SIDES = [1e-4, 1e-2, 1.0, 30.0], [-1, 1]


@pytest.mark.parametrize(
    ("size", "side"),
    sweep(product(SIZES, SIDES), [(size, SIDES[turn % 2]) for turn, size in enumerate(SIZES)]),
)
def test_the_bar_holds_beside_a_jump_of_the_second_derivative(size, side):
    for exponent in np.arange(-7, -0.9, 0.5):
        x = np.array([1 + side * 10.0**exponent])

        def f(x):
            return np.sin(3 * x[0]) + 4 * np.cos(x[0]) - size * max(x[0] - 1, 0) ** 2

        truth = 3 * np.cos(3 * x) - 4 * np.sin(x) - 2 * size * np.maximum(x - 1, 0)
        assert holds(estimate(f, x), truth), exponent


def huber(rng):
    X, y = rng.standard_normal((3000, 8)), 3 * rng.standard_normal(3000)

    def value(w):
        a = np.abs(X @ w - y)
        return np.sum(np.where(a < 1.35, a**2 / 2, 1.35 * a - 1.35**2 / 2))

    return value, lambda w: X.T @ np.clip(X @ w - y, -1.35, 1.35), rng.standard_normal(8)


def squared_hinge(rng):
    X, y = rng.standard_normal((900, 6)), rng.choice([-1.0, 1.0], 900)

    def value(w):
        return np.sum(np.maximum(0, 1 - y * (X @ w)) ** 2)

    def gradient(w):
        return -2 * X.T @ (y * np.maximum(0, 1 - y * (X @ w)))

    return value, gradient, rng.standard_normal(6)


def relu_network(rng):
    X, t = rng.standard_normal((1000, 3)), rng.standard_normal(1000)

    def parts(w):
        W, v = w[:15].reshape(3, 5), w[15:]
        return W, v, X @ W

    def value(w):
        _, v, h = parts(w)
        return np.mean((np.maximum(h, 0) @ v - t) ** 2)

    def gradient(w):
        _, v, h = parts(w)
        e = 2 * (np.maximum(h, 0) @ v - t) / len(t)
        by_matrix = X.T @ ((e[:, None] * v) * (h > 0))
        return np.concatenate([by_matrix.ravel(), np.maximum(h, 0).T @ e])

    return value, gradient, rng.standard_normal(20)


def truncated_pairs(rng):
    n, cut = 24, 2.5
    i, j = np.triu_indices(n, 1)
    grid = np.stack(np.meshgrid(*[np.arange(3)] * 3), -1).reshape(-1, 3)[:n]

    def slope(r):
        return 4 * (6 * r**-7 - 12 * r**-13)

    def pairs(x):
        d = x.reshape(n, 3)[i] - x.reshape(n, 3)[j]
        return d, np.sqrt(np.sum(d**2, 1))

    def value(x):
        _, r = pairs(x)
        shifted = 4 * (r**-12 - r**-6) - 4 * (cut**-12 - cut**-6) - slope(cut) * (r - cut)
        return np.sum(np.where(r < cut, shifted, 0.0))

    def gradient(x):
        d, r = pairs(x)
        force = (np.where(r < cut, slope(r) - slope(cut), 0.0) / r)[:, None] * d
        out = np.zeros((n, 3))
        np.add.at(out, i, force)
        np.add.at(out, j, -force)
        return out.ravel()

    return value, gradient, (1.15 * grid + 0.05 * rng.standard_normal((n, 3))).ravel()


PIECES = (huber, squared_hinge, relu_network, truncated_pairs)


@pytest.mark.parametrize("seed", sweep(range(4)))
@pytest.mark.parametrize("make", PIECES, ids=lambda make: make.__name__)
def test_sums_of_pieces(make, seed):
    value, gradient, x = make(np.random.default_rng(seed))
    assert holds(estimate(value, x), gradient(x))
    assert check(value, gradient, x).ok
    wrong = np.ones(len(x))
    wrong[seed] = 1 + 1e-5
    found = check(value, lambda x: wrong * gradient(x), x)
    assert found.verdict.name in ("ANALYTIC_WRONG", "ANALYTIC_INEXACT")


def side(x):
    return np.where(x >= 0, 1.0, -1.0)


EVEN = {
    "exp(-|x|)": (lambda x: np.exp(-abs(x)), lambda x: -side(x) * np.exp(-abs(x))),
    "|sin x|": (lambda x: abs(np.sin(x)), lambda x: np.cos(x) * side(np.sin(x))),
    "log(1 + |x|)": (lambda x: np.log1p(abs(x)), lambda x: side(x) / (1 + abs(x))),
    "tanh |x|": (lambda x: np.tanh(abs(x)), lambda x: side(x) / np.cosh(x) ** 2),
    "|x| + x^2": (lambda x: abs(x) + x**2, lambda x: side(x) + 2 * x),
}


PLACES = [0.0, 1.0, -300.0]


@pytest.mark.parametrize(
    ("name", "at"),
    sweep(product(EVEN, PLACES), [(name, PLACES[turn % 3]) for turn, name in enumerate(EVEN)]),
)
def test_kinks_of_even_functions(name, at):
    f, g = EVEN[name]
    assert check(lambda x: f(x - at), lambda x: g(x - at), at).verdict.name == "VALID_SUBGRADIENT"
    steep = check(lambda x: f(x - at), lambda x: 3 * g(x - at), at)
    assert steep.verdict.name in ("ANALYTIC_WRONG", "ANALYTIC_INEXACT")


def test_a_kink_beside_the_point_is_none_at_it():
    e = estimate(lambda x: np.abs(x[0] - 1e-7) + np.sin(x[0]), np.array([0.0]))
    assert not e.kinked.any()
    assert holds(e, 0.0)


@pytest.mark.parametrize("offset", [0.0, 5.0])
def test_a_value_beside_the_curve_is_a_jump(offset):
    def value(x):
        return offset + np.sum(np.where(x == 0, 0.0, np.cos(x)))

    found = check(value, lambda x: -np.sin(x), np.array([0.0, 0.7]))
    assert found.verdict.name == "INCONCLUSIVE"
    assert "f jumps" in str(found)
    assert "x[0]" in str(found)
