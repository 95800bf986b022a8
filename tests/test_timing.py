"""Running times: interleaved, blocking, many samples, and never ranked where they overlap."""

import itertools
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from gradcompare import Timing, check
from gradcompare._engine import timing
from gradcompare._engine.timing import measure
from gradcompare._results.report.detail import ranking
from gradcompare._results.report.table import legend, table
from gradcompare._results.timing import summarise


class Clock:
    """A clock that only the calls move, so that no test depends on how fast it runs."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        self.log = []
        monkeypatch.setattr(timing.time, "perf_counter", lambda: self.now)

    def call(self, name, seconds):
        """A call that takes so many seconds by this clock."""

        def run():
            self.log.append(name)
            self.now += next(seconds) if hasattr(seconds, "__next__") else seconds

        return run


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def test_samples_are_interleaved(clock):
    """No method is sampled twice before each other one that still takes part had its turn."""
    calls = {name: clock.call(name, 0.01) for name in "abc"}
    measure(calls, repeats=5)
    order = [name for name, _ in itertools.groupby(clock.log)]
    assert order[:3] == ["a", "b", "c"]
    assert order == ["a", "b", "c"] * (len(order) // 3)


def test_enough_samples_and_enough_time(clock):
    calls = {"long": clock.call("long", 0.01), "short": clock.call("short", 1e-5)}
    seconds = measure(calls, repeats=7, min_seconds=0.02)
    assert len(seconds["long"]) == 7
    assert len(seconds["short"]) >= 7
    assert clock.log.count("short") * 1e-5 >= 0.02
    np.testing.assert_allclose(seconds["long"], 0.01)
    np.testing.assert_allclose(seconds["short"], 1e-5)


def test_a_very_long_call_is_sampled_once(clock):
    seconds = measure({"slow": clock.call("slow", 10.0)}, repeats=5, max_seconds=1.0)
    assert len(seconds["slow"]) == 1


def test_a_slow_call_does_not_hold_up_the_others(clock):
    calls = {"slow": clock.call("slow", 10.0), "fast": clock.call("fast", 0.01)}
    seconds = measure(calls, repeats=5, max_seconds=1.0)
    assert len(seconds["slow"]) == 1
    assert len(seconds["fast"]) == 5


def test_the_first_call_is_a_warm_up(clock):
    """A first call a thousand times as long leaves no trace in the samples."""
    costs = itertools.chain([10.0], itertools.repeat(0.01))
    seconds = measure({"cold": clock.call("cold", costs)}, repeats=5)
    np.testing.assert_allclose(seconds["cold"], 0.01)


def test_median_and_quartiles():
    timing = summarise(np.array([5.0, 1.0, 2.0, 3.0, 4.0]), flops=7.0)
    assert (timing.low_seconds, timing.median_seconds, timing.high_seconds) == (2, 3, 4)
    assert (timing.samples, timing.flops, timing.compile_seconds) == (5, 7.0, None)


def between(low, high):
    return Timing((low + high) / 2, low, high, 5)


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (between(1, 2), between(3, 4), False),
        (between(1, 3), between(2, 4), True),
        (between(1, 4), between(2, 3), True),
        (between(1, 2), between(2, 3), True),
    ],
)
def test_overlap_is_symmetric(one, other, together):
    assert one.overlaps(other) is together
    assert other.overlaps(one) is together


def test_nothing_is_ranked_where_the_spreads_overlap():
    timings = {"c": between(5, 6), "a": between(1, 3), "b": between(2, 4)}
    assert ranking(timings) == "a ≈ b < c"
    assert ranking({"only": between(1, 2)}) == "only"


METHODS = ("analytic", "reverse", "central", "forward", "forward-mode", "richardson")


@pytest.fixture(scope="module")
def timed():
    x = np.linspace(1, 2, 20)
    comparison = check(
        lambda x: jnp.sum(jnp.sin(x) * x), lambda x: jnp.cos(x) * x + jnp.sin(x), x,
        methods=METHODS, timing=True, repeats=2,
    )  # fmt: skip
    return comparison.results[0]


@pytest.mark.parametrize("name", ["value", *METHODS])
def test_every_method_is_timed(timed, name):
    timing = timed.timings[name]
    assert 0 < timing.low_seconds <= timing.median_seconds <= timing.high_seconds
    assert timing.samples >= 2
    ratio = timed.cost_ratio(name)
    assert ratio == timing.median_seconds / timed.timings["value"].median_seconds


@pytest.mark.parametrize("name", ["value", *METHODS[:-1]])
def test_compiled_programs_say_what_they_cost(timed, name):
    timing = timed.timings[name]
    assert timing.compile_seconds > 0
    assert timing.flops > 0
    assert timing.peak_bytes >= 8


def test_the_judge_is_not_one_compiled_program(timed):
    timing = timed.timings["richardson"]
    assert (timing.compile_seconds, timing.flops, timing.peak_bytes) == (None, None, None)


def test_a_method_that_was_not_timed_has_no_cost(timed):
    assert timed.cost_ratio("nonsense") is None
    assert check(lambda x: jnp.sum(x), None, np.ones(2)).results[0].timings == {}


def test_a_program_pays_the_dispatch_of_the_way_it_goes():
    samples = {timing.EMPTY: np.full(3, 5e-6), timing.EMPTY_POOLED: np.full(3, 33e-6)}
    assert timing.dispatch_of(9e-6, samples) == 5e-6  # too short to have gone through the pool
    assert timing.dispatch_of(35e-6, samples) == 33e-6


@pytest.mark.parametrize(
    ("value", "shown"), [(9e-6, "≤ 9.0 µs"), (35e-6, "≤ 35 µs"), (150e-6, "150 µs")]
)
def test_a_time_of_dispatch_is_marked(value, shown):
    """On the CPU, 35 µs are those of the pool, beside which 5.6 µs once read as 0.16 of them."""
    samples = {timing.EMPTY: np.full(3, 5e-6), timing.EMPTY_POOLED: np.full(3, 33e-6)}
    spent = timing.dispatch_of(value, samples)
    comparison = check(lambda x: jnp.sum(x**2), lambda x: 2 * x, np.ones(3))
    timings = {"value": Timing(value, value, value, 3, dispatch_seconds=spent)}
    result = replace(comparison.results[0], timings=timings)
    comparison = replace(comparison, results=(result,))
    assert table(comparison).splitlines()[-1].endswith(f"  {shown}")
    assert "value: time of one value" in legend(comparison)
