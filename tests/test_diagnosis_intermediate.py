"""The derivative by a value that is computed from the parameters is named with its expression."""

from itertools import product
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

from gradcompare import check

LOW, HIGH, T = np.array([0.1, 0.2]), np.array([8.0, 5.0]), np.linspace(0, 3, 40)
Y = 2 * np.exp(-1.1 * T)
Q = np.array([0.7, 0.4])


def sine(q):
    return LOW + (HIGH - LOW) * (jnp.sin(q) + 1) / 2


def logistic(q):
    return LOW + (HIGH - LOW) * jax.nn.sigmoid(q)


@jax.jit
def compiled(q):
    return LOW + (HIGH - LOW) * jnp.exp(-(q**2))


def fit(ab, y):
    return jnp.sum((ab[0] * jnp.exp(-ab[1] * T) - y) ** 2) / 2


def found(value, gradient, *data, x=Q):
    return check(value, gradient, x, *data).results[0].diagnosis


@pytest.mark.parametrize(
    ("bounded", "penalty"),
    sweep(product([sine, logistic], [0.0, 0.3]), [(sine, 0.0), (logistic, 0.3)]),
)
def test_bounded_parameters(bounded, penalty):
    """Whether or not they stand elsewhere too, where the derivative is right."""

    def loss(q, y):
        a, b = bounded(q)
        return jnp.sum((a * jnp.exp(-b * T) - y) ** 2) / 2 + penalty * jnp.sum(q**2)

    def gradient(q, y):
        return jax.grad(fit)(bounded(q), y) + 2 * penalty * q

    (finding,) = found(loss, gradient, Y)
    assert finding.kind == "intermediate"
    assert finding.residual == 0
    assert finding.sentence.startswith(
        "every coordinate: this is the derivative by `bounded(q)` ("
    )
    assert finding.correction == "multiply by its derivative"
    line = Path(finding.file).read_text("utf-8").splitlines()[finding.line - 1]
    assert line.strip() == "a, b = bounded(q)"


def test_an_expression_in_the_loss_itself():
    def loss(q, y):
        ab = LOW + HIGH / (1 + q**2)
        return fit(ab, y)

    def gradient(q, y):
        return jax.grad(fit)(LOW + HIGH / (1 + q**2), y)

    (finding,) = found(loss, gradient, Y)
    assert "by `LOW + HIGH / (1 + q**2)` (test_diagnosis_intermediate.py:" in finding.sentence


def test_a_compiled_function_is_named_by_its_last_expression():
    """JAX traces it once, and does not know any more by which call."""
    (finding,) = found(
        lambda q, y: fit(compiled(q), y), lambda q, y: jax.grad(fit)(compiled(q), y), Y
    )
    assert "by `LOW + (HIGH - LOW) * jnp.exp(-(q**2))` (" in finding.sentence


@pytest.mark.sweep
def test_one_leaf_and_one_entry_of_another():
    """A variance from its bounded transform; a rate from one entry of a vector."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((30, 3)), rng.standard_normal(30)

    def spread(t):
        return 0.2 + 3 * jnp.arctan(t) ** 2

    def inner(w, scale, X, y):
        return jnp.sum(((X @ w - y) / scale) ** 2) / 2 + 30 * jnp.log(scale) + jnp.sum(w**4)

    def loss(params, X, y):
        return inner(params["w"], spread(params["t"]), X, y)

    def gradient(params, X, y):
        w, scale = jax.grad(inner, (0, 1))(params["w"], spread(params["t"]), X, y)
        return {"w": w, "t": scale}

    x = {"w": rng.standard_normal(3), "t": 0.8}
    (finding,) = found(loss, gradient, X, y, x=x)
    assert finding.sentence.startswith('t: this is the derivative by `spread(params["t"])`')
    assert finding.sentence.endswith("; w agrees")

    def of_vector(q, X, y):
        return inner(q[:3], spread(q[3]), X, y)

    def by_vector(q, X, y):
        w, scale = jax.grad(inner, (0, 1))(q[:3], spread(q[3]), X, y)
        return jnp.concatenate([w, scale[None]])

    (finding,) = found(of_vector, by_vector, X, y, x=np.append(x["w"], 0.8))
    assert finding.sentence.startswith("x[3]: this is the derivative by `spread(q[3])`")


NEARLY = {
    "by little": lambda ab, q: ab * (1 + 1e-6 * q),
    "another factor": lambda ab, q: ab * jnp.cos(q) ** 2,
    "another order": lambda ab, q: ab[::-1] + q,
    "one more term": lambda ab, q: 1.01 * ab + 0.02 * jnp.sin(q),
}


@pytest.mark.sweep
@pytest.mark.parametrize("case", sweep(NEARLY))
def test_what_is_nearly_that_derivative(case):
    def loss(q, y):
        return fit(sine(q), y)

    def gradient(q, y):
        return NEARLY[case](jax.grad(fit)(sine(q), y), q)

    assert "intermediate" not in {finding.kind for finding in found(loss, gradient, Y)}


def test_a_value_that_only_moves_the_parameters_is_none():
    """The derivative by x - c is that by x: what lacks is the other use of x."""

    def loss(q, y):
        moved = q - LOW
        return jnp.sum(jnp.sin(moved)) + jnp.sum(jnp.exp(q) * q)

    found_here = found(loss, lambda q, y: jnp.cos(q - LOW), Y)
    assert found_here
    assert "intermediate" not in {finding.kind for finding in found_here}
