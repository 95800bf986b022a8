"""Acceptance scenarios 11 to 20: points that hide or make a fault, noise, and who is wrong."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
from scenarios import relative_error, said_nowhere, says

from gradcompare import Verdict, check
from gradcompare._results.report.detail import detail
from gradcompare.methods.finite_difference import Central

RNG = np.random.default_rng(0)


def trapped(p):
    x = p["x"]
    return jnp.sum(jnp.where(x == 0, 0.0, x**3 / x))


AT_TRAP = {"x": np.array([1.0, 2.0, 0.0])}


def test_scenario_11_nan_through_where():
    comparison = check(trapped, lambda p: {"x": 2 * p["x"]}, AT_TRAP, points=1)
    assert comparison.verdict is Verdict.NONFINITE
    point = comparison.results[0].points[0]
    assert np.isfinite(point.value)
    assert np.isfinite(point.estimates["richardson"].value[2])
    says(comparison, "1 of 3 coordinates", r"x\[2\] +0 ± 0 +nan ± nan +\S+ ± \d")


def test_scenario_11_names_the_operation_and_its_line():
    comparison = check(trapped, lambda p: {"x": 2 * p["x"]}, AT_TRAP, points=1)
    lines, start = inspect.getsourcelines(trapped)
    place = start + next(n for n, line in enumerate(lines) if "where" in line)
    says(
        comparison,
        rf"div.*test_scenarios_points\.py:{place}",
        r"x\[2\] is 0",
        "untaken branch too",
    )


def rosenbrock(x):
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def rosenbrock_gradient(x):
    inner = x[1] - x[0] ** 2
    return jnp.stack([-400 * x[0] * inner - 2 * (1 - x[0]), 200 * x[0] * inner])  # 200 * inner


def test_scenario_12_ones_hide_the_fault():
    comparison = check(rosenbrock, rosenbrock_gradient, np.ones(2))
    assert comparison.verdict is Verdict.ANALYTIC_WRONG
    points = {p.label: p.judgement.verdict for p in comparison.results[0].points}
    assert points == {"x0": Verdict.AGREE, "near x0": comparison.verdict,
                      "far from x0": comparison.verdict}  # fmt: skip
    says(comparison, r"at near x0, far from x0 \(2 of 3 points\)", "1 of 2 coordinates")
    says(comparison, r"x\[1\]: x\[0\] times the reference", "x0: all parameters equal 1")


def decay(p, t, y):
    return jnp.sum((p["k_on"] * jnp.exp(-p["k_off"] * t) - y) ** 2)


def decay_gradient(p, t, y):
    e = jnp.exp(-p["k_off"] * t)
    r = p["k_on"] * e - y
    return {"k_on": 2 * jnp.sum(r * e), "k_off": -jnp.sum(r * p["k_on"] * t * e)}  # no 2


TIMES = np.linspace(0.1, 2, 8)
OPTIMUM = ({"k_on": 1.5, "k_off": 0.8}, TIMES, 1.5 * np.exp(-0.8 * TIMES))


def test_scenario_13_optimum():
    comparison = check(decay, decay_gradient, *OPTIMUM)
    assert comparison.verdict is Verdict.ANALYTIC_WRONG
    says(comparison, "x0: stationary: no derivative is larger than its error bar")
    says(comparison, r"at near x0, far from x0 \(2 of 3 points\)", "k_off: 1/2 .*k_on agrees")


def test_scenario_13_optimum_alone():
    comparison = check(decay, decay_gradient, *OPTIMUM, points=1)
    assert comparison.verdict is Verdict.INCONCLUSIVE
    says(comparison, "nothing was verified", "x0: stationary")


def test_scenario_14_dead_column():
    def value(p, t):
        return jnp.sum(p["a"] * jnp.exp(-p["kd"] * t))

    def gradient(p, t):
        return {"a": jnp.sum(jnp.exp(-p["kd"] * t)), "kd": 0.0 * p["kd"]}

    comparison = check(value, gradient, {"a": 1.5, "kd": 0.3}, np.linspace(0, 3, 5))
    assert comparison.verdict is Verdict.ANALYTIC_WRONG
    says(comparison, r"kd +0 ± 0 +-5\.88\d+ ± \S+ +-5\.88\d+ ± \d")
    says(comparison, "kd: exactly 0, but the reference is .*; a agrees")


def test_scenario_14_column_that_is_dead_indeed():
    comparison = check(
        lambda p, t: jnp.sum(p["a"] * t),
        lambda p, t: {"a": jnp.sum(t), "kd": 0.0 * p["kd"]},
        {"a": 1.5, "kd": 0.3},
        np.linspace(0, 3, 5),
    )
    assert comparison.verdict is Verdict.AGREE
    assert comparison.results[0].unverified == ()
    says(comparison, "does not change at all with kd")


COEFFICIENTS = np.array([1.0, 2.0, 3.0])
NOISY_AT = np.array([0.5, 1.0, -0.7])


def solved(x):
    """An inner solver that stops at 1e-9: the same at the same point, but jumping around."""
    exact = float(np.sum(np.sin(x) * COEFFICIENTS))
    return round(exact / 1e-9) * 1e-9


def test_scenario_16_noisy_solver():
    comparison = check(solved, lambda x: np.cos(x) * COEFFICIENTS, NOISY_AT)
    assert comparison.verdict is Verdict.AGREE
    says(comparison, r"remainder falls like h\^(2\.0\d|1\.9\d) \(h from 2e-1 to \de-4 ")
    says(comparison, "noisy: its values scatter by about [2-9]e-10")


def test_scenario_16_noisy_solver_and_a_term_3_percent_off():
    comparison = check(solved, lambda x: np.cos(x) * COEFFICIENTS * [1.03, 1, 1], NOISY_AT)
    assert comparison.verdict is Verdict.ANALYTIC_WRONG
    says(
        comparison,
        r"like h\^(1\.0\d|0\.9\d) \(h from .*; with a correct gradient it falls like h²",
    )
    says(comparison, r"wrong by 0\.\d+ %", r"x\[0\]: 1\.03 times the reference")


LENGTH = 1.66e-3


def wave(x):
    return jnp.sum(jnp.sin(x / LENGTH))


def wave_gradient(x):
    return jnp.cos(x / LENGTH) / LENGTH


def test_scenario_17_step_too_long():
    """The user's own step is at fault, and not the gradient."""
    methods = ["analytic", "reverse", "richardson", Central(step=3e-4)]
    comparison = check(wave, wave_gradient, np.array([0.7]), methods=methods)
    assert comparison.verdict is Verdict.AGREE
    assert relative_error(comparison, "analytic – richardson") < 1e-8
    # Beside the others stands how far it is off, with a bar that covers it.
    pair = comparison.results[0].points[0].pair("richardson", "central(step=0.0003)")
    assert 0.005 < pair.relative_norm < pair.bar < 0.05
    says(detail(comparison.results[0]), r"richardson – central\(step=0\.0003\) .* 0\.00546 +0\.01")


def test_scenario_17_step_too_long_as_the_only_judge():
    methods = ["analytic", Central(step=3e-4)]
    comparison = check(wave, wave_gradient, np.array([0.7]), methods=methods, points=1)
    assert comparison.verdict is Verdict.AGREE
    says(
        comparison,
        r"an error above \S+ .* \(0\.0\d+ of the largest entry\) would have been detected",
    )


def test_scenario_19_the_formula_is_the_odd_one_out():
    def gradient(x, a):
        return a * (1 - jnp.tanh(x) ** 2)

    comparison = check(
        lambda x, a: jnp.sum(a * jnp.tanh(x) ** 2),
        gradient,
        np.array([0.4, -0.9]),
        np.array([1.0, 2.0]),
        methods=["analytic", "reverse", "forward-mode", "richardson"],
    )
    assert comparison.verdict is Verdict.ANALYTIC_WRONG
    says(comparison, "the analytic derivative is wrong, and the other sources agree")
    assert relative_error(comparison, "reverse – richardson") < 1e-9
    pair = comparison.results[0].points[0].pair("reverse", "forward-mode")
    assert pair.relative_norm < 1e-15
    says(detail(comparison.results[0]), "reverse – forward-mode +(0|\\S+e-1[5-9]) ")


@jax.custom_jvp
def my_sin(x):
    return jnp.sin(x)


@my_sin.defjvp
def _wrong_rule(primals, tangents):
    return my_sin(primals[0]), -jnp.sin(primals[0]) * tangents[0]


def test_scenario_19_autodiff_is_the_odd_one_out():
    comparison = check(lambda x: jnp.sum(my_sin(x)), jnp.cos, np.array([0.4, -0.9]))
    assert comparison.verdict is Verdict.AUTODIFF_WRONG
    _, start = inspect.getsourcelines(_wrong_rule)
    says(comparison, rf"_wrong_rule` of `my_sin` \(test_scenarios_points\.py:{start}\)")


def test_scenario_20_dropout():
    calls = 0

    def dropped(x):
        nonlocal calls
        calls += 1
        kept = np.random.default_rng(calls).random(len(x)) > 0.3
        return float(np.sum(kept * np.asarray(x) ** 2))

    comparison = check(dropped, lambda x: 2 * x, RNG.uniform(1, 2, 50))
    assert comparison.verdict is Verdict.STOCHASTIC
    assert comparison.results[0].points[0].estimates == {}
    says(comparison, r"the same point gave \d\S+ and \d", "Pass its random key")
    said_nowhere(comparison, "relative error")


def test_scenario_20_jitter():
    calls = 0

    def jittered(x):
        nonlocal calls
        calls += 1
        noise = np.random.default_rng(calls).standard_normal()
        return float(np.sum(np.asarray(x) ** 2)) + 1e-12 * noise

    comparison = check(jittered, lambda x: 2 * x, np.array([1.0, 0.7, 0.4]))
    assert comparison.verdict is Verdict.AGREE
    says(comparison, "its values scatter by about [1-4]e-1[23]")
    assert np.all(comparison.results[0].points[0].estimates["richardson"].error > 1e-12)
