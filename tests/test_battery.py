"""Seventeen plain cases that no tool we know of gets all right: eight faults, nine right ones.

W: the gradient is wrong and must be called so. R: it is right and must not be accused.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

import gradcompare
from gradcompare import Verdict

check = functools.partial(gradcompare.check, points=1)

RNG = np.random.default_rng(0)
X = RNG.standard_normal(1000)


def sines(x):
    return jnp.sum(jnp.sin(x))


def powers(x):
    return jnp.sum(x**4) * jnp.sum(x**6)


def powers_gradient(x):
    return 4 * x**3 * jnp.sum(x**6) + 6 * x**5 * jnp.sum(x**4)


def noise(x):
    """Between −1 and 1, different at every point, with derivative zero."""
    return jax.lax.stop_gradient(jnp.modf(1e4 * jnp.sin(1e8 * jnp.sum(x)))[0])


WRONG = {
    "W1 one sign among 1000": (sines, lambda x: jnp.cos(x).at[17].multiply(-1), X),
    "W2 all signs, f about 1e-8": (lambda x: 1e-8 * sines(x), lambda x: -1e-8 * jnp.cos(x), X),
    "W4 1 % too large": (sines, lambda x: 1.01 * jnp.cos(x), X),
    "W5 5e-4 too large": (sines, lambda x: (1 + 5e-4) * jnp.cos(x), X),
    "W6 1e-5 too large": (sines, lambda x: (1 + 1e-5) * jnp.cos(x), X),
    "W7 factor 2 in the least": (
        powers,
        lambda x: powers_gradient(x).at[0].multiply(2),
        np.arange(1.0, 7.0),
    ),
    "W8 +0.3 and -0.3": (sines, lambda x: jnp.cos(x).at[0].add(0.3).at[1].add(-0.3), X),
}

RIGHT = {
    "R1 sum of sines": (sines, jnp.cos, X),
    "R2 offset 1e8": (lambda x: sines(x) + 1e8, jnp.cos, X),
    "R3 exp(20 x)": (
        lambda x: jnp.sum(jnp.exp(20 * x)),
        lambda x: 20 * jnp.exp(20 * x),
        RNG.uniform(0, 1, 10),
    ),
    "R4 log at 1e-6": (lambda x: jnp.sum(jnp.log(x)), lambda x: 1 / x, np.full(5, 1e-6)),
    "R5 |x| = 1e10": (
        lambda x: sines(1e-10 * x),
        lambda x: 1e-10 * jnp.cos(1e-10 * x),
        1e10 * RNG.standard_normal(10),
    ),
    "R7 noise 1e-7": (lambda x: sines(x) + 1e-7 * noise(x), jnp.cos, X),
    "R9 linear": (lambda x: jnp.sum(3 * x), lambda x: 3 + 0 * x, X),
}


# Factors near 1 but for the least, and the others.
FEW_WRONG = [name for name in WRONG if name[:2] not in ("W4", "W5")]


@pytest.mark.parametrize("case", sweep(WRONG, FEW_WRONG))
def test_wrong(case):
    result = check(*WRONG[case])
    assert result.verdict is Verdict.ANALYTIC_WRONG, str(result)


@pytest.mark.parametrize("case", sweep(WRONG, every=3))
def test_wrong_without_autodiff(case):
    """Differences alone find the same."""
    result = check(*WRONG[case], methods=["analytic", "richardson"])
    assert result.verdict is Verdict.ANALYTIC_WRONG, str(result)


def test_wrong_by_a_nan():
    """W3: NaN is never agreement."""
    result = check(sines, lambda x: jnp.cos(x).at[3].set(jnp.nan), X)
    assert result.verdict is Verdict.NONFINITE
    assert result.results[0].points[0].judgement.faulty == (3,)


@pytest.mark.parametrize("case", sweep(RIGHT, RIGHT.keys() - {"R1 sum of sines"}))
def test_right(case):
    result = check(*RIGHT[case])
    assert result.verdict is Verdict.AGREE, str(result)


def test_right_at_a_stationary_point():
    """R6: nothing can be verified there, where every multiple of the gradient is zero."""
    result = check(lambda x: jnp.sum((x - 1) ** 2), lambda x: 2 * (x - 1), np.ones(5))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "nothing was verified" in str(result)


def test_right_at_a_kink():
    """R8: every subgradient is right there."""
    result = check(lambda x: jnp.sum(jnp.abs(x)), jnp.sign, np.array([0.0, 1.0, -2.0]))
    assert result.verdict is Verdict.VALID_SUBGRADIENT
