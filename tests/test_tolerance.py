"""Small differences, accuracies that the user accepts, and tolerances that are tightened."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

import gradcompare
from gradcompare import InputError, Verdict, check

RATE = np.random.default_rng(5)
W = RATE.standard_normal((4, 4))
W *= 0.8 / np.linalg.norm(W, 2)
C, X0 = RATE.standard_normal(4), RATE.standard_normal(4)


def fixed_point(p, tol):
    z = np.zeros(4)
    for _ in range(500):
        new = np.tanh(W @ z + p)
        if np.linalg.norm(new - z) < tol:
            return new
        z = new
    return z


def value(p, tol):
    return C @ fixed_point(p, tol)


def gradient(p, tol):
    slope = 1 - fixed_point(p, tol) ** 2
    return slope * np.linalg.solve((np.eye(4) - slope[:, None] * W).T, C)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(8))
def test_a_loop_that_stops_at_rounding_almost_is_its_tolerance(seed):
    """The bars of differences are as wide as the gap there; the exact sources show it."""
    rng = np.random.default_rng(seed)
    weights = rng.standard_normal((4, 4))
    weights *= 0.6 / np.linalg.norm(weights, 2)
    b = rng.standard_normal(4)

    def layer(b, w):
        def moves(state):
            return jnp.max(jnp.abs(state[0] - state[1])) > 1e-12

        def turn(state):
            return state[1], jnp.tanh(w @ state[1] + b)

        return jax.lax.while_loop(moves, turn, (jnp.ones(4) * 9, jnp.zeros(4)))[1]

    def implicit(b, w, factor=1.0):
        z = layer(b, w)
        slope = 1 - z * z
        return factor * slope * jnp.linalg.solve(jnp.eye(4) - w.T * slope, 2 * z)

    def loss(b, w):
        return jnp.sum(layer(b, w) ** 2)

    right = check(loss, implicit, b, weights)
    assert right.verdict in (Verdict.ANALYTIC_INEXACT, Verdict.AGREE)
    assert right.ok or "the tolerance of f, not the formula" in str(right)
    wrong = check(loss, lambda b, w: implicit(b, w, 1 + 1e-9), b, weights)
    assert not wrong.ok
    assert "the tolerance of f, not the formula" not in str(wrong)


@pytest.mark.parametrize("tol", sweep([1e-6, 1e-8, 1e-10], {1e-8}))
def test_a_solver_that_stops_leaves_an_inexact_gradient(tol):
    result = check(value, gradient, X0, tol)
    assert result.verdict in (Verdict.ANALYTIC_INEXACT, Verdict.AGREE)
    assert not result.ok or result.results[0].agrees_to < 10 * tol
    assert check(value, gradient, X0, tol, accuracy=100 * tol).verdict is Verdict.AGREE


@pytest.mark.parametrize("tol", sweep([1e-6, 1e-9]))
@pytest.mark.parametrize(
    "fault", [lambda g: -g, lambda g: g / 2, lambda g: g * np.array([1, 1, 0, 1])]
)
def test_a_wrong_gradient_is_wrong_at_any_accuracy(tol, fault):
    wrong = check(value, lambda p, t: fault(gradient(p, t)), X0, tol, accuracy=1e-3)
    assert wrong.verdict is Verdict.ANALYTIC_WRONG, str(wrong)


def test_the_report_says_which_accuracy_to_accept():
    result = check(value, gradient, X0, 1e-6, points=1)
    assert "the analytic derivative is right to " in str(result)
    assert "give accuracy=1e-0" in str(result)
    said = str(check(value, gradient, X0, 1e-6, accuracy=1e-3, points=1))
    assert "the derivative is right to accuracy=0.001" in said
    assert "agrees to " in said


def test_the_gap_shrinks_with_the_tolerance():
    result = check(value, gradient, X0, 1e-6, tighter="tol", points=1)
    assert "the gap shrank from " in str(result)
    pair = (lambda p, tol: value(p, tol / 100), lambda p, tol: gradient(p, tol / 100))
    assert "the gap shrank from " in str(check(value, gradient, X0, 1e-6, tighter=pair, points=1))


def test_a_small_error_of_the_formula_stays():
    def wrong(p, tol):
        return gradient(p, tol) + 1e-4 * np.sin(p)

    result = check(value, wrong, X0, 1e-8, tighter="tol", points=1)
    assert result.verdict is Verdict.ANALYTIC_WRONG
    assert "not the tolerance of f" in str(result)


@pytest.mark.parametrize("tighter", ["rtol", 3, (value,)])
def test_what_tighter_cannot_be(tighter):
    with pytest.raises(InputError, match="tighter is"):
        check(value, gradient, X0, 1e-6, tighter=tighter)


@pytest.mark.parametrize("accuracy", [0.0, -1e-3, 2.0, np.nan])
def test_what_an_accuracy_cannot_be(accuracy):
    with pytest.raises(InputError, match="accuracy"):
        check(value, gradient, X0, 1e-6, accuracy=accuracy)


def test_loops_of_jax_run_on():
    def looped(p):
        def go(state):
            return jnp.tanh(W @ state[0] + p), state[0]

        start = (jnp.zeros(4), jnp.ones(4))
        stop = jax.lax.while_loop(lambda s: jnp.linalg.norm(s[0] - s[1]) > 1e-4, go, start)
        return C @ stop[0]

    def implicit(p):
        return gradient(np.asarray(p), 1e-14)

    result = check(looped, implicit, X0, points=1)
    assert result.verdict is Verdict.ANALYTIC_INEXACT, str(result)
    assert "with loops that run on for 60 turns: the tolerance of f" in str(result)


def test_a_gradient_that_differs_from_call_to_call_is_named():
    rng = np.random.default_rng(0)
    result = check(
        lambda x: float(x @ x), lambda x: 2 * np.array(x) * (rng.random(60) > 0.1), np.ones(60)
    )
    assert result.verdict is Verdict.STOCHASTIC
    assert "the gradient gives different numbers at the same point" in str(result)


def test_a_value_that_remembers_is_told():
    last = np.zeros(4)

    def warm(p):
        nonlocal last
        for _ in range(4):
            last = np.tanh(W @ last + p)
        return float(C @ last)

    said = str(check(warm, lambda p: gradient(p, 1e-14), X0, points=1))
    assert "f depends on what was called before" in said


def test_locate_takes_an_accuracy():
    loose = gradcompare.locate(value, gradient, X0, 1e-5)
    assert not loose.ok
    assert gradcompare.locate(value, gradient, X0, 1e-5, accuracy=1e-3).ok


def test_a_derivative_that_holds_at_the_point_alone():
    def meant(v):
        return np.cos(v) * 0 + 1.0  # right at v = 0

    said = str(check(lambda v: float(np.sum(np.sin(v))), meant, np.zeros(3)))
    assert "agrees at x0 itself" in said
    assert "points=1" in said


def test_autodiff_given_as_the_gradient_is_refuted_by_differences():
    def value(x):
        return jnp.sum(jnp.where(x == 0, 0.0, x * jnp.exp(x)))

    assert check(value, jax.grad(value), np.zeros(2)).verdict is Verdict.AUTODIFF_WRONG
    smooth = lambda x: jnp.sum(jnp.sin(x))  # noqa: E731
    assert check(smooth, jax.grad(smooth), np.ones(2)).verdict is Verdict.NOT_A_CHECK


def test_a_mistake_that_formula_and_autodiff_share():
    def value(x):
        safe = jnp.where(x == 0, 1.0, x)
        return jnp.sum(jnp.where(x == 0, 1.0, (jnp.exp(safe) - 1) / safe))

    def wrong(x):
        safe = jnp.where(x == 0, 1.0, x)
        return jnp.where(x == 0, 0.0, (jnp.exp(safe) * (safe - 1) + 1) / safe**2)

    assert check(value, wrong, np.array([0.0, 1.0])).verdict is Verdict.BOTH_WRONG
