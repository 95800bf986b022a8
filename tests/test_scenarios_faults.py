"""Acceptance scenarios 1 to 6: what users of gradient checkers meet, and what they should read.

Each is drawn from issues of public projects. The content of the report is tested, not its words.
"""

import jax
import jax.numpy as jnp
import numpy as np
from scenarios import relative_error, said_nowhere, says

from gradcompare import Verdict, check
from gradcompare._results.report.detail import detail

RNG = np.random.default_rng(0)


def test_scenario_01_correct_float32_layer():
    """Differences in float32 have few digits; that is no fault of the gradient."""

    def layer(p, x, c):
        return jnp.sum(c * (p["W"] @ x + p["b"]))

    def gradient(p, x, c):
        return {"W": jnp.outer(c, x), "b": c}

    p = {"W": RNG.standard_normal((8, 24)), "b": RNG.standard_normal(8)}
    x, c = RNG.standard_normal(24), RNG.standard_normal(8)
    methods = ["analytic", "reverse", "central", "richardson"]
    comparison = check(layer, gradient, p, x, c, dtype="float32", methods=methods)
    result = comparison.results[0]
    assert comparison.verdict is Verdict.AGREE
    digits = {name: accuracy.digits for name, accuracy in result.accuracy.items()}
    assert min(digits["analytic"], digits["reverse"]) > 6.5
    assert digits["central"] < 5.5
    assert relative_error(comparison, "analytic – richardson") < 1e-9
    says(detail(result), "error in dtype +digits")
    for name, number in digits.items():
        says(detail(result), rf"^ *{name} .* {number:.2g} ")


def scaled(p):
    """Autodiff sees nothing of the block that is large and matters little."""
    return jnp.sum(p["u"] ** 2) + 1e-10 * jax.lax.stop_gradient(jnp.sum(p["se"] ** 2))


SCALES = {"u": np.array([1.0, 0.7, 1.3]), "se": np.array([3e5, 2.5e5])}


def test_scenario_02_mixed_scales():
    def gradient(p):
        return {"u": 2 * p["u"], "se": 2e-10 * p["se"]}

    comparison = check(scaled, gradient, SCALES)
    assert comparison.verdict is Verdict.AUTODIFF_WRONG
    says(comparison, "2 of 5 coordinates", "stop_gradient")
    says(comparison, r"se\[0\] +6e-05 ± \S+ +0 ± 0 +(5\.99|6\.00)\d+e-05 ± \S+e-1\d")
    says(comparison, r"se\[1\] +5e-05 ± \S+ +0 ± 0 +(4\.99|5\.00)\d+e-05 ± \S+e-1\d")
    # So little of the gradient that one direction would not have seen it.
    assert relative_error(comparison, "analytic – reverse") < 1e-4


def test_scenario_02_a_clear_derivative_is_not_called_small():
    comparison = check(scaled, None, SCALES)
    assert comparison.verdict is Verdict.AUTODIFF_WRONG
    said_nowhere(comparison, "not verified")


def test_scenario_03_entry_near_zero():
    """Autodiff has 1.4e-17 where the formula has 0."""

    def value(x, a):
        return jnp.sum(jnp.sin(x[:2])) + a[0] * x[2] + a[1] * x[2] + a[2] * x[2]

    def gradient(x, a):
        return jnp.cos(x).at[2].set(0.0)

    comparison = check(value, gradient, np.array([0.5, -0.8, 1.1]), np.array([0.1, 0.2, -0.3]))
    result = comparison.results[0]
    estimate = result.points[0].estimates["reverse"]
    assert 0 < abs(estimate.value[2]) < 1e-16
    assert comparison.verdict is Verdict.AGREE, str(comparison)
    says(comparison, r"not verified, because .*: x\[2\]")
    says(detail(result), r"x\[2\] +0 ± \S+ +[-\d.]+e-17 ± \S+e-1\d")
    for pair in ("analytic – reverse", "analytic – richardson"):
        assert relative_error(comparison, pair) < 1e-10


def test_scenario_04_thousands_of_right_entries():
    """On scales from 1e-3 to 1e3, and three that the value hardly depends on."""
    n = 5000
    weights = 10.0 ** RNG.uniform(-3, 3, n)
    weights[[5, 77, 901]] = 1e-30
    comparison = check(
        lambda x, a: 0.5 * jnp.sum(a * x * x),
        lambda x, a: a * x,
        RNG.uniform(0.5, 2, n),
        weights,
        points=1,
    )
    assert comparison.verdict is Verdict.AGREE
    result = comparison.results[0]
    assert result.points[0].judgement.faulty == ()
    assert result.unverified == (5, 77, 901)
    says(comparison, r"not verified, because .*: x\[5\], x\[77\], x\[901\]$")


def test_scenario_04_counts_what_was_verified():
    comparison = check(
        lambda x: jnp.sum(x[1:] ** 2) + 1e-30 * x[0],
        lambda x: (2 * x).at[0].set(1e-30),
        RNG.uniform(0.5, 2, 40),
        points=1,
    )
    says(comparison, "39 of 40 coordinates")


def network(p, X, Y):
    hidden = jnp.tanh(X @ p["W"] + p["b"])
    return jnp.mean((hidden @ p["V"] + p["c"] - Y) ** 2)


def test_scenario_05_constant_factor():
    def gradient(p, X, Y):
        return jax.tree.map(lambda g: 3 * g, jax.grad(network)(p, X, Y))

    p = {"W": RNG.standard_normal((4, 4)), "b": RNG.standard_normal(4)}
    p |= {"V": RNG.standard_normal((4, 3)), "c": RNG.standard_normal(3)}
    X, Y = RNG.standard_normal((7, 4)), RNG.standard_normal((7, 3))
    comparison = check(network, gradient, p, X, Y)
    assert comparison.verdict is Verdict.ANALYTIC_WRONG
    says(comparison, "35 of 35 coordinates")
    says(comparison, r"every coordinate: 3 \(.*number of columns of Y.*\) times the reference")
    says(comparison, "divide by 3")


def test_scenario_06_log_parameter():
    def value(t, X, y):
        return jnp.sum(jnp.log(t) * X) + jnp.sum((X @ t - y) ** 2)

    def by_log(t, X, y):
        return t * (jnp.sum(X, 0) / t + 2 * X.T @ (X @ t - y))

    X, y, t = RNG.standard_normal((6, 3)), RNG.standard_normal(6), np.array([0.5, 1.5, 2.0])
    comparison = check(value, by_log, t, X, y, domain="positive")
    assert comparison.verdict is Verdict.ANALYTIC_WRONG
    says(comparison, "every coordinate: x times the reference .*with respect to log x")
    says(comparison, "declare wrt='log'")
    assert check(value, by_log, t, X, y, domain="positive", wrt="log").verdict is Verdict.AGREE
