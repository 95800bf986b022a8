"""Objectives that cannot be used, alone and beside others, as values and in files."""

import re

import jax.numpy as jnp
import numpy as np
import pytest
from click.testing import CliRunner

from gradcompare import (
    InputError,
    Objective,
    UnknownNameError,
    Verdict,
    check,
    compare,
    get_objective,
)
from gradcompare.cli.main import main

X = np.array([1.0, 2.0])


def square(x):
    return jnp.sum(x**2)


def gradient(x):
    return 2 * x


def boom(x):
    raise ZeroDivisionError("boom\nand a second line")


def make(rng, size):
    return rng.standard_normal(size), None


def objective(name="mine", value=None, **fields):
    return Objective(name, value or (lambda x, data: square(x)), make, **fields)


FIELDS = {
    "spaces": ({"name": "a b"}, "an objective is called 'a b'; give it a name without spaces"),
    "colon": ({"name": "a:b"}, "an objective is called 'a:b'; give it a name without spaces"),
    "value": ({"value": 3}, "objective 'mine' has value=3; give a function"),
    "gradient": ({"gradient": 3}, "objective 'mine' has gradient=3; give a function"),
    "no-sizes": ({"sizes": ()}, r"objective 'mine' has sizes \(\); give a tuple of positive"),
    "zero-size": ({"sizes": (0,)}, r"has sizes \(0,\); give a tuple of positive integers"),
}


@pytest.mark.parametrize("case", FIELDS)
def test_objective_with_an_unusable_field(case):
    fields, message = FIELDS[case]
    with pytest.raises(InputError, match=message):
        objective(**fields)


def test_unknown_and_duplicate_objectives():
    with pytest.raises(UnknownNameError, match="unknown objective 'ridg'; did you mean ridge"):
        get_objective("ridg")
    with pytest.raises(LookupError, match="unknown objective 'xyzzy'; known: "):
        compare(["xyzzy"])
    with pytest.raises(InputError, match=r"two objectives are called 'mine' .*; rename one"):
        compare([objective(), objective()])


@pytest.mark.parametrize("which", ["value", "gradient"])
def test_what_the_users_function_raises_is_shown(which):
    functions = {"value": square, "gradient": gradient, which: boom}
    with pytest.raises(ZeroDivisionError, match="boom"):
        check(**functions, x0=X)
    result = check(**functions, x0=X, on_error="row")
    assert result.verdict is Verdict.ERROR
    assert "ZeroDivisionError: boom" in result.results[0].message


BROKEN = {
    "value-raises": (objective("broken", lambda x, d: boom(x)), "ZeroDivisionError: boom"),
    "gradient-raises": (
        objective("broken", gradient=lambda x, d: boom(x)),
        "analytic: ZeroDivisionError: boom|ZeroDivisionError: boom",
    ),
    "make-raises": (
        Objective("broken", lambda x, d: square(x), lambda rng, size: boom(0)),
        "ZeroDivisionError: boom",
    ),
    "make-gives-one": (
        Objective("broken", lambda x, d: square(x), lambda rng, size: np.ones(5)),
        r"make.*\(params, data\)",
    ),
    "vector": (objective("broken", lambda x, d: x), "return one real floating scalar"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_objective_is_a_row_beside_the_others(case):
    broken, message = BROKEN[case]
    good = objective("good", gradient=lambda x, d: 2 * x)
    comparison = compare([broken, good], timing=False)
    row, other = comparison
    assert (row.verdict, other.verdict) == (Verdict.ERROR, Verdict.AGREE)
    assert comparison.verdict is Verdict.ERROR
    assert re.search(message, row.message), row.message
    assert str(row).startswith("broken: ERROR (GC502): ")
    with pytest.raises(Exception, match=message.rpartition(": ")[2]):
        compare([broken, good], timing=False, on_error="raise")


FILES = {
    "no-objectives": ("x = 1", "", "holds no objectives; end it with OBJECTIVES"),
    "not-objectives": ("OBJECTIVES = (1,)", "", "holds no objectives; end it with OBJECTIVES"),
    "syntax": ("def", "", "cannot be imported: SyntaxError"),
    "import": ("import nosuchmodule", "", "cannot be imported: ModuleNotFoundError"),
    "name": ("OBJECTIVES = (1,)", ":OBJECTIVE", "unknown name in .*'OBJECTIVE'"),
    "missing": (None, "", "there is no file .*; give the path of a Python file"),
}


@pytest.mark.parametrize("case", FILES)
def test_file_without_usable_objectives(case, tmp_path):
    text, suffix, message = FILES[case]
    path = tmp_path / "mine.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=message):
        get_objective(f"{path}{suffix}")
    outcome = CliRunner().invoke(main, ["run", f"{path}{suffix}"])
    assert outcome.exit_code == 2
    assert re.search(f"^gradcompare: .*{message}", outcome.stderr)
    assert outcome.stdout == ""
