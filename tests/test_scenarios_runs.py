"""Acceptance scenarios 23 to 30, but for 26 and 27: foreign code, bounds, empty checks, tails."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scenarios import command, line_with, module, relative_error, says

from gradcompare import InputError, Verdict, check, compare
from gradcompare._results.report.detail import detail

RNG = np.random.default_rng(0)

MUTATING = """
import numpy as np

def value(x):
    x *= 2.0
    return float(np.sum(x**2))

def gradient(x):
    return 8 * np.asarray(x)
"""

REUSED = """
import numpy as np

TOTAL, SLOPES = np.zeros(()), np.zeros(2)

def value(x):
    return np.sum(np.asarray(x) ** 2, out=TOTAL)

def gradient(x):
    return np.multiply(2.0, x, out=SLOPES)
"""

OPAQUE = """
import numpy as np

def loss(w):
    return np.sum(np.log1p(np.exp(-w)) + w**2)

def gradient(w):
    return -1 / (1 + np.exp(w)) + 2 * w

POINT = np.array([0.3, -0.7, 1.1])
"""


def test_scenario_23_the_input_is_changed(tmp_path):
    model, x = module(tmp_path, MUTATING), np.array([1.0, 3.0])
    with pytest.raises(InputError, match=r"changes the point in place .*1\.0 → 2\.0"):
        check(model.value, model.gradient, x)
    assert x.tolist() == [1.0, 3.0]
    comparison = check(model.value, model.gradient, x, on_error="row")
    assert comparison.verdict is Verdict.ERROR
    says(comparison, r"entry 0: 1\.0 → 2\.0.*work on a copy")


def test_scenario_23_the_same_buffer_on_every_call(tmp_path):
    model = module(tmp_path, REUSED)
    comparison = check(model.value, model.gradient, np.array([1.0, 3.0]))
    assert comparison.verdict is Verdict.AGREE
    says(comparison, "value returns the same array on every call; it is copied")
    says(comparison, "gradient returns the same array on every call; it is copied")


LOW = np.array([0.0, 1e-300])
START = np.array([0.0, 2.6e-5])


def bounded_gradient(x):
    return np.array([2 * x[0] + 1, 1 / x[1]])


def test_scenario_24_bounds():
    """No evaluation outside, steps in proportion to a small coordinate."""
    seen = []

    def value(x):
        x = np.asarray(x)
        if np.any(x < LOW):
            raise ValueError(f"evaluated outside, at {x}")
        seen.append(x)
        return float(x[0] ** 2 + x[0] + np.log(x[1]))

    comparison = check(value, bounded_gradient, START, bounds=(LOW, np.inf), points=1)
    assert comparison.verdict is Verdict.AGREE, str(comparison)
    assert np.all(np.min(seen, axis=0) >= LOW)
    assert np.max(seen, axis=0)[1] < 2 * START[1]
    says(comparison, r"from the right only, f ends on the left, at x\[0\]")
    says(comparison, r"x0: at a bound: x\[0\]")


def test_scenario_24_says_the_steps():
    comparison = check(
        lambda x: x[0] ** 2 + x[0] + jnp.log(x[1]),
        lambda x: jnp.stack([2 * x[0] + 1, 1 / x[1]]),
        START,
        bounds=(LOW, np.inf),
        points=1,
    )
    text = detail(comparison.results[0])
    says(text, "step", r"x\[1\] .* ± \S+ +\d\S*e-[67]$")


def test_scenario_25_numpy_inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text(OPAQUE, encoding="utf-8")
    outcome = command("check", "model.py:loss", ":gradient", "--at", "model.py:POINT", "-v")
    assert outcome.exit_code == 0, outcome.output
    line = line_with(OPAQUE, "np.log1p")
    says(outcome.output, rf"value: called on the host, .*model\.py:{line}\b")
    says(outcome.output, "autodiff of `loss` rerun with jax.numpy")
    says(outcome.output, "AGREE", "value: called on the host", r"richardson +\d\d")
    assert relative_error(outcome.output, "analytic – richardson") < 1e-8


AUTODIFF_ITSELF = """
import jax
import jax.numpy as jnp

def loss(w):
    return jnp.sum(jnp.sin(w))

gradient = jax.grad(loss)
NOTHING = ()
"""


def test_scenario_28_a_gradient_that_is_autodiff(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text(AUTODIFF_ITSELF, encoding="utf-8")
    outcome = command("check", "model.py:loss", ":gradient", "--at", "w=1,2")
    assert outcome.exit_code != 0
    says(outcome.output, "NOT_A_CHECK", "the same program as autodiff, so it checks nothing")


def test_scenario_28_nothing_to_compare(tmp_path, monkeypatch):
    assert not compare([]).ok
    says(compare([]), "NOT_A_CHECK")
    alone = check(lambda x: jnp.sum(x**2), None, np.ones(2), methods=["reverse"])
    assert alone.verdict is Verdict.NOT_A_CHECK
    says(alone, "only autodiff ran")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text(AUTODIFF_ITSELF, encoding="utf-8")
    assert command("run", "model.py:NOTHING", "--no-timing").exit_code != 0


def of_variance(x, s):
    return jnp.sum(x**2 / (2 * s))


def intended(x, s):
    return jnp.sum(x**2 / (2 * s**2))


def test_scenario_29_right_gradient_of_the_wrong_function():
    x = np.array([0.3, 1.2])
    comparison = check(of_variance, lambda x, s: x / s, x, 2.0, reference=intended)
    assert comparison.verdict is Verdict.VALUE_DIFFERS
    assert not comparison.ok
    points = comparison.results[0].points
    assert {p.judgement.verdict for p in points} == {Verdict.VALUE_DIFFERS}
    says(comparison, "at x0, near x0, far from x0$", r"the value is 0\.3825, .*reference 0\.19125")
    at_one = check(of_variance, lambda x, s: x / s, x, 1.0, reference=intended)
    assert at_one.verdict is Verdict.AGREE


def test_scenario_29_agreement_says_what_it_does_not_show():
    comparison = check(of_variance, lambda x, s: x / s, np.array([0.3, 1.2]), 2.0)
    assert comparison.verdict is Verdict.AGREE
    says(comparison, "not that .*reference=")


def test_scenario_30_regime_switch():
    def gradient(t):
        right = -jax.nn.sigmoid(-t)
        return jnp.where(t > 20, -right, right)

    def value(t):
        return jnp.sum(jax.nn.softplus(-t))

    x = np.array([0.4, 1.3, 2.2])
    assert check(value, gradient, x, points=1).verdict is Verdict.AGREE
    sought = check(value, gradient, x)
    assert sought.verdict is Verdict.ANALYTIC_WRONG
    says(sought, r"at a point where `t > 20` is true \(test_scenarios_runs.py:\d+\)")
    comparison = check(value, gradient, x, tails=True)
    assert comparison.verdict is Verdict.ANALYTIC_WRONG
    says(
        comparison,
        r"at tail of x0, same signs \(1 of \d points\)",
        "opposite sign of the reference",
    )
    says(comparison, r"only where `t > 20` is true \(test_scenarios_runs.py:\d+\), at 1 of \d")
    says(comparison, r"x\[1\] +1\.2\d+e-09 ± \S+ +-1\.2\d+e-09 ± ")
