"""The sweep leaves a case of each test in the runs that are not of the sweep."""

import re
import tomllib
from pathlib import Path

import pytest
from sweeps import sweep

ROOT = Path(__file__).parent.parent


def kept(cases: list) -> list:
    """The cases without the marker."""
    return [case for case in cases if not getattr(case, "marks", ())]


def test_a_few_cases_are_kept_and_none_is_lost():
    assert kept(sweep("abc")) == ["a"]
    assert kept(sweep("abc", {"b", "c"})) == ["b", "c"]
    assert kept(sweep(range(7), every=3)) == [0, 3, 6]
    assert kept(sweep([(1, 2), (3, 4)])) == [(1, 2)]
    _, marked = sweep([(1, 2), (3, 4)])
    assert marked.values == (3, 4)
    assert [mark.name for mark in marked.marks] == ["sweep"]
    assert len(sweep(range(7), every=3)) == 7


@pytest.mark.parametrize(("cases", "kept"), [("", None), ("abc", "d")])
def test_without_a_case_that_is_kept_there_is_no_sweep(cases, kept):
    with pytest.raises(AssertionError):
        sweep(cases, kept)


def test_the_sweep_runs_where_it_is_asked_for_and_in_ci():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    options = settings["tool"]["pytest"]["ini_options"]["addopts"]
    assert options[options.index("-m") + 1] == "not sweep"
    script = ROOT / ".ci" / "run"
    if not script.exists():
        pytest.skip("these tests are those of a wheel")
    text = script.read_text(encoding="utf-8")
    assert re.search(r"^stage_sweep\(\) \{\n(?:    .*\n)*.* -m sweep\n\}", text, re.MULTILINE)
    assert re.search(r"stages=\(.*\bsweep\b.*\)$", text, re.MULTILINE)
