"""What every answer has in common: `ok`, `str`, JSON both ways, and no truth value."""

from collections import namedtuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_result_json import plain

from gradcompare import (
    Comparison,
    Estimate,
    InputError,
    Location,
    Result,
    SelfTest,
    Verdict,
    check,
    estimate,
    locate,
    selftest,
)

X = np.array([0.5, -1.0, 2.0])


def cubes(x):
    return jnp.sum(x**3)


def gradient(x):
    return 3 * x**2


def host_cubes(x):
    return float(np.sum(np.asarray(x) ** 3))


def host_wrong(x):
    return 3 * np.asarray(x) ** 2 * [1.0, 2.0, 1.0]


def blind(x):
    return 1e-30 * np.float64(host_cubes(x)).item() + 1.0  # it cannot be rerun for autodiff


def hidden(x):
    """On the host, and the offset hides the second derivative from finite differences."""
    return float(np.sum(np.asarray(x) * [1.0, 1e-12])) + 1e8


OUTCOMES = {
    "comparison": (Comparison, lambda: check(cubes, gradient, X), True),
    "comparison-wrong": (Comparison, lambda: check(cubes, lambda x: 2 * gradient(x), X), False),
    "result": (Result, lambda: check(cubes, gradient, X).results[0], True),
    "result-wrong": (Result, lambda: check(cubes, lambda x: -gradient(x), X).results[0], False),
    "location": (Location, lambda: locate(host_cubes, lambda x: 3 * x**2, X), True),
    "location-wrong": (Location, lambda: locate(host_cubes, host_wrong, X), False),
    "estimate": (Estimate, lambda: estimate(cubes, X), True),
    "estimate-kink": (Estimate, lambda: estimate(lambda x: jnp.sum(jnp.sign(x)), 0 * X), False),
    "selftest": (SelfTest, lambda: selftest(check(cubes, gradient, X)), True),
    "selftest-blind": (
        SelfTest,
        lambda: selftest(check(hidden, lambda x: np.array([1.0, 1e-12]), X[:2])),
        False,
    ),
}


@pytest.fixture(scope="module", params=OUTCOMES)
def case(request):
    kind, made, ok = OUTCOMES[request.param]
    return kind, made(), ok


def test_ok_says_whether_everything_is_as_it_should_be(case):
    kind, outcome, ok = case
    assert type(outcome) is kind
    assert outcome.ok is ok


def test_the_truth_of_an_answer_is_an_error(case):
    kind, outcome, _ = case
    message = rf"^an? {kind.__name__} is neither true nor false; ask for its \.ok"
    with pytest.raises(TypeError, match=message) as raised:
        bool(outcome)
    assert ("or its .verdict" in str(raised.value)) == hasattr(outcome, "verdict")


def test_json_gives_the_same_back(case):
    kind, outcome, ok = case
    again = kind.from_json(outcome.to_json())
    assert type(again) is kind
    assert plain(again) == plain(outcome)
    assert str(again) == str(outcome)
    assert again.ok is ok
    assert outcome.to_dict()["ok"] is ok


def test_sentences_are_not_the_representation(case):
    _, outcome, _ = case
    assert str(outcome)
    assert str(outcome) != repr(outcome)


def test_one_kind_is_not_read_as_another(case):
    kind, outcome, _ = case
    other = Estimate if kind is not Estimate else Comparison
    with pytest.raises(InputError, match=rf"this is a {kind.__name__}, not an? {other.__name__}"):
        other.from_json(outcome.to_json())


Pair = namedtuple("Pair", "first second")

TREES = {
    "dict": {"w": X, "b": np.array(1.5), "W": np.ones((2, 3))},
    "list": [X, np.array(2.0)],
    "tuple": (X, {"a": (np.array(1.0), X)}),
    "scalar": np.array(0.3),
    "numbered": {0: X, 1: np.array(0.5)},
}


@pytest.mark.parametrize("name", TREES)
def test_an_estimate_keeps_the_structure_of_the_parameters(name):
    def total(tree):
        leaves = [tree] if name == "scalar" else _leaves(tree)
        return sum(jnp.sum(leaf**2) for leaf in leaves)

    before = estimate(total, TREES[name])
    after = Estimate.from_json(before.to_json())
    assert plain(after) == plain(before)
    assert after.ok


def _leaves(tree):
    parts = tree.values() if isinstance(tree, dict) else tree
    return [
        leaf for p in parts for leaf in (_leaves(p) if isinstance(p, (dict, tuple, list)) else [p])
    ]


def test_another_container_comes_back_as_a_tuple():
    before = estimate(lambda p: jnp.sum(p.first**2) + p.second, Pair(X, np.array(1.0)))
    first, second = Estimate.from_json(before.to_json()).value
    assert first.tolist() == before.value.first.tolist()
    assert second == before.value.second


def test_an_estimate_names_its_entries_and_cuts_long_lists():
    text = str(estimate(lambda p: jnp.sum(p["w"] ** 2), {"w": np.arange(1.0, 11.0)}))
    assert text.startswith("w[0]  2")
    assert " ± " in text
    assert "w[7]" in text
    assert "w[8]" not in text
    assert "and 2 more" in text
    assert "values of f" in text
    assert str(estimate(cubes, X, direction=X)).startswith("derivative  ")


def test_where_nothing_can_be_told_there_is_no_ok():
    assert not locate(blind, lambda x: 3e-30 * x**2, X).ok
    comparison = check(blind, lambda x: 3e-30 * x**2, X)
    assert not comparison.ok
    assert comparison.verdict is Verdict.INCONCLUSIVE


def test_an_explanation_comes_back():
    comparison = check(cubes, None, X, methods=["reverse"])
    assert Comparison.from_json(comparison.to_json()).verdict is Verdict.NOT_A_CHECK
    itself = check(cubes, jax.grad(cubes), X)
    (again,) = Comparison.from_json(itself.to_json())
    assert again.explanation == itself.results[0].explanation
    assert again.explanation.advice == "Give gradient=None to check autodiff."
