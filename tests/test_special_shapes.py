"""What the judge says where f has an edge, a jump, a root, noise, or does not move at all."""

import functools
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sweeps import sweep

import gradcompare
from gradcompare import InputError, Verdict, estimate
from gradcompare.methods._extrapolation.features import jumps
from gradcompare.methods._extrapolation.windows import Window

check = functools.partial(gradcompare.check, points=1)


def note(result) -> str:
    return result.results[0].points[0].estimates["richardson"].note


def test_an_edge_that_was_not_declared():
    """There is no f for x < 0; the derivative comes from the right, and is said to."""
    result = check(lambda x: jnp.sum(jnp.where(x >= 0, jnp.exp(x), jnp.nan)), jnp.exp, [0.0, 1.0])
    assert result.verdict is Verdict.AGREE
    assert "from the right only" in note(result)
    assert note(result).endswith("x[0]")


@pytest.mark.parametrize(
    ("value", "gradient"),
    [
        (lambda x: jnp.sum(jnp.sign(x) + x), jnp.ones_like),
        (lambda x: jnp.sum(jnp.floor(x + 1) + x), jnp.ones_like),
    ],
    ids=["sign", "floor"],
)
def test_a_jump_is_named_and_not_agreed_to(value, gradient):
    result = check(value, gradient, [0.0, 0.5])
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.results[0].points[0].judgement.faulty == (0,)
    assert "f jumps" in note(result)
    assert "x[0]" in note(result)


@pytest.mark.parametrize(
    ("offset", "power"),
    sweep(product([0.0, 1.0], [1.2, 1.5, 2.5]), [(0.0, 2.5), (1.0, 1.2), (1.0, 1.5)]),
)
def test_bars_hold_where_f_is_like_a_power(power, offset):
    """Extrapolation does not converge there, and corrections say nothing about what is left."""
    found = estimate(lambda x: jnp.sum(jnp.abs(x) ** power) + offset, [0.0, 1.0])
    assert abs(found.value[0]) <= found.error[0]
    one_sided = estimate(lambda x: jnp.sum(x**power) + offset, [0.0, 1.0], bounds=(0, np.inf))
    assert abs(one_sided.value[0]) <= one_sided.error[0]


def test_a_coordinate_that_f_ignores():
    result = check(lambda x: x[0] ** 2, lambda x: jnp.stack([2 * x[0], 0 * x[1]]), [1.0, 0.5])
    assert result.verdict is Verdict.AGREE
    assert note(result) == "f does not change at all with x[1]"
    wrong = check(
        lambda x: x[0] ** 2, lambda x: jnp.stack([2 * x[0], 1e-9 + 0 * x[1]]), [1.0, 0.5]
    )
    assert wrong.verdict is Verdict.ANALYTIC_WRONG


def test_float32_inside_is_judged_in_float64():
    def value(x):
        return jnp.sum(jnp.sin(x.astype(jnp.float32)).astype(jnp.float64))

    x = np.array([0.3, -1.2, 2.5])
    result = check(value, jnp.cos, x)
    assert result.verdict is Verdict.AGREE
    assert "float64 stands in for float32" in str(result)
    assert result.results[0].points[0].judgement.relative_floor < 1e-8
    assert check(value, lambda x: 1.001 * jnp.cos(x), x).verdict is Verdict.ANALYTIC_WRONG


def outside_raises(x):
    """√(x + ½) · x on the host, which must never be asked outside the unit box."""
    x = np.asarray(x)
    if np.any(x < 0) or np.any(x > 1):
        raise AssertionError(f"evaluated at {x}, outside of the bounds")
    return np.float64(np.sum(np.sqrt(x + 0.5) * x))


def boxed(x):
    shape = jax.ShapeDtypeStruct((), jnp.float64)
    return jax.pure_callback(outside_raises, shape, x, vmap_method="sequential")


def boxed_gradient(x):
    return jnp.sqrt(x + 0.5) + x / (2 * jnp.sqrt(x + 0.5))


CORNER = np.array([0.0, 1.0, 0.5, 1e-9, 1 - 1e-12])


@pytest.mark.parametrize("direction", [None, [1.0, -1.0, 0.5, 1.0, -0.3]], ids=["all", "one"])
def test_bounds_are_never_left(direction):
    methods = ["analytic", "richardson", "central", "forward"]
    result = gradcompare.check(
        boxed, boxed_gradient, CORNER, bounds=(0, 1), direction=direction, methods=methods
    )
    assert result.verdict is Verdict.AGREE, str(result)
    for point in result.results[0].points:
        assert set(point.estimates) == set(methods), point.missing
        truth = point.estimates["analytic"].value
        for method in methods[1:]:
            given = point.estimates[method]
            assert np.all(abs(given.value - truth) <= given.error + 1e-15 * abs(truth)), method


def test_without_bounds_the_same_objective_is_left():
    """So the objective above does notice."""
    with pytest.raises(Exception, match="outside of the bounds"):
        check(boxed, boxed_gradient, CORNER, methods=["analytic", "richardson"])


def test_point_outside_of_its_bounds():
    with pytest.raises(InputError, match=r"the point is 2.0 at x\[1\], outside of the bounds"):
        check(lambda x: jnp.sum(x), jnp.ones_like, [0.5, 2.0], bounds=(0, 1))


def test_bounds_that_do_not_fit():
    with pytest.raises(
        InputError, match=r"the lower bound of .* which does not fit its parameters"
    ):
        check(lambda x: jnp.sum(x), jnp.ones_like, [0.5, 2.0], bounds=(np.zeros(3), np.inf))


def test_bounds_of_a_pytree():
    point = {"rate": np.array([0.1, 2.0]), "mean": np.array(-3.0)}
    result = gradcompare.check(
        lambda p: jnp.sum(p["rate"] * jnp.log(p["rate"])) + p["mean"] ** 2,
        lambda p: {"rate": jnp.log(p["rate"]) + 1, "mean": 2 * p["mean"]},
        point,
        bounds=({"rate": 0.0, "mean": -np.inf}, np.inf),
    )
    assert result.verdict is Verdict.AGREE, str(result)


def test_autodiff_given_as_the_gradient_is_no_check():
    def value(x):
        return jnp.sum(jnp.sin(x))

    result = check(value, jax.grad(value), [1.0, 2.0])
    assert result.verdict is Verdict.NOT_A_CHECK
    assert not result.ok
    assert "the same program as autodiff" in str(result)
    assert check(value, jnp.cos, [1.0, 2.0]).verdict is Verdict.AGREE


def test_noise_is_named():
    def noisy(x):
        return jnp.sum(jnp.sin(x)) + 1e-7 * jax.lax.stop_gradient(
            jnp.modf(1e4 * jnp.sin(1e8 * jnp.sum(x)))[0]
        )

    result = check(noisy, jnp.cos, [1.0, 2.0])
    assert result.verdict is Verdict.AGREE
    assert note(result) == "f is noisy: its values scatter by about 1e-07"


def test_more_points_are_looked_at_where_it_cannot_be_told():
    result = gradcompare.check(lambda x: jnp.sum(jnp.sign(x) + x), jnp.ones_like, [0.0, 2.0])
    assert result.verdict is Verdict.INCONCLUSIVE
    assert len(result.results[0].points) == 5


@pytest.mark.parametrize("beside", sweep([1e-4, 1e-6, 1e-8, 1e-10], {1e-4, 1e-10}))
def test_a_kink_beside_the_point_is_not_at_the_point(beside):
    def value(x):
        return jnp.sum(jnp.abs(x - 1 - beside) + x**3)

    def gradient(x):
        return jnp.sign(x - 1 - beside) + 3 * x**2

    assert check(value, gradient, [1.0, 2.0]).verdict is Verdict.AGREE
    wrong = check(value, lambda x: gradient(x).at[0].add(1.0), [1.0, 2.0])
    assert wrong.verdict is Verdict.ANALYTIC_WRONG


def test_a_pole_beside_the_point_is_no_jump():
    """The values of the bundle adjustment far out, less that at the point: 5.6e17."""
    plus = np.array([[-6.0e5, 4.3e11, 1.1e11, 7.8e7, 5.9e6]])
    minus = np.array([[1.6e6, 1.4e10, -6.6e5, -6.8e5, -6.0e5]])
    steps, noise = 0.25 * 1.9 ** -np.arange(-3.0, 2.0)[None], np.full((1, 5), 2.6e5)
    at_zero, both_sides = np.zeros(1), np.zeros(1, int)
    window = Window(plus, minus, steps, noise, 0.0, at_zero, both_sides)
    assert not jumps(window)
    assert jumps(window._replace(plus=0 * plus + 1e7, minus=0 * minus))
