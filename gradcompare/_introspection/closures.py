"""The numbers that a function captures, and those in its code.

A loss is often written for one data set: it captures X and y instead of having them as arguments.
"""

import functools
import inspect
from collections import deque
from collections.abc import Callable, Iterator
from types import FunctionType, MethodType
from typing import Any

import jax
import numpy as np
from jaxtyping import PyTree

from .._foundation.frames import globals_in, numbers_in
from .._foundation.user_code import Place, is_users
from .jax_internals import is_traced

MOST = 100
"""Largest number of leaves of a variable that counts as data; no reader would know more apart."""


def captured(function: Callable[..., Any]) -> dict[str, PyTree]:
    """Returns the variables that a function captures and that hold a number, an array, a pytree.

    They are the variables of its closure and of its module that its code reads, the arguments
    that `functools.partial` binds by name, and the attributes of the object of a method
    (`self.X`); and likewise those of the user's functions among them, which it may call.
    """
    variables: dict[str, PyTree] = {}
    for each in _reached(function):
        for name, thing in _around(each):
            if not callable(thing) and _holds_numbers(thing):
                variables.setdefault(name, thing)
    return variables


def literals(function: Callable[..., Any]) -> dict[float, Place]:
    """Returns the numbers in the code of a function and of the user's functions that it may call.

    Each number has the place of its first occurrence.
    """
    places: dict[float, Place] = {}
    for each in _reached(function):
        code = getattr(_plain(each), "__code__", None)
        if code is not None and is_users(code.co_filename):
            for number, line in numbers_in(code):
                places.setdefault(abs(float(number)), Place(code.co_filename, line))
    return places


def own(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns the user's own function, which one of ours may call with other arguments."""
    while not isinstance(function, FunctionType) and callable(
        inner := getattr(function, "function", None)
    ):
        function = inner
    return function


def definition(function: Callable[..., Any]) -> tuple[str, int]:
    """Returns the file of a function of the user's and its first line; nothing and 0 if unknown.

    Behind a wrapper of a library it is the first of the user's functions inside.
    """
    for each in _reached(own(function)):
        code = getattr(_plain(each), "__code__", None)
        if code is not None and is_users(code.co_filename):
            return code.co_filename, code.co_firstlineno
    return "", 0


def _reached(function: Callable[..., Any]) -> Iterator[Any]:
    """Yields a function and the functions that it captures, which it may call."""
    seen: set[int] = set()
    ahead = deque([function])
    while ahead:
        each = ahead.popleft()
        if id(each) not in seen:
            seen.add(id(each))
            yield each
            ahead += [thing for _, thing in _around(each) if callable(thing)]


def _plain(function: Any) -> Any:
    """Returns the Python function behind `jax.jit` and the like, or behind a callable object."""
    function = inspect.unwrap(function)
    if not isinstance(function, (FunctionType, MethodType, functools.partial)):
        function = getattr(function, "__call__", None)  # noqa: B004, an object of the user's class
    return function


def _around(function: Any) -> Iterator[tuple[str, Any]]:
    function = _plain(function)
    if isinstance(function, functools.partial):
        yield "", function.func
        yield from function.keywords.items()
    elif isinstance(function, MethodType):
        yield "", function.__func__
        yield from _attributes(function)
    elif isinstance(function, FunctionType) and is_users(function.__code__.co_filename):
        yield from _variables(function)


def _attributes(method: MethodType) -> Iterator[tuple[str, Any]]:
    code = getattr(method.__func__, "__code__", None)
    if code is not None and is_users(code.co_filename):
        for name, thing in getattr(method.__self__, "__dict__", {}).items():
            yield f"{code.co_varnames[0]}.{name}", thing


def _variables(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Yields the variables of the closure, and those of the module that the code reads."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    for name in globals_in(function.__code__):
        if name in function.__globals__:
            yield name, function.__globals__[name]


def _holds_numbers(thing: Any) -> bool:
    leaves = jax.tree.leaves(thing)
    return 0 < len(leaves) <= MOST and all(
        isinstance(leaf, (np.ndarray, np.generic, jax.Array, float, int))
        and not (isinstance(leaf, bool) or is_traced(leaf))
        for leaf in leaves
    )
