"""Behind the search for wrong coordinates: chance, halving, and floors that hold."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_locate import Counted, more, wrong

from gradcompare import locate
from gradcompare._locate.bisection import Block, halve
from gradcompare._locate.directions import Family

TESTS = 50_000


def missed(errors, inward=0.0):
    """In which share of tests errors of some coordinates stay below a threshold of one."""
    whole = np.ones(TESTS * len(errors))
    family = Family(np.arange(whole.size), whole, inward * whole)
    drawn = family.draw(np.random.default_rng(0)).reshape(TESTS, -1)
    return np.mean(np.abs(drawn @ errors) <= 1)


@pytest.mark.parametrize("inward", [0.0, 1.0, -1.0])
@pytest.mark.parametrize(
    "others", [[], [-1.0], [1.5, -2.5], [0.3] * 9, [-100.0, 99.0]], ids=lambda o: f"{len(o)} more"
)
@pytest.mark.parametrize("size", [1.001, 3.0, 30.0])
def test_errors_hide_one_another_no_more_often_than_stated(inward, others, size):
    errors = size * np.array([1.0, *others])
    bound = min(0.5, 1 / np.max(np.abs(errors))) if others else 0.0
    assert missed(errors, inward) <= bound + 3 * math.sqrt(bound / TESTS)


def test_signs_alone_would_hide_equal_errors_in_half_of_the_tests():
    """Why the sizes are drawn as well: so that the chance falls with the size of the errors."""
    rng, pair = np.random.default_rng(0), np.array([1e3, -1e3])
    signs = rng.choice([-1.0, 1.0], (TESTS, 2))
    assert np.mean(np.abs(signs @ pair) <= 1) == pytest.approx(0.5, abs=0.02)
    assert missed(pair) < 2e-3
    assert 0.3 < missed(pair / 999) < 0.5


@given(
    d=st.integers(1, 3000),
    places=st.sets(st.integers(0, 2999), min_size=1, max_size=20),
    seed=st.integers(0, 99),
)
def test_halving_finds_all_in_k_log_d_over_k_tests(d, places, seed):
    errors = np.zeros(d)
    errors[[place % d for place in places]] = 1.0
    slope = np.cumsum([0, *(errors * np.random.default_rng(seed).uniform(1, 2, d))])
    tests = 0

    def measure(spans, enough):
        nonlocal tests
        tests += len(spans)
        return [Block(a, b, slope[b] - slope[a], 1e-6) for a, b in spans]

    k = int(np.sum(errors))
    found = halve(Block(0, d, slope[d], 1e-6), measure, most=20)
    assert {end.start for end in found.ends} == set(np.flatnonzero(errors))
    assert found.failed == k
    assert tests <= k * math.log2(d / k) + 2 * k


def test_halving_survives_a_test_that_cannot_tell():
    """The first half of the whole gives no answer, so the second one is tested by itself."""
    asked = []

    def measure(spans, enough):
        asked.extend(spans)
        return [
            Block(a, b, float(a <= 6 < b), math.inf if (a, b) == (0, 4) else 0.1) for a, b in spans
        ]

    found = halve(Block(0, 8, 1.0, 0.1), measure, most=20)
    assert [end.start for end in found.ends] == [6]
    assert asked[:2] == [(0, 4), (4, 8)]


FUNCTIONS = {
    "sin": (np.sin, np.cos),
    "exp": (lambda z: np.exp(z / 2), lambda z: np.exp(z / 2) / 2),
    "rational": (lambda z: z / (1 + z**2), lambda z: (1 - z**2) / (1 + z**2) ** 2),
    "square": (np.square, lambda z: 2 * z),
}


@settings(max_examples=15)
@given(
    name=st.sampled_from(sorted(FUNCTIONS)),
    d=st.integers(10, 300),
    seed=st.integers(0, 10_000),
    size=st.sampled_from([1e-6, 1.0, 1e6]),
    offset=st.sampled_from([0.0, 1e6]),
    faults=st.integers(1, 3),
)
@pytest.mark.sweep
def test_a_right_gradient_is_never_accused_and_errors_above_the_floor_are_found(
    name, d, seed, size, offset, faults
):
    rng = np.random.default_rng(seed)
    a, x = rng.standard_normal(d), size * rng.standard_normal(d)
    term, slope = FUNCTIONS[name]

    def value(x):
        z = x / size
        return a @ term(z) + np.sin(np.sum(z) / d) + offset

    def gradient(x):
        z = np.asarray(x) / size
        return (a * slope(z) + np.cos(np.sum(z) / d) / d) / size

    right = locate(Counted(value), gradient, x, seed=seed)
    assert right.ok, str(right)
    places = rng.choice(np.flatnonzero(np.isfinite(right.floors)), min(faults, max(1, d // 8)))
    errors = {int(i): more(4 * right.floors[i]) for i in places}
    found = locate(Counted(value), wrong(gradient, errors), x, seed=seed + 1)
    assert not found.ok
    assert set(found.coordinates) <= set(errors), str(found)
    assert found.untraced or set(found.coordinates) == set(errors) or found.many
