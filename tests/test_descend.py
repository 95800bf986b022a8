"""`descend`: the slope along −g, a predicted step, and descents with several gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from click.testing import CliRunner

from gradcompare import Descent, InputError, descend
from gradcompare.cli.main import main

X = np.array([2.0, 3.0, -0.5])
SIZES = np.array([1.0, 2.0, 3.0])


def value(x):
    return jnp.sum(jnp.cosh(SIZES * (x - 1)))


GRADIENT = jax.grad(value)


def test_a_right_gradient_descends_as_predicted_and_as_the_others():
    result = descend(value, GRADIENT, X)
    assert result.ok
    g = np.asarray(GRADIENT(X), np.float64)
    assert result.slope == pytest.approx(-np.linalg.norm(g), rel=1e-5)
    assert abs(result.measured - result.slope) < 1e-4 * abs(result.slope)
    assert result.actual == pytest.approx(result.predicted, rel=0.01)
    analytic, reverse, central = result.runs
    assert analytic.parts_at is None
    assert reverse.iterations == analytic.iterations
    assert np.all(np.diff(analytic.values) < 0)
    assert analytic.reason == "the gradient is small"
    assert analytic.final == pytest.approx(3.0)
    assert np.allclose(central.end, 1, atol=1e-3)


def test_a_wrong_sign_does_not_descend():
    result = descend(value, lambda x: -GRADIENT(x), X)
    assert result.answer == "wrong"
    assert not result.ok
    assert result.measured == pytest.approx(-result.slope, rel=1e-4)
    assert result.runs[0].iterations == 0
    assert "no step along −g decreases f" in str(result)
    assert result.runs[1].parts_at == 1


def test_a_descent_direction_that_is_no_gradient_ends_higher():
    result = descend(value, lambda x: GRADIENT(x) * jnp.array([1.0, 0.0, 1.0]), X)
    assert result.answer == "right"  # a projection predicts its own slope
    assert not result.low
    assert not result.ok
    assert "does not fall as far" in str(result)


def test_functions_on_the_host_inside_of_bounds():
    def on_host(x):
        assert np.all(x >= 0)
        return float(np.sum((x + 1) ** 2))

    result = descend(on_host, lambda x: 2 * (x + 1), [2.0, 3.0], domain="nonnegative")
    assert result.ok
    assert list(result.missing) == ["reverse"]
    assert np.array_equal(result.runs[0].end, [0, 0])
    assert result.runs[0].reason == "the gradient is small"  # but for what leads outside


def test_a_stationary_start_and_json():
    result = descend(value, None, [1.0, 1.0, 1.0])
    assert (result.answer, result.ok) == ("stationary", True)
    assert [run.gradient for run in result.runs] == ["reverse", "central"]
    again = Descent.from_json(descend(value, GRADIENT, X, iterations=3).to_json())
    assert [run.iterations for run in again.runs] == [3, 3, 3]
    assert "the iterations are used up" in str(again)
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(again)


@pytest.mark.parametrize("wrong", [{"iterations": 0}, {"tolerance": 2.0}, {"rate": 0.1}])
def test_input_that_cannot_be_used(wrong):
    with pytest.raises(InputError):
        descend(value, GRADIENT, X, **wrong)


LOSS = """
import jax.numpy as jnp
def loss(w, y):
    return jnp.sum((w - y) ** 2)
def gradient(w, y):
    return 2 * (w - y)
def wrong(w, y):
    return -2 * (w - y)
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "model.py"
    path.write_text(LOSS)
    return f"{path}:loss"


def test_the_command_line(file, tmp_path):
    runner, shapes = CliRunner(), ["--shape", "w=3", "--shape", "y=3"]
    right = runner.invoke(main, ["descend", file, ":gradient", *shapes])
    assert right.exit_code == 0, right.output
    assert "f falls along −g" in right.output
    assert "drawn" in right.output.partition("\n")[0] or "random" in right.output
    target = tmp_path / "descent.json"
    wrong = runner.invoke(main, ["descend", file, ":wrong", *shapes, "--json", str(target)])
    assert wrong.exit_code == 1
    assert Descent.from_json(target.read_bytes()).answer == "wrong"


def test_the_command_line_for_registered_objectives(file):
    runner = CliRunner()
    ridge = runner.invoke(main, ["descend", "ridge", "--size", "4", "--iterations", "5"])
    assert ridge.exit_code == 0, ridge.output
    assert "ridge (d = 4)" in ridge.output
    for arguments in (["ridge", "--shape", "w=3"], [file, "--size", "3"], ["rigde"]):
        assert runner.invoke(main, ["descend", *arguments]).exit_code == 2
