"""The fuzz knows the right gradients of its programs, and counts wrong verdicts."""

import json
from decimal import Decimal, localcontext
from types import FunctionType

import fuzz
import fuzz_programs
import fuzz_trials
import numpy as np
import pytest
from click.testing import CliRunner
from fuzz_digits import FAMILIES, draw
from fuzz_trials import Trial, family_of, program_of, run_trial
from fuzz_wide import CONTEXT, WIDE, exact, log1p, pi, sin, tanh, widened
from sweeps import sweep

import gradcompare

STEP = Decimal(10) ** -18
SMALL = 2000
"""The largest number of rows for which differences with 60 digits are taken."""


def differences(program):
    """Central differences of the value with 60 digits, whose error is about 1e-36."""
    names = program.functions("twin")
    wide = {name: widened(value, long=False) for name, value in names.items()}
    value = FunctionType(names["value"].__code__, {**wide, "xp": WIDE})
    data = [widened(array, long=False) for array in program.data]
    with localcontext(CONTEXT):
        x, slopes = widened(program.x0, long=False), []
        for i in range(len(x)):
            h = STEP * max(abs(x[i]), max(abs(x)) / 10**12)
            sides = [value(np.where(np.arange(len(x)) == i, x + s * h, x), *data) for s in (1, -1)]
            slopes.append(float((sides[0] - sides[1]) / (2 * h)))
    return np.array(slopes)


def right(program):
    return exact(program.functions("twin")["formula"], program.long)(program.x0, *program.data)


def compared(family, number):
    """The right gradient and the differences of a program, away from kinks at the point."""
    program = draw(family, 1, number)
    if any(len(array) > SMALL for array in program.data):
        return np.zeros(0), np.zeros(0)
    smooth = program.x0 != 0
    return right(program)[smooth], differences(program)[smooth]


@pytest.mark.parametrize("family", FAMILIES)
def test_right_gradients_are_what_differences_with_60_digits_give(family):
    pairs = [compared(family, number) for number in range(8)]
    gradient, slopes = (np.concatenate(side) for side in zip(*pairs, strict=True))
    assert len(gradient) > 0
    np.testing.assert_allclose(gradient, slopes, rtol=1e-15, atol=0)


def test_every_rule_is_drawn_and_a_wrong_one_is_noticed(monkeypatch):
    programs = [draw(family, 1, number) for family in FAMILIES for number in range(40)]
    drawn = {step.rule for program in programs for step in program.steps}
    assert drawn == set(fuzz_programs.RULES)
    rule = fuzz_programs.RULES["tanh"]._replace(da="{g} * (1 - {o})")
    monkeypatch.setitem(fuzz_programs.RULES, "tanh", rule)
    program = next(p for p in programs if "tanh" in {step.rule for step in p.steps} and not p.long)
    assert not np.allclose(right(program), differences(program), rtol=1e-6)


def test_functions_with_60_digits():
    with localcontext(CONTEXT):
        assert str(pi(50)).startswith("3.14159265358979323846264338327950288419716939937510")
        far = Decimal("-0.00885130929040387592169025681577")
        assert abs(sin(Decimal(22)) - far) < Decimal(10) ** -30
        assert abs(sin(pi(80) * 10**6)) < Decimal(10) ** -50
        small = Decimal("1e-30")
        assert abs(log1p(small) / small - 1) < Decimal(10) ** -29
        assert abs(tanh(-small) / small + 1) < Decimal(10) ** -50


@pytest.mark.parametrize("way", fuzz_trials.WAYS)
def test_both_ways_are_what_they_say(way):
    program = program_of(0, 0)
    assert family_of(0) == "smooth"
    names = program.functions("host" if way == "host" else "traced")
    gradient = fuzz_trials.right_gradient(program, way, names)
    (result,) = gradcompare.check(names["value"], gradient, program.x0, *program.data, points=1)
    assert ("reverse" in result.points[0].estimates) == (way != "host")
    assert result.ok


@pytest.mark.parametrize("number", sweep([0, len(FAMILIES)]))
@pytest.mark.parametrize("way", ["traced", "host"])
def test_smooth_programs_agree_and_planted_errors_are_caught(way, number):
    trial = run_trial(0, number, way)
    assert trial.ok
    assert trial.caught == {"10": True, "3": True}
    assert not trial.kind


@pytest.mark.parametrize("number", sweep([527, 155, 203, 539, 575]))
def test_the_stated_floor_of_a_long_sum_on_the_host_holds_its_noise(number):
    """The second vote of an accusation measures that noise, so the floor has to know it."""
    assert run_trial(12, number, "host", sizes=(10,)).caught == {"10": True}


@pytest.mark.parametrize("family", sweep(FAMILIES, every=3))
def test_a_trial_of_every_family_ends(family):
    trial = run_trial(3, list(FAMILIES).index(family), "host", sizes=(10,))
    assert trial.family == family
    assert trial.verdict != "EXCEPTION", trial.report


def test_integers_do_not_become_floats():
    """At 0 or far out, all arguments of max(x, 0) can be below 0."""
    x = widened(-np.ones(2), long=False)
    with localcontext(CONTEXT):
        for result in (WIDE.maximum(x, 0), WIDE.minimum(-x, 0), WIDE.clip(x, 0, 1), WIDE.exp(0)):
            assert isinstance(WIDE.sum(result) / 2, Decimal)
    assert run_trial(1, 49, "host", sizes=()).ok


def test_a_wrong_gradient_is_an_accusation(monkeypatch):
    formula = fuzz_trials.right_gradient
    monkeypatch.setattr(
        fuzz_trials, "right_gradient", lambda *a: lambda x, *data: 1.001 * formula(*a)(x, *data)
    )
    trial = run_trial(0, 0, "host")
    assert trial.accused
    assert trial.kind == "ANALYTIC_WRONG x0"
    assert "ANALYTIC_WRONG" in trial.report


def test_an_error_that_passes_is_missed(monkeypatch):
    monkeypatch.setattr(fuzz_trials, "planted", lambda gradient, error: gradient)
    trial = run_trial(0, 0, "host")
    assert trial.missed
    assert trial.kind == "missed 10 and 3 floors"
    row = fuzz.table([trial]).splitlines()[2].split()
    assert row == ["smooth", "host", "1", "1", "0", "0", "0", "0/1", "0/1", "2", f"0/{trial.d}"]
    assert trial.d > 0


def test_failures_are_programs_that_run(capsys):
    trial = Trial(0, 0, "smooth", "host", "AGREE", coordinate=0, floor=1e-3, caught={"10": False})
    exec(fuzz_trials.source(trial), {})
    assert "ANALYTIC_WRONG" in capsys.readouterr().out
    exec(fuzz_trials.source(Trial(0, 0, "smooth", "traced", "INCONCLUSIVE")), {})
    assert "AGREE" in capsys.readouterr().out


@pytest.mark.sweep
def test_an_interrupted_run_goes_on(tmp_path):
    path = tmp_path / "trials.jsonl"
    arguments = ["--ways", "host", "--families", "smooth", "--resume", str(path)]
    runner = CliRunner()
    assert not runner.invoke(fuzz.main, [*arguments, "--count", "1"]).exception
    first = path.read_text("utf-8")
    path.write_text(first + first[:50], encoding="utf-8")  # a line that was cut off
    result = runner.invoke(fuzz.main, [*arguments, "--count", "2"])
    assert not result.exception
    assert result.output.rstrip().splitlines()[-1].split()[:4] == ["all", "host", "2", "2"]
    numbers = [trial.number for trial in fuzz.recorded(path).values()]
    assert numbers == [0, len(FAMILIES)]
    assert json.loads(first)["number"] == 0


def test_one_program_is_shown_with_its_report():
    result = CliRunner().invoke(fuzz.main, ["--only", "0", "--ways", "host"])
    assert not result.exception
    assert "def value(x" in result.output
    assert "# AGREE" in result.output


@pytest.mark.parametrize("option", [["--ways", "elsewhere"], ["--families", "absent"]])
def test_unknown_names_are_refused(option):
    result = CliRunner().invoke(fuzz.main, option)
    assert result.exit_code == 2
    assert "are" in result.output
