"""The benchmark of solvers: its gradients are what it says, and a few families are judged well."""

import numpy as np
import pytest
import solver_trials
import solvers
from click.testing import CliRunner
from solver_families import Family, Problem
from solver_trials import FAMILIES, Trial, accuracy_for, gradient_of, make, run_trial
from sweeps import sweep

NAMES = {family.name: family for family in FAMILIES}
QUICK = ("fixed point", "power iteration", "envelope theorem", "quad", "brentq")
ON_HOST = [family for family in FAMILIES if not family.traced]


def test_there_are_enough_families():
    assert len(FAMILIES) >= 12
    assert len(NAMES) == len(FAMILIES)
    assert all(len(f.tolerances) == 3 and len(set(f.faults)) == 3 for f in FAMILIES)


@pytest.mark.parametrize("family", ON_HOST, ids=lambda family: family.name)
def test_right_gradients_are_right_to_the_tolerance_and_wrong_ones_are_not(family):
    """The truth is that of differences of the solver at its smallest tolerance."""
    finest, loosest = make(family, family.exact, 0), make(family, family.tolerances[0], 0)
    x, h = finest.x0, 1e-3
    ends = [[finest.value(x + s * e) for s in (h, -h)] for e in np.eye(len(x))]
    truth = np.array([plus - minus for plus, minus in ends]) / (2 * h)

    def off(fault):
        g = gradient_of(loosest, fault)(x)
        return np.max(np.abs(g - truth)) / np.max(np.abs(truth))

    assert off("") < accuracy_for(family.tolerances[0]) / 5
    assert all(off(fault) > 1e-3 for fault in family.faults)


@pytest.mark.parametrize("name", sweep(QUICK, {"fixed point", "brentq"}))
def test_no_right_gradient_is_accused_and_no_wrong_one_is_missed(name):
    family = NAMES[name]
    trials = [run_trial(family, 1e-6, 0, fault) for fault in ("", *family.faults)]
    assert all(trial is not None for trial in trials)
    right, *wrong = trials
    assert right.accurate == "AGREE"
    assert right.plain in ("AGREE", "ANALYTIC_INEXACT")
    for trial in wrong:
        assert {trial.plain, trial.accurate} == {"ANALYTIC_WRONG"}
    assert not any(map(solvers.fails, trials))


@pytest.mark.sweep
def test_pieces_of_conjugate_gradients_have_other_slopes_than_their_trend():
    """At 1e-6, their slopes are off by 3e-4 at one point: more than the accuracy of 1e-4."""
    family = NAMES["conjugate gradients"]
    loose, tight = (run_trial(family, tolerance, 0, "") for tolerance in (1e-6, 1e-9))
    assert loose is not None
    assert tight is not None
    assert loose.accurate == tight.accurate == "AGREE"
    # The gradient of the only point that fails is not taken for a captured one.
    assert tight.plain == "ANALYTIC_INEXACT"


def test_a_fault_below_the_accuracy_does_not_count():
    slight = Family("brentq", lambda *_: Problem(np.sum, lambda p, fault="": p * 0 + 1.01, X0), ())
    assert run_trial(slight, 1e-4, 0, "slight") is None


X0 = np.array([1.0, 2.0])


def trial(fault, plain, accurate, **passes):
    return Trial("quad", 1e-6, 0, fault, 0.5, plain, accurate, passes)


def test_the_tables_count_what_is_accused_and_missed(tmp_path):
    rules = dict.fromkeys(solver_trials.RULES, False)
    right = trial("", "ANALYTIC_INEXACT", "ANALYTIC_WRONG", **rules)
    wrong = trial("sign", "AGREE", "INCONCLUSIVE", **(rules | {"Taylor": True}))
    accused = dict(
        zip(solvers.HEADS[2:], solvers.counts([right], "gradcompare, accuracy"), strict=True)
    )
    assert accused["accused"] == accused["..._WRONG"] == accused["number"] == 1
    assert solvers.counts([right], "gradcompare")[solvers.HEADS[2:].index("inexact")] == 1
    missed = [solvers.counts([wrong], tool)[-1] for tool in solvers.TOOLS]
    assert missed == [1, 0, 0, 0, 1]
    assert solvers.fails(right)
    assert solvers.fails(wrong)


def test_the_rules_pass_a_right_gradient_and_not_a_wrong_one():
    def value(x):
        return np.sum(np.exp(x))

    assert solver_trials.passed(value, np.exp, X0) == dict.fromkeys(solver_trials.RULES, True)
    wrong = solver_trials.passed(value, lambda x: 1.1 * np.exp(x), X0)
    assert wrong == dict.fromkeys(solver_trials.RULES, False)


def test_a_run_is_resumed_and_a_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(solver_trials.importlib.util, "find_spec", lambda name: None)
    run = CliRunner().invoke(solvers.main, ["brentq"])
    assert "brentq: left out, because scipy is not installed" in run.output
    monkeypatch.undo()
    path, tasks = tmp_path / "trials", [("quad", 1e-6, 0, "")]
    path.write_text('[["quad", 1e-06, 0, ""], null]\n')
    assert solvers.completed(tasks, path) == []
