"""docs/without-a-step.md: its examples print what stands below them."""

import re
from pathlib import Path

import pytest
from test_readme import without_numbers

import gradcompare

PAGE = (Path(__file__).parent.parent / "docs" / "without-a-step.md").read_text(encoding="utf-8")
HEAD, *SECTIONS = re.split(r"^## ", PAGE, flags=re.MULTILINE)
SETUP = re.findall(r"```python\n(.*?)```", HEAD, re.DOTALL)[0]
UNITS = re.compile(r"\b(s|ms|µs|ns)\b")


@pytest.mark.parametrize("section", SECTIONS, ids=lambda text: text.partition("\n")[0])
def test_an_example_of_the_page_prints_what_stands_below_it(section, capsys):
    [(example, below)] = re.findall(
        r"```python\n(.*?)```\n\n```text\n(.*?)```", section, re.DOTALL
    )
    exec(compile(SETUP + example, "model.py", "exec"), {})
    printed = UNITS.sub("s", capsys.readouterr().out)
    assert without_numbers(printed) == without_numbers(UNITS.sub("s", below))


def test_the_page_names_every_function_and_the_readme_the_page():
    for name in ("remainder", "integral", "symmetry", "descend"):
        assert f"`{name}(" in PAGE
        assert hasattr(gradcompare, name)
    readme = Path(__file__).parent.parent / "README.md"
    assert "docs/without-a-step.md" in readme.read_text(encoding="utf-8")
