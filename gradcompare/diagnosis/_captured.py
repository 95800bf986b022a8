"""The numbers that a function takes from around it, by the names that it has for them.

A loss is often written for one data set, with X and y around it and not among its arguments.
"""

import dis
import functools
import inspect
from collections import deque
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, MethodType
from typing import Any

import jax
import numpy as np
from jax.core import Tracer
from jaxtyping import PyTree

from .._errors import is_users

MOST = 100
"""A variable with more leaves than this is no data, or no reader would know them apart."""


def captured(function: Callable[..., Any]) -> dict[str, PyTree]:
    """Returns the variables around a function that hold numbers: a number, an array, a pytree.

    They are those of its closure and of its module that its code reads, the arguments that
    `functools.partial` binds by name, the attributes of the object that it is a method of
    (`self.X`); and those of the user's functions among them, which it may call.
    """
    found: dict[str, PyTree] = {}
    seen: set[int] = set()
    ahead = deque([function])
    while ahead:
        each = ahead.popleft()
        if id(each) in seen:
            continue
        seen.add(id(each))
        for name, thing in _around(each):
            if callable(thing):
                ahead.append(thing)
            elif _holds_numbers(thing):
                found.setdefault(name, thing)
    return found


def _around(function: Any) -> Iterator[tuple[str, Any]]:
    function = inspect.unwrap(function)  # of jax.jit and the like
    if isinstance(function, functools.partial):
        yield "", function.func
        yield from function.keywords.items()
        return
    if not isinstance(function, (FunctionType, MethodType)):
        function = getattr(function, "__call__", None)  # noqa: B004, an object of the user's class
    if isinstance(function, MethodType):
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
    """The variables of the closure, and those of the module that the code reads."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # it is assigned later
            continue
    for name in dict.fromkeys(_globals(function.__code__)):
        if name in function.__globals__:
            yield name, function.__globals__[name]


def _globals(code: CodeType) -> Iterator[str]:
    for step in dis.get_instructions(code):
        if step.opname == "LOAD_GLOBAL":
            yield step.argval
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _globals(inner)


def _holds_numbers(thing: Any) -> bool:
    leaves = jax.tree.leaves(thing)
    return 0 < len(leaves) <= MOST and all(
        isinstance(leaf, (np.ndarray, np.generic, jax.Array, float, int))
        and not isinstance(leaf, (bool, Tracer))
        for leaf in leaves
    )
