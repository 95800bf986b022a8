"""What README.md shows is what a reader gets."""

import linecache
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from gradcompare import Verdict
from gradcompare.cli.main import main

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", README, re.DOTALL)
COMMANDS = re.findall(r"^gradcompare (.*?)(?:  +.*)?$", README, re.MULTILINE)


def without_numbers(text: str) -> str:
    """The words of a text, so that another processor may round otherwise."""
    return re.sub(r"\s+", " ", re.sub(r"-?\d[\d.e+-]*", "#", text)).strip()


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_example_prints_what_stands_below_it(number, capsys, monkeypatch):
    code, printed = EXAMPLES[number]
    as_file = (len(code), None, code.splitlines(True), "model.py")
    monkeypatch.setitem(linecache.cache, "model.py", as_file)
    exec(compile(code, "model.py", "exec"), {})
    assert without_numbers(capsys.readouterr().out) == without_numbers(printed)


def test_there_are_examples():
    assert len(EXAMPLES) == README.count("```python\n") >= 4
    assert without_numbers("a 1.5e-3 ± 2") == without_numbers("a 7 ± -9.1") != "a #"


def test_the_table_is_that_of_run():
    outcome = CliRunner().invoke(main, ["run", "ridge", "--repeats", "1"])
    head, _rule, row = outcome.stdout.splitlines()[:3]
    shown = README.split("```text\n")[1].splitlines()
    assert head.split() == shown[0].split()
    assert next(line for line in shown if line.startswith("ridge")).split()[:3] == row.split()[:3]


@pytest.mark.parametrize("command", COMMANDS)
def test_command_has_the_options_shown(command):
    """Each is parsed as far as its options; what they do is tested elsewhere."""
    options = [word for word in shlex.split(command.rstrip("\\")) if word.startswith("--")]
    with main.make_context("gradcompare", [command.split()[0], "--help"], resilient_parsing=True):
        known = {o for p in main.commands[command.split()[0]].params for o in p.opts}
    assert set(options) <= known


def test_every_verdict_is_explained():
    assert list(re.findall(r"^\| `([A-Z_]+)`", README, re.MULTILINE)) == [
        verdict.name for verdict in Verdict
    ]


def test_the_two_command_lines_are_there():
    """`.ci/run` takes them from here."""
    lines = re.findall(r"^    (python3 -m venv .*)$", README, re.MULTILINE)
    assert len(lines) == 2
    assert lines[0].endswith("gradcompare run")
    assert ".venv/bin/pytest" in lines[1]
