"""An argument that the gradient ignores is named, in traced functions and in those on the host."""

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from evidence import made
from sweeps import sweep

from gradcompare import check
from gradcompare.diagnosis.hypotheses._exact import agrees

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((80, 5)), RNG.standard_normal(80)
S, W = RNG.uniform(0.2, 3, 80), RNG.standard_normal(5)


def loss(w, X, y, s):
    return jnp.sum(s * (X @ w - y) ** 2) / 2


def on_host(w, X, y, s):
    return np.sum(s * np.square(X @ w - y)) / 2 + 0 * float(w[0])


REPLACED = {"ones": 1.0, "its mean": np.mean(S)}


def found(value, gradient, *data, x=W):
    return check(value, gradient, x, *data).results[0].diagnosis


@pytest.mark.parametrize(
    ("value", "said"),
    sweep(product([loss, on_host], REPLACED), [(loss, "ones"), (on_host, "its mean")]),
)
def test_weights_that_stand_in_the_value_only(value, said):
    def gradient(w, X, y, s):
        return X.T @ (REPLACED[said] * (X @ w - y))

    (finding,) = found(value, gradient, X, Y, S)
    assert finding.kind == "argument"
    assert finding.residual == 0
    assert finding.sentence == (
        f"the gradient ignores `s` (argument 4 of {value.__name__}): it is the gradient with "
        f"`s` replaced by {said}"
    )


def test_an_offset_of_a_poisson_regression():
    """Exposures stand in the value as a logarithm; the gradient has none, as if they were 0.

    This value is called on the host alone. In one that is traced, it is a term with a line.
    """
    counts = RNG.poisson(3.0, 80).astype(float)

    def value(params, data):
        eta = np.zeros(len(data["X"]))
        eta[:] = data["X"] @ params["beta"] + params["b"] + data["offset"]  # it cannot be rerun
        return np.mean(np.exp(eta) - data["counts"] * eta)

    def gradient(params, data):
        r = np.exp(data["X"] @ params["beta"] + params["b"]) - data["counts"]
        return {"beta": data["X"].T @ r / len(r), "b": np.mean(r)}

    data = {"X": X, "counts": counts, "offset": np.log(S)}
    (finding,) = found(value, gradient, data, x={"beta": 0.3 * W, "b": 0.2})
    assert "ignores `offset` (argument 2 of value)" in finding.sentence
    assert finding.sentence.endswith("replaced by zeros")


def test_only_one_array_of_parameters():
    def value(params, s):
        return jnp.sum(s * jnp.sin(X @ params["w"])) + jnp.sum(s[:5] * params["v"] ** 3)

    def gradient(params, s):
        right = jax.grad(value)(params, s)
        return right | {"w": X.T @ jnp.cos(X @ params["w"])}

    (finding,) = found(value, gradient, S, x={"w": W, "v": W + 3})
    assert finding.sentence.startswith("in w, the gradient ignores `s`")
    assert finding.sentence.endswith("replaced by ones; v agrees")


WEIGHTS = {
    "root": jnp.sqrt,
    "a number": lambda s: jnp.full_like(s, 1.7),
    "scaled": lambda s: s / jnp.mean(s) * 1.1,
    "another order": lambda s: s[::-1],
}


@pytest.mark.parametrize("case", sweep(WEIGHTS, {"a number", "scaled"}))
def test_weights_that_are_wrong_in_another_way(case):
    def gradient(w, X, y, s):
        return X.T @ (WEIGHTS[case](s) * (X @ w - y))

    assert "argument" not in {f.kind for f in found(loss, gradient, X, Y, S)}


def test_a_gradient_that_is_nearly_the_one_without_weights():
    def gradient(w, X, y, s):
        return X.T @ (X @ w - y) + 1e-7 * w

    assert "argument" not in {f.kind for f in found(loss, gradient, X, Y, S)}


def test_one_point_and_few_entries_prove_nothing():
    evidence = made(lambda r, x: 2 * r)
    every, none = np.ones(20, bool), np.zeros(evidence.x.shape)
    assert agrees(evidence, evidence.analytic, none, every, 10)
    single = made(lambda r, x: 2 * r, points=1)
    assert not agrees(single, single.analytic, none[:1], every, 10)
    assert not agrees(evidence, evidence.analytic + 1, none, every, 10)
    wide = np.full(evidence.x.shape, 1e9)
    assert not agrees(evidence, evidence.analytic, wide, every, 10)


def test_a_tolerance_is_never_replaced_by_zero():
    """A loop that ends below its tolerance would never end."""
    smallest = []

    def value(p, tol):
        p, z = np.array([float(each) for each in p]), np.zeros(3)
        smallest.append(float(tol))
        for _ in range(1000):
            new = np.tanh(0.5 * z + p)
            if np.max(np.abs(new - z)) < tol:
                break
            z = new
        return float(np.sum(z**2))

    def gradient(p, tol):
        return np.asarray(p) * 3

    result = check(value, gradient, np.array([0.3, -0.2, 0.5]), 1e-9)
    assert not result.ok
    assert min(smallest) > 0


def test_a_penalty_whose_weight_the_gradient_ignores():
    def value(w, X, y, weight):
        w = np.array([each.item() for each in w])  # nothing can follow this
        return np.sum(np.square(X @ w - y)) / 2 + weight * np.sum(np.abs(w) ** 3)

    def gradient(w, X, y, weight):
        return X.T @ (X @ w - y)

    (finding,) = found(value, gradient, X, Y, 0.7)
    assert "the gradient ignores `weight`" in finding.sentence
    assert finding.sentence.endswith("replaced by 0")
