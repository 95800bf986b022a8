"""The examples of docs/matrices.md print what stands below them, one after another."""

import linecache
import re
from pathlib import Path

import pytest
from test_readme import without_numbers

PAGE = (Path(__file__).parent.parent / "docs" / "matrices.md").read_text(encoding="utf-8")
HEAD, *SECTIONS = re.split(r"^## ", PAGE, flags=re.MULTILINE)
EXAMPLE = r"```python\n(.*?)```\n\n```text\n(.*?)```"
(SETUP,) = re.findall(r"```python\n(.*?)```", HEAD, re.DOTALL)


@pytest.mark.sweep
def test_the_examples_print_what_stands_below_them(capsys, monkeypatch):
    scope: dict = {}
    exec(SETUP, scope)
    assert len(SECTIONS) == 5
    for section in SECTIONS:
        ((example, below),) = re.findall(EXAMPLE, section, re.DOTALL)
        lines = (len(example), None, example.splitlines(True), "model.py")
        monkeypatch.setitem(linecache.cache, "model.py", lines)  # as if it were a file
        exec(compile(example, "model.py", "exec"), scope)
        assert without_numbers(capsys.readouterr().out) == without_numbers(below)
