"""`bench`: what is measured, what is skipped, and that an interrupted run goes on."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from click.testing import CliRunner

from gradcompare import (
    AbstractMethod,
    Bench,
    Estimate,
    InputError,
    Objective,
    UnknownNameError,
    bench,
    scan,
)
from gradcompare._api.bench.api import METHODS
from gradcompare._api.bench.limits import Limits, ladder_of_sizes
from gradcompare._api.bench.record import IDENTITY
from gradcompare._api.bench.result import shows_work
from gradcompare._api.bench.statistics import median_interval, slope_interval
from gradcompare.cli.main import main

FILE = """
import jax.numpy as jnp
from gradcompare import Objective

CUBES = Objective(
    name="cubes",
    value=lambda params, data: jnp.sum(params**3),
    make=lambda rng, size: (rng.standard_normal(size), 0.0),
    gradient=lambda params, data: 3 * params**2,
)
"""

AGREED = (
    *("format", "objective", "size", "d", "method", "dtype", "device", "seconds", "low", "high"),
    *("compile_seconds", "first_seconds", "peak_bytes", "error", "calls", "status", "reason"),
)


def objective(**fields) -> Objective:
    cubes = {
        "name": "cubes",
        "value": lambda params, data: jnp.sum(params**3),
        "make": lambda rng, size: (rng.standard_normal(size), 0.0),
        "gradient": lambda params, data: 3 * params**2,
    }
    return Objective(**{**cubes, **fields})


def record(**fields):
    whole = {
        **{"format": 1, "objective": "f", "size": 10, "d": 10, "method": "reverse"},
        **{"dtype": "float64", "device": "cpu", "seconds": 1e-3, "low": 0.9e-3, "high": 1.1e-3},
        **{"compile_seconds": 0.1, "first_seconds": 0.1, "peak_bytes": 1000, "error": 1e-16},
        **{"calls": 20, "status": "ok", "reason": "", "fastest_seconds": 0.9e-3, "ratio": 2.0},
        **{"ratio_low": 1.9, "ratio_high": 2.1, "dispatch_seconds": 1e-5},
        **{"fastest_dispatch_seconds": 1e-5, "yardstick_seconds": 1e-4, "spent_seconds": 1.0},
        **{"seed": 0, "machine": "m", "version": "1"},
    }
    return {**whole, **fields}


def ladder(times, method="reverse", **fields):
    return [
        record(size=d, d=d, method=method, seconds=t, low=t, high=t, fastest_seconds=t, **fields)
        for d, t in times.items()
    ]


@pytest.fixture(scope="module")
def figures():
    return bench(objective(), [*METHODS, "forward"], sizes=8)


def test_each_method_is_measured(figures):
    assert [r["method"] for r in figures.records] == [*METHODS, "forward"]
    for r in figures.records:
        assert set(AGREED) <= r.keys()
        assert r["status"] == "ok", r["reason"]
        assert r["d"] == r["size"] == 8
        assert 0 < r["fastest_seconds"] <= r["low"] <= r["seconds"] <= r["high"]
        assert r["spent_seconds"] > r["seconds"]
        assert r["calls"] >= 1
        assert r["peak_bytes"] > 0
        assert (r["compile_seconds"] is None) == (r["method"] == "richardson")
    assert figures.resumed == 0


def test_the_error_is_that_of_the_method(figures):
    error = {r["method"]: r["error"] for r in figures.records}
    assert error["value"] is None
    assert error["analytic"] < 1e-14
    assert 1e-13 < error["central"] < 1e-7
    assert error["richardson"] < 1e-10
    assert error["forward"] > error["central"]


def test_the_error_is_that_of_the_dtype():
    dtypes = ["float32", "bfloat16"]
    records = bench(objective(), ["value", "reverse", "richardson"], sizes=8, dtypes=dtypes)
    error = {(r["method"], r["dtype"]): r["error"] for r in records.records}
    assert len(error) == 4  # richardson works in float64 alone
    assert 1e-9 < error["reverse", "float32"] < 1e-6
    assert 1e-4 < error["reverse", "bfloat16"] < 1e-1
    assert 1e-4 < error["value", "bfloat16"] < 1e-1


def test_a_wrong_gradient_has_its_error():
    wrong = objective(gradient=lambda params, data: 2.7 * params**2)
    (r,) = bench(wrong, ["analytic"], sizes=5).records
    assert r["error"] == pytest.approx(0.1, rel=1e-6)


@dataclass(frozen=True)
class UpToFour(AbstractMethod):
    """A method of a user that fails for more than four parameters."""

    label: ClassVar = "up-to-four"
    source: ClassVar = "differences"
    symbol: ClassVar = "U"

    def estimate(self, evaluator):
        if len(evaluator.x) > 4:
            raise RuntimeError("too long for me")
        return Estimate(3 * evaluator.x**2, 0 * evaluator.x)


def test_what_fails_is_a_record_and_stops_its_method_alone():
    records = bench(objective(), [UpToFour(), "reverse"], sizes=[4, 5, 6]).records
    status = {(r["method"], r["size"]): r["status"] for r in records}
    assert [status["up-to-four", s] for s in (4, 5, 6)] == ["ok", "error", "skipped"]
    assert [status["reverse", s] for s in (4, 5, 6)] == ["ok", "ok", "ok"]
    reasons = [r["reason"] for r in records if r["method"] == "up-to-four"]
    assert "too long for me" in reasons[1]
    assert reasons[2] == "it failed at size 5"


def test_an_objective_that_cannot_be_made_is_a_record():
    def make(rng, size):
        raise ValueError("no such size")

    (r,) = bench(objective(make=make), ["reverse"], sizes=4).records
    assert r["status"] == "error"
    assert "no such size" in r["reason"]


def test_a_method_without_its_function_is_skipped_with_the_reason():
    (r,) = bench(objective(gradient=None), ["analytic"], sizes=4).records
    assert (r["status"], r["reason"]) == ("skipped", "cubes has no hand-written gradient")


def test_a_size_that_would_take_too_long_is_not_measured():
    known = ladder({10: 0.01, 100: 1.0})
    assert Limits(100.0, 10**9).reason_to_skip(known, 200) == ""
    reason = Limits(100.0, 10**9).reason_to_skip(known, 1000)  # 8 calls of 100 s, as d²
    assert reason == "about 800 s expected, more than 100 s"
    compiled = ladder({10: 1e-6}, compile_seconds=50.0)
    assert Limits(60.0, 10**9).reason_to_skip(compiled, 1000) == ""
    assert "expected" in Limits(40.0, 10**9).reason_to_skip(compiled, 1000)


def test_a_size_that_would_take_too_much_memory_is_not_measured():
    known = ladder({10: 1e-6}, peak_bytes=2**20) + ladder({100: 1e-6}, peak_bytes=100 * 2**20)
    assert Limits(10.0, 2**32).reason_to_skip(known, 200) == ""
    reason = Limits(10.0, 2**32).reason_to_skip(known, 1000)
    assert reason == "about 9.77 GiB expected, more than 4.00 GiB"


def test_wider_limits_measure_what_was_skipped(tmp_path):
    file = tmp_path / "bench.jsonl"
    options = {"sizes": [4, 4000], "file": file}
    first = bench(objective(), ["reverse"], memory_bytes=20_000, **options)
    assert [r["status"] for r in first.records] == ["ok", "skipped"]
    again = bench(objective(), ["reverse"], memory_bytes=20_000, **options)
    assert again.records == first.records
    assert again.resumed == 2
    wider = bench(objective(), ["reverse"], **options)
    assert [r["status"] for r in wider.records] == ["ok", "ok"]
    assert wider.records[0] == first.records[0]
    assert Bench.read(file).records == wider.records
    assert len(file.read_text().splitlines()) == 3


def test_another_seed_is_another_figure(tmp_path):
    file = tmp_path / "bench.jsonl"
    bench(objective(), ["reverse"], sizes=4, file=file)
    assert bench(objective(), ["reverse"], sizes=4, file=file, seed=1).resumed == 0


@pytest.mark.sweep
def test_a_run_that_is_killed_goes_on_where_it_stopped(tmp_path):
    (tmp_path / "mine.py").write_text(FILE)
    arguments = ["bench", "mine.py:CUBES", "--out", "b.jsonl"]
    for name in ("value", "analytic", "reverse", "central"):
        arguments += ["--method", name]
    for size in (4, 8, 16, 32):
        arguments += ["--size", str(size)]
    out = tmp_path / "b.jsonl"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    run = subprocess.Popen(
        [sys.executable, "-m", "gradcompare", *arguments],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not out.exists() or out.read_bytes().count(b"\n") < 6:
        assert run.poll() is None, "it ended before it was killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    run.send_signal(signal.SIGKILL)
    run.wait()
    kept = out.read_bytes()
    kept = kept[: kept.rindex(b"\n") + 1]
    count = kept.count(b"\n")
    assert 6 <= count < 16
    out.write_bytes(kept + b'{"format": 1, "objective": "cub')

    home = os.getcwd()
    os.chdir(tmp_path)
    try:
        outcome = CliRunner().invoke(main, arguments)
    finally:
        os.chdir(home)
    assert outcome.exit_code == 0, outcome.output
    assert f"16 figures in b.jsonl, {count} of them measured before" in outcome.output
    assert out.read_bytes().startswith(kept)
    lines = [json.loads(line) for line in out.read_bytes().splitlines()]
    keys = [tuple(line[field] for field in IDENTITY) for line in lines]
    assert len(keys) == len(set(keys)) == 16


def test_a_file_is_emptied_once_all_is_known_to_be_usable(tmp_path):
    path = tmp_path / "figures.jsonl"
    path.write_text("old\n")
    for call in (
        lambda: bench("rigde", file=path, fresh=True),
        lambda: scan("jaxx", file=path, fresh=True),
    ):
        with pytest.raises(InputError):
            call()
        assert path.read_text() == "old\n"
    assert bench("ridge", "value", sizes=3, file=path, fresh=True).resumed == 0
    assert len(path.read_text().splitlines()) == 1


def test_a_file_that_is_no_benchmark_is_refused(tmp_path):
    file = tmp_path / "other.jsonl"
    for text in ("{}\n", "nonsense\n", "[1]\n", '{"format": 1}\n'):
        file.write_text(text)
        with pytest.raises(InputError, match=r"line 1 of .* is no figure of a benchmark"):
            Bench.read(file)
    file.write_text('{"format": 99}\n')
    with pytest.raises(InputError, match="format 99"):
        Bench.read(file)


def test_the_exponent_of_growth_lies_in_its_interval():
    figures = Bench(tuple(ladder({10: 1e-4, 100: 1.03e-2, 1000: 0.98, 10000: 101.0})))
    (slope,) = figures.growth()
    assert slope["low"] < 2 < slope["high"]
    assert slope["high"] - slope["low"] < 0.1
    assert slope["sizes"] == 4
    assert "growth: reverse d^2.00 ± 0.0" in str(figures)


def test_times_of_empty_calls_show_no_growth():
    empty = ladder({10: 1e-5, 30: 1e-5}) + ladder({100: 1e-4, 1000: 1e-3, 10000: 1e-2})
    (slope,) = Bench(tuple(empty)).growth()
    assert slope["sizes"] == 3
    assert slope["exponent"] == pytest.approx(1)
    assert not shows_work(empty[0])


def test_intervals_hold_what_they_say():
    rng = np.random.default_rng(0)
    hits = slopes = 0
    for _ in range(200):
        interval = median_interval(np.exp(rng.normal(0, 0.3, 101)) * 1e-2)
        hits += interval.low <= 1e-2 <= interval.high
        x = np.arange(5.0)
        line = slope_interval(x, 2 * x + rng.normal(0, 0.1, 5))
        slopes += line.low <= 2 <= line.high
    assert hits >= 180
    assert 180 <= slopes < 200


def test_break_even_is_between_the_sizes_where_the_order_changes():
    forward = ladder({10: 1e-4, 100: 1e-2}, "forward-mode")
    reverse = ladder({10: 4e-4, 100: 4e-3}, "reverse")
    (crossing,) = Bench((*forward, *reverse)).break_even()
    assert crossing["cheaper"] == "reverse"
    assert crossing["dearer"] == "forward-mode"
    assert crossing["d"] == pytest.approx(40)  # d² · 1e-6 = d · 4e-5
    assert crossing["low"] <= crossing["d"] <= crossing["high"]
    assert Bench((*reverse, *ladder({10: 1e-5, 100: 1e-2}, "forward-mode"))).break_even() == []


def test_no_ratio_is_printed_beside_the_time_of_an_empty_call():
    clear, short = record(), record(dispatch_seconds=2e-4)
    assert "2.0 [1.9, 2.1]" in str(Bench((clear,)))
    text = str(Bench((short,)))
    assert "2.0 [" not in text
    assert "~: too short beside the time of an empty call for a ratio" in text


def test_the_records_go_to_tables(tmp_path, figures):
    figures.to_csv(tmp_path / "b.csv")
    head, *rows = (tmp_path / "b.csv").read_text().splitlines()
    assert head.split(",")[:2] == ["format", "objective"]
    assert len(rows) == len(figures.records)
    assert figures.to_records() == [dict(r) for r in figures.records]


def test_pandas_reads_the_records(figures):
    if not _has("pandas"):
        with pytest.raises(InputError, match="needs pandas"):
            figures.to_pandas()
        return
    assert len(figures.to_pandas()) == len(figures.records)


def _has(package: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(package) is not None


def test_the_ladder_is_geometric():
    assert ladder_of_sizes(None, 10_000) == [10, 32, 100, 320, 1000, 3200, 10_000]
    assert ladder_of_sizes(None, 999) == [10, 32, 100, 320]


@pytest.mark.parametrize(
    "options",
    [{"sizes": [0]}, {"sizes": []}, {"seconds": 0}, {"memory_bytes": -1}, {"largest": 3}],
)
def test_unusable_arguments_are_refused(options):
    with pytest.raises(InputError):
        bench(objective(), ["value"], **options)


def test_unknown_names_are_refused():
    with pytest.raises(UnknownNameError, match="did you mean reverse"):
        bench(objective(), ["revers"], sizes=4)
    with pytest.raises(UnknownNameError, match="dtype"):
        bench(objective(), ["value"], sizes=4, dtypes="float65")


def test_the_setting_of_jax_stays():
    before = jax.config.jax_enable_x64
    bench(objective(), ["value"], sizes=4, dtypes=["float64", "float32"])
    assert jax.config.jax_enable_x64 == before
