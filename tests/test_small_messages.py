"""Names and advice of the command line that lead somewhere."""

import re

import numpy as np
import pytest
from click.testing import CliRunner

from gradcompare.cli.main import main


def call(*arguments):
    return CliRunner().invoke(main, [*map(str, arguments)])


def test_the_file_of_init_runs_by_the_name_of_its_objective(tmp_path):
    file = tmp_path / "mine.py"
    assert call("init", file).exit_code == 0
    for command in ("run", "check"):
        more = ["--no-timing"] if command == "run" else []
        ran = call(command, f"{file}:my-objective", "--points", 1, *more)
        assert ran.exit_code == 0, ran.output
        assert "my-objective" in ran.output


def test_a_function_is_no_objective_and_is_called_so(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("def loss(x):\n    return x @ x\n")
    ran = call("run", f"{file}:loss")
    assert ran.exit_code == 2
    assert "holds no objectives, but a value of type function" in ran.stderr
    assert ":NAME" not in ran.stderr


@pytest.mark.parametrize("others", [("weights",), ("params",)])
def test_a_finding_calls_data_by_their_names_in_the_formula(others):
    (name,) = others
    formulas = [
        *("--value", f"sum({name} * (X @ w - y)**2)"),
        *("--gradient", "2 * X.T @ (X @ w - y)"),
    ]
    shapes = [f"--shape={one}" for one in ("w=3", "X=9,3", "y=9", f"{name}=9")]
    ran = call("check", *formulas, *shapes)
    assert ran.exit_code == 1
    assert f"the gradient ignores `{name}`" in ran.output
    assert not re.search(r"\barg\d", ran.output)


@pytest.mark.parametrize("file", ["objects.npz", "objects.npy"])
def test_no_advice_that_the_command_line_cannot_follow(file, tmp_path):
    objects = np.array([1.0, None], dtype=object)
    save = np.savez if file.endswith("z") else np.save
    save(tmp_path / file, objects)
    model = tmp_path / "model.py"
    model.write_text("def loss(x):\n    return x @ x\n")
    ran = call("check", f"{model}:loss", "--at", tmp_path / file)
    assert ran.exit_code == 2
    assert "it holds Python objects or is damaged" in ran.stderr
    assert "allow_pickle" not in ran.stderr
