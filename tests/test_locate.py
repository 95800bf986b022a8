"""The search for wrong coordinates among very many: what it finds, and what it costs."""

import json
import math
import zlib
from concurrent.futures import ThreadPoolExecutor

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradcompare import InputError, Location, locate

D = 10_000
PER_DIRECTION = 16
"""So many values of f a direction takes at most, on average, where f is smooth."""

NOISE = 33
"""So many values go into the noise of f, and the value at the point."""


class Counted:
    """A function of NumPy arrays that counts its calls; JAX cannot see into it."""

    def __init__(self, function):
        self.function, self.calls, self.__name__ = function, 0, function.__name__

    def __call__(self, x, *args):
        self.calls += 1
        return float(self.function(np.asarray(x), *args))


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_gradient(x):
    g, r = np.zeros_like(x), x[1:] - x[:-1] ** 2
    g[:-1] = -400 * x[:-1] * r - 2 * (1 - x[:-1])
    g[1:] += 200 * r
    return g


def bowl(x):
    return np.sum(np.linspace(0.5, 2, len(x)) * x**2) + np.sum(x) ** 2 / len(x)


def bowl_gradient(x):
    return 2 * np.linspace(0.5, 2, len(x)) * x + 2 * np.sum(x) / len(x)


def wrong(gradient, errors):
    """The gradient with some entries replaced: `errors` maps coordinates to functions of them."""

    def planted(x, *args):
        g = np.array(gradient(np.asarray(x), *args))
        for i, changed in errors.items():
            g[i] = changed(g[i])
        return g

    return planted


def factor(c):
    return lambda entry: c * entry


def more(e):
    return lambda entry: entry + e


CASES = {"bowl": (bowl, bowl_gradient), "rosenbrock": (rosenbrock, rosenbrock_gradient)}
every_case = pytest.mark.parametrize(("f", "g"), CASES.values(), ids=CASES)


def point(seed, d=D):
    return np.random.default_rng(seed).standard_normal(d)


@every_case
@pytest.mark.parametrize("seed", range(3))
def test_one_fault_is_found_in_about_log_d_directions(f, g, seed):
    x, counted = point(seed), Counted(f)
    i = int(np.random.default_rng([seed, 1]).integers(D))
    found = locate(counted, wrong(g, {i: factor(1.01)}), x)
    assert found.coordinates == {i: f"x[{i}]"}
    assert not found.ok
    (fault,) = found.faults
    assert fault.error == pytest.approx(0.01 * g(x)[i], abs=4 * fault.bar)
    assert found.directions <= math.ceil(math.log2(D)) + 2 * found.tests + 4
    assert found.evaluations <= NOISE + PER_DIRECTION * found.directions < 2 * D / 30
    assert found.evaluations < counted.calls <= found.evaluations + 7


@every_case
@pytest.mark.parametrize("count", [3, 8])
def test_several_faults_are_all_found(f, g, count):
    x = point(count)
    places = np.random.default_rng(count).choice(D, count, replace=False).tolist()
    found = locate(Counted(f), wrong(g, {i: factor(-1) for i in places}), x)
    assert set(found.coordinates) == set(places)
    assert found.directions <= count * (math.log2(D / count) + 4) + 4 * found.tests
    assert f"{count} coordinates are wrong\n  Re-derive what is listed." in str(found)


def test_errors_of_very_different_sizes_are_all_found():
    errors = {10: more(1.0), 20: more(1e-3), 5000: more(1e-6)}
    found = locate(Counted(bowl), wrong(bowl_gradient, errors), point(0))
    assert set(found.coordinates) == {10, 20, 5000}


@pytest.mark.parametrize("places", [(100, 101), (100, 9000)])
@pytest.mark.parametrize("seed", range(4))
def test_errors_that_cancel_are_found(places, seed):
    """The scale of both is the same, so that equal steps would hide them in half of the tests."""
    x = point(0)
    x[list(places)] = 1.0
    errors = {places[0]: more(1e-3), places[1]: more(-1e-3)}
    found = locate(Counted(bowl), wrong(bowl_gradient, errors), x, seed=seed)
    assert set(found.coordinates) == set(places)


@every_case
def test_a_right_gradient_passes_and_the_floor_is_stated(f, g):
    found = locate(Counted(f), g, point(0))
    assert found.ok
    assert found.coordinates == {}
    assert found.evaluations <= NOISE + PER_DIRECTION * found.directions
    assert found.directions == 2 * found.tests
    assert found.floor < 1e-9 * found.scale
    assert found.verified >= D - 2
    said = str(found)
    assert "no coordinate was found wrong\n  The lines below say how small" in said
    assert "would have been detected" in said
    assert "probability of at most 0.031, or 1e-5 where one is ten times its floor" in said
    assert f"central differences take {2 * D}" in said


@every_case
def test_a_small_error_of_the_largest_coordinate_is_found(f, g):
    x = point(1)
    i = int(np.argmax(np.abs(g(x))))
    found = locate(Counted(f), wrong(g, {i: factor(1 + 1e-4)}), x)
    assert set(found.coordinates) == {i}
    assert "1.0001" in str(found)


def test_the_floor_says_what_is_seen_and_what_is_not():
    x = point(2)
    floors = locate(Counted(bowl), bowl_gradient, x).floors
    hidden = locate(Counted(bowl), wrong(bowl_gradient, {7: more(floors[7] / 100)}), x)
    assert hidden.ok
    assert hidden.floors[7] > floors[7] / 100
    seen = locate(Counted(bowl), wrong(bowl_gradient, {7: more(3 * floors[7])}), x)
    assert set(seen.coordinates) == {7}


def test_scales_that_differ_by_twelve_digits():
    rng = np.random.default_rng(0)
    c = 10.0 ** rng.uniform(-6, 6, D)
    x = c * rng.uniform(0.5, 2, D)

    def logs(x, c):
        return np.sum(np.log1p((np.asarray(x) / c) ** 2))

    def gradient(x, c):
        return 2 * x / c**2 / (1 + (x / c) ** 2)

    smallest, largest = int(np.argmin(c)), int(np.argmax(c))
    errors = {smallest: factor(1.01), largest: factor(1.01)}
    assert locate(Counted(logs), gradient, x, c).ok
    found = locate(Counted(logs), wrong(gradient, errors), x, c)
    assert set(found.coordinates) == {smallest, largest}


@pytest.mark.parametrize("d", [200, D])
def test_wrong_everywhere_is_said_soon(d):
    found = locate(Counted(rosenbrock), lambda x: 2 * rosenbrock_gradient(x), point(0, d))
    assert found.many
    assert not found.ok
    assert found.failed > found.most == 20
    assert found.directions < 100
    assert 1 <= len(found.faults) <= 10
    said = str(found)
    assert f"more than 20 coordinates are wrong, {found.failed} of {found.blocks} blocks" in said
    assert "would have been detected" not in said
    assert all(fault.given / fault.measured == pytest.approx(2) for fault in found.faults)


def test_of_few_coordinates_an_eighth_is_many():
    found = locate(Counted(bowl), lambda x: 2 * bowl_gradient(x), point(0, 8))
    assert found.many
    assert "more than 1 coordinate is wrong" in str(found)


def test_errors_too_small_to_be_seen_one_by_one():
    """Of very many together the sum is seen, and nobody is accused.

    The bounds keep a coordinate that moves alone from the larger steps that would show its error.
    """

    def offset(x):
        return bowl(x) + 1e6

    x = point(3)
    bounds = (x - 0.1, x + 0.1)
    floors = locate(Counted(offset), bowl_gradient, x, bounds=bounds).floors
    errors = np.random.default_rng(0).choice([-1, 1], D) * floors / 10
    found = locate(Counted(offset), lambda x: bowl_gradient(x) + errors, x, bounds=bounds)
    assert found.untraced
    assert not found.ok
    assert not found.many
    assert not found.faults
    advice = "small errors in many of them\n  Check the gradient with fewer parameters."
    assert advice in str(found)


@pytest.mark.parametrize("level", [1e-9, 1e-6])
def test_noise_accuses_nobody(level):
    def noisy(x):
        return bowl(x) * (1 + level * (zlib.crc32(x.tobytes()) / 2**32 - 0.5))

    x = point(4)
    right = locate(Counted(noisy), bowl_gradient, x)
    assert not right.faults
    assert not right.many
    assert not right.untraced
    smooth = locate(Counted(bowl), bowl_gradient, x)
    assert right.floor > 100 * smooth.floor
    i = int(np.argmax(np.abs(bowl_gradient(x))))
    assert set(locate(Counted(noisy), wrong(bowl_gradient, {i: factor(2)}), x).coordinates) == {i}


def test_bounds_are_kept_and_coordinates_at_them_are_tested():
    x = np.abs(point(5))
    x[::3] = 0

    def inside(x):
        assert np.all(x >= 0)
        return np.sum(x * np.log1p(x) + x)

    def gradient(x):
        return np.log1p(x) + x / (1 + x) + 1

    assert locate(Counted(inside), gradient, x, domain="nonnegative").ok
    errors = {0: factor(1.1), 1: factor(1.1)}
    found = locate(Counted(inside), wrong(gradient, errors), x, domain="nonnegative")
    assert set(found.coordinates) == {0, 1}
    with pytest.raises(InputError, match="cannot move"):
        locate(Counted(bowl), bowl_gradient, x, bounds=(x * 0, x + (np.arange(D) > 0)))
    room = np.where(np.arange(D) > 0, 1.0, 1e-300)
    no_room = locate(Counted(bowl), bowl_gradient, x, bounds=(x * 0, x + room))
    assert no_room.untested == 1
    untested = "Not tested, because no error below the largest entry would be detected: x[0]"
    assert untested in str(no_room)


def test_kinks_at_zero_hide_no_other_coordinate():
    x = point(6)
    x[::2] = 0

    def penalty(x):
        return np.sum(np.abs(x)) + 0.5 * np.sum(x**2)

    def subgradient(x):
        return np.sign(x) + x

    right = locate(Counted(penalty), subgradient, x)
    assert right.ok
    assert right.untested == D // 2
    assert "f has a kink along 5 of the directions" in str(right)
    assert "and 4992 more" in str(right)
    found = locate(Counted(penalty), wrong(subgradient, {11: factor(1.5)}), x)
    assert set(found.coordinates) == {11}


def test_entries_that_are_not_finite():
    found = locate(Counted(bowl), wrong(bowl_gradient, {3: lambda _: np.nan}), point(7))
    assert set(found.coordinates) == {3}
    assert found.faults[0].measured == pytest.approx(bowl_gradient(point(7))[3])
    everywhere = locate(Counted(bowl), lambda x: np.full_like(x, np.nan), point(7))
    assert everywhere.many
    assert len(everywhere.faults) == 3
    errors = {3: lambda _: np.nan, 4: lambda _: np.inf}
    two = locate(Counted(bowl), wrong(bowl_gradient, errors), point(7, 8))
    assert set(two.coordinates) == {3, 4}
    assert "2 of 8 blocks failed" in str(two)


def test_jax_functions_pytrees_and_pairs():
    x0 = {"W": np.random.default_rng(0).standard_normal((30, 20)), "b": np.zeros(30)}
    v = np.linspace(-1, 1, 20)

    def loss(p, v):
        return jnp.sum(jnp.tanh(p["W"] @ v + p["b"]) ** 2)

    def pair(p, v):
        g = jax.grad(loss)(p, v)
        return loss(p, v), {**g, "W": g["W"].at[4, 7].multiply(1.01)}

    found = locate(pair, True, x0, v)
    assert list(found.coordinates.values()) == ["W[4, 7]"]
    assert locate(loss, jax.grad(loss), x0, v).ok


def test_autodiff_is_searched_where_no_gradient_is_given():
    @jax.custom_jvp
    def inner(x):
        return jnp.sum(jnp.sin(x))

    @inner.defjvp
    def _(primals, tangents):
        slopes = jnp.cos(primals[0]).at[33].multiply(0.9)
        return inner(primals[0]), slopes @ tangents[0]

    assert set(locate(inner, None, point(0, 300)).coordinates) == {33}


def test_a_value_that_is_drawn_is_refused():
    rng = np.random.default_rng(0)

    def drawn(x):
        return bowl(x) * rng.uniform(1, 2)

    with pytest.raises(InputError, match=r"the same point gave .* Pass its random key or seed"):
        locate(Counted(drawn), bowl_gradient, np.ones(30))


def test_an_executor_calls_the_value():
    with ThreadPoolExecutor(2) as pool:
        found = locate(
            Counted(bowl), wrong(bowl_gradient, {8: factor(2)}), point(0), executor=pool
        )
    assert set(found.coordinates) == {8}


def test_more_faults_than_are_followed():
    errors = {i: factor(2) for i in (1, 2000, 4000)}
    found = locate(Counted(bowl), wrong(bowl_gradient, errors), point(8), most=2)
    assert found.many
    assert set(found.coordinates) <= set(errors)
    assert "more than 2 coordinates are wrong" in str(found)


def test_nothing_verified_is_not_a_pass():
    def hidden(x):
        return bowl(x) + 1e22

    found = locate(Counted(hidden), bowl_gradient, point(0, 100))
    assert not found.ok
    assert "nothing was verified" in str(found)


def test_json_holds_what_was_found():
    found = locate(Counted(bowl), wrong(bowl_gradient, {5: factor(3)}), point(9))
    read = json.loads(found.to_json())
    assert read["ok"] is False
    assert read["faults"][0]["name"] == "x[5]"
    assert read["evaluations"] == found.evaluations
    assert read["miss_probability"] == 2**-5
    assert read["floor"] == found.floor
    assert Location.from_json(found.to_json()).floors.tolist() == found.floors.tolist()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tests": 0}, "tests is 0; give an integer of at least 1"),
        ({"most": 1.5}, "most is 1.5; give an integer"),
        ({"bounds": (5.0, 6.0)}, "outside of the bounds"),
    ],
)
def test_what_cannot_be_used_is_said(options, said):
    with pytest.raises(InputError, match=said):
        locate(bowl, bowl_gradient, np.ones(30), **options)


def test_a_value_that_is_not_finite_is_refused():
    with pytest.raises(InputError, match="the value is nan at x0; give another point"):
        locate(Counted(lambda x: np.nan), bowl_gradient, np.ones(30))


def test_the_counts_of_the_two_ways_to_scale():
    """Where all coordinates are of one size, there is only one way, and half of the directions."""
    ones = np.where(np.arange(100) % 2, 1.0, -1.0)
    assert locate(Counted(bowl), bowl_gradient, ones).directions == 5
    assert locate(Counted(bowl), bowl_gradient, ones, tests=2).directions == 2
    mixed = ones * np.array([1.0, 10.0] * 50)
    assert locate(Counted(bowl), bowl_gradient, mixed).directions == 10


def test_a_coordinate_that_is_tiny_by_chance():
    """Moved by its own size it shows nothing; by that of the others, it does.

    What had passed before with the fault inside then passes once more without it.
    """
    x = point(10)
    x[42] = 1e-9
    errors = {42: more(1e-4)}
    found = locate(Counted(bowl), wrong(bowl_gradient, errors), x)
    assert set(found.coordinates) == {42}
    assert found.directions >= 3 * found.tests + math.log2(D)


def test_an_array_whose_gradient_is_all_zero_is_named():
    """More entries are wrong than are followed; that they are one array says where to look."""
    rng = np.random.default_rng(0)
    x = {f"w{k:02}": rng.standard_normal(30) for k in range(64)}

    def value(x):
        return sum(jnp.sum(jnp.sin(leaf)) for leaf in x.values())

    def gradient(x):
        return {k: 0 * leaf if k == "w41" else jnp.cos(leaf) for k, leaf in x.items()}

    location = locate(value, gradient, x)
    assert not location.ok
    assert "w41" in str(location)
    assert "exactly 0 in every entry of w41." in str(location)
    right = {k: jnp.cos(leaf) for k, leaf in x.items()}
    assert "exactly 0" not in str(locate(value, lambda x: right, x))
