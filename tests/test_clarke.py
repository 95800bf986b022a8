"""Ties and kinks: elements of Clarke's generalised gradient pass, and no other vector does."""

import functools
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from families_ties import ties
from sweeps import sweep

import gradcompare
from gradcompare import Verdict
from gradcompare._results.judgement.clarke import nearest
from gradcompare._results.judgement.single_source import against_judge

check = functools.partial(gradcompare.check, points=1)

NAMES = [tie.name for tie in ties(0)]
FAMILIES = {name.partition(" of ")[0]: number for number, name in reversed([*enumerate(NAMES)])}
"""The first number of each family, which has the fewest entries; quantiles are of the kind of
order and median, and |x| is of that of hinges."""

RIGHT = (Verdict.VALID_SUBGRADIENT, Verdict.AGREE)


def verdict_on(tie, vector) -> Verdict:
    return check(lambda x: tie.f(x), lambda x: vector.copy(), tie.x).verdict


@pytest.mark.parametrize(
    ("seed", "number"),
    sweep(
        product(range(2), range(len(NAMES))),
        [(0, FAMILIES[name]) for name in FAMILIES.keys() - {"order", "median", "hinges"}],
    ),
)
def test_elements_are_right_and_others_are_wrong(seed, number):
    tie = [*ties(seed)][number]
    on_elements = [verdict_on(tie, g) for g in tie.elements]
    on_others = [verdict_on(tie, g) for g in tie.others]
    assert set(on_elements) <= set(RIGHT), (tie, on_elements)
    assert set(on_others) <= {Verdict.ANALYTIC_WRONG}, (tie, on_others)


def test_without_directions_single_coordinates_decide(monkeypatch):
    """What the tests here would not notice otherwise: weights of tied entries that add to 2."""
    value, x = lambda x: float(np.max(x)), np.full(3, 1.5)
    assert check(value, lambda x: np.ones(3), x).verdict is Verdict.ANALYTIC_WRONG
    name = "gradcompare._engine.point.examination.at_kink"
    monkeypatch.setattr(name, lambda evaluator, votes, judgement: (dict(votes), None))
    assert check(value, lambda x: np.ones(3), x).verdict is Verdict.VALID_SUBGRADIENT


EQUAL = np.full(4, 1.5)


@pytest.mark.parametrize(
    ("value", "x"),
    [
        (jnp.median, EQUAL),
        (lambda x: jnp.quantile(x, 0.3), EQUAL),
        (jnp.median, np.array([1.0, 2.0, 2.0, -1.0])),
        (lambda x: jnp.sort(x) @ jnp.array([1.0, 2.0, 4.0, -1.0]), EQUAL),
        (jnp.max, EQUAL),
        (lambda x: jnp.minimum(jnp.maximum(x[0], x[1]), jnp.maximum(x[2], x[3])), EQUAL),
        (lambda x: jnp.sum(jax.nn.relu(x) + jax.nn.relu(-x)), np.array([0.0, 1.0])),
    ],
)
def test_autodiff_at_ties_is_right(value, x):
    result = check(value, None, x)
    assert result.verdict is Verdict.VALID_SUBGRADIENT, str(result)


def test_autodiff_is_wrong_where_two_kinks_cancel():
    """relu(x) − relu(−x) is x, but jax takes 0 for both slopes at 0."""
    result = check(lambda x: jnp.sum(jax.nn.relu(x) - jax.nn.relu(-x)), None, np.array([0.0, 1.0]))
    assert result.verdict is Verdict.AUTODIFF_WRONG
    assert result.results[0].points[0].judgement.faulty == (0,)


def test_the_direction_is_named():
    """f(x + t) = f(x) + t: the entries have to add up to 1."""
    text = str(check(jnp.max, lambda x: jnp.ones(2), EQUAL[:2]))
    assert "no element of Clarke's generalised gradient" in text
    assert "along u = (1, 1) f rises by at most 1, the derivative predicts 2" in text


def test_slopes_nearby_are_shown_where_one_sided_derivatives_do_not_bound_them():
    text = str(check(jnp.median, None, EQUAL))
    assert "(least | largest nearby)" in text
    assert "at points nearby f has slopes that are not between the one-sided derivatives" in text


@pytest.mark.parametrize("shift", [0.0, 1e-6], ids=["right", "wrong"])
def test_a_smooth_coordinate_is_judged_by_its_own_difference(shift):
    x = np.array([1.5, 1.5, 0.2])
    gradient = np.array([1.0, 0, 0]) + np.cos(x) + np.array([0, 0, shift])
    result = check(lambda x: float(np.max(x) + np.sum(np.sin(x))), lambda x: gradient, x)
    assert result.ok is (shift == 0), str(result)
    judgement = result.results[0].points[0].judgement
    assert (judgement.faulty == (2,)) is (shift != 0)


@pytest.mark.parametrize("d", sweep([13, 60]))
@pytest.mark.sweep
def test_many_entries_are_tied(d):
    x, unit = np.full(d, 1.5), np.eye(d)[7]
    middle = (unit + np.eye(d)[d // 2]) / 2 if d % 2 == 0 else unit
    for value, right in ((np.median, middle), (np.max, unit), (np.max, np.full(d, 1 / d))):
        f = functools.partial(lambda value, x: float(value(x)), value)
        assert check(f, lambda x, g=right: g.copy(), x).verdict is Verdict.VALID_SUBGRADIENT
        assert check(f, lambda x, g=right: 2 * g, x).verdict is Verdict.ANALYTIC_WRONG
        assert check(f, lambda x: 0 * x, x).verdict is Verdict.ANALYTIC_WRONG


@pytest.mark.parametrize(
    ("convention", "factor"), [({"sign": -1}, -1.0), ({"scale": 2.0}, 2.0), ({"wrt": "log"}, 1.5)]
)
@pytest.mark.parametrize("weights", [(1.0, 0, 0), (1.0, 1.0, 0)], ids=["right", "wrong"])
def test_conventions(convention, factor, weights):
    gradient = lambda x: factor * np.array(weights)  # noqa: E731
    result = check(lambda x: float(np.max(x)), gradient, np.full(3, 1.5), **convention)
    expected = Verdict.VALID_SUBGRADIENT if sum(weights) == 1 else Verdict.ANALYTIC_WRONG
    assert result.verdict is expected, str(result)


def test_no_point_is_sampled_outside_of_the_bounds():
    lowest = np.full(3, 1.5)

    def value(x):
        assert np.all(x >= lowest)
        return float(np.max(x))

    result = check(value, lambda x: np.array([1.0, 0, 0]), lowest, bounds=(1.5, np.inf))
    assert result.verdict is Verdict.VALID_SUBGRADIENT
    wrong = check(value, lambda x: np.array([1.0, 1.0, 0]), lowest, bounds=(1.5, np.inf))
    assert wrong.verdict is Verdict.ANALYTIC_WRONG


@pytest.mark.parametrize("factor", [1.0, 1.01])
def test_a_smooth_function_costs_little_more(factor):
    count = 0

    def value(x):
        nonlocal count
        count += 1
        return float(np.sum(x**2))

    check(value, lambda x: 2 * factor * x, np.array([1.0, 2.0]))
    assert count < 400


def test_the_verdict_on_one_source_keeps_what_a_direction_shows():
    """Each entry by itself is right: the verdicts on a source alone would not see the fault."""
    (result,) = check(jnp.max, lambda x: jnp.ones(4), EQUAL).results
    verdicts = {s: against_judge(result, s).verdict for s in ("analytic", "autodiff")}
    assert verdicts == {
        "analytic": Verdict.ANALYTIC_WRONG,
        "autodiff": Verdict.VALID_SUBGRADIENT,
    }


def test_the_nearest_point_of_a_hull():
    square = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    for target, expected in (((0.3, 0.6), (0.3, 0.6)), ((2, 0.5), (1, 0.5)), ((-1, -2), (0, 0))):
        point = nearest(square, np.array(target, float))
        np.testing.assert_allclose(point, expected, atol=1e-12)
