"""`compare`: which rows it makes, from which points, and what it reports on the way."""

import importlib.metadata

import jax.numpy as jnp
import numpy as np
import pytest
from faults import VOTERS

from gradcompare import Objective, Verdict, compare, get_objective
from gradcompare._foundation.plugins import installed_version
from gradcompare.methods.finite_difference import Central


def value(w, data):
    return jnp.sum(w**4) * data


def make(rng, size):
    return rng.standard_normal(size), 2.0


QUARTIC = Objective("quartic", value, make, lambda w, data: 4 * w**3 * data, sizes=(3, 5))


def quick(objectives=QUARTIC, methods=VOTERS, **options):
    return compare(objectives, methods, timing=False, **options)


def test_one_row_for_each_objective_and_size():
    other = get_objective("lecture-polynomial")
    rows = [(r.objective, r.size, r.d) for r in quick([QUARTIC, other], sizes=(2, 4))]
    assert rows == [
        ("quartic", 2, 2), ("quartic", 4, 4),
        ("lecture-polynomial", 2, 2), ("lecture-polynomial", 4, 2),
    ]  # fmt: skip
    assert [r.size for r in quick()] == [3]


def test_an_objective_given_by_name_or_as_such_is_the_same():
    by_name, as_such = (quick(o).results[0] for o in ("ridge", get_objective("ridge")))
    np.testing.assert_array_equal(by_name.points[0].x, as_such.points[0].x)


def test_points_and_data_come_from_make_with_the_seed():
    result = quick(seed=7, points=2).results[0]
    for number, point in enumerate(result.points):
        params, _ = make(np.random.default_rng([7, number]), 3)
        np.testing.assert_array_equal(point.x, params)
        assert point.value == pytest.approx(float(2 * np.sum(params**4)), rel=1e-14)


def test_the_worst_point_gives_the_verdict():
    """Wrong where the first coordinate is negative, so only at some of the points."""
    wrong = Objective("half", value, make, lambda w, d: 4 * w**3 * d * jnp.where(w[0] < 0, 2, 1))
    result = quick(wrong, points=6).results[0]
    verdicts = {bool(p.x[0] < 0): p.judgement.verdict for p in result.points}
    assert verdicts == {True: Verdict.ANALYTIC_WRONG, False: Verdict.AGREE}
    assert result.verdict is Verdict.ANALYTIC_WRONG
    assert result.worst.x[0] < 0
    assert "of 6 points" in str(result)


def test_without_a_gradient_the_other_two_are_compared():
    result = quick(Objective("bare", value, make)).results[0]
    assert result.verdict is Verdict.AGREE
    assert result.points[0].missing == {"analytic": "bare has no hand-written gradient"}


def test_a_method_beside_the_voters_has_no_vote():
    """A central difference with an absurd step is shown with its error and changes nothing."""
    result = quick(methods=[*VOTERS, Central(step=0.5)]).results[0]
    assert result.verdict is Verdict.AGREE
    pair = result.points[0].pair("analytic", "central(step=0.5)")
    assert pair.relative_norm > 1e-3


def test_an_error_raises_on_request():
    def boom(w, data):
        raise RuntimeError("boom")

    broken = Objective("broken", boom, make)
    assert quick(broken).results[0].message == "RuntimeError: boom (raised by value)"
    with pytest.raises(RuntimeError, match="boom"):
        quick(broken, on_error="raise")


@pytest.mark.parametrize("timing", [False, True])
def test_progress_counts_to_the_end(timing):
    seen = []
    compare(
        [QUARTIC, "ridge"], VOTERS, timing=timing, repeats=1,
        progress=lambda name, done, total: seen.append((name, done, total)),
    )  # fmt: skip
    steps = 4 if timing else 2
    assert [done for _, done, _ in seen if done] == sorted({done for _, done, _ in seen})
    assert seen[-1][1:] == (steps, steps)
    assert {name for name, _, _ in seen} == {"quartic", "ridge"}


def test_narrow_dtype_is_judged_at_numbers_it_can_represent():
    result = quick(dtype="bfloat16").results[0]
    x = result.points[0].x
    np.testing.assert_array_equal(x, np.asarray(x.astype(jnp.bfloat16), np.float64))
    assert result.verdict is Verdict.AGREE


def test_settings_and_environment_are_kept():
    comparison = quick(seed=3, points=2, dtype="float32")
    kept = {"seed": 3, "points": 2, "dtype": "float32", "quantity": "gradient"}
    assert kept.items() <= comparison.settings.items()
    assert comparison.settings["sources"] == dict(
        zip(("analytic", "autodiff", "differences"), VOTERS, strict=True)
    )
    assert comparison.environment["device"] == "cpu:0"


def test_results_are_there_where_the_package_is_not_installed(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    installed_version.cache_clear()
    try:
        assert quick(points=1).environment["jax"] == "not installed"
    finally:
        installed_version.cache_clear()


def test_data_are_arguments_of_the_program_and_not_constants():
    traced = []

    def watching(w, data):
        traced.append(data)
        return value(w, data)

    quick(Objective("watching", watching, make))
    assert traced
    assert not any(isinstance(data, (float, np.ndarray)) for data in traced)
