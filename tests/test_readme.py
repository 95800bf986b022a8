"""What README.md and the pages for newcomers show is what a reader gets."""

import re
import shlex

import pytest
from click.testing import CliRunner
from pages import FENCE, examples_of, printed_by, text_of, without_numbers

from gradcompare import Verdict
from gradcompare.cli.main import main

README = text_of("README.md")
SHOWN = (
    *("README.md", "docs/checks.md", "docs/my-own-gradient.md", "docs/numbers.md"),
    "docs/start.md",
)
EXAMPLES = {
    f"{page}-{number}": example
    for page in SHOWN
    for number, example in enumerate(examples_of(page))
}
WITH_COMMANDS = (
    *("docs/bench.md", "docs/command-line.md", "docs/my-own-gradient.md", "docs/reports.md"),
    "docs/scan.md",
)
COMMANDS = sorted(
    {
        command
        for page in WITH_COMMANDS
        for fence in FENCE.findall(text_of(page))
        for command in re.findall(
            r"^gradcompare (.*?)(?:  +.*)?$", fence.replace("\\\n", ""), re.MULTILINE
        )
    }
)


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_prints_what_stands_below_it(name):
    code, below = EXAMPLES[name]
    if "import torch" in code:
        pytest.importorskip("torch")
    assert without_numbers(printed_by(code)) == without_numbers(below)


def test_there_are_examples():
    for page in SHOWN:
        assert len(examples_of(page)) == text_of(page).count("```python\n") >= 1, page
    assert len(EXAMPLES) > 15
    assert without_numbers("a 1.5e-3 ± 2") == without_numbers("a 7 ± -9.1") != "a #"


def test_the_readme_is_short_and_begins_with_the_three_lines_and_a_picture():
    lines = README.splitlines()
    assert len(lines) <= 200
    assert max(map(len, (line for line in lines[:25] if not line.startswith("![")))) <= 110
    assert "result = gradcompare.check(value, gradient, x0, *args)" in "\n".join(lines[:12])


def test_the_table_is_that_of_run():
    outcome = CliRunner().invoke(main, ["run", "ridge", "--repeats", "1"])
    head, _rule, row = outcome.stdout.splitlines()[:3]
    shown = text_of("docs/command-line.md").split("```text\n")[2].splitlines()
    assert head.split() == shown[0].split()
    assert next(line for line in shown if line.startswith("ridge")).split()[:3] == row.split()[:3]


@pytest.mark.parametrize("command", COMMANDS)
def test_command_has_the_options_shown(command):
    """Each is parsed as far as its options; what they do is tested elsewhere."""
    options = [word for word in shlex.split(command) if word.startswith("--")]
    with main.make_context("gradcompare", [command.split()[0], "--help"], resilient_parsing=True):
        known = {o for p in main.commands[command.split()[0]].params for o in p.opts}
    assert set(options) <= known


def test_every_command_is_shown():
    assert {command.split()[0] for command in COMMANDS} == set(main.commands)


@pytest.mark.parametrize("page", ["README.md", "docs/numbers.md"])
def test_every_verdict_is_explained(page):
    rows = re.findall(r"^\| `([A-Z_]+)` \|.*\| (yes|no) \|$", text_of(page), re.MULTILINE)
    assert rows == [(verdict.name, "yes" if verdict.ok else "no") for verdict in Verdict]


def test_the_two_command_lines_are_there():
    """`.ci/run` takes them from here."""
    lines = re.findall(r"^    (python3 -m venv .*)$", README, re.MULTILINE)
    assert len(lines) == 2
    assert lines[0].endswith("gradcompare run")
    assert ".venv/bin/pytest" in lines[1]
