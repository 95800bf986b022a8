"""Acceptance scenarios 26 and 27: many parameters in little memory, and what times mean."""

import jax.numpy as jnp
import numpy as np
import pytest
from scenarios import said_nowhere, says

from gradcompare import Timing, Verdict, check
from gradcompare._results.report.detail import detail, ranking

RNG = np.random.default_rng(0)

MANY = 2048
BUDGET = 2**22
"""Bytes: an eighth of what the square matrix of all perturbed points would take."""


@pytest.fixture(scope="module")
def large():
    comparison = check(
        lambda x, A: jnp.sum(jnp.log1p(jnp.exp(A @ x))) + 0.5 * jnp.sum(x**2),
        lambda x, A: (1 / (1 + jnp.exp(-A @ x))) @ A + x,
        RNG.standard_normal(MANY),
        RNG.standard_normal((32, MANY)) / 45,
        methods=["analytic", "reverse", "central", "richardson"],
        points=1,
        memory_bytes=BUDGET,
        timing=True,
        repeats=1,
    )
    return comparison.results[0]


@pytest.mark.sweep
def test_scenario_26_many_parameters(large):
    assert large.verdict is Verdict.AGREE
    assert large.timings["central"].peak_bytes < BUDGET + 2**20
    evaluations = large.points[0].estimates["central"].evaluations
    assert evaluations >= 2 * MANY
    says(detail(large), rf"^  central +{evaluations} .* ms .* [MK]iB *$")


def test_scenario_26_says_the_chunks(large):
    says(detail(large), r"4096 .* in \d+ chunks of \d+")


def test_scenario_27_columns_of_times(large):
    text = detail(large)
    says(text, r"evaluations +compile +first call +median \[quartiles\] +× value +flops +peak")
    says(text, r"^  reverse +\S+ m?s .* \d\S* [mµ]s \[.*s, .*s\] +\d")
    says(text, r"^  \w+ [≈<] \w+ [≈<] \w+")


def test_scenario_27_first_call_and_dispatch_floor(large):
    says(detail(large), r"a call that computes nothing takes \d\S* (ns|µs)")
    for name in ("value", "analytic", "reverse", "central"):
        assert large.timings[name].first_seconds > 0
        assert large.timings[name].dispatch_seconds > 0


def timed(microseconds, floor=10.0):
    low, middle, high = (1e-6 * factor * microseconds for factor in (0.99, 1.0, 1.01))
    return Timing(middle, low, high, 5, dispatch_seconds=1e-6 * floor)


def test_scenario_27_what_is_not_ranked():
    """Times that overlap, and times of the call alone; but what takes long is the slower one."""
    assert ranking({"a": timed(41), "b": timed(41.5)}) == "a ≈ b"
    assert ranking({"a": timed(41), "b": timed(44)}) == "a < b"
    assert ranking({"a": timed(12), "b": timed(29)}) == "a ≈ b"
    assert ranking({"a": timed(12), "b": timed(29), "c": timed(400)}) == "a ≈ b < c"
    assert ranking({"a": timed(12, floor=1.0), "b": timed(29, floor=1.0)}) == "a < b"


def test_scenario_27_what_is_doubtful_is_said(large):
    def with_times(**times):
        return detail(large.__class__(**{**vars(large), "timings": times}))

    said = with_times(value=timed(12), analytic=timed(20), central=timed(400))
    says(said, r"computes nothing takes 10\.0 µs; not ranked, .* 3 times that: value, analytic;")
    said_nowhere(said, "faster than the value")
    said = with_times(value=timed(100), analytic=timed(50), central=timed(400))
    says(said, "faster than the value: analytic;")
    said_nowhere(said, "not ranked")
