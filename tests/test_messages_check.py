"""What is said to people who mix up the arguments of `check`, or what their functions return."""

from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradcompare import InputError, Verdict, check, estimate, locate, watch
from gradcompare._foundation.layout import Layout

X = np.array([1.0, 2.0, 3.0])


def square(x):
    return jnp.sum(x**2)


def gradient(x):
    return 2 * x


def both(x):
    return square(x), gradient(x)


def numpy_both(x):
    return float(np.sum(np.asarray(x) ** 2)), 2 * np.asarray(x)


def said(call) -> str:
    with pytest.raises(InputError) as error:
        call()
    return str(error.value)


def with_junk(x):
    """The right value first, and more after it."""
    return jnp.stack([square(x), 99.0, -7.0])


REFERENCES = {
    "vector": (with_junk, r"float64[3]"),
    "one-vector": (lambda x: square(x)[None], "float64[1]"),
    "numpy": (lambda x: np.asarray(with_junk(np.array(x))), "float64[3]"),
    "nothing": (lambda x: None, "None"),
}


@pytest.mark.parametrize("case", REFERENCES)
def test_a_reference_is_a_scalar(case):
    reference, shape = REFERENCES[case]
    message = said(lambda: check(square, gradient, X, reference=reference))
    assert f"the reference of square is {shape}; return one real floating scalar" in message
    row = check(square, gradient, X, reference=reference, on_error="row")
    assert row.verdict is Verdict.ERROR
    assert "the reference of square is" in str(row)


def test_a_reference_on_the_host_is_compared():
    def host(x, offset):
        return float(np.sum(np.asarray(x) ** 2)) + offset

    def compared(offset):
        return check(square, gradient, X, reference=lambda x: host(x, offset), points=1).verdict

    assert compared(0.0) is Verdict.AGREE
    assert compared(1e-6) is Verdict.VALUE_DIFFERS


def test_a_reference_is_a_function():
    message = said(lambda: check(square, gradient, X, reference=X))
    assert message == "reference is an array, float64[3]; give a function reference(x, *args)"


MIXED_UP = {
    "gradient-at-x0": (lambda: check(square, 2 * X, X), "gradient"),
    "of-jax": (lambda: check(square, jnp.asarray(2 * X, jnp.float32), X), "gradient"),
    "point-second": (lambda: check(square, X, gradient), "gradient"),
    "point-first": (lambda: check(X, square, gradient), "value"),
    "estimate": (lambda: estimate(X, square), "value"),
    "locate": (lambda: locate(square, 2 * X, X), "gradient"),
    "watch": (lambda: watch(square, 2 * X), "gradient"),
}


@pytest.mark.parametrize("case", MIXED_UP)
def test_an_array_in_place_of_a_function(case):
    call, name = MIXED_UP[case]
    dtype = "float32" if case == "of-jax" else "float64"
    assert said(call) == (
        f"{name} is an array, {dtype}[3]; give a function {name}(x, *args), "
        "functions first and the point after them"
    )


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (1, "1"),  # equal to True, and not meant as True
        (False, "False"),
        ("gradient", "'gradient'"),
        ([X, X], "a list of 2"),
        (np.ones(()), "an array, float64[]"),
        (object(), "an object of class object"),
    ],
)
def test_what_is_no_function_is_named_in_short(given, shown):
    message = said(lambda: check(square, given, X))
    assert message.startswith(f"gradient is {shown}; give a function gradient(x, *args)")


@dataclass
class Weights:
    w: Any


REGISTER = "or register its class with jax.tree_util.register_dataclass"


@pytest.mark.parametrize("nested", [False, True])
def test_a_dataclass_that_is_no_pytree(nested):
    point = {"layer": Weights(X)} if nested else Weights(X)
    message = said(lambda: check(square, None, point))
    assert "class Weights is a dataclass and no registered pytree; give a dict" in message
    assert message.endswith(REGISTER)


def test_a_registered_dataclass_is_a_point():
    @jax.tree_util.register_dataclass
    @dataclass
    class Registered:
        w: Any

    found = check(lambda p: square(p.w), lambda p: Registered(2 * p.w), Registered(X), points=1)
    assert found.verdict is Verdict.AGREE
    message = said(lambda: check(lambda p: square(p.w), lambda p: 2 * p.w, Registered(X)))
    assert "has the structure array, the parameters have Registered(array); give" in message


NO_NUMBERS = {
    "string": ("abc", "'abc' is no number; give an array"),
    "function": (square, "the function square is no number; give an array"),
    "object": (object(), "an object of class object is no number; give an array"),
    "integers": ({"a": 1, "b": 2}, "1 is an integer, which is left unchanged; give a float"),
}


@pytest.mark.parametrize("case", NO_NUMBERS)
def test_a_point_without_numbers(case):
    point, message = NO_NUMBERS[case]
    assert f"the point has no coordinates: {message}" in said(lambda: check(square, None, point))


def test_a_forgotten_return():
    assert said(lambda: check(square, lambda x: None, X)) == (
        "the gradient of square is None; return the derivative: is a return forgotten?"
    )
    assert said(lambda: check(lambda x: None, gradient, X)).endswith(
        "is None; return one real floating scalar: is a return forgotten?"
    )


PAIR = "is a pair like (value, gradient), float64[], float64[3]; return"


@pytest.mark.parametrize("pair", [both, numpy_both, lambda x: list(both(x))])
def test_a_pair_in_place_of_one(pair):
    message = said(lambda: check(square, pair, X))
    assert f"the gradient of square {PAIR} the gradient alone, or give gradient=True" in message
    for by_hand in (gradient, None):
        message = said(lambda by_hand=by_hand: check(pair, by_hand, X))
        assert f"{PAIR} one real floating scalar, or have both checked with gradient=True" in (
            message
        )
    assert check(pair, True, X, points=1).verdict is Verdict.AGREE


@pytest.mark.parametrize(
    "result",
    [
        lambda x: (square(x), {"aux": x}),
        lambda x: (x, square(x)),
        lambda x: (square(x), x[:1]),
        lambda x: (square(x), x, x),
    ],
    ids=["aux", "swapped", "shape", "three"],
)
def test_what_is_no_value_with_its_gradient_is_not_called_a_pair(result):
    assert "gradient=True" not in said(lambda: check(result, gradient, X))
    assert "gradient=True" not in said(lambda: check(square, result, X))


def test_two_parameters_and_their_gradients_are_no_pair():
    def value(s, x):
        return s**2 * square(x)

    def by_hand(s, x):
        return 2 * s * square(x), s**2 * 2 * x

    found = check(value, by_hand, 2.0, X, argnums=(0, 1), points=1)
    assert found.verdict is Verdict.AGREE


Pair = namedtuple("Pair", "a b")

STRUCTURES = {
    "dict": ({"a": 1.0, "b": None}, "{'a': array, 'b': None}"),
    "list": ([1.0, [2.0]], "[array, [array]]"),
    "tuple": ((1.0, (2.0,)), "(array, (array,))"),
    "empty": ((), "()"),
    "named": (Pair(1.0, 2.0), "Pair(array, array)"),
    "ordered": (OrderedDict(b=1.0), "OrderedDict(array)"),
    "array": (1.0, "array"),
}


@pytest.mark.parametrize("case", STRUCTURES)
def test_structures_are_written_as_python(case):
    tree, text = STRUCTURES[case]
    layout = Layout.of({"only": X})
    assert said(lambda: layout.require_same(tree, "it")) == (
        f"it has the structure {text}, the parameters have {{'only': array}}; "
        "give one array for each parameter array, in the same structure"
    )


BOUNDS = {
    "numbers": ((5, 0), "5.0 and 0.0 at x[0]"),
    "arrays": ((np.array([0, 0, 9.0]), np.array([4, 4, 5.0])), "9.0 and 5.0 at x[2]"),
}


@pytest.mark.parametrize("case", BOUNDS)
def test_a_lower_bound_above_the_upper(case):
    bounds, shown = BOUNDS[case]
    message = f"the lower bound of square is above the upper: {shown}; give the lower first"
    assert said(lambda: check(square, gradient, X, bounds=bounds)) == message
    assert said(lambda: estimate(square, X, bounds=bounds)) == message


def test_a_point_outside_of_bounds_in_order_is_still_blamed():
    assert "the point is 3.0 at x[2], outside of the bounds" in said(
        lambda: check(square, gradient, X, bounds=(0, 2.5))
    )


def test_an_integer_is_a_number():
    assert check(lambda x: x**3, lambda x: 3 * x**2, 2).verdict is Verdict.AGREE
    assert check(lambda x: x**3, lambda x: 2 * x**2, 2).verdict is Verdict.ANALYTIC_WRONG
    np.testing.assert_allclose(estimate(lambda x: x**3, 2, direction=1).value, 12)
    pair = check(lambda x, y: x**2 * y, lambda x, y: (2 * x * y, x**2), 2, 3, argnums=(0, 1))
    assert pair.verdict is Verdict.AGREE


def test_an_array_of_integers_is_none():
    for point in (np.array([1, 2]), np.int64(2), jnp.arange(3)):
        assert "the point has dtype int" in said(lambda point=point: check(square, None, point))


def test_an_optimiser_may_pass_integers():
    watched = watch(lambda x: x**2, lambda x: 2 * x)
    for x in (2, 3):
        watched.value(x)
        watched.gradient(x)
    assert watched.check().verdict is Verdict.AGREE
    assert watched.track.best.x == 2.0
