"""Points where an objective is not smooth, not finite, or not the same twice."""

import functools
import re
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import io_callback
from sweeps import sweep

import gradcompare
from gradcompare import Verdict

check = functools.partial(gradcompare.check, points=1)
"""Here it is the point given that matters, and none drawn around it."""

HERE = np.array([0.0, 1.0, -2.0])


def absolute(x):
    return jnp.sum(jnp.abs(x))


def relu(x):
    return jnp.sum(jax.nn.relu(x))


def largest(x):
    return jnp.max(x)


def leaky(x):
    return jnp.sum(jnp.where(x > 0, x, 0.1 * x))


def concave(x):
    return -jnp.sum(jnp.abs(x))


KINKS = {
    # value, point, coordinates at the kink, slope from the left, from the right
    "abs": (absolute, HERE, (0,), -1, 1),
    "abs-at-two": (absolute, np.array([0.0, 1.0, 0.0]), (0, 2), -1, 1),
    "abs-at-all": (absolute, np.zeros(3), (0, 1, 2), -1, 1),
    "relu": (relu, HERE, (0,), 0, 1),
    "leaky-relu": (leaky, HERE, (0,), 0.1, 1),
    "minus-abs": (concave, HERE, (0,), 1, -1),
    "max-of-ties": (largest, np.array([2.0, 2.0, 1.0]), (0, 1), 0, 1),
}


def gradient_with(value, at, slope):
    """Autodiff, but for `slope` at the coordinates `at`: one for all of them, or one for each."""
    return lambda x: jax.grad(value)(x).at[jnp.array(at)].set(jnp.asarray(slope))


def printed_sides(result, name):
    """The slopes from the left and from the right that the report prints for a coordinate."""
    number = r"(-?\d\S*)"
    found = re.search(
        rf"^  {re.escape(name)}.*  {number} \| {number} \(left \| right\)$", str(result), re.M
    )
    assert found, str(result)
    return np.array([float(side) for side in found.groups()])


SHARES = {"left": 0.0, "middle": 0.5, "right": 1.0}
BEYOND = {"below": -0.01, "above": 1.01}


def in_turn(places):
    """Every kink with every place, of which one place for every second kink runs always."""
    kept = [(kink, list(places)[turn % len(places)]) for turn, kink in enumerate(KINKS)][::2]
    return sweep(product(KINKS, places), kept)


@pytest.mark.parametrize(("kink", "share"), in_turn(SHARES))
def test_every_slope_between_the_two_sides_is_valid(kink, share):
    value, x, at, left, right = KINKS[kink]
    # Of tied entries the shares have to add up to 1.
    shares = np.resize([SHARES[share], 1 - SHARES[share]], len(at))
    result = check(value, gradient_with(value, at, left + shares * (right - left)), x)
    assert result.verdict is Verdict.VALID_SUBGRADIENT, str(result)
    assert result.ok
    assert set(result.results[0].points[0].judgement.faulty) == set(at)
    for i in at:
        np.testing.assert_array_less(abs(printed_sides(result, f"x[{i}]") - [left, right]), 1e-9)


@pytest.mark.parametrize(("kink", "beyond"), in_turn(BEYOND))
def test_a_slope_outside_the_two_sides_is_wrong(kink, beyond):
    value, x, at, left, right = KINKS[kink]
    slope = left + BEYOND[beyond] * (right - left)
    result = check(value, gradient_with(value, at, slope), x)
    assert result.verdict is Verdict.ANALYTIC_WRONG, str(result)
    assert set(result.results[0].points[0].judgement.faulty) == set(at)


@pytest.mark.parametrize("kink", KINKS)
def test_autodiff_alone_is_a_valid_subgradient(kink):
    value, x, *_ = KINKS[kink]
    assert check(value, None, x).verdict is Verdict.VALID_SUBGRADIENT


@pytest.mark.parametrize("kink", sweep(KINKS, every=3))
def test_beside_the_kink_the_objective_is_smooth(kink):
    value, x, *_ = KINKS[kink]
    beside = x + np.array([1e-3, 2e-3, 3e-3])
    result = check(value, lambda x: 1.0 * jax.grad(value)(x), beside)
    assert result.verdict is Verdict.AGREE, str(result)


def test_kink_along_a_direction():
    result = check(absolute, jnp.sign, HERE, direction=np.array([1.0, 1.0, 0.0]))
    assert result.verdict is Verdict.VALID_SUBGRADIENT
    np.testing.assert_array_less(abs(printed_sides(result, "f'(x; u)") - [0, 2]), 1e-9)


@pytest.mark.parametrize("strength", [1.0, 1e-3])
def test_a_weak_kink_beside_a_curvature_is_no_fault_of_autodiff(strength):
    """The curvature bends f by far more than the kink, at all steps but small ones."""
    result = check(
        lambda x: jnp.sum(x**2) + strength * jnp.sum(jnp.abs(x)),
        lambda x: 2 * x + strength * jnp.sign(x),
        HERE,
    )
    assert result.verdict is Verdict.VALID_SUBGRADIENT, str(result)


@pytest.mark.parametrize("fault", [1.0, 1.01], ids=["right", "wrong"])
def test_a_kink_hides_no_fault_elsewhere(fault):
    gradient = gradient_with(absolute, (2,), -fault)
    result = check(absolute, gradient, HERE)
    expected = Verdict.VALID_SUBGRADIENT if fault == 1 else Verdict.ANALYTIC_WRONG
    assert result.verdict is expected
    assert set(result.results[0].points[0].judgement.faulty) == ({0} if fault == 1 else {2})


def trapped(x):
    """Zero left of zero, but autodiff multiplies zero by the infinite slope of the root."""
    return jnp.sum(jnp.where(x > 0, jnp.sqrt(x), 0.0))


def trapped_gradient(x):
    return jnp.where(x > 0, 0.5 / jnp.sqrt(jnp.where(x > 0, x, 1.0)), 0.0)


NONFINITE = {
    "sqrt-at-zero": (lambda x: jnp.sum(jnp.sqrt(x)), lambda x: 0.5 / jnp.sqrt(x), [0.0, 1.0]),
    "where-trap": (trapped, trapped_gradient, [-1.0, 1.0]),
    "norm-at-zero": (jnp.linalg.norm, lambda x: 0 * x, [0.0, 0.0]),
    "log-of-negative": (lambda x: jnp.sum(jnp.log(x)), lambda x: 1 / x, [-1.0, 1.0]),
    "overflow": (lambda x: jnp.sum(jnp.exp(x)), jnp.exp, [800.0, 1.0]),
    "nan-gradient": (lambda x: jnp.sum(x**2), lambda x: jnp.nan * x, [1.0, 1.0]),
}


@pytest.mark.parametrize("case", NONFINITE)
def test_nan_and_infinity(case):
    """Without a warning of NumPy on the way: warnings are errors here."""
    value, gradient, x = NONFINITE[case]
    result = check(value, gradient, np.array(x))
    assert result.verdict is Verdict.NONFINITE, str(result)
    assert not result.ok


def test_nan_is_one_number_and_not_a_left_and_a_right_one():
    value, gradient, x = NONFINITE["where-trap"]
    text = str(check(value, gradient, np.array(x)))
    assert "nan" in text
    assert "left | right" not in text


def test_where_the_judge_runs_out_of_the_domain_it_has_no_say():
    """At the edge of the domain no central difference is finite; that is no kink."""
    result = check(lambda x: jnp.sum(x**1.5), None, np.array([0.0, 1.0]))
    assert result.verdict is Verdict.AGREE, str(result)
    assert result.results[0].points[0].judgement.unverified == (0,)


CALLBACKS = {
    "pure": lambda host, shape, x: jax.pure_callback(host, shape, x, vmap_method="sequential"),
    "io": io_callback,
}


def drifting(callback, size):
    """x² times a factor that moves by `size` at each call, unseen by autodiff."""
    count = 0

    def host(x):
        nonlocal count
        count += 1
        return np.asarray(1 + size * (count % 7), np.asarray(x).dtype)

    def value(x):
        fixed = jax.lax.stop_gradient(jnp.sum(x))
        shape = jax.ShapeDtypeStruct((), x.dtype)
        return jnp.sum(x**2) * CALLBACKS[callback](host, shape, fixed)

    return value


@pytest.mark.parametrize("gradient", [None, lambda x: 2 * x], ids=["autodiff", "analytic"])
@pytest.mark.parametrize("callback", CALLBACKS)
def test_stochastic_objective(callback, gradient):
    result = check(drifting(callback, 0.1), gradient, np.array([1.0, 2.0]))
    assert result.verdict is Verdict.STOCHASTIC, str(result)
    assert "the same point gave" in str(result)


def test_small_noise_widens_the_bars_instead():
    """An inner solver that stops at 1e-10 is no stochastic objective."""
    result = check(drifting("pure", 1e-10), lambda x: 2 * x, np.array([1.0, 2.0]))
    assert result.verdict is Verdict.AGREE, str(result)
