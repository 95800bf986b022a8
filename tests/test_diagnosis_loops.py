"""Terms, uses and summands inside of loops and conditions are found like those outside."""

from itertools import product
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

from gradcompare import check

RNG = np.random.default_rng(0)
SERIES, P = np.cumsum(RNG.standard_normal(12)), np.array([0.9, -0.3, 0.2])


def kalman(p, y, log=1.0, fit=1.0):
    """The negative log-likelihood of a random walk with noise, summed in the carry."""
    a, q, r = p

    def step(carry, y):
        m, v, total = carry
        m, v = a * m, a**2 * v + jnp.exp(q)
        s = v + jnp.exp(r)
        total = total + log * 0.5 * jnp.log(2 * jnp.pi * s) + fit * 0.5 * (y - m) ** 2 / s
        k = v / s
        return (m + k * (y - m), (1 - k) * v, total), None

    return jax.lax.scan(step, (0.0, 1.0, 0.0), y)[0][2]


def discounted(p, y, drift=1.0, penalty=1.0):
    """Sums of the rounds, in a function that is compiled, and one more outside."""

    @jax.jit
    def step(x, y):
        x = p[0] * x + drift * jnp.sin(p[1] * y)
        return x, (x - y) ** 2

    losses = jax.lax.scan(step, 0.0, y)[1]
    return jnp.mean(losses) + penalty * 0.1 * jnp.sum(p**2)


def nested(p, y, inner=1.0, outer=1.0):
    """A loop in a loop, whose sum is carried with a factor."""

    def row(total, y):
        def column(sum_, k):
            return sum_ + inner * jnp.cos(p[0] * k + p[1]) + p[1] ** 2 * p[0] * y * k, None

        sum_, _ = jax.lax.scan(column, 0.0, jnp.arange(3.0))
        return 0.9 * total + sum_ + outer * jnp.exp(p[2] + p[0]) * y**2, None

    return jax.lax.scan(row, 0.0, y)[0]


def branching(p, y, low=1.0):
    """A condition with two terms in one of its branches."""

    def below(p):
        return low * jnp.sum(jnp.exp(p)) + 0.5 * jnp.sum(p**2)

    def above(p):
        return jnp.sum(jnp.sin(p)) + 0.25 * jnp.sum(p**4)

    return jax.lax.cond(jnp.mean(y) > jnp.sum(p) + 100, above, below, p)


TERMS = {
    "log * 0.5 * jnp.log(2 * jnp.pi * s)": (kalman, "log"),
    "fit * 0.5 * (y - m) ** 2 / s": (kalman, "fit"),
    "penalty * 0.1 * jnp.sum(p**2)": (discounted, "penalty"),
    "inner * jnp.cos(p[0] * k + p[1])": (nested, "inner"),
    "outer * jnp.exp(p[2] + p[0]) * y**2": (nested, "outer"),
    "low * jnp.sum(jnp.exp(p))": (branching, "low"),
}


FACTORS = (0.0, 0.5, -1.0)
IN_TURN = [(text, FACTORS[turn % len(FACTORS)]) for turn, text in enumerate(TERMS)]
# One in each of the programs but the first: in the carry is that in a loop in a loop as well.
FEW_TERMS = [case for turn, case in enumerate(IN_TURN) if turn in (2, 3, 5)]


@pytest.mark.parametrize(("text", "factor"), sweep(product(TERMS, FACTORS), FEW_TERMS))
def test_a_term_inside_is_named_with_its_line(text, factor):
    value, name = TERMS[text]

    def gradient(p, y):
        return jax.grad(value)(p, y, **{name: factor})

    (finding,) = check(value, gradient, P, SERIES).results[0].diagnosis
    assert finding.kind == "term", finding.sentence
    assert f"`{text}` (test_diagnosis_loops.py:" in finding.sentence
    assert text in Path(finding.file).read_text().splitlines()[finding.line - 1]


@pytest.mark.sweep
def test_a_factor_that_a_term_cannot_have_is_not_named_as_one():
    """As large as a term forgotten, and not a multiple of it."""

    def gradient(p, y):
        return jax.grad(kalman)(p, y) + np.array([1.0, -2.0, 3.0]) * jnp.sin(p)

    found = check(kalman, gradient, P, SERIES).results[0].diagnosis
    assert "term" not in {finding.kind for finding in found}


def test_a_use_inside_is_named():
    """The innovation taken for a constant: what the state adds through it is missing."""

    def value(p, y, held=lambda m: m):
        def step(m, y):
            m = p[0] * m + p[1] * (y - held(m))
            return m, (y - m) ** 2

        return jnp.sum(jax.lax.scan(step, 0.0, y)[1])

    def gradient(p, y):
        return jax.grad(value)(p, y, jax.lax.stop_gradient)

    (finding,) = check(value, gradient, P[:2], SERIES).results[0].diagnosis
    assert "`y - held(m)`" in finding.sentence
    assert "is missing from your gradient" in finding.sentence


def test_a_sum_that_is_assigned_in_place_of_added_to():
    """Only the last round is left."""

    def value(p, y, kept=1.0):
        def step(total, y):
            return kept * total + (y - p[0] * jnp.tanh(p[1] * y)) ** 2, None

        return jax.lax.scan(step, 0.0, y)[0]

    (finding,) = (
        check(value, lambda p, y: jax.grad(value)(p, y, 0.0), P[:2], SERIES).results[0].diagnosis
    )
    assert finding.sentence.startswith("the derivative through `kept * total`")
    assert finding.sentence.endswith("is missing from your gradient")
