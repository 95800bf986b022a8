"""`gradcompare scan`: planted faults are found, right functions pass, the rest has a reason."""

import importlib.util
import math
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from click.testing import CliRunner

import gradcompare
from gradcompare._api.scan.arrays import Arrays, has_kink
from gradcompare._api.scan.inputs.arguments import calls_of
from gradcompare._api.scan.inputs.points import numbers, thresholds, traced
from gradcompare._api.scan.inputs.targets import Named, functions_of
from gradcompare._api.scan.running.processes import in_processes
from gradcompare._foundation.errors import InputError
from gradcompare._foundation.precision import FLOAT64, precision_scope
from gradcompare.cli import main

mpmath = pytest.importorskip("mpmath")

PLANTED = '''
"""Functions with and without faults."""

import os
import time

import jax
import jax.numpy as jnp


@jax.custom_jvp
def cubed(x):
    return x**3


@cubed.defjvp
def _(primals, tangents):
    (x,), (t,) = primals, tangents
    return cubed(x), jnp.where(x > 7.25, 2.0, 3.0) * x**2 * t


@jax.custom_jvp
def squashed(x):
    return jnp.tanh(x)


@squashed.defjvp
def _(primals, tangents):
    (x,), (t,) = primals, tangents
    y = jnp.tanh(x)
    return y, (1 - y * y) * t


def bent(x, y=1.0):
    return jnp.abs(x) + jnp.maximum(x, y) + jnp.where(x > 3, jnp.floor(x), 0.0)


def unguarded(x):
    return jnp.where(x > 0, jnp.sqrt(x) ** 3, 0.0)


def named(text: str):
    return {"a": 1.0}[text]


def hangs(x):
    if isinstance(x, jax.Array):
        time.sleep(600)
    return x


def dies(x):
    os._exit(3)
'''


@pytest.fixture
def planted(tmp_path, monkeypatch):
    (tmp_path / "planted_for_scan.py").write_text(PLANTED)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    yield "planted_for_scan"
    sys.modules.pop("planted_for_scan", None)


def of(scan, name):
    return next(entry for entry in scan.entries if entry.function.endswith(name))


def test_planted_faults_are_found_and_the_rest_is_right_or_has_a_reason(planted):
    scan = gradcompare.scan(
        [f"{planted}:{name}" for name in ("cubed", "squashed", "bent", "named")]
    )
    wrong, tail = of(scan, "cubed").faults, of(scan, "squashed").faults
    assert [fault.kind for fault in wrong] == ["wrong"]
    assert wrong[0].relative == pytest.approx(1 / 3)
    assert "formula of the derivative is wrong" in wrong[0].cause
    assert "cubed" in wrong[0].cause
    assert [fault.kind for fault in tail] == ["relative"]
    assert "the formula is right" in tail[0].cause
    assert not of(scan, "bent").faults
    assert of(scan, "bent").points > 300
    assert "KeyError" in of(scan, "named").reason or "unhashable" in of(scan, "named").reason
    assert not scan.ok
    assert "1 not examined" in str(scan)


def test_the_threshold_of_a_comparison_is_a_point():
    with precision_scope(FLOAT64):
        program = traced(lambda x: jnp.where(x > 7.25, x, jnp.minimum(x, -3.5)), 1.0)
        found = thresholds(program)
    assert set(found) == {7.25, -3.5}
    placed = numbers(0, found)
    for each in found:
        assert {each, np.nextafter(each, 99), np.nextafter(each, -99)} <= set(placed)


def test_a_reproducer_runs_without_the_package():
    scan = gradcompare.scan("jax.numpy.tanh")
    (fault,) = scan.faults
    assert len(fault.reproducer.splitlines()) == 3
    assert "gradcompare" not in fault.reproducer
    outcome = subprocess.run(
        [sys.executable, "-c", fault.reproducer], capture_output=True, text=True, check=True
    )
    assert float(outcome.stdout) == pytest.approx(fault.autodiff, rel=1e-6)
    x = float(fault.point)
    with mpmath.workdps(60):
        assert fault.truth == pytest.approx(float(mpmath.sech(x) ** 2), rel=1e-12)


@pytest.mark.skipif(jax.__version_info__ >= (0, 12), reason="both are right since jax 0.12")
@pytest.mark.parametrize(
    ("name", "kinds"),
    [("jax.numpy.sinc", {"relative", "extreme"}), ("jax.scipy.special.i0", {"relative"})],
)
def test_known_faults_of_jax(name, kinds):
    found = {fault.kind for fault in gradcompare.scan(name).faults}
    assert kinds <= found


def test_right_functions_raise_no_alarm():
    """A kink, the end of a domain, and tied singular values are no faults."""
    names = ["numpy.sin", "nn.relu", "scipy.special.erfinv", "numpy.linalg.svdvals"]
    scan = gradcompare.scan([f"jax.{name}" for name in names])
    assert scan.ok, str(scan)
    assert not scan.skipped
    assert all(entry.points for entry in scan.entries)


@pytest.mark.sweep
def test_a_function_with_an_argument_that_the_one_of_mpmath_lacks():
    scan = gradcompare.scan("jax.scipy.special.log_ndtr")
    assert not scan.skipped
    assert [fault.kind for fault in scan.faults] == ["wrong"]
    x, truth = float(scan.faults[0].point), scan.faults[0].truth
    with mpmath.workdps(60):
        exact = mpmath.npdf(x) / (mpmath.erfc(-x / mpmath.sqrt(2)) / 2)
    assert truth == pytest.approx(float(exact), rel=1e-9)


def test_tied_eigenvalues_are_a_kink_and_others_are_none():
    (named,) = functions_of("jax.numpy.linalg.eigvalsh")
    with precision_scope(FLOAT64):
        (call,) = calls_of(named)
        arrays = Arrays(named, call, 0)
        assert has_kink(arrays, [np.eye(4)], 0, lambda u: u)
        assert not has_kink(arrays, [np.diag([1.0, 2.0, 4.0, 7.0])], 0, lambda u: (u + u.T) / 2)


def test_without_mpmath_the_judge_contradicts(planted, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "mpmath" else find(name, *a)
    )
    (fault,) = gradcompare.scan(f"{planted}:cubed").faults
    assert fault.source == "the judge"
    assert fault.relative == pytest.approx(1 / 3, rel=1e-6)


def test_orders_and_refusals_are_read_by_trying():
    def order(n: int, x):
        return x ** int(n)

    def strange(x):
        raise RuntimeError("no such thing")

    with precision_scope(FLOAT64):
        (call,) = calls_of(Named("order", order))
        reason = calls_of(Named("strange", strange))
    assert call.kinds[0] == "order"
    assert reason == "RuntimeError: no such thing"


def test_a_file_is_resumed_and_a_baseline_leaves_out_what_is_known(planted, tmp_path):
    file, names = tmp_path / "scan.jsonl", [f"{planted}:cubed", "jax.numpy.sin"]
    first = gradcompare.scan(names, file=file)
    with file.open("a") as half:
        half.write('{"half')
    again = gradcompare.scan([*names, "jax.numpy.cos"], file=file)
    assert again.resumed == 2
    assert again.faults == first.faults
    assert len(file.read_text().splitlines()) == 3
    assert gradcompare.scan(names, file=file, baseline=file).ok
    (tmp_path / "other").write_text("{}\n")
    with pytest.raises(InputError, match="no function of a scan"):
        gradcompare.scan(names, baseline=tmp_path / "other")


def test_numbers_that_json_lacks_survive(planted, tmp_path):
    scan = gradcompare.scan(f"{planted}:unguarded", file=tmp_path / "scan.jsonl")
    again = gradcompare.scan(f"{planted}:unguarded", file=tmp_path / "scan.jsonl")
    assert any(not math.isfinite(fault.autodiff) for fault in scan.faults)
    assert [f.point for f in again.faults] == [f.point for f in scan.faults]
    assert again.to_json() == scan.to_json()


def test_the_command_line(planted, tmp_path):
    runner = CliRunner()
    arguments = ["scan", f"{planted}:cubed", "--jobs", "1", "--json", "scan.jsonl", "-v"]
    outcome = runner.invoke(main, arguments)
    assert outcome.exit_code == 1, outcome.output
    assert "planted_for_scan.cubed" in outcome.output
    assert "import jax" in outcome.output
    assert runner.invoke(main, [*arguments, "--baseline", "scan.jsonl"]).exit_code == 0
    assert runner.invoke(main, ["scan", "no_such_module_at_all"]).exit_code == 2


@pytest.mark.sweep
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "patience", "reason"), [("hangs", 2.0, "no answer in 2 s"), ("dies", 90.0, "crashed")]
)
def test_a_crash_or_a_hang_costs_one_function(planted, name, patience, reason):
    functions = functions_of([f"{planted}:{name}", f"{planted}:named"])
    entries = {e.function: e for e in in_processes(functions, 0, 1, patience)}
    assert reason in entries[f"{planted}.{name}"].reason
    assert len(entries) == 2


def test_a_package_is_walked_and_each_function_comes_once():
    names = [named.name for named in functions_of(["jax.scipy.stats", "jax.scipy.stats.norm"])]
    assert "jax.scipy.stats.norm.logpdf" in names
    assert len(names) == len(set(names))
    functions = [jax.numpy.sin, jax.numpy.sin]
    assert len(functions_of(functions)) == 1
