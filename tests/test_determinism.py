"""The same command gives the same verdicts and findings, bit for bit, but for times."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from sweeps import marked

TIMES = {"environment", "timings", "compile_seconds", "seconds", "value_seconds", "median_seconds"}
"""The parts of a result that depend on the machine or the clock."""

FILE = """
import jax.numpy as jnp
import numpy as np

from gradcompare import Objective


def value(x, data):
    return jnp.sum(jnp.where(x > 0, x**3, jnp.sin(x)) * data["a"]) + x[0] * x[1]


def right(x, data):
    g = jnp.where(x > 0, 3 * x**2, jnp.cos(x)) * data["a"]
    return g.at[0].add(x[1]).at[1].add(x[0])


def wrong(x, data):
    return right(x, data).at[0].add(-x[1]).at[2].mul(1.5)


def host(x, data):
    return float(sum(v**2 for v in np.asarray(x)))


def make(rng, size):
    return rng.standard_normal(size), {"a": rng.standard_normal(size), "b": np.ones(size)}


def kinked(x, data):
    return jnp.sum(jnp.abs(x - 0.5)) + jnp.max(x)


OBJECTIVES = (
    Objective("right", value, make, right, sizes=(5,)),
    Objective("wrong", value, make, wrong, sizes=(5,)),
    Objective("host", host, make, lambda x, data: 3 * x, sizes=(5,)),
    Objective("kinked", kinked, make, lambda x, data: jnp.sign(x - 0.5), sizes=(5,)),
)
"""


def without_times(node: Any) -> Any:
    """A JSON value without the parts that depend on the machine or the clock."""
    if isinstance(node, dict):
        return {key: without_times(part) for key, part in node.items() if key not in TIMES}
    return [without_times(part) for part in node] if isinstance(node, list) else node


def results(folder, names, *options, seed):
    """The results of a run in a process of its own, in which strings hash in another way."""
    line = [sys.executable, "-m", "gradcompare", "run", *names, "--json", "-", *options]
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    ran = subprocess.run(line, capture_output=True, text=True, cwd=folder, env=environment)
    assert ran.returncode in (0, 1), ran.stderr
    return without_times(json.loads(ran.stdout))


@pytest.mark.parametrize(
    "more", ["", marked("ridge rosenbrock lasso hinge kalman-filter trap-relu-at-zero")]
)
@pytest.mark.sweep
def test_processes_and_jobs_give_the_same(more, tmp_path):
    names = ("mine.py", *more.split())
    (tmp_path / "mine.py").write_text(FILE)
    first = results(tmp_path, names, "--jobs", "1", "--no-timing", seed=1)
    assert len(first["results"]) >= 4
    assert results(tmp_path, names, "--jobs", "2", "--no-timing", seed=2) == first
    if more:
        assert results(tmp_path, names, "--jobs", "1", "--no-timing", seed=3) == first


@pytest.mark.sweep
def test_one_process_gives_the_same_again(tmp_path):
    """In whatever order, and with the programs of before: findings do not grow old."""
    (tmp_path / "mine.py").write_text(FILE)
    code = """
import json, sys
import gradcompare
from gradcompare._api.registry import find_objectives
def go(names):
    every = {o.name: o for o in find_objectives("mine.py")}
    return {n: gradcompare.compare([every[n]], timing=False).to_dict()["results"] for n in names}
print(json.dumps([go(["wrong", "kinked"]), go(["kinked", "wrong"])]))
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    first, *others = map(without_times, json.loads(ran.stdout))
    assert any(result["diagnosis"] for result in first["wrong"])
    for again in others:
        assert again == first
