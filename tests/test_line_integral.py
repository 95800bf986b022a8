"""An f that moves by jumps that its gradient leaves out; continuous ones that only look so."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

from gradcompare import Verdict, check

RNG = np.random.default_rng(5)
NORMAL = RNG.standard_normal(2000)
ROWS, LABELS = RNG.standard_normal((300, 4)), RNG.choice([-1.0, 1.0], 300)
DATA = RNG.standard_normal(200)
EDGES = np.linspace(-6, 6, 25)
MARKET = np.array([100.0, 0.2, 0.05])  # price, volatility, rate
WEIGHTS = np.array([0.5, -1.2, 0.3, 2.0])


def prices(x):
    return x[0] * np.exp(x[2] - x[1] ** 2 / 2 + x[1] * NORMAL)


def digital(x):
    return np.exp(-x[2]) * np.mean(prices(x) > 105)


def digital_pathwise(x):
    return np.array([0.0, 0.0, -digital(x)])


def barrier(x):
    s = prices(x)
    return np.exp(-x[2]) * np.mean(np.maximum(s - 100, 0) * (s < 130))


def barrier_pathwise(x):
    s = prices(x)
    paid, discount = s * ((s > 100) & (s < 130)), np.exp(-x[2])
    by_rate = discount * np.mean(paid) - barrier(x)
    return np.array(
        [discount * np.mean(paid) / x[0], discount * np.mean(paid * (NORMAL - x[1])), by_rate]
    )


def histogram(x):
    counts, _ = np.histogram(x[0] + np.exp(x[1]) * NORMAL, EDGES)
    shares = (counts + 1) / (counts.sum() + len(counts))
    bins = np.clip(np.searchsorted(EDGES, DATA) - 1, 0, len(shares) - 1)
    return -np.mean(np.log(shares[bins])) + 0.1 * np.sum(x**2)


def rounded(x):
    return np.round(x[0], 2) + np.sin(x[1])


def error_rate(w):
    return jnp.mean(ROWS @ w * LABELS < 0.1) + 0.05 * w @ w


STAIRCASES = {
    "digital": (digital, digital_pathwise, MARKET),
    "barrier": (barrier, barrier_pathwise, MARKET),
    "histogram": (histogram, lambda x: 0.2 * x, np.array([0.3, 0.1])),
    "rounded": (rounded, lambda x: np.array([0, np.cos(x[1])]), WEIGHTS[:2]),
    "error rate": (error_rate, lambda w: 0.1 * w, WEIGHTS),
    "error rate alone": (error_rate, None, WEIGHTS),
}


@pytest.mark.parametrize("case", sweep(STAIRCASES, STAIRCASES.keys() - {"error rate"}))
def test_a_staircase_in_some_coordinates_is_no_agreement(case):
    comparison = check(*STAIRCASES[case])
    assert comparison.verdict is Verdict.INCONCLUSIVE
    assert "f moves by steps, and its gradient leaves them out" in str(comparison)
    assert "on both sides, f moves by jumps" in str(comparison)


def total(values):
    return float(np.sum(values))  # on the host


BESIDE = (1.03 * WEIGHTS, 0.97 * WEIGHTS)
KNOTS = np.linspace(-3, 3, 4001)
CONTINUOUS = {
    "a kink in each of many pieces": (
        lambda x: total(np.abs(ROWS @ x - 0.01)),
        lambda x: np.sign(ROWS @ x - 0.01) @ ROWS,
    ),
    "narrow slopes on both sides": (
        lambda x: total(x + sum(np.arctan((x - edge) / 1e-6) for edge in BESIDE)),
        lambda x: 1 + sum(1e6 / (1 + ((x - edge) / 1e-6) ** 2) for edge in BESIDE),
    ),
    "fast waves": (
        lambda x: total(x**2 + np.sin(3e3 * x)),
        lambda x: 2 * x + 3e3 * np.cos(3e3 * x),
    ),
    "a table with straight pieces": (
        lambda x: total(np.interp(x, KNOTS, np.sin(40 * KNOTS))),
        lambda x: np.diff(np.sin(40 * KNOTS))[np.searchsorted(KNOTS, x) - 1] / np.diff(KNOTS)[0],
    ),
    "roots on both sides": (
        lambda x: total(sum(np.sqrt(np.abs(x - edge)) for edge in BESIDE)),
        lambda x: sum(np.sign(x - edge) / np.sqrt(np.abs(x - edge)) / 2 for edge in BESIDE),
    ),
    "one jump on one side": (
        lambda x: total(x**2) + (5.0 if x[0] > 0.51 else 0.0),
        lambda x: 2 * x,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CONTINUOUS)
def test_what_a_rule_does_not_see_is_no_staircase(name):
    value, gradient = CONTINUOUS[name]
    comparison = check(value, gradient, WEIGHTS, points=1)
    assert "moves by steps" not in str(comparison)


def test_the_steps_of_few_digits_are_no_staircase():
    def value(x):
        return total(np.float32(np.exp(np.float32(x))))

    assert "moves by steps" not in str(check(value, np.exp, WEIGHTS))


def loud(x):
    noise = np.random.default_rng(np.asarray(x).view(np.uint64)).standard_normal()
    return total(x**2 * np.sin(x)) + 0.1 * noise


def slopes(x):
    return 2 * x * np.sin(x) + x**2 * np.cos(x)


PLACE = np.array([0.7, -1.3, 2.1])


def test_noise_is_not_taken_for_jumps():
    assert "moves by jumps" not in str(check(loud, slopes, PLACE))


def test_the_integral_accuses_a_gradient_that_differences_cannot_see():
    (result,) = check(loud, lambda x: 2 * x * np.sin(x) + x * np.cos(x), PLACE)
    assert result.verdict is Verdict.ANALYTIC_WRONG
    assert "f is not the integral of the analytic derivative" in result.explanation.cause
    assert "the integral of the gradient is off by at least" in str(result)
    assert "unexplained" not in str(result)  # no coordinate is known to be wrong


def test_the_integral_confirms_a_gradient_that_differences_cannot_see():
    (result,) = check(loud, slopes, PLACE)
    assert result.verdict is Verdict.INCONCLUSIVE  # of the point itself nothing is known
    assert "along lines, f is the integral of it" in result.explanation.cause
    assert 0.01 < result.worst.judgement.agrees_to_norm < 0.1


def drowned(x):
    noise = jax.pure_callback(
        lambda x: 0.3 * np.random.default_rng(np.asarray(x).view(np.uint64)).standard_normal(),
        jax.ShapeDtypeStruct((), x.dtype),
        jax.lax.stop_gradient(x),
        vmap_method="sequential",
    )
    return jnp.sum(x**2 * jnp.sin(x)) + noise


def straight(x):
    return 2 * x * jnp.sin(x) + x**2 * jnp.cos(x)


def bent(x):
    return 2 * x * jnp.sin(x) + x * jnp.cos(x)


@jax.custom_jvp
def misled(x):
    return drowned(x)


@misled.defjvp
def _misled_jvp(x, v):
    return misled(*x), bent(*x) @ v[0]


@pytest.mark.parametrize(
    ("value", "gradient", "verdict"),
    [(drowned, bent, "ANALYTIC_WRONG"), (misled, straight, "AUTODIFF_WRONG")],
)
def test_the_integral_decides_between_two_sources_in_noise(value, gradient, verdict):
    comparison = check(value, gradient, PLACE, points=1)
    assert comparison.verdict.name == verdict
    assert "without differences, autodiff: along" in str(comparison)
