"""Which points are looked at beside the one given, and what is said about a poor one."""

import math

import jax.numpy as jnp
import numpy as np
import pytest

from gradcompare import Objective, Verdict, check, compare
from gradcompare._model.problem import Problem
from gradcompare._points.sampling import around, lint


def problem(x, data=None, **bounds) -> Problem:
    objective = Objective("any", lambda x, d: jnp.sum(x), lambda rng, n: (x, data), **bounds)
    return Problem.at(objective, np.asarray(x), data, "x0")


def drawn(x, count=4, seed=0, value_at=lambda problem: 1.0, **bounds):
    return list(around(problem(x, **bounds), range(1, count + 1), seed, value_at))


def test_points_are_near_and_far_by_turns():
    x = np.array([1.0, -2.0, 0.5])
    points = drawn(x)
    assert [p.label for p in points[:2]] == ["near x0", "far from x0"]
    assert len({p.label for p in points}) == 4
    for point in points:
        assert len(np.unique(point.params)) == 3
        assert not np.any(point.params == x)
    assert np.max(abs(points[0].params / x - 1)) < np.max(abs(points[1].params / x - 1))


def test_same_seed_same_points():
    x = np.ones(5)
    for one, same, other in zip(drawn(x), drawn(x), drawn(x, seed=1), strict=True):
        np.testing.assert_array_equal(one.params, same.params)
        assert not np.array_equal(one.params, other.params)


@pytest.mark.parametrize("x", [[0.0, 0.0], [1.0, 0.5], [1e-9, 1.0]])
def test_points_stay_inside(x):
    for point in drawn(x, count=20, lower=0.0, upper=1.0):
        assert np.all((point.params >= 0) & (point.params <= 1))


def test_a_point_without_a_value_is_moved_back():
    x = np.array([1.0, 2.0])
    for point in drawn(x, count=10, value_at=lambda p: math.nan if np.any(p.params <= 0) else 1.0):
        assert np.all(point.params > 0)
    assert drawn(x, value_at=lambda p: math.nan) == []


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_a_far_point_where_one_term_towers_above_all_others_is_moved_back(scale):
    """A pole: the value is 1e40 times as large in the left half as it is about x0."""
    x = np.array([1.0, 2.0])

    def value_at(point):
        return scale * (1e40 if np.any(point.params < 0) else 1.0)

    points = drawn(x, count=20, value_at=value_at)
    assert [p.label.startswith("near") for p in points] == [True, False] * 10
    assert all(np.all(p.params > 0) for p in points if p.label.startswith("far"))


def test_far_points_of_an_optimum_stay_where_they_are():
    """The value at x0 is rounding; that near x0 says what is ordinary. Nor does 0 say it."""
    x = np.array([1.0, 2.0])
    for least in (1e-30, 0.0):
        points = drawn(x, value_at=lambda p, least=least: float(sum((p.params - x) ** 2)) + least)
        for point, where_it_was in zip(points, drawn(x), strict=True):
            np.testing.assert_array_equal(point.params, where_it_was.params)
    for point, where_it_was in zip(
        drawn(x, value_at=lambda p: float(p.label.startswith("far"))), drawn(x), strict=True
    ):
        np.testing.assert_array_equal(point.params, where_it_was.params)


LINT = {
    "all parameters equal 1": (np.ones(3), None, {}),
    "at a bound: x[1]": (np.array([0.5, 0.0]), None, {"lower": 0.0}),
    "all data are zero": (np.array([1.0, 2.0]), np.zeros(4), {}),
}


@pytest.mark.parametrize("said", LINT)
def test_poor_points_are_named(said):
    x, data, bounds = LINT[said]
    sentences = lint(problem(x, data, **bounds))
    assert len(sentences) == 1
    assert sentences[0].startswith(said)


def test_nothing_is_said_about_a_generic_point():
    assert lint(problem([0.3, -1.2], np.array([1.0, 0.0]))) == ()


def rosenbrock(t):
    return 100 * (t[1] - t[0] ** 2) ** 2 + (1 - t[0]) ** 2


def faulty(t):
    """∂/∂t₁ has a factor t₀ too much, which is 1 at the point of ones."""
    r = t[1] - t[0] ** 2
    return jnp.stack([-400 * t[0] * r - 2 * (1 - t[0]), 200 * t[0] * r])


def test_a_fault_that_ones_hide_is_found_elsewhere():
    result = check(rosenbrock, faulty, [1.0, 1.0])
    assert result.verdict is Verdict.ANALYTIC_WRONG
    verdicts = {p.label: p.judgement.verdict for p in result.results[0].points}
    assert verdicts["x0"] is Verdict.AGREE
    assert "x0: all parameters equal 1" in str(result)
    assert "x0: stationary" in str(result)
    alone = check(rosenbrock, faulty, [1.0, 1.0], points=1)
    assert alone.verdict is Verdict.INCONCLUSIVE


def test_special_points_are_looked_at():
    result = compare("rosenbrock", timing=False, points=1).results[0]
    assert [p.label for p in result.points] == ["draw 1 of seed 0", "minimum", "start"]


def test_a_stationary_point_verifies_nothing():
    result = check(lambda x: jnp.sum((x - 1) ** 2), lambda x: 5 * (x - 1), np.ones(3), points=1)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "nothing was verified" in str(result)


def test_a_value_that_raises_outside_of_its_domain_is_no_failure():
    """The points drawn around x0, and far from it, may lie outside."""

    def value(x):
        return sum(math.log(float(v)) for v in np.asarray(x))

    (result,) = check(value, lambda x: 1 / np.asarray(x), np.array([0.05, 3.0, 40.0]))
    assert result.ok


@pytest.mark.sweep
def test_a_gradient_that_is_not_finite_beside_the_point_is_not_right_for_it():
    """One unit in the last place further, the point is outside of the domain."""

    def value(x):
        return jnp.sum(jnp.where(x <= 1, 1 - x, jnp.nan) ** 1.5) + jnp.sum(x)

    def wrong(x):
        return (1 - 1.5 * jnp.sqrt(1 - x)).at[0].set(7 * (1 + 0 * jnp.sqrt(1 - x[0])))

    (result,) = check(value, wrong, np.array([1.0, 0.3]), bounds=(-np.inf, 1.0), points=1)
    assert result.verdict is Verdict.ANALYTIC_WRONG
    (result,) = check(value, wrong, np.array([1.0, 0.3]), points=1)
    assert result.verdict is not Verdict.AGREE


@pytest.mark.parametrize("factor", [1.0, -1.0])
def test_a_gradient_that_fails_at_a_drawn_point_is_judged_by_the_others(factor):
    x0 = np.array([1.1, 0.9])

    def value(p):
        return float(np.sum(np.exp([each.item() for each in p])))

    def gradient(p):
        if np.max(np.abs(p - x0)) > 0.5:
            raise ValueError("the step is too small")
        return factor * np.exp(p)

    comparison = check(value, gradient, x0)
    verdict = Verdict.AGREE if factor > 0 else Verdict.ANALYTIC_WRONG
    assert comparison.verdict is verdict
    assert "far from x0: NOT_A_CHECK, but it does not vote: analytic: ValueError" in str(
        comparison
    )
