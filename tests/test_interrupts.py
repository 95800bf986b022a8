"""An interrupted `gradcompare run`: it ends at once, keeps what is finished, and goes on later."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from sweeps import sweep

from gradcompare import Comparison, InputError, compare
from gradcompare.cli.main import main
from gradcompare.cli.processes import compare_in_processes
from gradcompare.cli.runs.rows import Rows, journal_of
from gradcompare.methods._registry import standard_methods

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it looks for processes in /proc")

FILE = """
import pathlib
import time
import numpy as np
from gradcompare import Objective

GATE = pathlib.Path(__file__).with_name("gate")


def made(rng, size):
    return rng.standard_normal(size), None


def square(w, data):
    if not GATE.exists():
        raise ValueError("compared a second time")
    return float((w**2).sum())


def stuck(w, data):
    while GATE.exists():
        try:
            time.sleep(0.01)
        except BaseException:
            pass
    return float((w**2).sum())


OBJECTIVES = [
    Objective(name=name, value=value, gradient=lambda w, data: 2 * w, make=made, sizes=(2,))
    for name, value in [("a", square), ("b", square), ("c", stuck), ("d", stuck)]
]
"""


@pytest.fixture(name="file")
def _file(tmp_path):
    (tmp_path / "gate").touch()
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    return path


def command(file, *more):
    names = ["run", str(file), "--no-timing", "--no-cache", "--points", "1"]
    return [*names, "--json", str(file.with_name("result.json")), *more]


@contextlib.contextmanager
def not_ignored(*signals):
    """What is ignored is inherited, and the tests may run below `nohup`."""
    usual = {each: signal.signal(each, signal.SIG_DFL) for each in signals}
    try:
        yield
    finally:
        for each, handler in usual.items():
            signal.signal(each, handler)


def stuck(file, jobs):
    """Starts the command, and returns when both processes or threads hang in a function."""
    arguments = [sys.executable, "-m", "gradcompare", *command(file, "--jobs", str(jobs))]
    pipe = subprocess.PIPE
    with not_ignored(signal.SIGHUP, signal.SIGINT):
        process = subprocess.Popen(
            arguments, stdout=pipe, stderr=pipe, text=True, start_new_session=True
        )
    journal = file.with_name("result.json.part")
    end = time.monotonic() + 120
    while not journal.exists() or journal.read_text().count("\n") < 3:
        assert time.monotonic() < end
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    return process


def alive(group):
    """The processes of a group that are no zombies."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(its) == group and state != "Z":
            yield stat.parent.name


def all_ended(group, seconds=5.0):
    """Whether no process of a group is left; a process that is killed needs a moment."""
    end = time.monotonic() + seconds
    while remaining := list(alive(group)):
        if time.monotonic() > end:
            for process in remaining:
                os.kill(int(process), signal.SIGKILL)
            return False
        time.sleep(0.02)
    return True


def resumed(file):
    (file.with_name("gate")).unlink()
    ran = CliRunner().invoke(main, command(file, "--jobs", "1", "--resume"))
    assert ran.exit_code == 0, ran.output
    assert not file.with_name("result.json.part").exists()
    return Comparison.from_json(file.with_name("result.json").read_bytes())


SIGNALS = [("SIGINT", 2, 130), ("SIGTERM", 1, 143), ("SIGHUP", 2, 129)]


@pytest.mark.parametrize(("name", "jobs", "code"), sweep(SIGNALS, SIGNALS[:2]))
def test_a_signal_ends_it_with_what_is_finished(file, name, jobs, code):
    process = stuck(file, jobs)
    start = time.monotonic()
    os.killpg(process.pid, getattr(signal, name))  # as a terminal does
    out, err = process.communicate(timeout=60)
    seconds = time.monotonic() - start
    assert process.returncode == code
    assert seconds < 5, "the machine may be busy; alone it takes 0.1 s"
    assert all_ended(process.pid)
    assert "2 AGREE" in out
    assert out.endswith("Interrupted; missing: c, d\n")
    assert err == f"gradcompare: interrupted by {name}\n"
    body = json.loads(file.with_name("result.json").read_text())
    assert body["interrupted"] is True
    assert (body["missing"], body["ok"]) == (["c", "d"], False)
    whole = resumed(file)
    assert [(r.objective, r.verdict.name) for r in whole] == [(n, "AGREE") for n in "abcd"]
    assert (whole.interrupted, whole.missing, whole.ok) == (False, (), True)


@pytest.mark.sweep
def test_a_killed_parent_leaves_no_process(file):
    process = stuck(file, 2)
    process.kill()
    process.communicate(timeout=60)
    assert all_ended(process.pid)
    assert not file.with_name("result.json").exists()
    assert [r.verdict.name for r in resumed(file)] == ["AGREE"] * 4


def test_every_report_tells_what_is_missing(tmp_path):
    comparison = compare(["lecture-polynomial"], points=1, timing=False)
    path = tmp_path / "result.json"
    part = replace(comparison, interrupted=True, missing=("ridge", "<b>"))
    path.write_text(part.to_json())
    reports = [tmp_path / "page.html", tmp_path / "junit.xml"]
    ran = CliRunner().invoke(
        main, ["show", str(path), "--html", str(reports[0]), "--junit", str(reports[1])]
    )
    assert ran.exit_code == 1
    assert ran.output.endswith("Interrupted; missing: ridge, <b>\n")
    page, xml = (report.read_text(encoding="utf-8") for report in reports)
    assert "<h1>Interrupted</h1>" in page
    assert "missing: ridge, &lt;b&gt;." in page
    suite = ElementTree.fromstring(xml)
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "0", "2")
    assert len(suite.findall(".//error[@type='interrupted']")) == 2


def test_one_check_ends_as_well(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "import os, pathlib\n"
        "def stuck(x):\n"
        "    pathlib.Path(__file__).with_name('begun').touch()\n"
        "    while os.path.exists(__file__):\n"
        "        pass\n"
    )
    arguments = ["check", f"{file}:stuck", "--shape", "x=2", "--no-cache"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gradcompare", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    end = time.monotonic() + 120
    while not (tmp_path / "begun").exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    process.terminate()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (143, "gradcompare: interrupted by SIGTERM\n")


@pytest.fixture(name="finished")
def _finished(file):
    """A run that ended after its four rows, before they were timed."""
    file.write_text(file.read_text().replace("stuck)", "square)"))
    path = file.with_name("result.json")
    with pytest.raises(TimeoutError):
        compared(file, Rows(path), stop=4)
    return path


def compared(file, rows, stop=None, **options):
    def progress(name, done, total):
        if done == stop:
            raise TimeoutError

    methods = standard_methods()
    options = {"points": 2, "repeats": 1, **options}
    return compare_in_processes(
        [str(file)], methods, jobs=1, cache=False, progress=progress, rows=rows, **options
    )


def test_only_times_are_measured_anew(file, finished):
    rows = Rows(finished, resume=True)
    comparison = compared(file, rows)
    assert len(rows.earlier) == 4
    assert all(r.timings and len(r.points) == 2 for r in comparison)
    assert all(r.verdict.name == "AGREE" for r in comparison)
    again = Rows(finished, resume=True)
    file.with_name("gate").unlink()  # whatever is called again fails
    assert compared(file, again).ok


def test_rows_of_another_run_are_refused(file, finished):
    with pytest.raises(InputError, match="another seed; leave out --resume to begin anew"):
        compared(file, Rows(finished, resume=True), seed=3)
    journal_of(finished).write_text('{"environment": 3}\n')
    with pytest.raises(InputError, match="holds no rows of a run"):
        compared(file, Rows(finished, resume=True))


@pytest.mark.sweep
def test_half_a_line_and_another_source_are_compared_again(file, finished):
    journal = journal_of(finished)
    journal.write_bytes(journal.read_bytes()[:-5])
    rows = Rows(finished, resume=True)
    with pytest.raises(TimeoutError):
        compared(file, rows, stop=1)
    assert sorted(rows.earlier) == [0, 1, 2]
    file.write_text(file.read_text().replace("2 * w", "3 * w"))
    rows = Rows(finished, resume=True)
    comparison = compared(file, rows)
    assert not rows.earlier
    assert [r.verdict.name for r in comparison] == ["ANALYTIC_WRONG"] * 4


def test_a_run_without_resume_begins_anew(file, finished):
    rows = Rows(finished)
    compared(file, rows)
    assert not rows.earlier
    rows.end()
    assert not journal_of(finished).exists()


def test_resume_needs_a_file():
    for more in ([], ["--json", "-"]):
        ran = CliRunner().invoke(main, ["run", "ridge", "--resume", *more])
        assert ran.exit_code == 2
        assert "--resume goes with --json FILE" in ran.output
