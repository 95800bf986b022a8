"""A second derivative of the user's own in `locate`, and on the command line."""

import numpy as np
import pytest
from click.testing import CliRunner

from gradcompare import InputError, Location, locate
from gradcompare.cli.main import main

X = np.linspace(0.1, 2.0, 400)


def value(x):
    return float(np.sum(np.sin(np.asarray(x))))


def right(x):
    return np.cos(x)


def changed(*entries, factor=-1.0):
    """Returns the gradient with some entries multiplied."""

    def gradient(x):
        g = np.cos(x)
        g[list(entries)] *= factor
        return g

    return gradient


def test_another_derivative_that_agrees_is_said_to_do_so():
    location = locate(value, right, X, other=lambda x: np.sin(x + np.pi / 2))
    assert location.ok
    assert location.notes[0] == (
        "other agrees with the gradient in every coordinate, within their error bars"
    )
    assert not any("other agrees" in note for note in locate(value, right, X).notes)


@pytest.mark.parametrize(
    ("gradient", "other", "wrong", "note"),
    [
        (changed(7), right, [7], "other is what differences find at x[7]"),
        (changed(7), changed(7), [7], "other makes the same error at x[7]"),
        (changed(7), changed(7, factor=3.0), [7], "other differs from the gradient and from "),
        (right, changed(7), [], "other is wrong at x[7]"),
    ],
)
def test_differences_decide_between_the_two(gradient, other, wrong, note):
    location = locate(value, gradient, X, other=other)
    assert list(location.coordinates) == wrong
    assert location.notes[0].startswith(note)
    assert location.ok is not bool(wrong)
    assert str(Location.from_json(location.to_json())) == str(location)


WAVES = np.where(np.arange(400) == 7, 1.0, 300.0)


def waves(x):
    return float(np.sum(np.sin(WAVES * x)))


def test_an_error_below_the_floor_is_found_by_measuring_its_coordinate_alone():
    def slope(x, factor=1.0):
        return WAVES * np.cos(WAVES * x) * np.where(WAVES == 1, factor, 1)

    def slight(x):
        return slope(x, 1 + 1e-9)

    assert locate(waves, slight, X).ok  # the waves of the others hide it along directions
    location = locate(waves, slight, X, other=slope)
    assert list(location.coordinates) == [7]


def test_what_differences_cannot_decide_is_disputed():
    location = locate(value, changed(7, factor=1 + 1e-13), X, other=right)
    assert not location.ok
    assert location.disputed == ("x[7]",)
    assert "the gradient and other differ at x[7], by less than differences" in str(location)
    accepted = locate(value, changed(7, factor=1 + 1e-13), X, other=right, accuracy=1e-9)
    assert accepted.ok


def test_another_derivative_that_is_no_function_is_refused():
    with pytest.raises(InputError, match="other"):
        locate(value, right, X, other=3)


MODEL = """
import numpy as np

def loss(x):
    return float(np.sum(np.sin(np.asarray(x))))

def right(x):
    return np.cos(x)

def wrong(x):
    return np.cos(x) * np.where(np.arange(len(x)) == 3, 2, 1)

TABLE = 3
"""


@pytest.fixture
def run(tmp_path):
    path = tmp_path / "model.py"
    path.write_text(MODEL)

    def run(*arguments):
        given = ["check", "--no-cache", f"{path}:loss", *arguments, "--shape", "x=40"]
        return CliRunner().invoke(main, given)

    return run


def test_the_command_line_takes_another_derivative(run):
    agrees = run(":right", "--other", ":right")
    assert agrees.exit_code == 0, agrees.output
    assert "analytic – other: relative error 0" in agrees.output
    assert "other differs from the sources that agree, at x[3]" in run(
        ":right", "--other", ":wrong"
    ).output.replace("\n", " ")
    located = run(":wrong", "--other", ":right", "--locate")
    assert located.exit_code == 1
    assert "other is what differences find at x[3]" in located.output


def test_the_command_line_refuses_another_derivative_that_it_cannot_use(run):
    assert ":TABLE is not a function" in run(":right", "--other", ":TABLE").output
    arguments = ["check", "--value", "sum(x**2)", "--other", "2*x", "--shape", "x=3"]
    assert "--other goes with FUNCTION" in CliRunner().invoke(main, arguments).output
