"""Functions whose scale is not that of the parameter: narrow features, tiny and huge numbers."""

import functools
from itertools import product

import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

import gradcompare
from gradcompare import Verdict, estimate

check = functools.partial(gradcompare.check, points=1)

LIBRARIES = pytest.mark.parametrize("library", [np, jnp], ids=["host", "traced"])


def spectral_line(library, centre, width):
    """Returns the misfit of a line, its gradient by centre and height, and a point beside it."""
    grid = centre + width * np.linspace(-6, 6, 40)
    data = np.exp(-0.5 * ((grid - centre - 0.1 * width) / width) ** 2)

    def value(p):
        line = library.exp(-0.5 * ((grid - p[0]) / width) ** 2)
        return library.sum((p[1] * line - data) ** 2)

    def gradient(p):
        line = library.exp(-0.5 * ((grid - p[0]) / width) ** 2)
        rest = 2 * (p[1] * line - data)
        by_centre = library.sum(rest * p[1] * line * (grid - p[0])) / width**2
        return library.stack([by_centre, library.sum(rest * line)])

    return value, gradient, np.array([centre + 0.3 * width, 0.9])


@pytest.mark.parametrize(
    ("library", "ratio"),
    sweep(product([np, jnp], 10.0 ** np.arange(1, 8)), [(np, 1e7), (jnp, 1e4)]),
)
def test_a_feature_that_is_narrow_against_its_place(library, ratio):
    value, gradient, p = spectral_line(library, 6562.8, 6562.8 / ratio)
    assert check(value, gradient, p).verdict.name == "AGREE"
    dead = check(value, lambda p: gradient(p) * np.array([0.0, 1.0]), p)
    assert dead.verdict.name == "ANALYTIC_WRONG"


@pytest.mark.parametrize("ratio", sweep(10.0 ** np.arange(1, 8), every=3))
@pytest.mark.parametrize("beside", [0.0, 0.3, 1.0, 3.0, 30.0])
def test_the_bar_holds_on_a_resonance_and_beside_it(ratio, beside):
    width = 1 / ratio
    x = np.array([1 + beside * width])
    z = (x - 1) / width
    e = estimate(lambda x: 1 / (1 + ((x[0] - 1) / width) ** 2), x)
    assert np.all(np.abs(e.value + 2 * z / (1 + z * z) ** 2 / width) <= 3 * e.error)


@LIBRARIES
@pytest.mark.parametrize(
    "x", sweep([1e3, 1e5, 1e6 + 0.3, 2459000.3, 1e9 + 0.7, 3e12 + 0.1, 1e16], every=3)
)
def test_an_oscillation_far_from_zero(library, x):
    """The truth is that of the number as it is stored; where it has no digits, none is claimed."""
    assert check(library.sin, library.cos, x).verdict.name in ("AGREE", "INCONCLUSIVE")
    e = estimate(lambda x: library.sin(x[0]), np.array([x]))
    assert abs(e.value[0] - np.cos(x)) <= 3 * e.error[0]
    if x < 1e10:
        assert e.error[0] < 1e-5
        wrong = check(library.sin, lambda x: 1.01 * library.cos(x), x)
        assert wrong.verdict.name in ("ANALYTIC_WRONG",)


@pytest.mark.parametrize("seed", sweep(range(4)))
@LIBRARIES
def test_a_sum_of_waves(library, seed):
    rng = np.random.default_rng(seed)
    x, a = 12000 + rng.uniform(0, 1, 4), rng.uniform(0.5, 2, 4)
    k = 4 * np.pi / 0.03

    def value(x):
        return library.sum(a * library.cos(k * x))

    def gradient(x):
        return -a * k * library.sin(k * x)

    assert check(value, gradient, x).verdict.name == "AGREE"
    assert check(value, lambda x: 1.001 * gradient(x), x).verdict.name == "ANALYTIC_WRONG"


@pytest.mark.parametrize("seed", sweep(range(60), {18}))
def test_the_floor_beside_a_tiny_parameter_holds_for_an_error(seed):
    """The ladder climbs far beyond |x| there; further measurements start where it ended."""
    rng = np.random.default_rng(seed)
    x = np.array([10 ** rng.uniform(-14, -7), rng.uniform(0.5, 2)])
    a = rng.uniform(0.5, 2, 2)

    def value(x):
        return np.sum(a * np.tanh([each.item() for each in x]))

    def gradient(x):
        return a / np.cosh(x) ** 2

    (right,) = check(value, gradient, x)
    assert right.verdict is Verdict.AGREE
    error = np.array([10 * right.points[0].judgement.floor, 0.0])
    wrong = check(value, lambda x: gradient(x) + error, x)
    assert not wrong.verdict.ok or right.unverified


@pytest.mark.parametrize("tiny", [1e-12, 1e-16, 1e-17, 1e-20, 1e-30, 1e-199, 5e-324])
def test_a_parameter_that_is_almost_zero(tiny):
    def value(x):
        return np.sin(x[0]) + x[1] ** 2

    x = np.array([tiny, 1.0])
    assert check(value, lambda x: np.array([np.cos(x[0]), 2 * x[1]]), x).verdict.name == "AGREE"
    dead = check(value, lambda x: np.array([0.0, 2 * x[1]]), x)
    assert dead.verdict.name == "ANALYTIC_WRONG"


@pytest.mark.parametrize("size", [1e-300, 1e-200, 1e-160, 1e-150, 1e150, 1e160, 1e200, 1e290])
def test_values_of_any_size(size):
    x = np.array([0.3, 0.7, 1.1])

    def value(x):
        return size * np.sum(np.sin(x))

    e = estimate(value, x)
    assert np.all(np.abs(e.value / size - np.cos(x)) <= e.error / size)
    assert np.all(e.error < 1e-9 * size)
    assert check(value, lambda x: size * np.cos(x), x).verdict.name == "AGREE"


def test_a_function_that_is_flat_here_alone_is_no_constant():
    """log(1 − exp(−x)) is 0 in float64 from 37 on, and its derivative at 50 is 2e-22."""
    e = estimate(lambda x: jnp.log(1 - jnp.exp(-x[0])), np.array([50.0]))
    assert abs(e.value[0] - 1.9e-22) <= e.error[0]


STAIRCASES = {
    "floor": (lambda x: np.sum(np.floor(x)), np.array([2.9, -2.3, 8.5])),
    "rank": (lambda x: float(np.argsort(x)[0] + 3 * np.argsort(x)[1]), np.array([0.2, 0.9, 0.5])),
}
ROWS = np.random.default_rng(0).standard_normal((1000, 3))
STAIRCASES["error rate"] = (lambda x: np.mean(ROWS @ x > 0.1), np.array([0.3, -0.2, 0.5]))


@pytest.mark.parametrize("name", STAIRCASES)
def test_a_staircase_has_no_slope(name):
    value, x = STAIRCASES[name]
    assert check(value, np.zeros_like, x).verdict.name in ("AGREE", "INCONCLUSIVE")
    assert check(value, np.ones_like, x).verdict.name in ("ANALYTIC_WRONG", "INCONCLUSIVE")


def test_an_error_rate_is_called_a_staircase():
    value, x = STAIRCASES["error rate"]
    assert "f is a staircase" in str(check(value, np.zeros_like, x))


def test_values_in_float32_are_none():
    X = ROWS.astype(np.float32)
    w = np.array([0.3, -0.2, 0.5])
    e = estimate(lambda w: np.sum((X @ np.asarray(w, np.float32)) ** 2), w)
    assert "staircase" not in e.note
    truth = 2 * X.astype(float).T @ (X.astype(float) @ w)
    assert np.all(np.abs(e.value - truth) <= 3 * e.error)


def test_an_evaluator_goes_when_its_check_is_over():
    """JAX up to 0.10 hands constants of a program that is still there to the user's own code."""
    data = np.sin(np.linspace(0, 1, 60))

    def value(p):
        return jnp.sum(p[0] * jnp.exp(p[1]) - data)

    estimate(value, np.array([0.3, 0.9]))
    check(value, None, np.array([0.3, 0.9]))
    assert value(np.array([0.3, 0.9])).dtype == np.float32


@LIBRARIES
def test_a_plateau_is_flat(library):
    """A dead unit has the derivative 0, and another one is wrong."""

    def value(x):
        return library.sum(library.maximum(x, 0) ** 1.5 + library.maximum(x, 0))

    x = np.array([-1.0, -0.3])
    assert np.all(estimate(value, x).error < 1e-12)
    assert check(value, lambda x: 0.3 + 0 * x, x).verdict.name == "ANALYTIC_WRONG"


LOST = {
    "1 - cos": (lambda x: np.sum(1 - np.cos(x)), np.sin),
    "root - 1": (lambda x: np.sum(np.sqrt(1 + x**2) - 1), lambda x: x / np.sqrt(1 + x**2)),
    "exp - 1 - x": (lambda x: np.sum(np.exp(x) - 1 - x), np.expm1),
    "1 - bell": (lambda x: np.sum(1 - np.exp(-(x**2))), lambda x: 2 * x * np.exp(-(x**2))),
}


@pytest.mark.parametrize("name", LOST)
@pytest.mark.parametrize("others", sweep([[0.7], [], [-1.3, 0.4]]), ids=len)
@pytest.mark.parametrize("first", sweep(range(4)))
def test_digits_that_are_lost_beside_a_tiny_parameter(name, others, first):
    """The value does not move within 1e-8 of 0, and is no constant there."""
    value, gradient = LOST[name]
    for tiny in 1.37 * np.geomspace(1e-14, 1e-2, 25)[first::4]:
        x = np.array([tiny, *(tiny * np.array(others))])
        e = estimate(value, x)
        assert np.all(np.abs(e.value - gradient(x)) <= 3 * e.error), tiny


def test_a_tiny_parameter_with_a_scale_of_its_own_keeps_its_bars():
    """Noise further out does not count where f is another function there."""
    x = 1e-9 * np.array([0.3, -1.2, 2.1])
    for value, gradient in (
        (lambda x: np.sum(np.sin(1e9 * x)), lambda x: 1e9 * np.cos(1e9 * x)),
        (lambda x: np.sum((1e9 * x) ** 4), lambda x: 4e9 * (1e9 * x) ** 3),
        (lambda x: np.sum(np.exp(-1e9 * x)), lambda x: -1e9 * np.exp(-1e9 * x)),
    ):
        e = estimate(value, x)
        assert np.all(np.abs(e.value - gradient(x)) <= 3 * e.error)
        assert np.all(e.error < 1e-11 * np.max(np.abs(e.value)))


@pytest.mark.parametrize("unit", sweep([1e-120, 1e-200, 1e-270], {1e-270}))
def test_a_function_may_have_a_scale_of_its_own_however_small(unit):
    x0 = unit * np.array([1.0, 0.7, -0.3])

    def gradient(x):
        return 1 / unit / np.cosh(x / unit) ** 2

    for value in (
        lambda x: jnp.sum(jnp.tanh(x / unit)),
        lambda x: float(np.sum(np.tanh(x / unit))),
    ):
        comparison = check(value, gradient, x0)
        assert comparison.verdict is Verdict.AGREE
        assert not comparison.results[0].unverified
        assert check(value, lambda x: 1.01 * gradient(x), x0).verdict is Verdict.ANALYTIC_WRONG


@pytest.mark.parametrize("seed", sweep(range(60), {16}))
def test_stairs_of_a_saturated_term_beside_a_smooth_one(seed):
    """All steps of a difference may lie within one stair of 1 − p, and agree on a wrong slope."""
    rng = np.random.default_rng(seed)
    d = rng.integers(1, 5)
    a = rng.uniform(1, 8, d)
    x = rng.uniform(15, 35, d) / a
    b, s = rng.standard_normal(d) * 10 ** rng.uniform(-3, 0), rng.uniform(0.3, 1.5, d)

    def value(x):
        p = 1 / (1 + jnp.exp(-a * x))
        return jnp.sum(jnp.log(1 - p)) + jnp.sum(b * jnp.sin(s * x))

    def gradient(x):
        return -a / (1 + jnp.exp(-a * x)) + b * s * jnp.cos(s * x)

    assert not check(value, gradient, x).verdict.name.endswith("WRONG")
    wrong = check(value, lambda x: gradient(x) * np.where(np.arange(d) == 0, 2, 1), x)
    # A stair at the point itself looks like a kink.
    kink = wrong.verdict is Verdict.VALID_SUBGRADIENT
    assert not wrong.verdict.ok or kink or 0 in wrong.results[0].unverified


UNDERFLOW = (1e-153, 1e-155, 1e-160, 1e-165, 1e-200, 1e-250, 1e-310)


@pytest.mark.parametrize(
    ("x", "amplitude"),
    sweep(product(UNDERFLOW, [1.0, 1e200]), [(1e-153, 1.0), (1e-165, 1e200), (1e-310, 1.0)]),
)
def test_autodiff_is_not_blamed_where_squares_underflow(x, amplitude):
    for x0 in ([x], [x, -0.6 * x]):
        for gradient in (None, lambda x: 2 * amplitude * x):
            comparison = check(lambda x: amplitude * jnp.sum(x**2), gradient, np.array(x0))
            assert comparison.verdict in (Verdict.AGREE, Verdict.INCONCLUSIVE), str(comparison)
            assert "AUTODIFF" not in str(comparison)


def test_a_value_that_one_program_flushes_to_zero_is_not_random():
    x0 = np.array([1e-310])
    assert check(lambda x: jnp.sum(jnp.sin(x)), jnp.cos, x0).verdict is Verdict.AGREE
