"""Choices of functions that are called on the host, recorded by the arrays they are given."""

import functools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcompare import Verdict, check
from gradcompare._points.branches.host.recorded_array import Recorded, record, same

HERE = "test_recorded.py"
W = np.array([0.5, 1.2, -0.3, 2.0])
X = np.random.default_rng(0).standard_normal((20, 4))
Y = X @ np.array([1.0, 2.0, 3.0, 4.0]) + 0.1


def branches_of(function, *args):
    """The words of the branches, and whether any entry took them."""
    found, _ = record(function, *args)
    return {
        branch.words: any(np.any(m) for m in masks) for branch, masks in found.branches.values()
    }


def by_if(w):
    total = 0.0
    for v in w:
        if v > 20:
            total += 3 * v
        else:
            total += v**2
    return total


def by_mask(w):
    out, far = np.zeros_like(w), w > 30
    out[far] = w[far]
    out[~far] = w[~far] ** 2
    return out.sum()


def guarded(w):
    if np.any(~np.isfinite(w)):
        raise ValueError("not finite")
    assert w.shape == (4,)
    assert w[0] > -1e9
    return np.sum(w**2)


def likelihood(w):
    if np.any(w < -40) or not np.isfinite(w).all():
        return -np.inf
    if w[1] < -40:
        return np.nan
    return np.log(w + 50).sum() + len(f"{w} {w[0]:.3f} {round(w[1], 2)}")


def by_piece(w):
    return np.sum(np.select([w < -5, w > 5], [-w, w], w**2) + np.piecewise(w, [w > 7], [1.0, 0.0]))


def swapped(w):
    s = t = w[0]
    s += 1
    return t * (1 if s > 100 else 2)


FALSE_TRUE = {"`w > 1` is false": True, "`w > 1` is true": True}
BRANCHES = {
    "where": (lambda w: np.sum(np.where(w > 1, w, w**2)), FALSE_TRUE),
    "method": (lambda w: 1.0 if (w > 9).any() else 2.0, {
        "`(w > 9).any()` is false": True, "`(w > 9).any()` is true": False}),
    "if": (by_if, {"`v > 20` is false": True, "`v > 20` is true": False}),
    "maximum": (lambda w: np.maximum(0, w - 5).sum(), {
        "`np.maximum(0, w - 5)` is 0": True, "`np.maximum(0, w - 5)` is above 0": False}),
    "minimum": (lambda w: np.minimum(w, w[::-1] + 9).sum(), {
        "`np.minimum(w, w[::-1] + 9)` takes its first argument": True,
        "`np.minimum(w, w[::-1] + 9)` takes its second argument": False}),
    "max": (lambda w: max(0.0, w[0] - 9) + w[1], {
        "`max(0.0, w[0] - 9)` is 0": True, "`max(0.0, w[0] - 9)` is above 0": False}),
    "min": (lambda w: min(w[0], w[1]), {
        "`min(w[0], w[1])` takes its first argument": True,
        "`min(w[0], w[1])` takes its second argument": False}),
    "abs": (lambda w: abs(w[1]) + 1, {
        "the argument of `abs(w[1])` is below 0": False,
        "the argument of `abs(w[1])` is above 0": True}),
    "clip": (lambda w: np.clip(w, -50, 1).sum(), {
        "`np.clip(w, -50, 1)` is at its lower bound": False,
        "`np.clip(w, -50, 1)` is between its bounds": True,
        "`np.clip(w, -50, 1)` is at its upper bound": True}),
    "clip method": (lambda w: w.clip(-50, 50).sum(), {
        "`w.clip(-50, 50)` is at its lower bound": False,
        "`w.clip(-50, 50)` is between its bounds": True,
        "`w.clip(-50, 50)` is at its upper bound": False}),
    "one bound": (lambda w: np.clip(w, 0, None).sum(), {
        "`np.clip(w, 0, None)` is at its lower bound": True,
        "`np.clip(w, 0, None)` is between its bounds": True}),
    "mask": (by_mask, {"`w > 30` is false": True, "`w > 30` is true": False,
                       "`~far` is false": False, "`~far` is true": True}),
    "select": (by_piece, {
        "`w < -5` is false": True, "`w < -5` is true": False,
        "`w > 5` is false": True, "`w > 5` is true": False,
        "`w > 7` is false": True, "`w > 7` is true": False}),
    "a guard that raises": (guarded, {}),
    "a guard that returns infinity": (likelihood, {}),
    "Python's sorting": (lambda w: sorted(w)[0] + np.max(w), {}),
    "sorting": (lambda w: np.sort(w)[0], {
        "the order in `np.sort(w)` is that of the first point": True,
        **{f"another entry has place {n} of the order in `np.sort(w)`": False
           for n in (1, 2, 3, 4)}}),
    "data alone": (lambda w: np.sum(w * np.where(X[0] > 0, 1, 2)), {}),
    "a library": (lambda w: np.linalg.norm(w) + np.logaddexp(w, 0).sum(), {}),
    "a number of its own": (swapped, {"`s > 100` is false": True, "`s > 100` is true": False}),
}  # fmt: skip


@pytest.mark.parametrize("case", BRANCHES)
def test_the_arms_and_which_are_taken(case):
    function, branches = BRANCHES[case]
    assert branches_of(function, W) == branches


@pytest.mark.parametrize("case", BRANCHES)
def test_recording_changes_no_result(case):
    function, _ = BRANCHES[case]
    _, result = record(function, W)
    assert same(result, function(W))


def test_a_mask_has_the_entries_that_take_the_arm():
    found, _ = record(lambda w: np.sum(np.where(w > 1, w, w**2)), W)
    false, true = (masks for _, masks in found.branches.values())
    np.testing.assert_array_equal(true, [W > 1])
    np.testing.assert_array_equal(false, [W <= 1])


def test_single_points_are_not_sought():
    found, _ = record(lambda w: 0.0 if w[0] == 0 else w[0] ** 2, W)
    assert [bool(branch.note) for branch, _ in found.branches.values()] == [False, True]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=4, max_size=4))
def test_recorded_arrays_compute_as_others_do(numbers):
    def function(w):
        z = np.tanh(X @ w) + w.mean()
        z[2:5] *= 2
        z -= np.outer(w, w).ravel()[:16].reshape(4, 4).sum(axis=0)[1]
        rows = np.stack([z, z**2]).T @ np.ones(2)
        return float(np.linalg.norm(rows) + sum(v * math.cos(v) for v in w) + np.dot(w, w))

    w = np.array(numbers)
    _, result = record(function, w)
    assert same(result, function(w))


def huber(w):
    r = X @ w - Y
    return float(np.sum(np.where(np.abs(r) <= 50, r**2, 100 * np.abs(r) - 2500)))


def huber_gradient(w, slope=100):
    r = X @ w - Y
    return X.T @ np.where(np.abs(r) <= 50, 2 * r, slope * np.sign(r))


NEAR = np.array([1.0, 2.0, 3.0, 4.0])


def test_a_fault_in_a_branch_that_no_drawn_point_reaches_is_found():
    wrong = functools.partial(huber_gradient, slope=50)
    assert check(huber, wrong, NEAR, points=1).ok
    result = check(huber, wrong, NEAR).results[0]
    assert result.verdict is Verdict.ANALYTIC_WRONG
    assert f"a point where `np.abs(r) <= 50` is false ({HERE}:" in str(result)
    (finding,) = result.diagnosis
    assert "the derivative through `100 * np.abs(r) - 2500`" in finding.sentence
    assert "is half of what it should be" in finding.sentence


def test_where_a_function_cannot_be_rerun_the_branch_is_named_instead_of_the_term():
    def written(w):
        losses = np.empty(len(X))
        losses[:] = huber(w) / len(X)
        return float(np.sum(losses))

    wrong = functools.partial(huber_gradient, slope=50)
    (finding,) = check(written, wrong, NEAR).results[0].diagnosis
    assert f"only where `np.abs(r) <= 50` is false ({HERE}:" in finding.sentence


def test_a_right_gradient_is_not_accused_there():
    result = check(huber, huber_gradient, NEAR)
    assert result.ok
    assert "a point where `np.abs(r) <= 50` is false" in str(result)


def relu(w):
    return float(np.sum(np.maximum(0, w - 5) ** 2) + np.sum(w**2))


def test_a_term_that_is_missing_where_an_arm_is_taken():
    result = check(relu, lambda w: 2 * w, W).results[0]
    (finding,) = result.diagnosis
    line = next(
        number
        for number, text in enumerate(Path(__file__).read_text(encoding="utf-8").splitlines(), 1)
        if "np.maximum(0, w - 5) ** 2" in text
    )
    assert "np.maximum(0, w - 5) ** 2" in finding.sentence
    assert f"({HERE}:{line}), is missing from your gradient" in finding.sentence


def test_an_arm_that_no_point_reaches_is_named():
    def value(w):
        return float(np.sum(w**2)) if np.sum(w**2) >= 0 else -1.0

    result = check(value, lambda w: 2 * w, W)
    assert result.ok
    assert "1 of 2 tested; not tested where `np.sum(w**2) >= 0` is false" in str(result)


@pytest.mark.sweep
def test_in_json_both_ways():
    result = check(by_if, lambda w: np.where(w > 20, 3, 2 * w), W)
    again = type(result).from_json(result.to_json())
    assert again.results[0].branches == result.results[0].branches
    assert {branch.words for branch in result.results[0].branches} >= {
        "`v > 20` is false", "`v > 20` is true"
    }  # fmt: skip


def test_a_function_that_is_not_the_same_when_recorded_is_left_alone():
    def value(w):
        values = np.empty(len(w))
        values[:] = np.where(w > 20, 3 * w, w**2)  # it cannot be rerun with jax.numpy
        return float(np.sum(values)) + isinstance(w, Recorded)

    result = check(value, lambda w: 2 * w, W).results[0]
    assert result.branches == ()


def test_a_function_that_fails_when_recorded_is_left_alone():
    def value(w):
        if type(w) is not np.ndarray:
            raise TypeError("only arrays of NumPy")
        return float(np.sum(np.where(w > 20, 3 * w, w**2)))

    result = check(value, lambda w: 2 * w, W).results[0]
    assert result.ok
    assert result.branches == ()
