"""A user's function that ends the process, or a loop, is told from our own control flow."""

import numpy as np
import pytest
from click.testing import CliRunner

from gradcompare import Objective, Verdict, check, compare, estimate, locate
from gradcompare._foundation.errors import EndError
from gradcompare.cli.main import main

X = np.array([1.0, 2.0])
ENDS = [SystemExit(0), StopIteration("x"), GeneratorExit(), StopAsyncIteration()]


def square(x):
    return float(np.sum(x**2))


def doubled(x):
    return 2 * x


def raises(end, away=0.0):
    def function(x):
        if np.abs(x - X).max() >= away:
            raise end
        return square(x)

    return function


@pytest.mark.parametrize("end", ENDS, ids=lambda end: type(end).__name__)
def test_every_entry_says_what_was_raised(end):
    for call in (
        lambda: check(raises(end), doubled, X),
        lambda: check(square, raises(end), X),
        lambda: estimate(raises(end), X),
        lambda: locate(raises(end), doubled, X),
    ):
        with pytest.raises(EndError, match=f"raises {type(end).__name__}"):
            call()


@pytest.mark.parametrize("end", ENDS, ids=lambda end: type(end).__name__)
def test_at_some_steps_it_counts_as_nan(end):
    report = str(check(raises(end, 0.5), doubled, X))
    assert "AGREE (GC100)" in report


def test_other_results_are_kept():
    objectives = [
        Objective(
            name=name,
            value=lambda x, data, f=f: f(x),
            gradient=lambda x, data: doubled(x),
            make=lambda rng, size: (X, None),
            sizes=(2,),
        )
        for name, f in (("ends", raises(StopIteration())), ("right", square))
    ]
    results = {r.objective: r for r in compare(objectives, timing=False).results}
    assert results["right"].verdict is Verdict.AGREE
    assert results["ends"].verdict is Verdict.ERROR
    assert "raises StopIteration()" in results["ends"].message


FILE = """
import sys
def value(x):
    return (x**2).sum() if {fine} else sys.exit(0)
def gradient(x):
    return 3 * x
{end}
"""


@pytest.mark.parametrize(
    ("fine", "end", "sentence"),
    [
        (True, "sys.exit(0)", "ended the process (sys.exit) at ends.py:7"),
        (False, "", "raises SystemExit(0) instead of returning a result"),
    ],
)
def test_the_command_line_ends_with_2(fine, end, sentence, tmp_path):
    path = tmp_path / "ends.py"
    path.write_text(FILE.format(fine=fine, end=end))
    names = [f"{path}:value", f"{path}:gradient", "--at", "x=1,2"]
    result = CliRunner().invoke(main, ["check", *names])
    assert result.exit_code == 2
    assert sentence in result.output + str(result.stderr)
