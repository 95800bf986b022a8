"""The scripts in docs/examples name their slips, end in agreement and are listed with both."""

import re
import runpy
from pathlib import Path

import pytest
from sweeps import sweep

FOLDER = Path(__file__).parent.parent / "docs" / "examples"
PAGE = (FOLDER / "README.md").read_text(encoding="utf-8")
SCRIPTS = {path.stem: path for path in sorted(FOLDER.glob("*.py"))}
PRINTED = dict(
    re.findall(r"^`(\w+)\.py`:\n\n```text\n(.*?)\n```$", PAGE, re.DOTALL | re.MULTILINE)
)


@pytest.mark.parametrize("name", sweep(SCRIPTS, every=2))
def test_a_script_names_its_slip_and_ends_in_agreement(name, capsys):
    outcome = runpy.run_path(str(SCRIPTS[name]))
    assert (outcome["wrong"].verdict.code, outcome["right"].verdict.code) == ("GC302", "GC100")
    lines = capsys.readouterr().out.splitlines()
    assert [line.strip() for line in lines if line.startswith("  what:")] == [PRINTED[name]]


def test_every_script_asserts_what_it_prints_and_ends_in_the_correction():
    for path in SCRIPTS.values():
        text = path.read_text(encoding="utf-8")
        asserted, corrected = text.split("# Corrected: ")
        assert "print(wrong)" in asserted, path
        assert re.search(r"^assert .* in finding$", asserted, re.MULTILINE), path
        assert corrected.endswith('print(right)\nassert right.verdict.code == "GC100"\n'), path


def test_the_page_lists_every_script_once():
    listed = re.findall(r"^\| \[(\w+)\.py\]\(\1\.py\) \| .+\. \|$", PAGE, re.MULTILINE)
    assert sorted(listed) == sorted(PRINTED) == list(SCRIPTS)
