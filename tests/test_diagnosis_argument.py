"""An argument that the gradient ignores is named, in traced functions and in those on the host."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from evidence import made

from gradcompare import check
from gradcompare.diagnosis.hypotheses._exact import agrees

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((80, 5)), RNG.standard_normal(80)
S, W = RNG.uniform(0.2, 3, 80), RNG.standard_normal(5)


def loss(w, X, y, s):
    return jnp.sum(s * (X @ w - y) ** 2) / 2


def on_host(w, X, y, s):
    return np.sum(s * np.square(X @ w - y)) / 2 + 0 * float(w[0])


def found(value, gradient, *data, x=W):
    return check(value, gradient, x, *data).results[0].diagnosis


@pytest.mark.parametrize("value", [loss, on_host])
@pytest.mark.parametrize(
    ("weights", "said"),
    [(lambda s: 1, "ones"), (np.mean, "its mean")],
)
def test_weights_that_stand_in_the_value_only(value, weights, said):
    mean = np.mean(S)

    def gradient(w, X, y, s):
        return X.T @ ((1 if said == "ones" else mean) * (X @ w - y))

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


@pytest.mark.parametrize(
    "weights",
    [
        jnp.sqrt,
        lambda s: jnp.full_like(s, 1.7),
        lambda s: s / jnp.mean(s) * 1.1,
        lambda s: s[::-1],
    ],
)
def test_weights_that_are_wrong_in_another_way(weights):
    def gradient(w, X, y, s):
        return X.T @ (weights(s) * (X @ w - y))

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
