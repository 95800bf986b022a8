"""`gradcompare run --jobs`: several processes say what one says, in the same order."""

import pytest
from click.testing import CliRunner

from gradcompare._processes import compare_in_processes
from gradcompare._registry import standard_methods
from gradcompare.cli import main

FILE = """
import jax.numpy as jnp
import numpy as np
from gradcompare import Objective


def broken(w, data):
    raise ValueError("no value today")


def made(rng, size):
    return rng.standard_normal(size), None


OBJECTIVES = (
    Objective(name="first", value=lambda w, data: jnp.sum(w**3),
              gradient=lambda w, data: 3 * w**2, make=made, sizes=(2,)),
    Objective(name="second", value=broken, gradient=lambda w, data: w, make=made, sizes=(2,)),
    Objective(name="third", value=lambda w, data: jnp.sum(w**2),
              gradient=lambda w, data: 3 * w, make=made, sizes=(2,)),
)
"""


@pytest.fixture(name="file")
def _file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    return str(path)


def test_two_processes_say_what_one_says(file):
    steps = []

    def progress(*step):
        steps.append(step)

    def said(jobs):
        comparison = compare_in_processes(
            ["ridge", file],
            standard_methods(),
            jobs=jobs,
            cache=False,
            progress=progress,
            points=1,
        )
        assert all(r.timings for r in comparison if r.objective != "second")
        return [str(result) for result in comparison]

    two = said(2)
    assert two == said(1)
    assert [line.split()[0].rstrip(":") for line in two] == ["ridge", "first", "second", "third"]
    assert "ValueError: no value today" in two[2]
    assert [done for _, done, _ in steps[:8]] == list(range(1, 9))


def test_the_command_takes_jobs(file):
    ran = CliRunner().invoke(main, ["run", file, "--jobs", "2", "--no-timing", "--no-cache"])
    assert ran.exit_code == 1
    assert "1 AGREE" in ran.output
    assert "ERROR" in ran.output
    assert "ANALYTIC_WRONG" in ran.output
