"""The arguments of a check as people write them: what is accepted, and how the rest is named."""

import dataclasses
import reprlib
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jaxtyping import PyTree

from .._foundation.errors import InputError


def as_point(x: PyTree) -> PyTree:
    """Reads numbers, and a list or tuple of them, as SciPy does, as floats; series as arrays.

    An array of integers stays one, and is refused elsewhere: its dtype was chosen by someone.
    """
    if type(x) is int:
        return float(x)
    if isinstance(x, (list, tuple)) and x and all(type(v) in (int, float) for v in x):
        return np.asarray(x, np.float64)
    return np.asarray(x) if hasattr(x, "__array__") and not _is_array(x) else x


ORDER = ", functions first and the point after them"


def require_functions(value: Any, gradient: Any) -> None:
    """Checks that a value and a gradient can be called, or that the gradient is True or None.

    Raises:
        InputError: if not.
    """
    require_function("value", value, ORDER)
    if gradient is not None and gradient is not True:
        require_function("gradient", gradient, ORDER)


def require_function(name: str, given: Any, hint: str = "") -> None:
    """Checks that an argument can be called; `hint` is for one that is an array.

    Raises:
        InputError: if not.
    """
    if not callable(given):
        more = hint if _is_array(given) else ""
        raise InputError(f"{name} is {shown(given)}; give a function {name}(x, *args){more}")


def require_parameters(leaves: Sequence[Any], varying: Sequence[bool]) -> None:
    """Checks that something of a point can be varied; of an empty one, more is said elsewhere.

    Raises:
        InputError: if nothing can, with what is there instead and what to make of it.
    """
    if not leaves or any(varying):
        return
    leaf = leaves[0]
    said = f"the point has no coordinates: {shown(leaf)} is "
    if dataclasses.is_dataclass(leaf) and not isinstance(leaf, type):
        raise InputError(
            f"{said}a dataclass and no registered pytree; give a dict of its arrays, or register "
            "its class with jax.tree_util.register_dataclass"
        )
    if isinstance(leaf, int):
        raise InputError(f"{said}an integer, which stays as it is; give a float")
    raise InputError(f"{said}no number; give an array, or a pytree of arrays such as a dict")


def shown(given: Any) -> str:
    """Says in a few words what was given; of arrays not the entries."""
    if _is_array(given):
        return f"an array, {given.dtype}{list(given.shape)}"
    if given is None or isinstance(given, (bool, int, float, complex, str)):
        return reprlib.repr(given)
    kind = type(given)
    if isinstance(given, (list, tuple, dict)):
        return f"a {kind.__name__} of {len(given)}"
    if callable(given):
        return f"the function {getattr(given, '__name__', kind.__name__)}"
    return f"an object of class {kind.__name__}"


def _is_array(given: Any) -> bool:
    return isinstance(given, (np.ndarray, np.generic, jax.Array))
