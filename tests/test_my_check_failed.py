"""docs/my-check-failed.md has a section for every verdict, and shows what is printed."""

import linecache
import re
from pathlib import Path

import pytest
from test_readme import without_numbers

from gradcompare import Verdict

DOCS = Path(__file__).parent.parent / "docs"
PAGE = (DOCS / "my-check-failed.md").read_text(encoding="utf-8")
TREE, *SECTIONS = re.split(r"^## ", PAGE, flags=re.MULTILINE)
SECTION = {section.partition("\n")[0]: section for section in SECTIONS}
SETUP = re.findall(r"```python\n(.*?)```", TREE, re.DOTALL)[0]
EXAMPLES = {
    title: re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", section, re.DOTALL)
    for title, section in SECTION.items()
}
TITLES = [f"{verdict.code} {verdict.name}" for verdict in Verdict]

SOURCE = "".join(
    path.read_text(encoding="utf-8")
    for path in sorted((DOCS.parent / "gradcompare").rglob("*.py"))
)

QUOTED = (
    "an error above",
    "f is noisy",
    "not verified",
    "stationary",
    "calls autodiff itself",
    "called on the host, not compiled",
    "not available",
    "f jumps",
    "nothing was verified",
    "there is no third source",
    "the same program",
    "f rises, so no line search can succeed",
    "this is no stationary point",
    "the optimiser converged",
    "look for another reason",
    "the gradient gives different numbers at the same point",
    "f depends on what was called before",
    "but it does not vote",
)
"""What the page quotes from reports beside its examples."""


def anchor(title):
    """What a heading is linked by on GitHub."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def test_every_verdict_has_a_section_in_the_order_of_the_codes():
    assert [title for title in SECTION if title.startswith("GC")] == sorted(TITLES)


@pytest.mark.parametrize("title", TITLES)
def test_the_decision_tree_leads_to_every_verdict(title):
    code, name = title.split()
    assert f"[{code}](#{anchor(title)})" in TREE
    assert f"`{name}`" in TREE


def test_links_lead_somewhere():
    for target in re.findall(r"\]\((.*?)\)", PAGE):
        file, _, heading = target.partition("#")
        assert not file or (DOCS / file).is_file(), target
        assert not heading or heading in map(anchor, SECTION), target


@pytest.mark.parametrize("title", TITLES)
def test_a_section_says_what_its_verdict_does_not_mean_and_what_to_do(title):
    body = SECTION[title].split("\n\n")
    assert "It does not mean" in body[1]
    causes = re.findall(r"^(\d)\. \*\*", body[-1] or body[-2], re.MULTILINE)
    assert [int(number) for number in causes] == list(range(1, len(causes) + 1))
    assert len(causes) >= 2


@pytest.mark.parametrize("title", TITLES)
def test_example_prints_what_stands_below_it(title, capsys, monkeypatch):
    code, name = title.split()
    assert len(EXAMPLES[title]) == SECTION[title].count("```python\n") == 1
    [(example, below)] = EXAMPLES[title]
    written = SETUP + example
    lines = (len(written), None, written.splitlines(True), "loss.py")
    monkeypatch.setitem(linecache.cache, "loss.py", lines)  # as if it were a file
    exec(compile(written, "loss.py", "exec"), {})
    text = capsys.readouterr().out
    assert without_numbers(text) == without_numbers(below)
    assert f"{name} ({code})" in text.partition("\n")[0]


@pytest.mark.parametrize("words", QUOTED)
def test_what_is_quoted_is_what_reports_say(words):
    assert f"`{words}" in PAGE
    assert words in re.sub(r'"\s*\n\s*f?"', "", SOURCE)
