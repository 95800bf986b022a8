"""The search for wrong coordinates on the command line, and where `check` points to it."""

import json

import jax.numpy as jnp
import pytest
from click.testing import CliRunner
from test_locate import Counted, bowl, bowl_gradient, point

from gradcompare import check
from gradcompare.cli.main import main

MODEL = """
import numpy as np

def loss(x, a):
    return float(np.sum(a * np.sin(np.asarray(x))))

def right(x, a):
    return a * np.cos(x)

def wrong(x, a):
    g = a * np.cos(x)
    g[123] *= -1
    return g
"""


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.py"
    path.write_text(MODEL)
    return path


def run(*arguments):
    return CliRunner().invoke(main, ["check", "--no-cache", *map(str, arguments)])


SHAPES = ("--shape", "x=500", "--shape", "a=500")


def test_the_command_line_locates(model, tmp_path):
    passed = run(f"{model}:loss", ":right", *SHAPES, "--locate")
    assert passed.exit_code == 0, passed.output
    assert "drawn with seed 0" in passed.output
    assert "no coordinate was found wrong" in passed.output
    path = tmp_path / "found.json"
    failed = run(f"{model}:loss", ":wrong", *SHAPES, "--locate", "--json", path, "-v")
    assert failed.exit_code == 1
    assert "1 coordinate is wrong\n  Re-derive what is listed." in failed.output
    assert json.loads(path.read_text())["faults"][0]["name"] == "x[123]"


def test_the_command_line_says_what_does_not_go_with_it(model):
    refused = run(f"{model}:loss", ":right", *SHAPES, "--locate", "--points", "2", "--selftest")
    assert refused.exit_code == 2
    assert "--locate does not use --points, --selftest; leave that out" in refused.output
    objectives = run("gradcompare.objectives.ridge:OBJECTIVES", "--locate")
    assert objectives.exit_code == 2
    assert "--locate goes with one function and its gradient" in objectives.output


@pytest.mark.parametrize(("d", "hinted"), [(2001, True), (2000, False)])
def test_check_names_the_other_way_where_it_takes_long(d, hinted):
    result = check(Counted(bowl), bowl_gradient, point(0, d), points=1)
    said = "value is called on the host, at least 4002 times per point: gradcompare.locate"
    assert (said in str(result)) is hinted


def test_check_does_not_where_it_is_compiled():
    result = check(lambda x: jnp.sum(x**2), lambda x: 2 * x, point(0, 2001), points=1)
    assert "gradcompare.locate" not in str(result)
