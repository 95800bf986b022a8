"""Thresholds and lines of which no other test noticed that they were changed.

Each test names the mutation that it is there for.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from handmade import made

from gradcompare import (
    Judgement,
    Objective,
    PointResult,
    Result,
    Verdict,
    check,
    compare,
    get_objective,
)
from gradcompare._results.judgement.judge import judge
from gradcompare.diagnosis.evidence.fit import Fit
from gradcompare.methods._extrapolation.tableau import LEVELS, extrapolate


@pytest.mark.parametrize(("bar", "verdict"), [(1e-3, Verdict.AGREE), (1.0, Verdict.INCONCLUSIVE)])
def test_two_sources_with_wide_bars_verify_nothing(bar, verdict):
    """BLUNT 100 times as large."""
    estimates = {"analytic": made([1.0, 2.0], bar), "reverse": made([1.0, 2.0], bar)}
    sources = {"analytic": "analytic", "autodiff": "reverse"}
    point = PointResult(
        "x0", np.ones(2), 1.0, Judgement(Verdict.AGREE), estimates=estimates, sources=sources
    )
    assert Result("blunt", None, "gradient", points=(point,)).verdict is verdict


def test_the_floor_counts_the_bar_of_the_judge_once_more():
    """Without the bar of the differences, by which the judge may be off itself."""
    votes = {"analytic": made([1.0, 4.0], 1e-6), "differences": made([1.0, 4.0], [1e-3, 2e-3])}
    assert judge(1.0, votes).floor == pytest.approx(3 * (2e-3 + 1e-6) + 2e-3)


def test_a_fit_that_may_be_chance_does_not_convince():
    """BY_CHANCE 1000 times as large: 3 entries agree, one of them adapts the constant."""

    def convinces(log):
        own, again = np.full(3, log), np.zeros(3)
        return Fit(1.0, 1.0, np.ones(3, bool), own, again).convinces(1, 3, constants=1)

    assert convinces(-2.0)
    assert not convinces(-1.5)


STEPS = 0.5 ** np.arange(LEVELS)


def entry(series, row: int, column: int) -> float:
    """One entry of the tableau of a series Σ cₘ h²ᵐ, m = 1, 2, …, whose limit is zero."""
    if column == 0:
        return float(np.sum(series * STEPS[row] ** (2 * np.arange(1, len(series) + 1))))
    here, above = (entry(series, r, column - 1) for r in (row, row - 1))
    return here + (here - above) / (4**column - 1)


def without_correction(series: list[float], row: int, column: int, term: int) -> np.ndarray:
    """The series with another coefficient of one term, for which an entry has no correction."""
    series = np.array(series)
    units = np.eye(len(series))
    slopes = np.array([entry(u, row, column) - entry(u, row, column - 1) for u in units])
    series[term] -= slopes @ series / slopes[term]
    return series


@pytest.mark.parametrize(
    ("series", "at", "term", "noisy"),
    [([1.0, 0.0, 1.0], 2, 1, 3), ([1000.0, 1.0, 400.0, 0.0, 1.0], 4, 3, LEVELS)],
    ids=["the next entry is far", "the last entry"],
)
def test_a_correction_that_is_small_by_chance_does_not_make_a_small_bar(series, at, term, noisy):
    """Without the distance to the next entry; without _GUARD, where there is no next one.

    From the row `noisy` on there is so much noise that an entry before it is the estimate.
    """
    series = without_correction(series, at, at, term)
    powers = 2 * np.arange(1, len(series) + 1)
    differences = (STEPS[:, None] ** powers @ series)[None]
    noise = np.where(np.arange(LEVELS) < noisy, 1e-15, 10.0)[None]
    with np.errstate(all="ignore"):
        found = extrapolate(differences, STEPS[None], noise, power=2)
    assert found.value[0] == pytest.approx(entry(series, at, at))
    assert 1e-9 < abs(found.value[0]) <= found.error[0]


LABELS = np.array([0.0, 1.0, 2.0, 1.0])


def picked(w, labels):
    return jnp.sum(w[labels.astype(int)] ** 2)


def picked_gradient(w, labels):
    return jnp.zeros_like(w).at[labels.astype(int)].add(2 * w[labels.astype(int)])


def test_whole_numbers_in_the_data_are_not_moved_for_rounding():
    """Labels moved as other data are: 2.0 becomes 1.9999999, which is the class 1."""
    result = check(picked, picked_gradient, np.array([1.0, 2.0, 3.0]), LABELS)
    (point,) = (p for p in result.results[0].points if p.label == "x0")
    assert np.max(point.estimates["analytic"].error) < 1e-13


def test_nothing_is_asked_outside_of_the_bounds():
    """Points moved for rounding without regard to the bounds."""

    def inside(x):
        assert np.all(np.asarray(x) <= 1), "called outside"

    def value(x):
        inside(x)
        return float(np.sum(np.asarray(x) ** 2))

    def gradient(x):
        inside(x)
        return 2 * np.asarray(x)

    result = check(value, gradient, np.ones(3), bounds=(0.0, 1.0), points=1)
    assert "called outside" not in str(result)
    assert result.results[0].points[0].estimates["analytic"].value.tolist() == [2.0, 2.0, 2.0]


def test_a_gradient_by_autodiff_of_stale_data_is_another_program():
    """The hash of a program without its constants."""
    rows, stale = (np.random.default_rng(seed).standard_normal((5, 3)) for seed in (0, 1))

    def of(captured):
        return lambda w: jnp.sum((jnp.asarray(captured) @ w) ** 2)

    result = check(of(rows), jax.grad(of(stale)), np.array([1.0, -2.0, 0.5]))
    assert result.verdict is Verdict.ANALYTIC_WRONG


def test_accuracy_is_that_of_the_source_that_is_right():
    """Autodiff as the reference where autodiff is wrong."""
    trap = get_objective("trap-custom-jvp")
    (result,) = compare(trap, ("analytic", "reverse", "richardson"), timing=False, dtype="float32")
    assert result.verdict is Verdict.AUTODIFF_WRONG
    assert result.accuracy["analytic"].relative_error < 1e-5
    assert result.accuracy["reverse"].relative_error > 1e-3


def test_points_with_data_of_other_shapes_have_their_own_programs():
    """Programs kept from one shape to the next."""

    def make(rng, size):
        return rng.standard_normal(size), rng.standard_normal(int(rng.integers(3, 30)))

    objective = Objective(
        "ragged",
        lambda w, data: jnp.sum(w**2) * jnp.sum(data),
        make,
        lambda w, data: 2 * w * jnp.sum(data),
    )
    (result,) = compare(objective, timing=False, points=3, sizes=(2,))
    assert result.verdict is Verdict.AGREE
    assert len(result.points) == 3
