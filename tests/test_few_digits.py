"""Values of fewer digits than float64 has, as host functions give them: the bars hold."""

from itertools import product

import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from sweeps import sweep

from gradcompare import Estimate, Judgement, PointResult, Verdict, check, estimate
from gradcompare._results.judgement.fairness import fair


def least_squares(rng):
    X = rng.standard_normal((20, 4)).astype(np.float32)
    y = rng.standard_normal(20).astype(np.float32)

    def exact(w):
        return float(np.sum((X.astype(float) @ w - y.astype(float)) ** 2))

    def single(w):
        return float(np.sum((X @ w.astype(np.float32) - y) ** 2))

    def gradient(w):
        return 2 * X.astype(float).T @ (X.astype(float) @ w - y.astype(float))

    return exact, single, gradient


def logits(rng):
    X = rng.standard_normal((20, 4)).astype(np.float32)
    yes = rng.standard_normal(20) > 0

    def exact(w):
        z = X.astype(float) @ w
        return float(np.sum(np.logaddexp(0, z) - yes * z))

    def single(w):
        z = X @ w.astype(np.float32)
        return np.sum(np.logaddexp(np.float32(0), z) - yes * z, dtype=np.float32)

    def gradient(w):
        z = X.astype(float) @ w
        return X.astype(float).T @ (1 / (1 + np.exp(-z)) - yes)

    return exact, single, gradient


KINDS = {
    "computed in float32": lambda exact, single: single,
    "rounded to float32": lambda exact, single: lambda w: float(np.float32(exact(w))),
    "printed with 7 digits": lambda exact, single: lambda w: float(f"{exact(w):.7g}"),
    "rounded to 8 decimals": lambda exact, single: lambda w: round(exact(w), 8),
    "rounded to 5 decimals": lambda exact, single: lambda w: round(exact(w), 5),
}


MAKERS = [least_squares, logits]


@pytest.mark.parametrize("seed", sweep(range(10)))
@pytest.mark.parametrize(
    ("make", "kind"),
    sweep(product(MAKERS, KINDS), [(MAKERS[turn % 2], kind) for turn, kind in enumerate(KINDS)]),
)
def test_right_gradients_are_not_accused(make, kind, seed):
    rng = np.random.default_rng(seed)
    exact, single, gradient = make(rng)
    result = check(KINDS[kind](exact, single), gradient, rng.standard_normal(4), seed=seed)
    assert result.ok, str(result)


@pytest.mark.parametrize("kind", sweep(KINDS, every=2))
def test_a_wrong_gradient_is_still_seen(kind):
    rng = np.random.default_rng(0)
    exact, single, gradient = least_squares(rng)
    result = check(
        KINDS[kind](exact, single), lambda w: 1.001 * gradient(w), rng.standard_normal(4)
    )
    assert result.verdict.name == "ANALYTIC_WRONG"


def test_the_slope_of_a_staircase_whose_steps_are_those_of_the_spacing():
    """Neighbouring values differ by one unit each, so that differences show no noise."""
    rng = np.random.default_rng(31)
    X, w0 = rng.standard_normal((20, 4)), rng.standard_normal(4)
    y = X @ w0 + 0.3 * rng.standard_normal(20)
    x = w0 + 0.5 * rng.standard_normal(4)
    found = estimate(lambda w: round(float(np.sum((X @ w - y) ** 2)), 8), x)
    off = np.abs(found.value - 2 * X.T @ (X @ x - y))
    assert np.all(off <= found.error)
    assert np.all(found.error < 1e-5)


NARROW = np.random.default_rng(0).standard_normal((20, 4)).astype(np.float32)
POINT = np.array([1.0, -0.5, 0.3, 2.0])


def fit(w):
    return jnp.sum((jnp.asarray(NARROW) @ w - 1) ** 2)


EXACT = {
    "2 * X.T @ r": lambda w, X: 2 * X.T @ (X @ w - 1),
    "-2 * X.T @ -r": lambda w, X: -2 * X.T @ -(X @ w - 1),
    "rows": lambda w, X: jnp.concatenate([X[:9], X[9:]]).T @ (2 * (X @ w - 1)),
}


@pytest.mark.parametrize("case", EXACT)
def test_narrow_data_that_are_only_moved_about_are_not_rounded(case):
    result = check(fit, lambda w: EXACT[case](w, jnp.asarray(NARROW)), POINT)
    assert result.ok, str(result)
    assert "less than float64" not in str(result)


def test_narrow_data_that_are_computed_with_are_rounded():
    result = check(fit, lambda w: 3 * jnp.asarray(NARROW).T @ (2 / 3 * (NARROW @ w - 1)), POINT)
    assert "analytic computes in " in str(result)


def saturated(x):
    p = 1 / (1 + np.exp(-x))
    return float(-np.sum(np.log(1 - p)))  # 1 - p has four digits at 28


def test_one_stair_of_many_is_no_derivative_of_zero():
    x = np.array([28.0, 0.4, -1.0])
    e = estimate(saturated, x)
    assert np.all(np.abs(e.value - 1 / (1 + np.exp(-x))) <= 3 * e.error), e
    assert np.all(e.error[1:] < 1e-11)


def insensitive(x):
    return float(np.sum(np.maximum(np.abs(x - 1) - 1e-3, 0)))


def test_beyond_a_plateau_there_is_no_stair():
    e = estimate(insensitive, np.array([1.0, 0.5]))
    assert e.value[0] == 0
    assert e.error[0] < 1e-9


@pytest.mark.parametrize("x", [[29.0654, -16.8065], [32.43, 31.605, -29.4635, -25.176], [21.7]])
def test_a_flat_value_shows_no_digit_below_its_last(x):
    """tanh(22) is 1 in float64, and its derivative 3e-19: f has no digit of it."""

    def value(x):
        return float(np.sum(np.tanh(np.asarray(x))) / len(x))

    def gradient(x):
        return 1 / np.cosh(np.asarray(x)) ** 2 / len(x)

    result = check(value, gradient, x)
    assert not result.verdict.name.endswith("WRONG"), str(result)
    # The last digit hides no more than it holds.
    wrong = check(value, lambda x: gradient(x) + 1e-10, x)
    assert wrong.verdict is Verdict.ANALYTIC_WRONG


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("seed", range(4))
def test_stairs_of_a_narrow_type_on_the_host_convict_nobody(dtype, seed):
    rng = np.random.default_rng(seed)
    W, b, last = rng.standard_normal((6, 3)), rng.standard_normal(6), rng.standard_normal(6)

    def value(x):
        inner = (W.astype(dtype) @ np.asarray(x, dtype) + b.astype(dtype)).astype(dtype)
        return float(last @ np.tanh(inner).astype(float))

    def gradient(x):
        return W.T @ (last / np.cosh(W @ np.asarray(x, float) + b) ** 2)

    result = check(value, gradient, rng.standard_normal(3))
    assert not result.verdict.name.endswith("WRONG"), str(result)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", sweep(range(6)))
def test_digits_that_cancel_convict_nobody_whose_derivative_f_follows(seed):
    """Within a stair of √(1 + a²) − 1, f has the slope of its other term alone."""
    small = 1.9e-4

    def value(x):
        a = small * (x - np.arange(6) / 3)
        return float(np.mean(((np.sqrt(1 + a**2) - 1) / small**2) ** 2) + np.sum(np.cos(x)) / 6)

    def gradient(x):
        a = small * (x - np.arange(6) / 3)
        inner = a**2 / (1 + np.sqrt(1 + a**2)) / small**2
        return 2 * inner * a / np.sqrt(1 + a**2) / small / 6 - np.sin(x) / 6

    x = np.random.default_rng(seed).uniform(-2, 2, 6)
    result = check(value, gradient, x)
    assert not result.verdict.name.endswith("WRONG"), str(result)
    wrong = check(value, lambda x: gradient(x) * [1, 1, 1.1, 1, 1, 1], x)
    assert not wrong.ok


@pytest.mark.parametrize(
    ("derivative", "bar", "hidden"),
    [(1e-78, 0.0, True), (1e-12, 0.0, False), (1e-78, 1e-80, False)],
)
def test_a_drawn_point_where_f_has_no_digit_of_the_derivative(derivative, bar, hidden):
    """Far from x0, log(1 + e) is 0 at all steps; its derivative is right all the same."""

    def point(label, value, verdict, analytic, differences, error):
        exact = Estimate(np.array([analytic]), np.array([1e-16 * abs(analytic)]))
        quotients = Estimate(np.array([differences]), np.array([error]))
        judgement = Judgement(verdict, faulty=() if verdict.ok else (0,))
        votes = {"analytic": exact, "richardson": quotients}
        sources = {"analytic": "analytic", "differences": "richardson"}
        x = np.array([2.0])
        return PointResult(label, x, value, judgement, estimates=votes, sources=sources)

    first = point("x0", 0.7, Verdict.AGREE, 1.0, 1.0, 1e-13)
    drawn = point("far from x0", 0.0, Verdict.ANALYTIC_WRONG, derivative, 0.0, bar)
    assert bool(fair([first, drawn])[1].abstains) is hidden
