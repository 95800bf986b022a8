"""One expression that is several terms or several sums, and sums in which no parameter stands."""

from itertools import product
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

from gradcompare import check

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((5, 20, 4)), RNG.standard_normal((5, 20))
COUNTS, OFFSET = RNG.poisson(3.0, 20).astype(float), 1.7
W = RNG.standard_normal(4)


def line_of(text):
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.strip() == text)


def by_loop(w):
    total = 0.0
    for k in range(1, 5):
        total = total + jnp.sum((X[k] @ w - Y[k]) ** 2) + 0.1 * jnp.sum(jnp.cos(k * w))
    return total


def by_loop_gradient(w, factor=1.0):
    fits = [2 * X[k].T @ (X[k] @ w - Y[k]) for k in range(1, 5)]
    return sum(fits) - factor * 0.1 * sum(k * jnp.sin(k * w) for k in range(1, 5))


def rise(x, by):
    return jnp.sum(jnp.log(x + by) - jnp.sqrt(x))


def by_calls(w):
    return rise(w**2, 1.0) + rise(jnp.exp(w), 2.0)


def by_calls_gradient(w, factor=1.0):
    logs = 2 * w / (w**2 + 1) + jnp.exp(w) / (jnp.exp(w) + 2)
    return logs - factor * (jnp.sign(w) + jnp.exp(w / 2) / 2)


LOOP = "total = total + jnp.sum((X[k] @ w - Y[k]) ** 2) + 0.1 * jnp.sum(jnp.cos(k * w))"
CALLS = "return jnp.sum(jnp.log(x + by) - jnp.sqrt(x))"
TERMS = {
    "loop": (by_loop, by_loop_gradient, "4 terms `0.1 * jnp.sum(jnp.cos(k * w))`", LOOP),
    "calls": (by_calls, by_calls_gradient, "2 terms `jnp.sqrt(x)`", CALLS),
}


@pytest.mark.parametrize(
    ("case", "factor"),
    sweep(product(TERMS, [0, 2, 0.5]), [("loop", 0), ("calls", 2), ("calls", 0.5)]),
)
def test_one_expression_that_is_several_terms(case, factor):
    value, gradient, said, line = TERMS[case]
    (finding,) = check(value, lambda w: gradient(w, factor), W).results[0].diagnosis
    assert finding.kind == "term"
    assert finding.sentence.startswith(
        f"the sum of the {said} (test_diagnosis_several.py:{line_of(line)})"
    )
    assert (finding.file, finding.line) == (__file__, line_of(line))


def test_one_of_several_terms_is_named_by_its_number():
    def wrong(w):
        return by_loop_gradient(w) - 0.1 * 3 * jnp.sin(3 * w)

    (finding,) = check(by_loop, wrong, W).results[0].diagnosis
    assert "`0.1 * jnp.sum(jnp.cos(k * w))`" in finding.sentence
    assert finding.sentence.startswith("term ")


def test_a_sum_of_data_that_is_a_factor():
    value = jax.jit(lambda w, y, c: jnp.mean((y + c) * jax.nn.softplus(X[0] @ w)))

    def missing(w, y, c):
        return X[0].T @ (y * jax.nn.sigmoid(X[0] @ w)) / len(y)

    (finding,) = check(value, missing, W, COUNTS, OFFSET).results[0].diagnosis
    assert finding.sentence.startswith("`c` in `y + c` (test_diagnosis_several.py:")
    assert "is missing from your gradient" in finding.sentence


def spread(w):
    r = X[0] @ w - Y[0]
    return jnp.sum(r**2) + jnp.sum(jnp.cos(r))


def spread_gradient(w, rows=slice(None), times=1.0):
    r = X[0][rows] @ w - Y[0][rows]
    return times * X[0][rows].T @ (2 * r - jnp.sin(r))


@pytest.mark.parametrize("times", [1, 20])
def test_one_sample_of_several_sums(times):
    wrong = check(spread, lambda w: spread_gradient(w, slice(0, 1), times), W)
    (finding,) = wrong.results[0].diagnosis
    assert finding.kind == "sample"
    assert "only the first of the 20 items that `jnp.sum(r**2)`" in finding.sentence
    assert "and 1 more sum add up" in finding.sentence


def test_half_of_the_samples_of_several_sums_are_no_such_sample():
    wrong = check(spread, lambda w: spread_gradient(w, slice(0, 10)), W)
    assert all(finding.kind != "sample" for finding in wrong.results[0].diagnosis)


TINY = np.array([1e-20, 3e-21, -2e-20])


def uneven(w):
    """Three of its derivatives are below the rounding of the others."""
    return jnp.sum((1e4 + w[3:]) ** 2) + jnp.sum(TINY * jnp.sin(w[:3]))


def test_entries_that_may_be_rounding_alone_are_no_faults_of_their_own():
    off = 1 + np.array([1e-3, -2e-3, 5e-4])  # as a formula with more cancellation gives them

    def wrong(w):
        return 2 * jnp.append(off * TINY * jnp.cos(w[:3]), 2 * (1e4 + w[3:]))

    found = check(uneven, wrong, np.append(W, W[:2] / 3)).results[0].diagnosis
    assert [finding.kind for finding in found] == ["factor"]
    assert "2 times the reference" in found[0].sentence
