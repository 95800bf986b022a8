"""`seconds=`, `--seconds` and the progress bar: a check says what it costs, and ends in time."""

import io
import os
import subprocess
import sys
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from click.testing import CliRunner
from sweeps import sweep

import gradcompare
from gradcompare import InputError, Verdict
from gradcompare._engine import examiner, run
from gradcompare._engine.limits import prediction
from gradcompare._evaluation import rounding
from gradcompare._foundation.limits import arrays, clock
from gradcompare._points.branches.host import recorded_array
from gradcompare.cli.main import main

X = np.linspace(0.1, 2.0, 300)


def on_host(x):
    return float(np.sum(np.sin(x) * x[::-1]))


def gradient_on_host(x):
    return np.cos(x) * x[::-1] + np.sin(x)[::-1]


def traced(x):
    return jnp.sum(jnp.sin(x) * x[::-1])


def gradient_traced(x):
    return jnp.cos(x) * x[::-1] + jnp.sin(x)[::-1]


KINDS = {"host": (on_host, gradient_on_host), "traced": (traced, gradient_traced)}


def wrong_at(gradient, i):
    def wrong(x):
        g = np.array(gradient(x)) if gradient is gradient_on_host else gradient(x)
        if isinstance(g, np.ndarray):
            g[i] *= 1.5
            return g
        return g.at[i].multiply(1.5)

    return wrong


@pytest.fixture(name="a_value_takes")
def _a_value_takes(monkeypatch):
    """Predicts as if a value took so many seconds."""
    return lambda seconds: monkeypatch.setattr(prediction, "_seconds", lambda call: seconds)


class FakeTime:
    """A clock that goes on by one second with each value of f."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now

    def of(self, value):
        def counted(*args):
            self.now += 1.0
            return value(*args)

        return counted


@pytest.fixture(name="fake_time")
def _fake_time(monkeypatch):
    fake = FakeTime()
    monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=fake.monotonic))
    return fake


@pytest.mark.parametrize("kind", sweep(list(KINDS)))
def test_a_limit_that_is_not_reached_changes_nothing(kind):
    value, gradient = KINDS[kind]
    plain = gradcompare.check(value, gradient, X[:5])
    assert str(gradcompare.check(value, gradient, X[:5], seconds=1e6)) == str(plain)


def test_without_a_limit_no_value_is_computed_for_a_prediction():
    counts = []
    for options in ({}, {"progress": False}, {"seconds": 1e6}):
        calls = [0]

        def value(x, calls=calls):
            calls[0] += 1
            return on_host(x)

        gradcompare.check(value, gradient_on_host, X[:5], points=1, **options)
        counts.append(calls[0])
    assert counts[0] == counts[1] < counts[2]


@pytest.mark.parametrize("kind", KINDS)
def test_where_every_coordinate_takes_too_long_random_directions_are_taken(kind, a_value_takes):
    a_value_takes(0.02)
    value, gradient = KINDS[kind]
    (result,) = gradcompare.check(value, gradient, X, seconds=60)
    assert result.verdict is Verdict.AGREE
    assert (result.d, result.paths) == (300, ("along u1", "along u2", "along u3"))
    assert "every one of the 300 coordinates takes longer than 60 s" in str(result)
    assert "several wrong entries escape with a probability below 1e-06" in str(result)


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_of_one_entry_shows_along_random_directions(kind, a_value_takes):
    a_value_takes(0.02)
    value, gradient = KINDS[kind]
    (result,) = gradcompare.check(value, wrong_at(gradient, 7), X, seconds=60)
    assert result.verdict is Verdict.ANALYTIC_WRONG
    assert "entries that differ from autodiff at x0: 1 of 300: x[7] (" in str(result)
    assert "unexplained" not in str(result)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(20))
def test_no_error_of_one_entry_escapes_random_directions(seed, a_value_takes):
    a_value_takes(0.02)
    wrong = wrong_at(gradient_traced, 13 * seed % 300)
    comparison = gradcompare.check(traced, wrong, X, seconds=60, seed=seed)
    assert comparison.verdict in (Verdict.ANALYTIC_WRONG, Verdict.ANALYTIC_INEXACT)


@pytest.mark.parametrize(
    "options",
    [{"seconds": 0.5}, *sweep([{"seconds": 60, "accuracy": 1e-3}, {"seconds": 60, "scale": 2.0}])],
)
def test_where_nothing_fits_the_row_says_so_at_once(a_value_takes, options):
    a_value_takes(0.02)
    (result,) = comparison = gradcompare.check(on_host, gradient_on_host, X, **options)
    assert (result.verdict, comparison.ok) == (Verdict.TIMEOUT, False)
    assert "does not suffice; a value takes 20 ms, and 3 points take about 10980" in str(result)
    assert result.points == ()


def test_what_was_examined_until_the_limit_is_told(fake_time):
    value = fake_time.of(on_host)
    (result,) = comparison = gradcompare.check(value, gradient_on_host, X[:5], seconds=250)
    assert (result.verdict, comparison.ok) == (Verdict.TIMEOUT, False)
    assert "the limit of 250 s is passed" in str(result)
    assert "examined until then: x0 (AGREE)" in str(result)
    assert result.points[0].label == "x0"
    again = gradcompare.Comparison.from_json(comparison.to_json())
    assert (again.verdict, str(again)) == (Verdict.TIMEOUT, str(comparison))
    for style in ("plain", "csv", "latex", "github"):
        assert "TIMEOUT" in comparison.table(style)
    assert "TIMEOUT" in comparison.to_html()


def test_the_other_objectives_go_on(fake_time, monkeypatch):
    monkeypatch.setattr(run, "WORKERS", 1)  # the fake time is that of all threads

    def made(rng, size):
        return rng.standard_normal(size), None

    def objective(name, value):
        return gradcompare.Objective(
            name=name, value=value, gradient=lambda w, data: 2 * w, make=made, sizes=(2,)
        )

    def square(w, data):
        return float(w @ w)

    slow = fake_time.of(square)
    results = gradcompare.compare(
        [objective("slow", slow), objective("quick", square)], seconds=50, timing=False
    )
    assert [r.verdict for r in results] == [Verdict.TIMEOUT, Verdict.AGREE]


@pytest.mark.sweep
def test_the_limit_holds_while_methods_are_timed(fake_time):
    def value(x):
        fake_time.now += in_timing[0]
        return on_host(x)

    in_timing = [0.0]
    (plain,) = gradcompare.check(value, gradient_on_host, X[:3], points=1)
    assert plain.ok
    in_timing[0] = 1.0
    (result,) = gradcompare.check(
        value, gradient_on_host, X[:3], points=1, timing=True, seconds=200, repeats=10_000
    )
    assert "not timed, because the time limit is passed" in str(result)
    assert result.verdict is Verdict.AGREE


@pytest.mark.parametrize("name", sweep(["check_jacobian", "check_vjp"]))
def test_checks_of_several_results_have_the_limit(fake_time, name):
    fun = fake_time.of(lambda x: np.sin(x))
    (result,) = getattr(gradcompare, name)(fun, None, X[:4], seconds=60)
    assert result.verdict is Verdict.TIMEOUT


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), "2", True])
def test_a_limit_must_be_a_positive_number(seconds):
    with pytest.raises(InputError, match=r"seconds is .*; give a positive number, or None"):
        gradcompare.check(traced, None, X, seconds=seconds)


def test_progress_is_true_false_or_none():
    with pytest.raises(InputError, match="progress is 'yes'; give True, False, or None"):
        gradcompare.check(traced, None, X, progress="yes")


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "progress", "seconds", "shown"),
    [
        (Terminal, None, 0.02, True),
        (Terminal, None, 1e-6, False),
        (Terminal, False, 0.02, False),
        (io.StringIO, None, 0.02, False),
        (io.StringIO, True, 1e-6, True),
    ],
)
def test_a_bar_is_shown_on_a_terminal_for_what_takes_long(
    monkeypatch, a_value_takes, stream, progress, seconds, shown
):
    a_value_takes(seconds)
    monkeypatch.setattr(sys, "stderr", stream())
    assert gradcompare.check(on_host, gradient_on_host, X[:5], progress=progress).ok
    assert ("on_host" in sys.stderr.getvalue()) == shown


FILE = """
import time
import numpy as np
from gradcompare import Objective


def forever(x):
    while True:
        pass


def slow(x):
    time.sleep(0.01)
    return float((x**2).sum())


def gradient(x):
    return 2 * x


def made(rng, size):
    return rng.standard_normal(size), None


def square(w, data):
    return float((w**2).sum())


def hang(w, data):
    while True:
        pass


X0 = np.linspace(0.1, 1, 5000)
OBJECTIVES = [
    Objective(name=name, value=value, gradient=lambda w, data: 2 * w, make=made, sizes=(2,))
    for name, value in [("a", square), ("hang", hang), ("b", square)]
]
"""


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "gradcompare", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env=os.environ,
    )


@pytest.fixture(name="file")
def _file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    return path


def test_the_command_ends_a_call_that_never_returns(file):
    at = ("--at", f"{file}:X0", "--json", file.with_name("result.json"))
    done = command("check", f"{file}:forever", ":gradient", *at, "--seconds", "1")
    assert done.returncode == 1
    assert "forever: TIMEOUT (GC503): the limit of 1.00 s is passed; a call did not" in done.stdout
    assert "(at mine.py:" in done.stdout
    kept = gradcompare.Comparison.from_json(file.with_name("result.json").read_text())
    assert kept.verdict is Verdict.TIMEOUT


@pytest.mark.sweep
def test_the_command_says_what_a_check_takes(file):
    at = ("--at", f"{file}:X0")
    done = command("check", f"{file}:slow", ":gradient", *at, "--seconds", "60")
    assert done.returncode == 0
    assert "slow: a value takes 1" in done.stderr
    assert "along random directions" in done.stderr
    assert "it/s" not in done.stderr  # no bar in a pipe
    assert "values/s" not in done.stderr


@pytest.mark.sweep
@pytest.mark.parametrize("name", ["check", "run"])
def test_a_file_that_loops_while_it_is_read_is_ended(tmp_path, name):
    path = tmp_path / "loops.py"
    path.write_text("def f(x):\n    return x\n\nwhile True:\n    pass\n")
    done = command(name, f"{path}:f" if name == "check" else path, "--seconds", "1")
    assert done.returncode == 2
    assert "takes longer than the limit of 1.00 s (at loops.py:" in done.stderr


@pytest.mark.sweep
@pytest.mark.parametrize("arguments", [["check"], ["run", "--jobs", "1"], ["run", "--jobs", "2"]])
def test_a_call_that_never_returns_costs_its_row_alone(file, arguments):
    name, *more = arguments
    out = file.with_name("result.json")
    done = command(name, file, *more, "--seconds", "4", "--json", out)
    assert done.returncode == 1
    results = gradcompare.Comparison.from_json(out.read_text())
    verdicts = [result.verdict.name for result in results]
    assert verdicts == ["AGREE", "TIMEOUT", "AGREE"]
    assert "its process was ended" in str(results.results[1])


@pytest.mark.parametrize(
    ("shapes", "formula", "what"),
    [
        (["x=1000000000"], "sum(x)", "--shape x has the shape (1000000000), which is 7.45 GiB"),
        (["x=100000"], "sum(outer(x, x))", "this has the shape (100000, 100000), which is 74.5"),
        (["x=20000"], "sum(x[:, None] * x)", "this has the shape (20000, 20000), which is 2.98 G"),
        (
            ["a=500", "b=500", "c=500", "d=500"],
            "sum(einsum('a,b,c,d->abcd', a, b, c, d))",
            "this has the shape (500, 500, 500, 500), which is 466 GiB",
        ),
    ],
)
def test_what_a_formula_asks_for_is_refused_before_it_is_made(shapes, formula, what):
    options = [part for shape in shapes for part in ("--shape", shape)]
    done = CliRunner().invoke(main, ["check", "--value", formula, *options])
    assert done.exit_code == 2
    assert what in done.stderr
    assert "one array may have 1.00 GiB; give smaller shapes" in done.stderr


LARGE = np.random.default_rng(0).standard_normal((300, 500))


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_large_array_is_copied_once_and_shared_with_the_device(order):
    given = np.asarray(LARGE, order=order)
    there = arrays.settled(given, given.dtype)
    assert np.array_equal(there, given)
    assert arrays.settled(there, given.dtype) is there
    assert there.flags.f_contiguous == given.flags.f_contiguous
    if order == "C" and jax.devices()[0].platform == "cpu":
        with jax.enable_x64(True):
            placed = jax.device_put(there)
            assert placed.unsafe_buffer_pointer() == there.__array_interface__["data"][0]


@pytest.mark.parametrize("view", [np.s_[:], np.s_[::2], np.s_[:, ::3]])
def test_a_large_array_is_moved_by_pieces_as_it_would_be_whole(view):
    given = LARGE[view]
    moved = rounding.nudge(given, 1, 2e-16)
    assert np.array_equal(moved, rounding._nudged(np.array(given), 1, 2e-16))
    assert 0 < np.max(np.abs(moved / given - 1)) < 2e-15
    assert rounding.nudge_data(np.round(given), 1, 2e-16) is not None
    assert np.array_equal(rounding.nudge_data(np.round(given), 1, 2e-16), np.round(given))


@pytest.mark.parametrize("of", sweep([jnp, np]))
def test_all_points_share_large_data(of, monkeypatch):
    """Before, each point had three copies of its own."""
    seen = []
    examined = examiner.examine

    def kept(evaluator, methods):
        seen.append(evaluator)
        return examined(evaluator, methods)

    monkeypatch.setattr(examiner, "examine", kept)

    def value(w, data):
        return of.sum((data @ w) ** 2)

    w = np.linspace(0.1, 1.0, LARGE.shape[1])[:4]
    data = np.tile(LARGE, (1, 1))[:, :4].repeat(200, axis=0)
    assert gradcompare.check(value, lambda w, X: 2 * X.T @ (X @ w), w, data).ok
    assert len(seen) >= 3
    first = seen[0].host_args[1][0]
    assert first.nbytes > arrays.LARGE_BYTES
    for evaluator in seen:
        assert evaluator.problem.data[0] is evaluator.host_args[1][0] is first


def test_a_function_that_writes_to_large_data_changes_nothing_of_the_user():
    data = np.array(LARGE)
    before = data.copy()

    def value(w, X):
        X = np.asarray(X)
        result = float(np.sum((X[:, :3] @ w) ** 2))
        X[0, 0] += 0.0 if np.all(w == 1.0) else 1.0  # not at the first call
        return result

    gradcompare.check(value, None, np.ones(3), data, on_error="row", points=2)
    assert np.array_equal(data, before)


def test_what_a_record_keeps_of_large_data_is_small():
    """Before, a float in a set took a hundred bytes, and data were kept for each operation."""
    data = np.array(LARGE)

    def value(w, X):
        return np.sum(np.sin(X @ w))

    w = np.linspace(0.1, 1.0, data.shape[1])
    assert recorded_array.is_followed(value, w, data)
    assert not recorded_array.is_followed(lambda w, X: float(np.sum(X @ w)) * 1.5, w, data)
    recording, _ = recorded_array.record(value, w, data, keeps="outside")
    other, _ = recorded_array.record(value, w, data + 1e-9, keeps="outside")
    assert recording.outside != other.outside
    assert sum(map(len, recording.outside)) < 1000
