"""`gradcompare check` and `init`: formulas, functions in files, objectives, and what is said."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from gradcompare import Comparison, Verdict
from gradcompare.cli.main import main

MODEL = """
from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from gradcompare import Objective
from neighbour import HALF


@dataclass
class Unused:
    size: int = 0


class Layer(NamedTuple):
    w: np.ndarray
    b: float


def loss(w, X, y, lam=0.1):
    return HALF * jnp.sum((X @ w - y) ** 2) + lam * jnp.sum(w**2)


def gradient(w, X, y, lam=0.1):
    return X.T @ (X @ w - y) + 2 * lam * w


def wrong(w, X, y, lam=0.1):
    return X.T @ (X @ w - y) + lam * w


def both(w, X, y):
    return loss(w, X, y), gradient(w, X, y)


def net(p):
    return jnp.sum(jnp.sin(p.w)) * p.b


def net_gradient(p):
    return Layer(jnp.cos(p.w) * p.b, jnp.sum(jnp.sin(p.w)))


def product(a, b):
    return jnp.sum(a * b)


def product_gradient(a, b):
    return b, a


def by_a(a, b):
    return b


def by_b(a, b):
    return a


def several(w, *others):
    return sum(jnp.sum(w * other) for other in others)


def several_gradient(w, *others):
    return sum(others)


def make():
    rng = np.random.default_rng(0)
    return rng.normal(size=3), rng.normal(size=(5, 3)), rng.normal(size=5)


def make_none():
    raise RuntimeError("no luck")


def nothing():
    return 1.0


def fails(w):
    raise RuntimeError("boom")


def on_host(w):
    return float(np.sum(np.sin(w)))


def on_host_alone(w):
    return np.sum(np.sin(w)).item()


LAYER = Layer(np.array([0.1, 0.7]), 0.5)
POINT = [0.1, 0.2]


def value(w, data):
    return jnp.sum(w**2)


def make_objective(rng, size):
    return rng.standard_normal(size), None


GOOD = Objective("good", value, make_objective, gradient=lambda w, data: 2 * w)
BAD = Objective("bad", value, make_objective, gradient=lambda w, data: 3 * w)
OBJECTIVES = (GOOD, BAD)
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A directory with a file of functions and files of numbers, to work in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "neighbour.py").write_text("HALF = 0.5\n")
    rng = np.random.default_rng(0)
    X, y, w = rng.normal(size=(5, 3)), rng.normal(size=5), rng.normal(size=3)
    np.savez("w.npz", w=w, X=X, y=y)
    np.savez("x0.npz", x0=w, X=X, y=y, lam=0.3)
    np.savez("more.npz", w=w, X=X, y=y, z=w)
    np.save("w.npy", np.array([1, 2, 3]))
    whole = {"w": [1, 2, 3], "X": [[1.0, 2, 3], [4, 5, 6]], "y": [0, 1], "lam": 0.2}
    (tmp_path / "point.json").write_text(json.dumps(whole))
    (tmp_path / "list.json").write_text("[0.5, 1.5, 2.5]")
    (tmp_path / "broken.json").write_text("[0.5, ")
    yield
    sys.modules.pop("neighbour", None)


def call(*arguments):
    outcome = CliRunner().invoke(main, [*map(str, arguments)])
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    return outcome


def check(*arguments):
    return call("check", *arguments)


def agrees(*arguments):
    outcome = check(*arguments)
    assert outcome.exit_code == 0, outcome.output
    assert "AGREE" in outcome.stdout
    return outcome.stdout


def refused(*arguments):
    """What is said about arguments that cannot be used."""
    outcome = check(*arguments)
    assert outcome.exit_code == 2, outcome.output
    assert outcome.stdout == ""
    return outcome.stderr


def kept():
    """What --json out.json wrote."""
    return Comparison.from_json(Path("out.json").read_bytes())


SQUARES = ("--value", "sum((X @ theta - y)**2)", "--gradient", "2*X.T @ (X @ theta - y)")
SHAPES = ("--shape", "theta=3", "--shape", "X=50,3", "--shape", "y=50")
LECTURE = ("--value", "t[0]**2 + 2*t[0]*t[1]**3")


def test_a_formula_with_data():
    first, second, *rest = agrees(*SQUARES, *SHAPES).splitlines()
    assert first == "drawn with seed 0: theta (3), X (50 × 3), y (50)"
    assert second.startswith("formula (d = 3): AGREE")
    assert any("analytic – richardson: relative error" in line for line in rest)


def test_a_formula_in_the_entries_of_a_vector():
    agrees(*LECTURE, "--gradient", "[2*t[0]+2*t[1]**3, 6*t[0]*t[1]**2]", "--shape", "t=2")


def test_a_wrong_entry_of_a_formula_is_named():
    outcome = check(*LECTURE, "--gradient", "[2*t[0]+2*t[1]**3, 3*t[0]*t[1]**2]", "--shape", "t=2")
    assert outcome.exit_code == 1
    assert "ANALYTIC_WRONG" in outcome.stdout
    assert "1 of 2 coordinates" in outcome.stdout
    assert re.search(r"^  t\[1\]  ", outcome.stdout, re.M)


def test_without_a_gradient_autodiff_is_checked():
    text = agrees("--value", "sum(w**2)", "--shape", "w=2")
    assert "formula has no hand-written gradient" in text


def test_a_name_without_a_shape_is_a_scalar():
    text = agrees("--value", "x**2 * a", "--gradient", "2*x*a", "--parameter", "x")
    assert re.match(r"drawn with seed 0: x = \S+, a = \S+\n", text)
    assert "d = 1" in text


def test_the_only_name_is_the_parameter():
    agrees("--value", "e * x**2", "--gradient", "2*e*x")


def test_several_parameters_have_a_gradient_each():
    parameters = ("--parameter", "a", "--parameter", "b", "--shape", "a=2", "--shape", "b=2")
    right = ("--value", "a @ b", "--gradient", "a=b", "--gradient", "b = a")
    assert "d = 4" in agrees(*right, *parameters)
    outcome = check("--value", "a @ b", "--gradient", "a=b", "--gradient", "b=2*a", *parameters)
    assert outcome.exit_code == 1
    assert "2 of 4 coordinates" in outcome.stdout
    assert re.search(r"^  b\[0\]  ", outcome.stdout, re.M)


def test_numbers_are_given_by_name():
    formula = ("--value", "sum(t**2)*lam", "--gradient", "2*lam*t")
    text = agrees(*formula, "--at", "t=0.3,-1.2", "--at", "lam=0.1", "--json", "out.json")
    assert "drawn" not in text
    point = kept().results[0].points[0]
    assert point.x.tolist() == [0.3, -1.2]
    np.testing.assert_allclose(point.value, 0.153)
    agrees("--value", "sum(t * t)", "--gradient", "2*t", "--at", "t=1,2,3,4", "--shape", "t=2,2")
    agrees("--value", "sum(t)", "--gradient", "[1, 1, 1]", "--at", "t=w.npy")


def test_numbers_of_a_formula_from_a_file():
    agrees(*SQUARES[:1], "sum((X @ w - y)**2)", "--parameter", "w", "--at", "w.npz")


def test_a_name_may_be_called_e():
    agrees("--value", "sum(e**2)", "--gradient", "2*e", "--at", "e=2,3")


DOMAINS = {
    "positive": "sum(log(t) + lam)",
    "negative": "sum(log(-t))",
    "unit": "sum(logit(t))",
    "nonnegative": "sum(sqrt(t))",
}


@pytest.mark.parametrize("domain", DOMAINS)
def test_domains(domain):
    value = DOMAINS[domain]
    agrees("--value", value, "--shape", "t=3", "--domain", f"t={domain}")
    agrees("--value", value, "--shape", "t=3", "--domain", domain)


def test_a_domain_of_data():
    agrees("--value", "sum(w * log(X))", "--shape", "w=3", "--shape", "X=3", "--domain", "X=unit")


def test_a_value_that_is_not_finite_where_it_is_drawn():
    said = refused("--value", "log(x)", "--gradient", "1/x")
    assert "the value is nan at the random numbers; say where it is defined" in said
    assert "--domain NAME=positive" in said
    outcome = check("--value", "log(x)", "--gradient", "1/x", "--at", "x=-1")
    assert outcome.exit_code == 1
    assert "NONFINITE" in outcome.stdout


CONVENTIONS = {
    "log": ("sum(lgamma(a))", "a*digamma(a)", ["--wrt", "log", "--domain", "positive"]),
    "sign": ("sum(a**2)", "-2*a", ["--sign", "-1"]),
    "scale": ("sum(a**2)", "a", ["--scale", "0.5"]),
    "bound": ("sum(sin(a))", "ones(3)", ["--intent", "upper_bound"]),
}


@pytest.mark.parametrize("case", CONVENTIONS)
def test_conventions(case):
    value, gradient, options = CONVENTIONS[case]
    formula = ("--value", value, "--gradient", gradient, "--shape", "a=3")
    assert agrees(*formula, *options)
    assert check(*formula, *options[2:]).exit_code == 1


def test_a_symmetric_parameter():
    """G of f(S) = tr(AS) is A; (A + Aᵀ)/2 where S is symmetric."""
    shapes = ("--shape", "S=2,2", "--shape", "A=2,2", "--at", "A=1,2,3,4")
    formula = ("--value", "trace(A @ S)", "--gradient", "(A + A.T)/2")
    agrees(*formula, *shapes, "--symmetric")
    assert check(*formula, *shapes).exit_code == 1


def test_options_reach_the_comparison():
    options = ("--points", 2, "--tails", "--seed", 5, "--dtype", "float32")
    text = agrees(*SQUARES, *SHAPES, *options, "--json", "out.json")
    assert text.startswith("drawn with seed 5: ")
    comparison = kept()
    (result,) = comparison
    assert [point.label for point in result.points][:2] == ["x0", "near x0"]
    assert len(result.points) == 5
    assert result.accuracy
    assert (comparison.settings["seed"], comparison.settings["dtype"]) == (5, "float32")
    assert comparison.settings["asked"] == {
        "formulas": {"--value": SQUARES[1], "--gradient of theta": SQUARES[3]},
        "drawn": "drawn with seed 5: theta (3), X (50 × 3), y (50)",
    }
    assert call("show", "out.json").exit_code == 0


def test_numbers_drawn_are_those_of_the_name_and_the_seed():
    def point(*options):
        agrees("--value", "sum(w) + z", "--shape", "w=3", "--json", "out.json", *options)
        return kept().results[0].points[0].x

    assert point().tolist() == point("--shape", "z=").tolist()
    assert point().tolist() != point("--seed", "1").tolist()
    assert len(set(point())) == 3


def test_times_are_one_line():
    text = agrees(*LECTURE, "--shape", "t=2", "--timing")
    assert re.search(r"^  value .*s; reverse .*×, richardson .*× that$", text, re.M)


def test_verbose_opens_the_result_up():
    text = agrees(*LECTURE, "--shape", "t=2", "-v")
    assert "worst coordinate" in text
    assert "near x0: f = " in text


def test_selftest_says_which_faults_would_be_found():
    text = agrees(*SQUARES, *SHAPES, "--selftest")
    assert "one entry 1 % too large" in text
    assert "one entry 1 % too large" in agrees("model.py:GOOD", "--selftest")
    outcome = check("model.py:BAD", "--selftest")
    assert outcome.exit_code == 1
    assert "too large" not in outcome.stdout
    said = "no self test, because it needs a gradient that agrees: bad is ANALYTIC_WRONG"
    assert said in outcome.stdout.splitlines()
    assert "no self test" not in text + check("model.py:BAD").stdout


def test_selftest_needs_a_gradient():
    outcome = check("--value", "x**2", "--selftest", "--json", "out.json")
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith("gradcompare: ")
    assert kept().ok


FILES = {
    "npz": ["--at", "w.npz"],
    "npz-x0": ["--at", "x0.npz"],
    "json": ["--at", "point.json"],
    "json-and-number": ["--at", "point.json", "--at", "lam=0.5"],
    "npy-and-shapes": ["--at", "w.npy", "--shape", "X=5,3", "--shape", "y=5"],
    "list-and-shapes": ["--at", "list.json", "--shape", "X=5,3", "--shape", "y=5"],
    "shapes": ["--shape", "w=3", "--shape", "X=5,3", "--shape", "y=5", "--shape", "lam="],
    "made": ["--at", "model.py:make"],
    "made-in-the-same-file": ["--at", ":make"],
}


@pytest.mark.parametrize("case", FILES)
def test_functions_of_a_file(case):
    assert "loss (d = 3): " in agrees("model.py:loss", "model.py:gradient", *FILES[case])


def test_a_wrong_function_of_a_file():
    outcome = check("model.py:loss", ":wrong", "--at", "w.npz")
    assert outcome.exit_code == 1
    assert "loss (d = 3): ANALYTIC_WRONG" in outcome.stdout
    assert "3 of 3 coordinates" in outcome.stdout


def test_a_function_alone():
    assert "loss has no hand-written gradient" in agrees("model.py:loss", "--at", "w.npz")
    assert "autodiff of `on_host` rerun with jax.numpy" in agrees(
        "model.py:on_host", "--at", ":POINT"
    )
    outcome = check("model.py:on_host_alone", "--at", ":POINT")
    assert outcome.exit_code == 1
    assert "NOT_A_CHECK" in outcome.stdout


def test_a_function_that_gives_both():
    assert "analytic – reverse" in agrees("model.py:both", "--pair", "--at", ":make")


def test_a_point_that_is_a_tree_of_a_class_of_the_file():
    """The file is executed once; twice, it would have two classes of the same name."""
    agrees("model.py:net", "model.py:net_gradient", "--at", "model.py:LAYER")


def test_functions_of_a_module_in_this_directory(tmp_path):
    (tmp_path / "gradcompare_test_module.py").write_text(MODEL)
    agrees("gradcompare_test_module:loss", "gradcompare_test_module:gradient", "--at", "w.npz")
    del sys.modules["gradcompare_test_module"]


def test_parameters_of_a_function():
    shapes = ("--shape", "a=2", "--shape", "b=2")
    agrees("model.py:product", ":by_a", *shapes)
    agrees("model.py:product", ":by_b", *shapes, "--parameter", "b")
    both = ("--parameter", "a", "--parameter", "b", "--domain", "positive")
    assert "d = 4" in agrees("model.py:product", ":product_gradient", *shapes, *both)


def test_arguments_beyond_those_with_names(tmp_path):
    with (tmp_path / "model.py").open("a") as file:
        file.write("\n\ndef make_several():\n    return tuple(np.eye(3) + 0.1)\n")
    agrees("model.py:several", ":several_gradient", "--at", ":make_several")


def test_objectives_of_a_file():
    text = agrees("model.py:GOOD", "--points", 2, "--timing", "--json", "out.json")
    assert "good (d = 10): AGREE" in text
    assert re.search(r"value .*; analytic .*×", text)
    comparison = kept()
    assert len(comparison.results[0].points) == 2
    outcome = check("model.py")
    assert outcome.exit_code == 1
    assert "good (d = 10): AGREE" in outcome.stdout
    assert "bad (d = 10): ANALYTIC_WRONG" in outcome.stdout
    assert check("model.py:OBJECTIVES").stdout == outcome.stdout


def test_a_registered_objective():
    assert "lecture-polynomial" in agrees("lecture-polynomial")


UNUSABLE = {
    "nothing": ([], "give either FUNCTION, such as model.py:loss, or --value with a formula"),
    "both": (["model.py:loss", "--value", "x"], "give either FUNCTION"),
    "formula-beside": (["model.py:loss", "--gradient", "x"], "--gradient goes with --value"),
    "pair": (["--value", "x", "--pair"], "--pair goes with FUNCTION; give the gradient as"),
    "pair-and-gradient": (["model.py:both", ":gradient", "--pair"], "both GRADIENT and --pair"),
    "syntax": (["--value", "x +"], "--value: this is not a formula"),
    "parts": (
        ["--value", "x", "--gradient", "lambda x: x"],
        r"--gradient of x: a lambda cannot be used;.*\n  lambda x: x\n  \^{11}\n",
    ),
    "shapes-clash": (
        ["--value", "sum(X @ w)", "--shape", "w=3", "--shape", "X=4,4"],
        r"--value: this cannot be evaluated .* shapes \(4, 4\) and \(3,\)\).*\n.*\n {6}\^{5}",
    ),
    "gradient-clash": (
        ["--value", "sum(w)", "--gradient", "w[7]", "--shape", "w=3"],
        "--gradient of w: this cannot be evaluated.*index 7 is out of bounds",
    ),
    "no-scalar": (["--value", "w", "--shape", "w=3"], "return one real floating scalar"),
    "gradient-shape": (
        ["--value", "sum(w)", "--gradient", "1", "--shape", "w=3"],
        r"the gradient of formula has shape \(\) at w, the parameter has \(3,\)",
    ),
    "which": (["--value", "x*y"], r"--value has 2 names \(x, y\); say which one is diff"),
    "which-none": (["--value", "3"], r"--value has 0 names \(none\); say which one"),
    "typo-in-value": (
        ["--value", "sum(thta)", "--gradient", "theta", "--shape", "theta=3"],
        "theta is given but not in --value: unknown name 'theta'; did you mean thta?",
    ),
    "typo-in-gradient": (
        ["--value", "theta**2", "--gradient", "2*thta"],
        "--gradient of theta: unknown name 'thta'; did you mean theta?",
    ),
    "unused": (
        ["--value", "w**2", "--shape", "w=", "--shape", "q=2"],
        "q is given but not in --value: unknown name 'q'; known: w",
    ),
    "parameter-of-gradient-alone": (
        ["--value", "w", "--gradient", "q=q", "--parameter", "q"],
        "q is given but not in --value",
    ),
    "function-as-name": (["--value", "norm + x"], r"norm is a function; call it: norm\(x\)"),
    "gradients-missing": (
        ["--value", "x*y", "--gradient", "x=y", "--parameter", "x", "--parameter", "y"],
        "--gradient is given for x; the parameters are x, y: give one for each",
    ),
    "gradient-without-name": (
        ["--value", "x*y", "--gradient", "y", "--parameter", "x", "--parameter", "y"],
        """--gradient is 'y'; write it as in --gradient "x=…", for each""",
    ),
    "gradient-of-another": (
        ["--value", "x**2", "--gradient", "y=2*x"],
        "--gradient is given for y; the parameters are x: give one for each",
    ),
    "shape": (["--value", "x", "--shape", "x"], "--shape is 'x'; write it as in --shape X=50,3"),
    "shape-negative": (
        ["--value", "x", "--shape", "x=-1"],
        "--shape gives '-1' for x; give positive integers such as 50,3, or x= for a scalar",
    ),
    "shape-of-numbers": (
        ["--value", "sum(x)", "--shape", "x=4", "--at", "x=1,2"],
        r"--at gives 2 numbers for x, whose shape is \[4\]; give 4",
    ),
    "numbers": (
        ["--value", "x", "--at", "x=a,b"],
        "--at gives 'a,b' for x; give numbers such as 0.3,1.2, or a .npy file",
    ),
    "domain": (["--value", "x", "--domain", "x=positve"], "unknown domain 'positve'; did you"),
    "points": (["--value", "x", "--points", "0"], "points is 0; give an integer of at least 1"),
    "json": (["--value", "x", "--json", "/nowhere/x.json"], "No such file or directory"),
    "unnamed-file": (
        ["--value", "sum(w)", "--at", "w.npy"],
        "--at w.npy holds no names; write --at NAME=w.npy",
    ),
    "no-file": (["nowhere.py:loss"], "there is no file nowhere.py; give the path of a Python"),
    "no-module": (["nowhere_at_all:loss"], "nowhere_at_all cannot be imported: ModuleNotFound"),
    "no-name": (["model.py:los"], "unknown name in model.py 'los'; did you mean loss?"),
    "empty-name": (["model.py:"], "model.py: names no variable; give path/to/file.py:NAME or"),
    "no-colon": (["model.py:loss", "gradient"], "gradient names no variable; give path/to/f"),
    "no-objective": (["rosenbrok"], "unknown objective 'rosenbrok'; did you mean rosenbrock"),
    "no-gradient-function": (
        ["model.py:loss", ":POINT", "--at", "w.npz"],
        ":POINT is not a function; give the gradient of model.py:loss",
    ),
    "neither": (["model.py:POINT"], "model.py:POINT holds no objectives"),
    "missing": (
        ["model.py:loss", ":gradient", "--at", "w.npy"],
        r"loss takes w, X, y, lam; you gave w \(missing: X, y\); give each by its name",
    ),
    "missing-all": (["model.py:loss"], r"you gave none of them \(missing: w, X, y\)"),
    "superfluous": (
        ["model.py:loss", ":gradient", "--at", "more.npz"],
        r"you gave X, w, y, z \(not an argument: z\); give each by its name",
    ),
    "missing-and-superfluous": (
        ["model.py:loss", "--at", "w=1,2,3", "--at", "Z=1", "--shape", "X=5,3"],
        r"you gave X, Z, w \(missing: y; not an argument: Z\)",
    ),
    "no-arguments": (["model.py:nothing"], "nothing takes no arguments; give a function of the"),
    "two-points": (
        ["model.py:loss", "--at", "w.npz", "--at", ":make"],
        "--at names w.npz, :make; give one of them, and the rest by name",
    ),
    "file-missing": (["model.py:loss", "--at", "no.npz"], "--at no.npz cannot be read: FileNotF"),
    "file-broken": (["model.py:loss", "--at", "broken.json"], "broken.json cannot be read: JSON"),
    "point-missing": (["model.py:loss", "--at", ":mak"], "unknown name in model.py 'mak'; did"),
    "point-without-colon": (
        ["model.py:loss", "--at", "no.csv"],
        "no.csv names no variable; give path/to/file.py:NAME",
    ),
    "point-fails": (
        ["model.py:loss", "--at", ":make_none"],
        ":make_none cannot make a point: RuntimeError: no luck at model.py:",
    ),
    "value-fails": (
        ["model.py:fails", "--shape", "w=2"],
        r"RuntimeError: boom \(raised by value; .* at model.py:\d+; -v shows the whole traceback",
    ),
    "objective-and-gradient": (
        ["model.py", ":gradient"],
        "model.py holds objectives, which define this themselves; leave out GRADIENT, or name a f",
    ),
    "objective-and-options": (
        ["ridge", "--sign", "-1", "--tails"],
        "which define this themselves; leave out --sign, --tails, or name a function",
    ),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_unusable_input(case):
    arguments, message = UNUSABLE[case]
    said = refused(*arguments)
    assert re.search(message, said), said
    assert "Traceback" not in said


def test_verbose_raises_what_a_function_raises():
    with pytest.raises(RuntimeError, match="boom"):
        check("model.py:fails", "--shape", "w=2", "-v")


def test_init_writes_a_file_that_passes():
    outcome = call("init", "my_objective.py")
    assert outcome.exit_code == 0
    assert outcome.stdout.endswith("edit it, then: gradcompare check my_objective.py\n")
    assert "my-objective (d = 5): AGREE" in agrees("my_objective.py")
    assert call("run", "my_objective.py", "--no-timing").exit_code == 0
    text = Path("my_objective.py").read_text()
    for word in ("def value(", "def gradient(", "def make(", "OBJECTIVES = ("):
        assert word in text


def test_a_mistake_in_the_file_of_init_is_found(tmp_path):
    call("init", "my_objective.py")
    path = tmp_path / "my_objective.py"
    path.write_text(path.read_text().replace("+ data.lam * w", "+ data.lam / 2 * w"))
    outcome = check("my_objective.py")
    assert outcome.exit_code == 1
    assert Verdict.ANALYTIC_WRONG.name in outcome.stdout


def test_init_does_not_overwrite_unless_told(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("mine")
    outcome = call("init", "mine.py")
    assert outcome.exit_code == 2
    assert "mine.py exists; give another name, or --force to overwrite it" in outcome.stderr
    assert path.read_text() == "mine"
    assert call("init", "mine.py", "--force").exit_code == 0
    assert "OBJECTIVES" in path.read_text()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mine.txt", "mine.txt is no Python file; give a name such as my_objective.py"),
        ("nowhere/mine.py", "nowhere/mine.py cannot be written: .*No such file"),
    ],
)
def test_init_refuses_what_is_no_file(name, message):
    outcome = call("init", name)
    assert outcome.exit_code == 2
    assert re.search(message, outcome.stderr)


def python(*arguments):
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8")


def test_help_shows_examples_and_imports_no_jax():
    line = "from gradcompare.cli import main; main(['check', '--help'], standalone_mode=False)"
    outcome = python("-c", f"{line}; import sys; print({{'jax', 'numpy'}} & set(sys.modules))")
    assert outcome.stdout.splitlines()[-1] == "set()"
    assert 'gradcompare check --value "sum((X @ w - y)**2)" \\\n' in outcome.stdout
    assert "gradcompare check model.py:loss :gradient --at point.npz\n" in outcome.stdout


def test_a_whole_process_without_a_warning():
    arguments = ("check", *LECTURE, "--shape", "t=2", "--no-cache")
    outcome = python("-W", "error", "-m", "gradcompare", *arguments)
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stderr == ""
    assert "AGREE" in outcome.stdout
