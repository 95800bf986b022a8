"""The command line: what it prints, where, and with which exit code."""

import json
import re

import numpy as np
import pytest
from click.testing import CliRunner
from sweeps import sweep

from gradcompare import Comparison, list_objectives
from gradcompare.cli.main import FORMATS, TABLES, main

WIDTH = 120

TRAPS = [name for name in list_objectives() if name.startswith("trap-")]
SOME = [name for name in list_objectives() if name in (*list_objectives()[::40], *TRAPS[::3])]

FILE = '''
import jax.numpy as jnp
from gradcompare import Objective

def value(w, data):
    """f(w) = |w|^2."""
    return jnp.sum(w**2)

def make(rng, size):
    return rng.standard_normal(size), None

def boom(w, data):
    raise RuntimeError("boom")

GOOD = Objective("good", value, make, gradient=lambda w, data: 2 * w)
BAD = Objective("bad", value, make, gradient=lambda w, data: 3 * w)
BROKEN = Objective("broken-with-a-name-that-is-longer-than-any-column", boom, make)
OBJECTIVES = (GOOD, BAD, BROKEN)
'''


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    return str(path)


def call(*arguments):
    outcome = CliRunner().invoke(main, [*map(str, arguments)])
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    return outcome


def run(*arguments):
    return call("run", *arguments, "--no-timing")


def table_of(text):
    """The lines of the first table."""
    return text.split("\n\n")[0].splitlines()


def row(text, name):
    return next(line.split() for line in table_of(text) if line.startswith(name))


@pytest.mark.parametrize("style", FORMATS)
def test_list(style):
    outcome = call("list", "--format", style)
    assert outcome.exit_code == 0
    for name in list_objectives():
        assert name in outcome.stdout


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """One run over every fortieth objective and a few traps, timed, kept as JSON."""
    path = tmp_path_factory.mktemp("run") / "all.json"
    outcome = call("run", *SOME, "--repeats", 1, "--json", path)
    return outcome, path


def test_run_prints_one_row_for_each_objective(everything):
    outcome, _ = everything
    assert outcome.exit_code == 0
    shown = [line.split()[0] for line in table_of(outcome.stdout)[2:]]
    for name, full in zip(shown, SOME, strict=True):
        assert full.startswith(name.removesuffix("…"))
    assert re.search(r"^\d+ AGREE", outcome.stdout, re.MULTILINE)
    assert not re.search(r"[^(]ANALYTIC_WRONG  ", outcome.stdout)
    assert "  (AUTODIFF)  " in outcome.stdout


def test_head_names_what_the_issue_asks_for(everything):
    head = " ".join(table_of(everything[0].stdout)[0].split())
    assert head == "objective d verdict floor A-J A-F J-F value"


def test_run_fits_the_screen(everything):
    """But for the last line, whose length is up to the name of the processor."""
    *lines, outcome = everything[0].stdout.splitlines()
    assert "judged in float64" in outcome
    assert not [line for line in lines if len(line) > WIDTH]


def test_progress_is_silent_unless_stderr_is_a_terminal(everything):
    assert everything[0].stderr == ""


def test_show_prints_the_same_again(everything):
    outcome, path = everything
    assert call("show", path).stdout == outcome.stdout
    assert Comparison.from_json(path.read_text()).ok
    assert json.loads(path.read_text())["format"] == 2


@pytest.mark.parametrize("style", TABLES)
def test_formats(everything, style):
    outcome = call("show", everything[1], "--format", style)
    mark = {"plain": "---  ", "github": "|---", "latex": r"\begin{tabular}", "html": "<table>"}
    assert outcome.exit_code == 0
    assert mark.get(style, "objective,size") in outcome.stdout
    assert ("judged in float64" in outcome.stdout) == (style in ("plain", "github"))
    assert ("judged in float64" in outcome.stderr) == (style == "html")


EXTRAS = {
    "default": [],
    "float32": ["--dtype", "float32"],
    "beside": ["--method", "central", "--step", "1e-4"],
    "directional": ["--quantity", "directional"],
}


@pytest.mark.parametrize("extra", sweep(EXTRAS, every=2))
def test_failures_fit_the_screen(file, extra):
    """The longest verdict and the longest name, in all columns."""
    outcome = call("run", file, "--repeats", 1, *EXTRAS[extra])
    assert outcome.exit_code == 1
    assert max(map(len, table_of(outcome.stdout))) <= WIDTH
    assert row(outcome.stdout, "bad")[2] == "ANALYTIC_WRONG"


@pytest.mark.parametrize(
    ("name", "code"), [("good", 0), ("bad", 1), ("broken", 1)], ids=["agree", "differ", "broken"]
)
def test_exit_code(file, name, code):
    assert run(f"{file}:{name.upper()}").exit_code == code


def test_broken_and_wrong_objectives_are_rows_beside_the_others(file, tmp_path):
    path = tmp_path / "out.json"
    outcome = run(file, "--json", path)
    assert outcome.exit_code == 1
    assert [r.verdict.name for r in Comparison.from_json(path.read_text())] == [
        "AGREE",
        "ANALYTIC_WRONG",
        "ERROR",
    ]
    assert "1 AGREE, 1 ANALYTIC_WRONG, 1 ERROR" in outcome.stdout
    assert "RuntimeError: boom" in outcome.stdout
    assert call("show", path).exit_code == 1


def test_names_may_be_mixed(file):
    outcome = run("ridge", f"{file}:GOOD")
    assert [line.split()[0] for line in table_of(outcome.stdout)[2:]] == ["ridge", "good"]


def test_only_failures(file):
    outcome = run(file, "--only-failures")
    names = [line.split()[0] for line in table_of(outcome.stdout)[2:]]
    assert names[0] == "bad"
    assert len(names) == 2
    assert "1 AGREE" in outcome.stdout
    outcome = run(f"{file}:GOOD", "--only-failures")
    assert (outcome.exit_code, "1 AGREE" in outcome.stdout) == (0, True)


def test_verbose_opens_a_row_up(file):
    outcome = call("run", f"{file}:BAD", "-v", "--points", 2, "--size", 3, "--repeats", 1)
    text = outcome.stdout
    for words in ("draw 1 of seed 0: f = ", "draw 2 of seed 0: f = ", "x[2]", "worst coordinate"):
        assert words in text
    for method in ("analytic", "reverse", "central", "richardson"):
        assert re.search(rf"^  {method}  .*\[.*s, .*s\]", text, re.M), method
    assert re.search(r"^  \w+ [≈<] \w+ [≈<] \w+", text, re.M)


def test_the_checker_of_the_lecture():
    """Central differences with a step of 1e-4 stand beside the others with their error."""
    outcome = run("lecture-polynomial", "rosenbrock", "--method", "central", "--step", "1e-4")
    assert outcome.exit_code == 0
    assert "central(step=0.0001)" in outcome.stdout
    head, *_ = table_of(outcome.stdout)
    assert head.endswith("C error")
    own = float(row(outcome.stdout, "rosenbrock")[-1])
    judge = float(row(outcome.stdout, "rosenbrock")[-2].partition("±")[0])
    assert judge < own < 1e-4


def test_options_reach_the_comparison(tmp_path):
    path = tmp_path / "out.json"
    options = ["--size", 3, "--size", 4, "--seed", 5, "--points", 2, "--device", "cpu"]
    outcome = run("ridge", *options, "--quantity", "directional", "--json", path)
    assert outcome.exit_code == 0
    comparison = Comparison.from_json(path.read_text())
    assert [result.size for result in comparison] == [3, 4]
    assert [len(result.points) for result in comparison] == [2, 2]
    assert comparison.settings["seed"] == 5
    assert {result.quantity for result in comparison} == {"directional"}


def test_narrow_dtype_has_a_column():
    outcome = run("ridge", "--dtype", "bfloat16")
    assert "bf16 digits" in table_of(outcome.stdout)[0]
    assert np.all(np.array(row(outcome.stdout, "ridge")[-2:], float) > 1e-4)


UNUSABLE = {
    "name": (["run", "rosenbrok"], "unknown objective 'rosenbrok'; did you mean rosenbrock"),
    "method": (
        ["run", "ridge", "--method", "centrl"],
        "unknown method 'centrl'; did you mean cen",
    ),
    "dtype": (["run", "ridge", "--dtype", "float31"], "unknown dtype 'float31'; did you mean"),
    "device": (["run", "ridge", "--device", "quantum"], "device 'quantum' is not available"),
    "quantity": (["run", "ridge", "--quantity", "gradiant"], "unknown quantity 'gradiant'"),
    "step-alone": (["run", "ridge", "--step", "1e-4"], "a step goes with a method that takes one"),
    "step-sign": (
        ["run", "ridge", "--step", "-1", "--method", "central"],
        "the step is -1.0; give a positive one",
    ),
    "points": (["run", "ridge", "--points", "0"], "points is 0; give an integer of at least 1"),
    "size": (
        ["run", "ridge", "--size", "0", "--no-timing"],
        "a size is 0; give an integer of at least 1",
    ),
    "json": (
        ["run", "ridge", "--json", "/nowhere/x.json"],
        "No such file or directory: '/nowhere/x.json'",
    ),
    "format": (["run", "ridge", "--format", "pdf"], "'pdf' is not one of"),
    "missing": (["show", "missing.json"], "'missing.json' does not exist"),
    "garbage": (["show", __file__], "not a Comparison written by gradcompare"),
    "command": (["rnu"], "No such command 'rnu'"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_unusable_input(case):
    arguments, message = UNUSABLE[case]
    outcome = call(*arguments)
    assert outcome.exit_code == 2
    assert outcome.stdout == ""
    assert re.search(message, outcome.stderr)
