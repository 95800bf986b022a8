"""The diagnosis inside a check: from two functions to the sentences that are printed."""

import functools
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from faults import in_gradient
from sweeps import sweep

from gradcompare import Comparison, Verdict, check, compare, get_objective
from gradcompare._results.report.brief import brief
from gradcompare.diagnosis import diagnose
from gradcompare.diagnosis.hypotheses import factor

RNG = np.random.default_rng(0)
X, Y, LAM = RNG.standard_normal((20, 3)), RNG.choice([-1.0, 1.0], 20), 0.1
W = np.array([0.5, -1.0, 2.0])


def risk(w, X, y, lam):
    return jnp.mean(jnp.logaddexp(0, -y * (X @ w))) + lam / 2 * jnp.sum(w**2)


def right(w, X, y, lam):
    p = 1 / (1 + jnp.exp(y * (X @ w)))
    return -(p * y) @ X / len(y) + lam * w


def half_ridge(w, X, y, lam):
    return right(w, X, y, lam) - lam / 2 * w


def network(p, X, Y):
    hidden = jnp.tanh(X @ p["W"] + p["b"])
    return jnp.mean((hidden @ p["V"] - Y) ** 2)


NETWORK = {"W": RNG.standard_normal((4, 5)), "b": RNG.standard_normal(5)}
NETWORK["V"] = RNG.standard_normal((5, 3))
INPUTS, OUTPUTS = RNG.standard_normal((6, 4)), RNG.standard_normal((6, 3))


def outputs_summed(p, X, Y):
    return jax.tree.map(lambda g: 3 * g, jax.grad(network)(p, X, Y))


def said(result: Comparison) -> list[str]:
    return [str(finding) for finding in result.results[0].diagnosis]


def diagnosed(gradient, w=W, **options):
    result = check(risk, gradient, w, X, Y, LAM, **options)
    assert result.verdict is Verdict.ANALYTIC_WRONG
    return said(result)


@functools.cache
def of_half_ridge() -> Comparison:
    return check(risk, half_ridge, W, X, Y, LAM)


def test_half_of_a_ridge_term():
    line = risk.__code__.co_firstlineno + 1
    assert of_half_ridge().verdict is Verdict.ANALYTIC_WRONG
    assert said(of_half_ridge()) == [
        f"term 2 of 2, `lam / 2 * jnp.sum(w**2)` (test_diagnosis_check.py:{line}): its "
        "derivative is half of what it should be; multiply that term by 2"
    ]


def test_a_ridge_term_that_the_objective_does_not_have():
    def bare(w, X, y, lam):
        return jnp.mean(jnp.logaddexp(0, -y * (X @ w)))

    assert said(check(bare, right, W, X, Y, LAM)) == [
        "every coordinate: analytic - reference is lam × x (lam is 0.1), as from a penalty "
        "on squares; subtract lam × x"
    ]


def test_it_is_printed_below_the_coordinates():
    lines = str(of_half_ridge()).splitlines()
    assert all(line.startswith("  x[") for line in lines[4:7])
    assert lines[7].startswith("  what: term 2 of 2, `lam / 2 * jnp.sum(w**2)`")
    assert lines[8].startswith("  analytic – reverse: ")


def test_a_right_gradient_has_none():
    result = check(risk, right, W, X, Y, LAM)
    assert result.ok
    assert not said(result)
    assert "what:" not in str(result)


def test_factor_is_a_dimension_of_the_data():
    result = check(network, outputs_summed, NETWORK, INPUTS, OUTPUTS)
    assert said(result) == [
        "every coordinate: 3 (the number of columns of Y, or the number of columns of V) times "
        "the reference; divide by 3, or declare scale=3 if that is meant"
    ]


def test_sign_of_one_block():
    def gradient(p, X, Y):
        g = jax.grad(network)(p, X, Y)
        return {**g, "b": -g["b"]}

    result = check(network, gradient, NETWORK, INPUTS, OUTPUTS)
    assert said(result) == [
        "b: the opposite sign of the reference; V and W agree; change the sign"
    ]


def test_what_is_declared_is_not_advised_again():
    def gradient(w, X, y, lam):
        return 2 * right(w, X, y, lam)

    assert diagnosed(gradient)[0].endswith("divide by 2, or declare scale=2 if that is meant")
    (sentence,) = diagnosed(gradient, sign=-1)
    assert sentence.endswith("-2 times the reference; multiply by -1/2")


def test_log_parameters():
    def gradient(w, X, y, lam):
        return w * right(w, X, y, lam)

    (sentence,) = diagnosed(gradient, w=np.array([0.5, 1.5, 2.0]))
    assert sentence == (
        "every coordinate: x times the reference (the derivative with respect to log x); "
        "divide by x, or declare wrt='log' if that is meant"
    )
    assert check(risk, gradient, np.array([0.5, 1.5, 2.0]), X, Y, LAM, wrt="log").ok


def test_a_nice_point_hides_a_factor():
    def rosenbrock(x):
        return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2

    def gradient(x):
        inner = x[1] - x[0] ** 2
        return jnp.stack([-400 * x[0] * inner - 2 * (1 - x[0]), 200 * x[0] * inner])

    result = check(rosenbrock, gradient, np.ones(2))
    assert said(result) == ["x[1]: x[0] times the reference; all others agree; divide by x[0]"]


def test_dead_coordinate():
    (sentence,) = diagnosed(lambda *args: right(*args).at[1].set(0.0))
    assert sentence.startswith("x[1]: exactly 0, but the reference is -0.4597 ± ")


def test_swapped_components_and_a_sign():
    def gradient(w, X, y, lam):
        return right(w, X, y, lam)[jnp.array([1, 0, 2])] * jnp.array([1, 1, -1])

    assert diagnosed(gradient) == [
        "x[0] and x[1] are swapped; exchange them",
        "x[2]: the opposite sign of the reference; change the sign",
    ]


def test_wrong_in_the_tail():
    def value(x):
        return jnp.sum(jnp.log1p(jnp.exp(-x)) + x**2)

    def gradient(x):
        return jnp.tanh(1e3 * (4 - x)) * (2 * x - jax.nn.sigmoid(-x))

    result = check(value, gradient, np.array([0.4, 0.3, 0.2]), tails=True)
    (sentence,) = said(result)
    assert sentence.startswith("only for x ≥ ")
    assert "the opposite sign" in sentence


def test_without_autodiff():
    def value(x):
        return float(np.sum(np.sin(x)))

    result = check(value, lambda x: np.pi * np.cos(x), np.array([0.4, 0.3, -0.2]))
    assert said(result)[0].startswith("every coordinate: π times the reference; divide by π")


def test_kinks_are_left_out():
    def value(w):
        return jnp.sum(jnp.abs(w)) + jnp.sum(w**2)

    result = check(value, lambda w: jnp.sign(w) + 4 * w, np.array([0.0, 1.0, -2.0]))
    assert "`jnp.sum(w**2)`" in said(result)[0]
    assert "is twice what it should be" in said(result)[0]


def test_an_upper_bound_is_wrong_where_it_is_less():
    def value(w):
        return jnp.sum(w**4)

    def gradient(w):
        return jnp.array([2.0, 8.0]) * w**3

    inside = {"bounds": (0.1, 9.0), "intent": "upper_bound"}
    result = check(value, gradient, np.ones(2), **inside)
    assert result.verdict is Verdict.ANALYTIC_WRONG
    assert said(result)[0].startswith("x[0]: 1/2 times the reference; ")


def test_only_for_gradients():
    result = check(risk, half_ridge, W, X, Y, LAM, direction=np.ones(3))
    assert result.verdict is Verdict.ANALYTIC_WRONG
    assert not said(result)


def test_json_keeps_it():
    before = of_half_ridge()
    after = Comparison.from_json(before.to_json())
    assert after.results[0].diagnosis == before.results[0].diagnosis
    assert str(after) == str(before)


def test_a_diagnosis_that_fails_takes_nothing_with_it(monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("broken")

    monkeypatch.setattr(factor.Factor, "explain", broken)
    with pytest.raises(RuntimeError, match="broken"):
        check(risk, half_ridge, W, X, Y, LAM)
    monkeypatch.delenv("GRADCOMPARE_RAISE")
    result = check(risk, half_ridge, W, X, Y, LAM)
    assert result.verdict is Verdict.ANALYTIC_WRONG
    assert said(result)[0].startswith("term 2 of 2")
    assert "the hypothesis Factor failed with RuntimeError: this is a fault of gradcomp" in str(
        result
    )
    assert [record.name for record in caplog.records] == ["gradcompare"]
    assert "RuntimeError: broken" in caplog.text
    monkeypatch.setattr(diagnose, "gather", broken)
    result = check(risk, half_ridge, W, X, Y, LAM)
    assert result.verdict is Verdict.ANALYTIC_WRONG
    assert not said(result)


PLANTED = {
    "overall-sign": "sign",
    "factor-2": "factor",
    "one-percent-of-one": "factor",
    "sign-of-one": "sign",
    "zero-at-one": "zero",
    "two-swapped": "swap",
}


PROGRAMS = ["softmax-regression", "logistic", "tanh-network"]
KINDS = {kind: (fault, "softmax-regression") for fault, kind in PLANTED.items()}


@pytest.mark.parametrize(("fault", "name"), sweep(product(PLANTED, PROGRAMS), KINDS.values()))
def test_planted_faults_are_named(name, fault):
    planted = in_gradient(fault, get_objective(name))
    (result,) = compare([planted], ["analytic", "reverse", "richardson"], timing=False)
    assert [finding.kind for finding in result.diagnosis] == [PLANTED[fault]], str(result)


def mixed(p):
    return jnp.sum(jnp.sin(p["a"]) * p["b"] ** 2)


AB = {"a": np.array([0.3, -0.7, 1.1]), "b": np.array([0.5, 0.9, -0.4])}


def test_a_fault_of_no_known_kind_is_said_to_be_unexplained():
    def wrong(p):
        return jax.tree.map(lambda g, x: jnp.tanh(g * x + 2), jax.grad(mixed)(p), p)

    result = check(mixed, wrong, AB)
    assert result.verdict is Verdict.ANALYTIC_WRONG
    (only,) = said(result)
    assert only.startswith("the gradient is that of no function")
    unexplained = "what: unexplained: no factor, sign, order, penalty"
    assert f"  {unexplained} or term accounts for the error; re-derive a, b\n" in str(result)
    assert unexplained in brief(result)
    assert len(brief(result).splitlines()) <= 15
    assert "what:" not in str(check(mixed, jax.grad(mixed), AB))


def test_terms_are_not_said_to_be_looked_for_where_nothing_is_traced():
    def value(x):
        return np.sum(np.sin(np.array(x))).item()  # it cannot be rerun with jax.numpy

    def wrong(x):
        return np.tanh(np.cos(x) * x + 2)

    unexplained = "order or penalty accounts for the error; re-derive every coordinate"
    assert unexplained in str(check(value, wrong, W))
    along = check(value, wrong, W, direction=np.ones(3))  # not looked at
    assert along.verdict is Verdict.ANALYTIC_WRONG
    assert "what:" not in str(along)
