"""The arguments of a check as people write them: conversions, checks and error messages."""

import dataclasses
import reprlib
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import numpy as np
from jaxtyping import PyTree

from ..._foundation.errors import InputError, outcome_of
from ..._foundation.user_code import describe


def as_point(x: PyTree) -> PyTree:
    """Converts numbers, and lists or tuples of them, to floats, as SciPy does; series to arrays.

    An array of integers stays one, and is refused elsewhere: somebody chose its dtype. A named
    tuple keeps its names. Lists of lists are a matrix if they are equally long, and a pytree
    otherwise.

    Raises:
        InputError: if an object refuses to be an array.
    """
    if type(x) is int:
        return float(x)
    if type(x) in (list, tuple) and (numbers := _numbers_in(x)):
        dtype = np.result_type(np.float64, *map(type, numbers))
        matrix = outcome_of(lambda: np.asarray(x, dtype))
        return x if isinstance(matrix, Exception) else matrix
    if not hasattr(x, "__array__") or _is_array(x):
        return x
    array = outcome_of(lambda: np.asarray(x))
    if isinstance(array, Exception):
        raise InputError(
            f"{shown(x)} cannot be made an array ({describe(array)}); give a NumPy array of it"
        )
    return array


NUMBERS = (int, float, complex, np.float64, np.complex128)
"""Types of the numbers in a list that is an array; the last two are those of its entries."""


def _numbers_in(x: Any) -> list[Any]:
    """Returns the numbers of a list, and of the lists in it; none if there is something else."""
    if type(x) in NUMBERS:
        return [x]
    if type(x) not in (list, tuple) or not x:
        return []
    each = list(map(_numbers_in, x))
    return [number for numbers in each for number in numbers] if all(each) else []


def require_plain(leaf: Any) -> None:
    """Checks that an argument is the same at each call, and that no part of it is hidden.

    Raises:
        InputError: if it is an iterator, or a masked array.
    """
    if isinstance(leaf, Iterator):
        raise InputError(
            f"an argument is {shown(leaf)}, an iterator, which one call uses up; give a list or "
            "an array of its entries"
        )
    if isinstance(leaf, np.ma.MaskedArray):
        raise InputError(
            "an argument is a masked array, whose mask would be lost; give its data, and the mask "
            "as a further argument, or only the entries that count"
        )


ORDER = ", functions first and the point after them"


def require_functions(value: Any, gradient: Any) -> None:
    """Checks that a value and a gradient can be called, or that the gradient is True or None.

    Raises:
        InputError: if not.
    """
    require_function("value", value, ORDER)
    if gradient is not None and gradient is not True:
        require_function("gradient", gradient, ORDER)


def require_function(name: str, argument: Any, hint: str = "") -> None:
    """Checks that an argument can be called; an array gets the `hint` as well.

    Raises:
        InputError: if not.
    """
    if not callable(argument):
        more = hint if _is_array(argument) else ""
        raise InputError(f"{name} is {shown(argument)}; give a function {name}(x, *args){more}")


def require_parameters(leaves: Sequence[Any], varying: Sequence[bool]) -> None:
    """Checks that a point has a leaf that varies; `Problem.at` reports an empty point.

    Raises:
        InputError: if it has none; the message says what it has and how to change that.
    """
    if not leaves or any(varying):
        return
    leaf = leaves[0]
    start = f"the point has no coordinates: {shown(leaf)} is "
    if dataclasses.is_dataclass(leaf) and not isinstance(leaf, type):
        raise InputError(
            f"{start}a dataclass and no registered pytree; give a dict of its arrays, or register "
            "its class with jax.tree_util.register_dataclass"
        )
    if isinstance(leaf, int):
        raise InputError(f"{start}an integer, which is left unchanged; give a float")
    raise InputError(f"{start}no number; give an array, or a pytree of arrays such as a dict")


def shown(argument: Any) -> str:
    """Returns a few words for an argument; arrays without their entries."""
    if _is_array(argument):
        return f"an array, {argument.dtype}{list(argument.shape)}"
    if argument is None or isinstance(argument, (bool, int, float, complex, str)):
        return reprlib.repr(argument)
    kind = type(argument)
    if isinstance(argument, (list, tuple, dict)):
        return f"a {kind.__name__} of {len(argument)}"
    if callable(argument):
        return f"the function {getattr(argument, '__name__', kind.__name__)}"
    return f"an object of class {kind.__name__}"


def _is_array(argument: Any) -> bool:
    return isinstance(argument, (np.ndarray, np.generic, jax.Array))
