"""Two parts wrong at once, one number for all rows, a wrong cotangent, another function."""

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from reported_faults import CASES
from sweeps import sweep

from gradcompare import Verdict, check
from gradcompare.diagnosis.hypotheses._regression import telling

KINDS = {"shared", "upstream", "another function"}
"""What these hypotheses call their findings, but for two parts at once, which are terms."""

PROGRAMS = {
    name: (CASES[name].value, CASES[name].right, CASES[name].args)
    for name in (
        "5 focal loss", "6 feature by feature", "8 batch norm, a term too many",
        "10 one norm for all", "12 fitted integrals", "13 spline without 2 and 3", "16 rendering",
    )
}  # fmt: skip


def findings_of(name, wrong):
    """What is said of a gradient to which `wrong` does something, by numbers like noise."""
    value, right, args = PROGRAMS[name]
    size = np.size(args[0])
    mixed = np.random.default_rng(1).standard_normal((size, size))

    def formula(x, *data):
        g = right(x, *data)
        return wrong(g, jnp.sin(mixed @ jnp.ravel(x)).reshape(g.shape))

    result = check(value, formula, *args)
    assert result.verdict in (Verdict.ANALYTIC_WRONG, Verdict.ANALYTIC_INEXACT)
    return [finding for each in result.results for finding in each.diagnosis]


def named(findings):
    return [finding for finding in findings if finding.kind in {*KINDS, "term"}]


# Each size of the noise; the tests below have other programs.
FEW_NOISE = [
    ("6 feature by feature", 1e-2),
    ("13 spline without 2 and 3", 1e-6),
    ("16 rendering", 1.0),
]


@pytest.mark.parametrize(("name", "size"), sweep(product(PROGRAMS, (1e-6, 1e-2, 1.0)), FEW_NOISE))
def test_noise_has_no_name(name, size):
    findings = findings_of(name, lambda g, noise: g * (1 + size * noise))
    assert not named(findings), findings


@pytest.mark.sweep
@pytest.mark.parametrize("name", sweep(PROGRAMS, {"8 batch norm, a term too many"}))
def test_a_wrong_entry_has_no_name(name):
    def wrong(g, noise):
        one = jnp.arange(g.size).reshape(g.shape) == g.size // 2
        return g + jnp.max(jnp.abs(g)) * (0.1 + noise**2) * one

    findings = findings_of(name, wrong)
    assert not named(findings), findings


@pytest.mark.sweep
@pytest.mark.parametrize("name", sweep(PROGRAMS, {"5 focal loss"}))
def test_noise_beside_a_factor_has_no_name(name):
    findings = findings_of(name, lambda g, noise: 2 * g + 1e-3 * noise * jnp.max(jnp.abs(g)))
    assert not named(findings), findings


def test_a_factor_is_no_other_function_though_its_derivative_is_symmetric():
    value, right, args = PROGRAMS["12 fitted integrals"]
    (finding,) = check(value, lambda *a: 1.5 * right(*a), *args).results[0].diagnosis
    assert finding.kind == "factor"


def separable(x, c):
    return jnp.sum(jnp.cosh(x) * c)


def test_what_is_separable_is_symmetric_in_any_case():
    args = np.linspace(0.5, 1.5, 9), np.linspace(1, 2, 9)

    def wrong(x, c):
        return jnp.sinh(x) * c + 1e-2 * jnp.sin(x * jnp.arange(9.0))

    result = check(separable, wrong, *args)
    assert result.verdict is Verdict.ANALYTIC_WRONG
    assert "another function" not in str(result)


def coupled(x, A):
    return jnp.sum(jnp.log(jnp.cosh(A @ x)))


@pytest.mark.sweep
def test_a_derivative_that_is_not_symmetric_is_that_of_no_function():
    A = np.random.default_rng(0).standard_normal((9, 7))

    def curled(x, A):
        return jnp.tanh(A @ x) @ A + 1e-2 * jnp.roll(jnp.sin(x), 1) * x

    def straight(x, A):
        return jnp.tanh(A @ x) @ A + 1e-2 * jax.grad(lambda x: jnp.prod(jnp.sin(x)))(x)

    x = np.random.default_rng(1).uniform(0.5, 1.5, 7)
    assert "another function" not in str(check(coupled, curled, x, A))
    assert "another function" in str(check(coupled, straight, x, A))


def test_two_factors_use_up_the_two_most_telling_entries():
    assert telling(np.array([1e12, 1e12, 1e12]), 2, 1e6)
    assert not telling(np.array([1e12, 1e12, 1e3]), 2, 1e6)


def by_pairs(x, points):
    off = jnp.sqrt(jnp.sum((x - points) ** 2, axis=1))
    return jnp.sum(jnp.log1p(off))


@pytest.mark.parametrize(
    ("summary", "words"),
    [(jnp.sum, "its sum"), (jnp.mean, "its mean"), (jnp.max, "its largest entry")],
)
def test_which_one_number_stands_for_all_is_said(summary, words):
    points = np.random.default_rng(0).standard_normal((5, 7))

    def one_for_all(x, points):
        off = x - points
        r = jnp.sqrt(jnp.sum(off**2, axis=1))
        return (1 / (1 + r)) @ off / summary(r)

    x = np.random.default_rng(1).standard_normal(7)
    (finding,) = check(by_pairs, one_for_all, x, points).results[0].diagnosis
    assert finding.kind == "shared"
    assert words in finding.sentence


FALLING = {
    "exp(-x/2)": (lambda x: jnp.exp(-x / 2), "-1/2 × exp(-x/2)"),
    "2 exp(-x/2)": (lambda x: 2 * jnp.exp(-x / 2), "-exp(-x/2)"),
    "exp(-2x)": (lambda x: jnp.exp(-2 * x), "-2 × exp(-2x)"),
    "exp(-x)": (lambda x: jnp.exp(-x), "-exp(-x)"),
}


@pytest.mark.parametrize("scale", FALLING)
def test_the_lost_factor_of_a_falling_exponential_is_said(scale):
    function, lacking = FALLING[scale]
    x, v = np.random.default_rng(0).uniform(0.3, 1.5, (2, 8))

    def value(x, v):
        return jnp.sum(jnp.sin(function(x) * v))

    def by_scale(x, v):
        return v * jnp.cos(function(x) * v)

    (finding,) = check(value, by_scale, x, v).results[0].diagnosis
    assert f"the chain factor {lacking} is missing: x is on the log scale" in finding.sentence
    assert finding.sentence.endswith(f"your gradient is the derivative by {scale}")
    assert finding.correction == f"multiply by {lacking}"


@jax.custom_jvp
def root(x):
    return jnp.where(x > 0, jnp.sqrt(x), 0.0)


@root.defjvp
def _root_rule(primals, tangents):
    (x,), (t,) = primals, tangents
    return root(x), jnp.where(x > 0, 0.6 / jnp.sqrt(jnp.where(x > 0, x, 1)), 0.0) * t


def test_a_rule_that_guards_is_not_to_be_removed():
    x = np.array([2.0, -1.5, 3.0])
    (finding,) = check(lambda x: jnp.sum(root(x)), None, x).results[0].diagnosis
    assert finding.correction.startswith("correct the rule; without it")
    (finding,) = check(lambda x: jnp.sum(root(x)), None, np.abs(x)).results[0].diagnosis
    assert finding.correction.startswith("correct the rule")
