"""The distances between two estimates, against values worked out by hand."""

import numpy as np
import pytest
from handmade import made

from gradcompare import Objective
from gradcompare._model.problem import Problem
from gradcompare._results.pairs import pair_error

PROBLEM = Problem.at(
    Objective("any", lambda x, data: 0.0, lambda rng, size: (np.ones(2), None)),
    {"w": np.ones((1, 2))},
    None,
    "x0",
)


def pair(a, b, a_bar=0.0, b_bar=0.0):
    return pair_error("one", made(a, a_bar), "other", made(b, b_bar), PROBLEM)


def test_measures():
    found = pair([3.0, 5.0], [3.0, 4.0], 0.3, [0.0, 0.1])
    assert (found.first, found.second) == ("one", "other")
    assert found.largest_absolute == 1
    assert found.largest_relative == 1 / 4
    assert found.relative_norm == 1 / 5
    assert found.bar == pytest.approx(np.hypot(0.3, 0.4) / 5)
    assert found.worst == "w[0, 1]"


@pytest.mark.parametrize("degrees", [0.0, 1e-9, 30.0, 90.0, 179.0, 180.0])
def test_angle(degrees):
    """Small angles too, where the arc cosine of the inner product has no digits left."""
    turned = 2.5 * np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
    assert pair(turned, [1.0, 0.0]).angle_degrees == pytest.approx(degrees, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("other", [[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]])
def test_no_angle_to_nothing(other):
    assert np.isnan(pair([1.0, 2.0], other).angle_degrees)


def test_equal_zeros_do_not_differ():
    found = pair([0.0, 0.0], [0.0, 0.0])
    assert (found.largest_absolute, found.largest_relative, found.relative_norm) == (0, 0, 0)


def test_anything_is_infinitely_far_from_zero_in_relation_to_it():
    found = pair([1.0, 0.0], [0.0, 0.0])
    assert (found.largest_relative, found.relative_norm) == (np.inf, np.inf)


def test_nan_is_the_worst():
    assert pair([9.0, np.nan], [1.0, 1.0]).worst == "w[0, 1]"


def test_huge_numbers_beside_nan_do_not_overflow():
    """A warning is an error here."""
    assert np.isnan(pair([1e200, 1.0], [np.nan, 1.0]).angle_degrees)
