"""Conditions that reject a point, in functions that are called on the host.

Such a condition is no choice: the code then raises an error, or returns infinity or NaN. The
value of the returned expression decides, if it does not depend on the parameters: names are
looked up where the function runs; `1e9`, or a call with infinity as an argument, rejects nothing.
"""

import ast
import functools
import linecache
import math
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any

import numpy as np

from .recording import Caller, named

FULL = (np.full, np.full_like)
"""Functions whose second argument is every entry of their result."""


def rejects(caller: Caller) -> bool:
    """Whether the condition in the caller's line rejects a point."""
    return any(
        caller.place.line in lines and any(_is_rejection(side, caller.frame) for side in sides)
        for lines, sides in _conditions(caller.place.file)
    )


@functools.cache
def _conditions(file: str) -> tuple[tuple[range, tuple[Sequence[ast.AST], ...]], ...]:
    """Returns the lines of each condition of a file, and the code on either side of it."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except SyntaxError:
        return ()
    conditions = []
    for node in ast.walk(tree):
        match node:
            case ast.Assert(test=test):
                conditions.append((_lines(test), ([node],)))
            case ast.If(test=test, body=body, orelse=other):
                conditions.append((_lines(test), (body, other)))
            case ast.IfExp(test=test, body=one, orelse=other):
                conditions.append((_lines(test), ([one], [other])))
    return tuple(conditions)


def _lines(test: ast.expr) -> range:
    return range(test.lineno, (test.end_lineno or test.lineno) + 1)


def _is_rejection(side: Sequence[ast.AST], frame: FrameType) -> bool:
    """Whether one side of a condition ends with an error, or returns infinity or NaN."""
    if not side:
        return False
    if isinstance(side[-1], (ast.Raise, ast.Assert)):
        return True
    returned = [each.value for each in _returns(side)]
    if isinstance(side[-1], ast.expr):
        returned = [side[-1]]
    elif not isinstance(side[-1], ast.Return):
        return False
    return all(each is not None and _is_nonfinite(each, frame) for each in returned)


def _returns(side: Sequence[ast.AST]) -> Iterator[ast.Return]:
    for statement in side:
        yield from (node for node in ast.walk(statement) if isinstance(node, ast.Return))


def _is_nonfinite(node: ast.expr, frame: FrameType) -> bool:
    """Whether an expression is infinity or NaN for all parameters."""
    match node:
        case ast.Tuple(elts=[first, *_]):  # the value, and its gradient
            return _is_nonfinite(first, frame)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return _is_nonfinite(operand, frame)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult(), right=right):
            return _is_nonfinite(left, frame) or _is_nonfinite(right, frame)
        case ast.BinOp(left=left, op=ast.Div()):
            return _is_nonfinite(left, frame)
        case ast.Call(func=function, args=[ast.Constant(value=str(text))]):
            return named(ast.unparse(function), frame) is float and not math.isfinite(float(text))
        case ast.Call(func=function, args=[_, fill, *_]):
            filled = any(named(ast.unparse(function), frame) is full for full in FULL)
            return filled and _is_nonfinite(fill, frame)
        case ast.Constant(value=number):
            return _is_no_number(number)
        case ast.Name() | ast.Attribute():
            return _is_no_number(named(ast.unparse(node), frame))
    return False


def _is_no_number(thing: Any) -> bool:
    return isinstance(thing, (float, np.floating)) and not math.isfinite(thing)
