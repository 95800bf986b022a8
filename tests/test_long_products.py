"""Products and directional derivatives with very many parameters."""

import re

import jax.numpy as jnp
import numpy as np
import pytest

import gradcompare
from gradcompare import InputError, check_hvp
from gradcompare._api.several.directions import MOST_ROWS
from gradcompare._evaluation.near.batches import LINE_CHUNK, LINE_POINTS, Block
from gradcompare._foundation.layout import Layout
from gradcompare._model.arguments.directions import RANDOM, OnDirections
from gradcompare._model.objective import Objective
from gradcompare._model.problem import Problem

D = 6000
X = 1 + np.random.default_rng(0).random(D)
V = np.random.default_rng(1).standard_normal(D)


def value(x):
    return jnp.sum(jnp.cosh(x)) + jnp.sum(x) ** 2 / D


def gradient(x):
    return jnp.sinh(x) + 2 * jnp.sum(x) / D


def hvp(x, v):
    return jnp.cosh(x) * v + 2 * jnp.sum(v) / D


def one_wrong(x, v):
    return hvp(x, v).at[17].multiply(1.5)


def floor(result):
    """The floor of a single wrong entry that the result states, and that of several."""
    (note,) = [note for note in result.notes if "random directions" in note]
    return tuple(map(float, re.findall(r"above ([0-9.e-]+)", note)))


def test_few_long_points_are_evaluated_together():
    assert Block.on_a_line(100).chunk == LINE_CHUNK
    assert 1 <= Block.on_a_line(10**6).chunk <= 2
    assert Block.on_a_line(10**9).chunk == 1
    assert Block.on_a_line(10**9).capacity == LINE_POINTS


@pytest.mark.sweep
@pytest.mark.parametrize("by_hand", [{}, {"gradient": gradient}], ids=["value", "gradient"])
def test_a_long_product_is_compared_along_directions(by_hand):
    check = check_hvp(value, hvp, X, direction=V, points=2, **by_hand)
    assert check.verdict.name == "AGREE"
    for result in check:
        assert result.d == D > MOST_ROWS
        assert "swapped" not in str(result)  # z = 0 is no special point of f
        single, several = floor(result)
        assert 0 < single < 1e-5
        assert several == pytest.approx(1000 * single, rel=0.01)
    wrong = check_hvp(value, one_wrong, X, direction=V, points=1, **by_hand)
    *before, last = wrong
    assert [result.ok for result in before] == [True] * len(before)
    assert not last.ok
    assert any(f"1 of {D}: x[17] (" in note for note in last.notes)


@pytest.mark.sweep
def test_a_wrong_entry_of_a_long_gradient_is_found_before_the_product():
    def faulty(x):
        return gradient(x).at[5].multiply(0.9)

    first, _ = check_hvp(value, hvp, X, gradient=faulty, points=1)
    assert not first.ok
    assert first.quantity == "gradient"
    assert any(f"1 of {D}: x[5] (" in note for note in first.notes)


@pytest.mark.sweep
def test_an_error_just_above_the_stated_floor_is_found():
    (right,) = check_hvp(value, hvp, X, direction=V, points=1)
    error = 1.1 * floor(right)[0] / X[1234]
    check = check_hvp(value, lambda x, v: hvp(x, v).at[1234].add(error), X, direction=V, points=1)
    assert not check.ok


def test_a_sign_is_named():
    (result,) = check_hvp(value, lambda x, v: -hvp(x, v), X, direction=V, points=2)
    assert "opposite sign" in str(result)


def test_host_functions_and_pytrees_take_few_values():
    calls = []

    def on_host(p, t):
        calls.append(1)
        return float(np.sum(np.cosh(p["a"])) + t * np.sum(np.asarray(p["b"]) ** 3))

    def product(p, v, t):
        return {"a": np.cosh(p["a"]) * v["a"], "b": 6 * t * p["b"] * v["b"]}

    start = {"a": X[: D // 2], "b": X[D // 2 :].reshape(-1, 2)}
    assert check_hvp(on_host, product, start, 2.0, points=1).verdict.name == "AGREE"
    assert len(calls) < 2000 < D

    def turned(p, v, t):
        return {"a": product(p, v, t)["a"], "b": 6 * t * p["b"][:, ::-1] * v["b"]}

    assert not check_hvp(on_host, turned, start, 2.0, points=1).ok


def test_all_stays_inside_of_the_bounds():
    def inside(x):
        assert np.all(x > 0)
        return float(np.sum(x * np.log(x)))

    small = np.where(np.arange(D) % 2, X, 1e-3 * X)
    assert check_hvp(inside, lambda x, v: v / x, small, domain="positive").verdict.name == "AGREE"
    with pytest.raises(InputError, match=r"x\[3\] lies at its bound"):
        check_hvp(value, hvp, np.where(np.arange(D) == 3, 0.0, X), bounds=(0.0, np.inf))


@pytest.mark.parametrize(
    ("product", "message"),
    [
        (lambda x, v: None, "the hvp of value is None"),
        (lambda x, v: jnp.cosh(x) @ v, r"the hvp of value has shape \(\)"),
    ],
)
def test_a_result_of_the_wrong_structure_is_an_error(product, message):
    with pytest.raises(InputError, match=message):
        check_hvp(value, product, X)


def directions(seed):
    """The random directions at a point with two coordinates, one row each."""
    point = np.array([1.0, -3.0])
    objective = Objective(name="f", value=value, make=lambda rng, size: (point, ()))
    problem = Problem.at(objective, point, (), "x0", np.ones(2), "hvp")
    lifted = OnDirections(objective, Layout.of(point), seed).at(problem, "hvp")
    return np.stack(list(lifted.data[2].values())[:RANDOM])


@pytest.mark.sweep
def test_errors_cancel_no_more_often_than_stated():
    drawn = np.stack([directions(seed) for seed in range(3000)])
    assert np.all(np.abs(drawn) >= [1.0, 3.0])
    for ratio in (0.5, 0.1):  # of the floor to the largest error, times its size
        seen = np.abs(drawn @ [1.0, 1 / 3]) > ratio  # errors of equal effect
        missed = np.mean(~seen.any(axis=1))
        assert 0 < missed <= ratio**RANDOM + 3 * ratio / np.sqrt(3000)


def test_short_products_are_compared_entry_by_entry():
    (result,) = gradcompare.check_hvp(value, lambda x, v: one_wrong(x, v), X[:40], points=1)
    assert [result.name(i) for i in result.worst.judgement.faulty] != []
    assert not any("random directions" in note for note in result.notes)
