"""`diff`: regressions are noticed, and two runs of the same code are not called different."""

import json

import jax.numpy as jnp
import pytest
from click.testing import CliRunner
from jax import lax
from test_bench import record

from gradcompare import Bench, Objective, bench
from gradcompare._api.bench.diff import changes, time_ratio
from gradcompare.cli.main import main

ROUNDS = 8000


def of(**fields) -> Bench:
    return Bench((record(**fields),))


def slow(seconds, **fields):
    return of(seconds=seconds, low=seconds, high=seconds, fastest_seconds=seconds, **fields)


def kinds(old: Bench, new: Bench, **options) -> list[str]:
    return [change.kind for change in changes(old, new, **options).changes]


def test_the_same_figures_do_not_differ():
    outcome = changes(of(), of())
    assert outcome.ok
    assert str(outcome) == "1 figures compared: no regressions, 0 other changes"


def test_a_slowdown_is_a_regression_and_a_speedup_is_none():
    old, new = slow(1e-3), slow(1.5e-3)
    assert kinds(old, new) == ["slower"]
    assert not changes(old, new).ok
    assert kinds(new, old) == ["faster"]
    assert changes(new, old).ok
    assert kinds(old, slow(1.1e-3)) == []
    assert kinds(old, new, tolerance=0.5) == []


def test_the_interval_holds_the_ratio():
    (old,), (new,) = slow(1e-3).records, slow(1.5e-3).records
    interval = time_ratio(old, new)
    assert interval is not None
    assert interval.value == pytest.approx(1.5)
    assert 1.3 < interval.low < 1.5 < interval.high < 1.7


def test_a_slow_machine_is_no_slow_code():
    assert kinds(slow(1e-3), slow(1.5e-3, yardstick_seconds=1.5e-4)) == []
    assert kinds(slow(1e-3), slow(2.5e-3, yardstick_seconds=1.5e-4)) == ["slower"]
    assert kinds(slow(1e-3), slow(1.5e-3, dispatch_seconds=4e-4)) == []


def test_the_time_of_an_empty_call_is_not_compared():
    short = {"fastest_dispatch_seconds": 4e-4}
    assert kinds(slow(1e-3, **short), slow(3e-3, **short)) == []


def test_lost_digits_are_a_regression():
    assert kinds(of(error=1e-9), of(error=4e-9)) == ["less accurate"]
    assert not changes(of(error=1e-9), of(error=4e-9)).ok
    assert kinds(of(error=4e-9), of(error=1e-9)) == ["more accurate"]
    assert kinds(of(error=1e-9), of(error=2e-9)) == []
    # A few units in the last place are all the same.
    assert kinds(of(error=2e-17), of(error=2e-15)) == []
    assert kinds(of(error=1e-4, dtype="bfloat16"), of(error=1e-2, dtype="bfloat16")) == []


def test_a_method_that_fails_now_is_a_regression():
    broken = of(status="error", reason="it broke", seconds=None, fastest_seconds=None, error=None)
    outcome = changes(of(), broken)
    assert [c.kind for c in outcome.changes] == ["status"]
    assert not outcome.ok
    assert "ok before, error (it broke)" in str(outcome)
    assert changes(broken, of()).ok


def test_figures_of_one_file_alone_are_counted():
    outcome = changes(Bench((record(), record(size=20))), Bench((record(), record(size=30))))
    assert (outcome.compared, outcome.missing, outcome.added) == (1, 1, 1)
    assert "1 figures of the old file are not in the new" in str(outcome)


def test_exit_codes_of_the_command(tmp_path):
    old, new = tmp_path / "old.jsonl", tmp_path / "new.jsonl"
    old.write_text(json.dumps(record()) + "\n")
    new.write_text(json.dumps(record(error=1e-3)) + "\n")
    run = CliRunner().invoke
    same = run(main, ["diff", str(old), str(old)])
    assert same.exit_code == 0, same.output
    worse = run(main, ["diff", str(old), str(new)])
    assert worse.exit_code == 1
    assert "less accurate: f 10, reverse, float64, cpu: error 1e-16 before" in worse.output
    new.write_text("nonsense\n")
    assert run(main, ["diff", str(old), str(new)]).exit_code == 2
    assert run(main, ["diff", str(old), str(tmp_path / "none")]).exit_code == 2


def loop(rounds: int) -> Objective:
    """The same function, with a gradient that takes the more time the more rounds it makes."""
    return Objective(
        name="loop",
        value=lambda params, data: jnp.sum(params**2),
        make=lambda rng, size: (rng.standard_normal(size), 0.0),
        gradient=lambda params, data: lax.fori_loop(
            0, rounds, lambda _, g: 0.999 * g + 0.002 * params, 2 * params
        ),
    )


def measured(rounds: int) -> Bench:
    return bench(loop(rounds), ["value", "analytic", "reverse"], sizes=[10, 100])


@pytest.mark.sweep
def test_a_planted_slowdown_is_found_and_the_same_code_is_not_different():
    first, again, slower = measured(ROUNDS), measured(ROUNDS), measured(ROUNDS * 3 // 2)
    assert changes(first, again).ok, str(changes(first, again))
    worse = [c for c in changes(first, slower).changes if c.regression]
    assert {c.record["method"] for c in worse} == {"analytic"}, str(changes(first, slower))
    assert {c.kind for c in worse} == {"slower"}


@pytest.mark.sweep
def test_twenty_repetitions_of_the_same_code_and_of_a_slowdown():
    first, found = measured(ROUNDS), 0
    for _ in range(20):
        again, slower = measured(ROUNDS), measured(ROUNDS * 3 // 2)
        assert changes(first, again).changes == (), str(changes(first, again))
        assert {c.record["method"] for c in changes(first, slower).changes} <= {"analytic"}
        found += not changes(first, slower).ok
        first = again
    assert found >= 15, "alone on the machine, all of them are found"
