"""What is printed where the terminal has few characters, or the output is closed or full."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import gradcompare
from gradcompare.cli.main import main
from gradcompare.cli.output.terminal import in_ascii


@pytest.fixture(name="result", scope="module")
def _result(tmp_path_factory):
    """A file with a wrong gradient, whose report has characters beyond ASCII."""
    path = tmp_path_factory.mktemp("shown") / "result.json"
    comparison = gradcompare.compare(["trap-where-sqrt"], points=1, timing=False)
    path.write_text(comparison.to_json(), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("charset", ["cp1252", "ascii", "utf-8"])
def test_a_terminal_gets_what_it_can_show(charset, result):
    shown = CliRunner(charset=charset).invoke(main, ["show", result, "-v"])
    whole = CliRunner().invoke(main, ["show", result, "-v"])
    assert not isinstance(shown.exception, UnicodeError)
    assert shown.exit_code == whole.exit_code
    assert len(shown.output) > 500
    assert "?" not in shown.output
    if charset == "utf-8":
        assert shown.output == whole.output
        assert not whole.output.isascii()


def test_every_character_of_the_package_has_a_substitute():
    folder = Path(gradcompare.__file__).parent
    texts = [path.read_text(encoding="utf-8") for path in folder.rglob("*.py")]
    characters = {c for text in texts for c in text if not c.isascii()}
    assert len(characters) > 30
    assert not {c: in_ascii(c) for c in characters if "?" in in_ascii(c)}
    assert in_ascii("‖∇f‖ ≤ 1e−3 ± ö ℝ 語") == "||grad f|| <= 1e-3 +- o R ?"


def show(result, **options):
    return subprocess.run(
        [sys.executable, "-m", "gradcompare", "show", result, "-v"],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        **options,
    )


def test_a_closed_pipe_ends_it_quietly(result):
    reader, writer = os.pipe()
    os.close(reader)
    outcome = show(result, stdout=writer)
    os.close(writer)
    assert (outcome.returncode, outcome.stderr) == (141, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a full device")
def test_a_full_standard_output_is_named(result):
    with open("/dev/full", "w") as full:
        outcome = show(result, stdout=full)
    assert outcome.returncode == 2
    assert re.fullmatch(
        "gradcompare: standard output cannot be written: No space left on device\n",
        outcome.stderr,
    )


def test_json_on_standard_output_is_alone(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("def f(x):\n    return (x**2).sum()\ndef g(x):\n    return 2 * x\n")
    for arguments in (
        ["check", f"{file}:f", ":g", "--shape", "x=2"],
        ["descend", f"{file}:f", ":g", "--shape", "x=2", "--iterations", "3"],
        ["run", "lecture-polynomial", "--no-timing", "--points", "1"],
    ):
        ran = CliRunner().invoke(main, [*arguments, "--json", "-"])
        assert ran.exit_code == 0, ran.output
        assert ran.stdout.startswith('{"format"')
        assert ran.stdout.count("\n") == 1
        assert len(ran.stderr.splitlines()) > 2
    assert not Path("-").exists()
