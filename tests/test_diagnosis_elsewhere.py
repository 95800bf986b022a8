"""A gradient of a part of the samples, of another point, or of single precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

from gradcompare import Verdict, check

RNG = np.random.default_rng(0)
X, Y, LAM = RNG.standard_normal((12, 4)), RNG.standard_normal(12), 0.1
W = RNG.standard_normal(4)
MOVE = 1e-3 * RNG.standard_normal(4)


def value(w, X, y, lam):
    return jnp.mean(jnp.logaddexp(0, -y * (X @ w))) + lam / 2 * jnp.sum(w**2)


def rows(w, X, y):
    """The gradient of each row's own term."""
    return -(y / (1 + jnp.exp(y * (X @ w))))[:, None] * X


def found(gradient, **options):
    result = check(value, gradient, W, X, Y, LAM, **options).results[0]
    assert result.verdict in (Verdict.ANALYTIC_WRONG, Verdict.ANALYTIC_INEXACT)
    return [(f.kind, f.line, str(f)) for f in result.diagnosis]


PARTS = {
    "only the first of the 12 items": lambda g: g[0] / 12,
    "only the last of the 12 items": lambda g: g[-1] / 12,
    "all but the last of the 12 items": lambda g: g[:-1].sum(0) / 12,
    "all but the first of the 12 items": lambda g: g[1:].sum(0) / 12,
    " adds up, times 12": lambda g: g[0],
}


@pytest.mark.parametrize("text", sweep(PARTS, every=2))
def test_a_part_of_the_samples(text):
    ((kind, line, said),) = found(lambda w, X, y, lam: PARTS[text](rows(w, X, y)) + lam * w)
    assert (kind, line) == ("sample", value.__code__.co_firstlineno + 1)
    assert text in said
    assert "`jnp.mean(jnp.logaddexp(0, -y * (X @ w)))` (test_diagnosis_elsewhere.py:" in said


def test_near_miss_some_samples_are_not_the_first():
    kinds = [f[0] for f in found(lambda w, X, y, lam: rows(w, X, y)[2:5].sum(0) / 12 + lam * w)]
    assert "sample" not in kinds


RIGHT = jax.grad(value)


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("1.001 × x", lambda w: 1.001 * w),
        ("x + 0.001 in every entry", lambda w: w + 1e-3),
        ("x + δ, with the same δ at every point, ‖δ‖ = 0.00", lambda w: w + MOVE),
        ("x0, whatever the argument", lambda w: W + 0 * w),
    ],
)
def test_another_point(text, moved):
    ((kind, _, said),) = found(lambda w, X, y, lam: RIGHT(moved(w), X, y, lam))
    assert kind == "stale"
    assert f"your gradient is the gradient at another point: {text}" in said


@pytest.mark.sweep
def test_near_miss_a_displacement_that_differs_from_point_to_point():
    kinds = [f[0] for f in found(lambda w, *a: RIGHT(w + 1e-3 * jnp.sin(9 * w), *a))]
    assert "stale" not in kinds


def test_single_precision():
    def narrow(w, X, y, lam):
        return np.asarray(RIGHT(w, X, y, lam), np.float32).astype(np.float64)

    ((kind, _, said),) = found(narrow)
    assert kind == "float32"
    assert said.startswith("every entry of your gradient is a single-precision number")


@pytest.mark.sweep
def test_near_miss_as_wrong_as_single_precision():
    def wrong(w, X, y, lam):
        return np.asarray(RIGHT(w, X, y, lam)) * (1 + 1e-7 * np.sin(w))

    assert "float32" not in [f[0] for f in found(wrong)]


def test_a_cast_inside_is_remarked():
    def narrow(w, X, y, lam):
        return RIGHT(w.astype(jnp.float32).astype(jnp.float64), X, y, lam)

    result = check(value, narrow, W, X, Y, LAM)
    assert result.ok or result.verdict is Verdict.ANALYTIC_INEXACT
    assert "analytic computes in " in str(result)


@pytest.mark.sweep
def test_single_precision_is_inexact_and_no_mistake():
    rng = np.random.default_rng(0)
    a, x = rng.standard_normal((20, 5)) / 3, rng.standard_normal(5)

    def value(x):
        return np.sum(np.tanh(a @ x) ** 2)

    def gradient(x):
        t = np.tanh(a.astype(np.float32) @ x.astype(np.float32))
        return (2 * (t * (1 - t * t)) @ a.astype(np.float32)).astype(float)

    comparison = check(value, gradient, x)
    assert comparison.verdict.name == "ANALYTIC_INEXACT"
    assert "every entry of your gradient is a single-precision number" in str(comparison)
    assert check(value, lambda x: 1.01 * gradient(x), x).verdict.name == "ANALYTIC_WRONG"
