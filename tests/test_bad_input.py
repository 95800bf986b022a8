"""Unusable input: one clear error that names what was given and what is needed."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest

from gradcompare import (
    GradcompareError,
    InputError,
    Objective,
    UnknownNameError,
    check,
    compare,
    estimate,
)

X = np.array([1.0, 2.0])


def square(x):
    return jnp.sum(x**2)


def gradient(x):
    return 2 * x


def make(rng, size):
    return rng.standard_normal(size), None


def objective(name="mine", value=None, **fields):
    return Objective(name, value or (lambda x, data: square(x)), make, **fields)


REAL_SCALAR = "return one real floating scalar"

VALUES = {
    # what the value returns, and how the message shows it
    "vector": (lambda x: x**2, r"float64\[2\]"),
    "one-vector": (lambda x: square(x)[None], r"float64\[1\]"),
    "complex": (lambda x: square(x) + 1j, "complex128"),
    "integer": (lambda x: jnp.sum(x > 0), "int64"),
    "boolean": (lambda x: square(x) > 1, "bool"),
    "two": (lambda x: (square(x), square(x)), r"float64\[\], float64\[\]"),
    "nothing": (lambda x: None, "None"),
}


@pytest.mark.parametrize("case", VALUES)
def test_value_that_is_not_a_real_scalar(case):
    value, given = VALUES[case]
    with pytest.raises(InputError, match=f"the value of .* is .*{given}.*; {REAL_SCALAR}"):
        check(value, gradient, X)
    with pytest.raises(InputError, match=REAL_SCALAR):
        estimate(value, X)


FLOATING = "give a real floating dtype, such as float64"

GRADIENTS = {
    "tuple": (
        lambda x: (2 * x,),
        r"has the structure \(array,\), the parameters have array; give one array",
    ),
    "nothing": (lambda x: None, r"is None; return the derivative: is a return forgotten\?"),
    "shape": (
        lambda x: 2 * x[:1],
        r"has shape \(1,\) at x, the parameter has \(2,\); give the same shape",
    ),
    "column": (lambda x: 2 * x[:, None], r"has shape \(2, 1\) at x, .*; give the same shape"),
    "integer": (lambda x: (2 * x).astype(int), f"has dtype int64 at x; {FLOATING}"),
    "complex": (lambda x: 2 * x + 0j, f"has dtype complex128 at x; {FLOATING}"),
}


@pytest.mark.parametrize("case", GRADIENTS)
def test_gradient_that_does_not_fit(case):
    wrong, message = GRADIENTS[case]
    with pytest.raises(InputError, match=f"the gradient of square {message}"):
        check(square, wrong, X)


NESTED = {"w": np.ones((2, 2)), "b": np.ones(2)}

POINTS = {
    "integers": (np.array([1, 2]), f"the point has dtype int64 at x; {FLOATING}"),
    "integer": (np.int64(3), f"the point has dtype int64 at x; {FLOATING}"),
    "integer-leaf": ({"w": X, "n": np.array([3])}, f"the point has dtype int64 at n; {FLOATING}"),
    "boolean": (np.array([True, False]), f"the point has dtype bool at x; {FLOATING}"),
    "complex": (X + 1j, "is complex128.*; return one real|has complex numbers; give a function"),
    "string": ("abc", "the point .*; give"),
    "function": (square, "the point .*; give"),
    "empty": (np.zeros(0), "the point has no coordinates; give at least one parameter"),
    "empty-dict": ({}, "the point has no coordinates; give at least one parameter"),
    "nothing": (None, "the point has no coordinates; give at least one parameter"),
    "nan": ({**NESTED, "b": np.array([1, np.nan])}, r"is nan at b\[1\]; give finite numbers"),
    "infinity": (np.array([np.inf, 0]), r"the point is inf at x\[0\]; give finite numbers"),
}


CALLS = {
    "check": lambda point: check(square, gradient, point),
    "estimate": lambda point: estimate(square, point),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("case", POINTS)
def test_point_where_nothing_can_be_differentiated(case, call):
    point, message = POINTS[case]
    with pytest.raises(InputError, match=message):
        CALLS[call](point)


DIRECTIONS = {
    "shape": (np.ones(3), r"the direction has shape \(3,\) at x, the parameter has \(2,\)"),
    "structure": ({"x": X}, "the direction has the structure"),
    "integers": (np.array([1, 0]), f"the direction has dtype int64 at x; {FLOATING}"),
    "nan": (np.array([1, np.nan]), r"the direction is nan at x\[1\]; give"),
    "zero": (np.zeros(2), "the direction .*zero.*; give"),
}


@pytest.mark.parametrize("case", DIRECTIONS)
def test_direction_that_leads_nowhere(case):
    direction, message = DIRECTIONS[case]
    with pytest.raises(InputError, match=message):
        check(square, gradient, X, direction=direction)


OPTIONS = {
    "device": ({"device": "quantum"}, "device 'quantum' is not available; this machine has .*cpu"),
    "device-index": ({"device": "cpu:7"}, "device 'cpu:7' is not available; cpu has the indices"),
    "device-word": ({"device": "cpu:x"}, "device 'cpu:x' is not available; cpu has the indices"),
    "dtype": ({"dtype": "float46"}, "unknown dtype 'float46'; did you mean float64"),
    "dtype-far": ({"dtype": "q"}, "unknown dtype 'q'; known: .*float32, float64"),
    "dtype-type": ({"dtype": np.int32}, "unknown dtype .*int32.* known: .*float32, float64"),
    "method": (
        {"methods": ["richardsen"]},
        "unknown method 'richardsen'; did you mean richardson",
    ),
    "no-method": ({"methods": []}, r"the methods are \[\]; name at least one"),
    "twice": ({"methods": ["central"] * 2}, "the methods are .*central.*; .* each once"),
    "points": ({"points": 0}, "points is 0; give an integer of at least 1"),
    "on-error": ({"on_error": "rais"}, "unknown on_error 'rais'; did you mean raise"),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_option_out_of_range(case):
    options, message = OPTIONS[case]
    with pytest.raises(InputError, match=message):
        check(square, gradient, X, **options)
    with pytest.raises(InputError, match=message):
        compare([objective()], timing=False, **options)


def test_quantity_and_sizes_of_compare():
    with pytest.raises(
        UnknownNameError, match="unknown quantity 'gradiant'; did you mean gradient"
    ):
        compare([objective()], quantity="gradiant")
    with pytest.raises(InputError, match=r"size is -1; give an integer of at least 1"):
        compare([objective()], sizes=[-1], timing=False)


@pytest.mark.parametrize("which", ["value", "gradient"])
def test_not_a_function(which):
    functions = {"value": square, "gradient": gradient, which: 3}
    with pytest.raises(InputError, match=f"{which} is 3; give a function {which}"):
        check(**functions, x0=X)


def test_estimate_by_a_method_that_needs_more():
    message = "method 'analytic' cannot be used: square has no hand-written gradient"
    with pytest.raises(InputError, match=message):
        estimate(square, X, method="analytic")


def test_every_error_is_a_gradcompare_error():
    assert issubclass(UnknownNameError, InputError)
    assert issubclass(InputError, GradcompareError)
    assert issubclass(InputError, ValueError)


def test_a_device_is_given_by_its_name():
    with pytest.raises(InputError, match="device is 3; give a name, such as 'cpu'"):
        check(lambda x: jnp.sum(x**2), lambda x: 2 * x, [1.0, 2.0], device=3)


def test_a_named_tuple_of_numbers_keeps_its_names():
    class Point(NamedTuple):
        u: float
        v: float

    result = check(lambda p: p.u**2 + p.v, lambda p: Point(2 * p.u, 1.0), Point(1.0, 2.0))
    assert result.ok, str(result)


@pytest.mark.parametrize("point", [[1 + 1j, 2.0], [1 + 1j, 2 + 0j]])
def test_a_list_with_complex_numbers_becomes_an_array(point):
    result = check(lambda z: jnp.sum(jnp.abs(z) ** 2), lambda z: 2 * jnp.conj(z), point)
    assert result.ok, str(result)


def test_keys_that_cannot_be_sorted_are_refused():
    with pytest.raises(InputError, match=r"a dict of 2 is no pytree .* keys can be sorted"):
        check(lambda d: d[1] ** 2 + d["b"], None, {1: 2.0, "b": 1.0})
