"""A fault is traced to the term, or the use, of the objective that it comes from, and its line."""

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

from gradcompare import Verdict, check

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((12, 4)), RNG.standard_normal(12)
W = RNG.standard_normal(4)


def penalty(w):
    return jnp.sum(jnp.log1p(w**2))


def value(w, X, y):
    r = X @ w - y
    fit = jnp.mean(r**2)
    return fit + 3 * jnp.sum(jnp.cos(w)) - penalty(w)


LINES = {
    "fit": value.__code__.co_firstlineno + 2,
    "cosine": value.__code__.co_firstlineno + 3,
    "penalty": value.__code__.co_firstlineno + 3,
}


def gradient(fit=1.0, cosine=1.0, penalty=1.0):
    """The gradient, each term with a factor."""

    def wrong(w, X, y):
        of_fit = 2 * (X @ w - y) @ X / len(y)
        return fit * of_fit - cosine * 3 * jnp.sin(w) - penalty * 2 * w / (1 + w**2)

    return wrong


def findings(value, gradient, x, *args):
    result = check(value, gradient, x, *args).results[0]
    assert result.verdict is Verdict.ANALYTIC_WRONG
    return result.diagnosis


FACTORS = [0.0, 0.5, 2.0, -1.0, 1 / 12, 1.01, 1.001]
IN_TURN = [(list(LINES)[turn % len(LINES)], factor) for turn, factor in enumerate(FACTORS)]


@pytest.mark.parametrize(("name", "factor"), sweep(product(LINES, FACTORS), IN_TURN[:-1]))
def test_one_term(name, factor):
    found = findings(value, gradient(**{name: factor}), W, X, Y)
    assert [(f.kind, f.line, f.residual) for f in found] == [("term", LINES[name], 0.0)]
    said = str(found[0])
    number = list(LINES).index(name) + 1
    assert said.startswith(f"term {number} of 3, `")
    assert f"(test_diagnosis_term.py:{LINES[name]})" in said
    rows = "12 is the number of rows of X, or 12 is the length of y"
    words = {
        0.0: "), is missing from your gradient; add its derivative",
        0.5: "is half of what it should be; multiply that term by 2",
        2.0: "is twice what it should be; divide that term by 2",
        -1.0: "has the wrong sign; change its sign",
        1 / 12: f"is 1/12 ({rows}) of what it should be; multiply that term by 12",
    }
    share = f"is {factor:g} times what it should be; divide that term by {factor:g}"
    assert words.get(factor, share) in said
    assert not factor or "): its derivative " in said
    assert found[0].file == __file__


def test_two_terms_at_once():
    (found,) = findings(value, gradient(cosine=0.0, penalty=-1.0), W, X, Y)
    assert found.kind == "term"
    assert "`3 * jnp.sum(jnp.cos(w))`" in found.sentence
    assert "is missing from your gradient; term 3 of 3" in found.sentence
    assert "its derivative has the wrong sign" in found.sentence
    assert found.correction == "add the derivative of the first, change the sign of the second"


def test_every_term_that_is_wrong_has_its_remedy():
    (found,) = findings(value, gradient(fit=0.5, cosine=2.0, penalty=3.0), W, X, Y)
    assert found.sentence.count("what it should be") == 3
    assert found.correction == (
        "multiply the first by 2, divide the second by 2, divide the third by 3"
    )


def test_near_miss_another_function_of_the_parameters():
    def wrong(w, X, y):
        return gradient()(w, X, y) + 0.1 * jnp.sin(2 * w)

    assert "term" not in [f.kind for f in findings(value, wrong, W, X, Y)]


def test_a_use_that_was_forgotten():
    def value(z):
        e = jnp.exp(-z)
        return jnp.sum(z * e)

    def wrong(z):
        return jnp.exp(-z)  # (1 − z) exp(−z) is right

    (found,) = findings(value, wrong, W)
    line = value.__code__.co_firstlineno + 2
    assert found.sentence == (
        f"the derivative through `jnp.exp(-z)` (test_diagnosis_term.py:{line - 1}) "
        "is missing from your gradient"
    )


def test_a_term_that_is_wrong_for_one_array_only():
    def value(p, X, y):
        return jnp.mean((X @ p["w"] + p["b"] - y) ** 2) + jnp.sum(p["w"] ** 2) * p["b"] ** 2

    def wrong(p, X, y):
        right = jax.grad(value)(p, X, y)
        return {"w": right["w"], "b": right["b"] - 2 * p["b"] * jnp.sum(p["w"] ** 2)}

    found = findings(value, wrong, {"w": W, "b": np.array(0.7)}, X, Y)
    assert found[0].sentence.startswith("in b, ")
    assert '`jnp.sum(p["w"] ** 2) * p["b"] ** 2`' in found[0].sentence
    assert "is missing" in found[0].sentence


def test_a_rule_written_by_hand_is_kept():
    @jax.custom_jvp
    def softplus(x):
        return jnp.log1p(jnp.exp(x))

    softplus.defjvp(lambda p, t: (softplus(p[0]), jax.nn.sigmoid(p[0]) * t[0]))

    def value(w):
        return jnp.sum(softplus(w)) + jnp.sum(w**4)

    (found,) = findings(value, lambda w: 2 * jax.nn.sigmoid(w) + 4 * w**3, W)
    assert "`jnp.sum(softplus(w))`" in found.sentence
    assert "is twice what it should be" in found.sentence


def test_functions_compiled_by_themselves_keep_their_lines():
    @jax.jit
    def inner(w):
        return jnp.sum(jnp.where(w > 0, w**2, w**3)) + jnp.sum(jnp.where(w > 1, w, jnp.sin(w)))

    def value(w):
        return inner(w) + jnp.sum(jnp.where(w > 2, w, jnp.exp(w)))

    def wrong(w):
        return jax.grad(value)(w) - jnp.where(w > 2, 1, jnp.exp(w))

    (found,) = findings(value, wrong, W)
    assert "`jnp.sum(jnp.where(w > 2, w, jnp.exp(w)))`" in found.sentence
    assert found.line == value.__code__.co_firstlineno + 1


def test_a_term_inside_of_an_expression():
    def value(p, x):
        return (p["nu"] + 1) / 2 * jnp.mean(jnp.log1p(x**2 * p["s"] / p["nu"]))

    def wrong(p, x):  # for ν in place of ν + 1
        share = x**2 * p["s"] / p["nu"]
        outer, inner = p["nu"] / 2, jnp.mean(share / (1 + share))
        return {
            "nu": jnp.mean(jnp.log1p(share)) / 2 - outer * inner / p["nu"],
            "s": outer * inner / p["s"],
        }

    (found,) = findings(value, wrong, {"nu": np.array(2.5), "s": np.array(1.3)}, Y)
    line = value.__code__.co_firstlineno + 1
    assert found.sentence == (
        f'`1` in `p["nu"] + 1` (test_diagnosis_term.py:{line}) is missing from your gradient'
    )


def test_a_parameter_that_is_a_term():
    def value(p):
        return jnp.sum(jnp.exp(p["w"])) + p["b"]

    (found,) = findings(
        value, lambda p: {"w": jnp.exp(p["w"]), "b": -jnp.ones(())}, {"w": W, "b": np.array(0.7)}
    )
    assert found.kind == "sign"


def test_where_a_part_of_the_objective_is_computed_in_float32():
    def value(w, X, y):
        r = (X @ w - y).astype(jnp.float32)
        return jnp.sum((r + r**2).astype(jnp.float64)) + 0.1 * jnp.sum(w**4)

    def wrong(w, X, y):
        return jax.grad(value)(w, X, y) - 0.4 * w**3

    (found,) = findings(value, wrong, W, X, Y)
    assert "`0.1 * jnp.sum(w**4)`" in found.sentence
    assert "is missing" in found.sentence
