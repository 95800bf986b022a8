"""Bad inputs of every kind get a clear answer: a sample of benchmarks/robustness.py.

The trials are forked from a process that has started no backend of JAX, which is not this one.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sweeps import marked

BENCHMARK = Path(__file__).parent.parent / "benchmarks" / "robustness.py"
PARTS = ("options", "functions", "controls", "commands", "files", "json")


@pytest.mark.parametrize("every", [1597, marked(10)])
def test_every_answer_is_clear(every, tmp_path):
    counts = tmp_path / "counts.json"
    line = [sys.executable, BENCHMARK, "--every", str(every), "--json", counts]
    ran = subprocess.run(line, capture_output=True, text=True, timeout=1200)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    rows = {row["part"]: row for row in json.loads(counts.read_text())}
    assert rows.keys() == {*PARTS, "all"}
    assert rows["all"]["clear"] == rows["all"]["inputs"] >= 5000 // every


def test_there_are_enough_of_them():
    trials = import_trials()
    api = [t for part in ("options", "functions") for t in trials[part]]
    lines = [t for part in ("commands", "files") for t in trials[part]]
    assert len({trial.name for trial in api}) >= 400
    assert len({trial.name for trial in lines}) >= 250
    wanted = [trial.wanted for trial in trials["controls"]]
    assert wanted.count(("agree",)) > 100 < wanted.count(("accuse",))


def test_what_is_not_clear_is_told():
    """Each kind of fault is seen: in a process that cannot take this one with it."""
    code = """
import os, time
import gradcompare.testing
from robustness_trials import Trial, answer_of, run_trials
def fails(): raise KeyError("k")
def refuses(): raise gradcompare.InputError("seed is 3")
trials = [
    Trial("raw", lambda: answer_of(fails), ("refuse",)),
    Trial("crash", lambda: os.abort(), ("refuse",)),
    Trial("wrong", lambda: ("agree", ""), ("refuse",)),
    Trial("unclear", lambda: answer_of(refuses), ("refuse",), "points"),
    Trial("unreadable", lambda: ("refuse", "Traceback of it"), ("refuse",)),
    Trial("clear", lambda: answer_of(refuses), ("refuse",), "seed"),
]
hang = Trial("hang", lambda: time.sleep(60), ("refuse",))
answers = [*run_trials(trials, 2), *run_trials([hang], seconds=1.0)]
print({answer.name: answer.kind for answer in answers})
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=BENCHMARK.parent
    )
    assert ran.stdout.strip().startswith("{"), ran.stderr
    assert json.loads(ran.stdout.replace("'", '"')) == {
        "raw": "raw exception",
        "hang": "hang",
        "crash": "crash",
        "wrong": "wrong verdict",
        "unclear": "unclear",
        "unreadable": "unclear",
        "clear": "clear",
    }


def import_trials():
    import robustness

    return robustness.trials_of(list(PARTS))
