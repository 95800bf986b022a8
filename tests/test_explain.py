"""`gradcompare explain`, and where the other commands name it."""

import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from test_my_check_failed import EXAMPLES, SECTION, TITLES

from gradcompare import Verdict
from gradcompare.cli.main import main
from gradcompare.cli.output import explain

FILE = """
import jax.numpy as jnp
from gradcompare import Objective, Verdict


def value(w, data):
    return jnp.sum(jnp.sin(w))


def make(rng, size):
    return rng.standard_normal(size), None


def boom(w, data):
    raise RuntimeError("boom")


GOOD = Objective("good", value, make, gradient=lambda w, data: jnp.cos(w))
BAD = Objective("bad", value, make, gradient=lambda w, data: -jnp.cos(w))
BROKEN = Objective("broken", boom, make)
TRAP = Objective(
    "trap", value, make, gradient=lambda w, data: -jnp.cos(w), expected=Verdict.ANALYTIC_WRONG
)
OBJECTIVES = (GOOD, BAD, BROKEN, TRAP)
"""
FORMULA = ("check", "--value", "sum(w**2)", "--shape", "w=3", "--gradient")


@pytest.fixture
def call():
    return lambda *words: CliRunner().invoke(main, [*map(str, words)], terminal_width=80)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(FILE, encoding="utf-8")
    return path


def words(text):
    """The words of a text without the marks of Markdown and the targets of links."""
    text = re.sub(r"\]\(.*?\)| \(docs/.*?\)|docs/|^```\w*$", "", text, flags=re.MULTILINE)
    return re.sub(r"[\[\]*]", "", text).split()


@pytest.mark.parametrize("title", TITLES)
def test_a_chapter_is_the_whole_section(call, title):
    code, name = title.split()
    outcome = call("explain", code)
    head, body = outcome.stdout.split("\n", 1)
    assert (outcome.exit_code, head) == (0, f"{name} ({code})")
    assert words(body) == words(SECTION[title].partition("\n")[2])
    prose = [line for line in body.splitlines() if not line.startswith("    ")]
    assert not re.search(r"```|\*\*|\]\(", "\n".join(prose))
    [(example, printed)] = EXAMPLES[title]
    for line in (example + printed).splitlines():
        assert f"    {line}".rstrip() in body.splitlines()


def test_without_a_code_every_code_has_a_line(call):
    lines = call("explain").stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [[v.code, v.name] for v in Verdict]
    assert all(line.endswith(v.cause) for line, v in zip(lines, Verdict, strict=True))


def test_a_name_and_small_letters_will_do_and_there_may_be_several(call):
    assert call("explain", "gc401").stdout == call("explain", "NONFINITE").stdout
    both = call("explain", "GC302", "GC401").stdout
    assert both == "\n".join(call("explain", code).stdout for code in ("GC302", "GC401"))


def test_an_unknown_code_is_an_error_that_names_the_known_ones(call):
    outcome = call("explain", "GC302", "GC999")
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert "GC999" in outcome.stderr
    assert all(verdict.code in outcome.stderr for verdict in Verdict)


def test_prose_is_folded_and_hangs_below_its_number(call, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    prose = [
        line
        for line in call("explain", "GC302").stdout.splitlines()
        if not line.startswith("    ")
    ]
    assert max(map(len, prose)) <= 60
    start = next(number for number, line in enumerate(prose) if line.startswith("1. "))
    assert prose[start + 1].startswith("   ")


@pytest.mark.parametrize(
    ("name", "codes"), [("GOOD", ""), ("BAD", " GC302"), ("BROKEN", " GC502"), ("TRAP", "")]
)
def test_run_and_show_name_the_chapters_of_what_failed(call, file, tmp_path, name, codes):
    result = tmp_path / "result.json"
    for outcome in (
        call("run", f"{file}:{name}", "--no-timing", "--jobs", "1", "--json", result),
        call("show", result),
        call("show", result, "-v"),
    ):
        assert re.findall(r"^`gradcompare explain(.*?)` says more$", outcome.stdout, re.M) == (
            [codes] if codes else []
        )
    assert "gradcompare explain" not in call("show", result, "--format", "github").output


def test_codes_are_named_once_each(call, file):
    outcome = call("run", file, "--no-timing", "--jobs", "1")
    assert outcome.stdout.endswith("\n`gradcompare explain GC302 GC502` says more\n")


def test_check_names_the_chapter_of_a_failure(call):
    assert call(*FORMULA, "w").stdout.endswith("\n`gradcompare explain GC302` says more\n")
    assert "gradcompare explain" not in call(*FORMULA, "2*w").stdout


def test_the_wheel_has_the_page_where_the_command_looks_for_it():
    root = Path(__file__).parent.parent
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included == {
        "docs/my-check-failed.md": explain.PLACES[0].relative_to(explain.PACKAGE.parent).as_posix()
    }
    assert any(place.is_file() for place in explain.PLACES)
