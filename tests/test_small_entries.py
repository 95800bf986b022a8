"""Entries that are small beside others: right ones are unverified, wrong ones never AGREE."""

import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

from gradcompare import Verdict, check

FAULTS = {"sign": -1.0, "twice": 2.0, "zero": 0.0, "three per cent": 1.03}

# Each fault once; with more seeds in the sweep.
every_seed = pytest.mark.parametrize("seed", sweep(range(20), kept=range(len(FAULTS))))
two_seeds = pytest.mark.parametrize("seed", sweep(range(20), kept=range(2)))
two_more_seeds = pytest.mark.parametrize("seed", sweep(range(20), kept=range(2, 4)))


def start(seed):
    """A point of 4 coordinates, one of which is tiny."""
    rng = np.random.default_rng(seed)
    x = rng.choice([-1, 1], 4) * np.exp2(rng.uniform(-4, 4, 4))
    x[2] *= 10.0 ** rng.uniform(7, 10)
    x[1] *= 10.0 ** -rng.uniform(7, 10)
    return x


@two_seeds
def test_squares(seed):
    x, fault = start(seed), list(FAULTS.values())[seed % len(FAULTS)]
    result = check(lambda x: jnp.sum(x**2), lambda x: 2 * x, x, points=1)
    assert result.verdict.name == "AGREE", result
    assert 1 in result.results[0].unverified
    scale = np.array([1.0, fault, 1.0, 1.0])
    result = check(lambda x: jnp.sum(x**2), lambda x: 2 * x * scale, x, points=1)
    assert result.verdict.name in ("ANALYTIC_WRONG", "INCONCLUSIVE"), result
    assert "x[1]" in str(result)


@two_more_seeds
def test_a_sum_of_functions(seed):
    x, fault = start(seed), list(FAULTS.values())[seed % len(FAULTS)]

    def value(x, a):
        return jnp.sum(a * jnp.log1p(x**2)) + 1e-9 * jnp.sin(a[0] * x[1])

    def by_hand(x, a):
        own = 2 * a * x / (1 + x**2)
        return own.at[1].add(1e-9 * a[0] * jnp.cos(a[0] * x[1]))

    a = np.random.default_rng(seed).uniform(1, 2, 4)
    assert check(value, by_hand, x, a, points=1).verdict.name == "AGREE"
    result = check(value, lambda x, a: by_hand(x, a).at[1].multiply(fault), x, a, points=1)
    assert result.verdict.name in ("ANALYTIC_WRONG", "INCONCLUSIVE"), result
    assert "x[1]" in str(result)


@every_seed
def test_on_the_host_a_dead_small_entry_is_unverified(seed):
    """There is no third source, and differences cannot see it beside the others."""
    x = start(seed)
    dead = np.array([1.0, 0.0, 1.0, 1.0])
    result = check(lambda x: float(np.sum(x**2)), lambda x: 2 * np.asarray(x) * dead, x, points=1)
    assert not result.ok or 1 in result.results[0].unverified, result


@pytest.mark.parametrize("power", [5, 8, 12])
@pytest.mark.parametrize("seed", range(2))
def test_entries_that_are_far_apart_have_no_kink(power, seed):
    """A coordinate of 1e-8 beside one of 1e8 is no rest of rounding: it has digits of its own."""
    scale = 10.0 ** np.array([-power, power])
    x = np.random.default_rng(seed).normal(size=2) * scale

    def value(x):
        u = x / scale
        return jnp.sum(jnp.cos(u)) + u[0] * u[1]

    def gradient(x):
        u = x / scale
        return (-jnp.sin(u) + u[::-1]) / scale

    assert check(value, gradient, x).verdict is Verdict.AGREE
