"""The table of constants: every one is in it, with the value it has, and its experiment works."""

import json
from collections import Counter

import constants as benchmark
import pytest
from constant_experiments import EXPERIMENTS
from constant_tables import as_markdown
from constant_values import changed, constants, is_numeric

import gradcompare.diagnosis.evidence.constants as named
import gradcompare.diagnosis.hypotheses.term as term
from gradcompare._results.judgement import excess
from gradcompare.methods._extrapolation import ladder, lines, windows

PRESENT = constants()
ENTRIES, EXCEPTIONS = benchmark.entries(), benchmark.table()["exceptions"]
RESULTS = json.loads(benchmark.RESULTS.read_text("utf-8"))


def test_every_constant_has_an_experiment_or_a_reason_why_not():
    assert PRESENT.keys() == ENTRIES.keys() | EXCEPTIONS.keys(), "see benchmarks/constants.toml"
    assert not ENTRIES.keys() & EXCEPTIONS.keys()
    assert all(EXCEPTIONS.values())
    assert all(entry["trades"] for entry in ENTRIES.values())


def test_a_new_constant_would_be_noticed():
    assert len(PRESENT) > 100
    assert "methods._extrapolation.ladder.TARGET" in PRESENT
    assert "_points.search.MOST_TRIALS" in PRESENT  # one of three in a row
    assert is_numeric((1.0, 2))
    assert is_numeric(range(3))
    assert not is_numeric("text")
    assert not is_numeric(True)
    assert not is_numeric(())


@pytest.mark.parametrize("name", ENTRIES)
def test_the_table_was_measured_with_the_present_value(name):
    assert benchmark.is_measured(RESULTS, name, PRESENT[name], ENTRIES[name]), (
        f"run python benchmarks/constants.py {name}"
    )


def test_another_value_is_noticed():
    (name, *_) = ENTRIES
    assert not benchmark.is_measured(RESULTS, name, 7.7 * PRESENT[name], ENTRIES[name])
    assert not benchmark.is_measured(RESULTS, name, PRESENT[name], {**ENTRIES[name], "low": 0.1})
    nothing = {"constants": {}, "experiments": {}}
    assert not benchmark.is_measured(nothing, name, PRESENT[name], ENTRIES[name])


def test_the_page_is_that_of_the_results():
    page = as_markdown(RESULTS, benchmark.table(), EXPERIMENTS)
    assert benchmark.DOCUMENT.read_text("utf-8") == page
    assert "not measured" not in page


def test_no_name_has_two_meanings():
    count = Counter(name.rpartition(".")[2] for name in PRESENT)
    assert [name for name, times in count.items() if times > 1] == []


@pytest.mark.sweep
def test_a_constant_is_changed_wherever_it_is_used_and_put_back():
    last = ladder.LAST_LEVEL
    with changed("methods._extrapolation.tableau.LEVELS", 4):
        assert ladder.LEVELS == windows.LEVELS == 4
        assert last + 1 == ladder.LAST_LEVEL  # worked out from it
    assert ladder.LEVELS == windows.LEVELS == 5
    assert last == ladder.LAST_LEVEL
    with changed("_model.estimate.SAFETY", 7.0):
        assert excess.SAFETY == 7.0
    assert excess.SAFETY == 3.0


@pytest.mark.sweep
def test_a_constant_that_is_the_default_of_a_field_is_changed_too():
    def widths():
        return named.Constant(7.0, "7").width, named.SYMBOLS[0].width, term.MISSING.width

    before = widths()
    with changed("diagnosis.evidence.constants.NAME_WIDTH", 0.5):
        assert widths() == (0.5, 0.5, 0.5)
        assert named.SIMPLE_NUMBERS[0].width == named.SIMPLE_WIDTH
    assert widths() == before == (named.NAME_WIDTH,) * 3


def test_values_are_half_and_twice_or_those_of_the_table():
    assert benchmark.values(3.0, {}) == (1.5, 6.0)
    assert benchmark.values(1, {}) == (1, 2)
    assert benchmark.values(5, {"low": 4}) == (4, 10)
    assert benchmark.values((4, 5), {"low": [3, 4], "high": [5, 6]}) == ((3, 4), (5, 6))
    given = {"low": [0, 4, 1], "high": [0, 20, 1]}
    assert benchmark.values(range(16), given) == (range(4), range(20))


@pytest.mark.sweep
def test_an_experiment_sees_what_a_constant_does():
    """A threshold beyond all noise calls nothing random; none has no figures where it fails."""
    before = benchmark.as_is("stochastic")
    name = "_evaluation.checks.STOCHASTIC"
    result = benchmark.measure(name, PRESENT[name], {"by": "stochastic", "low": 1e-9, "high": 9.0})
    (key,) = before.figures
    assert result["low"]["figures"][key] > before.figures[key] > 0
    assert result["high"]["figures"][key] == 0
    assert result["low"]["changed"] > 0
    assert lines.RATIO == 1.9


@pytest.mark.sweep
def test_what_the_package_cannot_work_with_is_told():
    name = "_engine.point.second_opinion.taylor.STEADY"
    with changed(name, None):
        assert benchmark.outcome("taylor").figures == {"fails: TypeError": 1}
