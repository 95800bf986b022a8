"""What is recorded of one call of a function: its choices, by the lines of the user's code.

A condition on which a point is rejected is no choice: an error is raised for it, or infinity or
NaN is returned. Whether what is returned is such a number is found out from its value, as far as
it is one whatever the parameters are: names are looked up where the function runs, and `1e9`, or
a call that is given infinity, is no such number.
"""

import ast
import builtins
import functools
import linecache
import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import numpy as np
from jaxtyping import Bool

from ..._foundation.frames import callers, position_of
from ..._foundation.user_code import Place, is_users, place_in
from ..._results.arm import Arm
from .kinds import THIN

NUMPY = str(Path(np.__file__).parent)
OWN = (__file__, str(Path(__file__).with_name("recorded_array.py")))
"""The code between the user's line and what is recorded."""

Masks = list[Bool[np.ndarray, "..."]]


class Record:
    """The choices of one call.

    Attributes:
        arms: The arms, with the masks that say which entries took them, by their keys.
        numbers: All numbers that recorded arrays held, if they are wanted.
    """

    def __init__(self, *, keeps_numbers: bool = False) -> None:
        self.arms: dict[Hashable, tuple[Arm, Masks]] = {}
        self.numbers: set[float] | None = {0.0} if keeps_numbers else None

    def add(
        self, place: Place, words: Sequence[str], masks: Masks, thin: int | None = None
    ) -> None:
        """Notes which entries took which arm; one is `thin` that single points reach."""
        for number, (said, mask) in enumerate(zip(words, masks, strict=True)):
            arm = Arm(said, place.file, place.line, note=THIN if number == thin else "")
            self.arms.setdefault(arm.key, (arm, []))[1].append(np.asarray(mask))


@dataclass(frozen=True)
class Caller:
    """The user's line that led to an operation.

    Attributes:
        place: The expression.
        frame: The call that it is in.
    """

    place: Place
    frame: FrameType

    @functools.cached_property
    def function(self) -> Any:
        """The function that the expression calls; None for an operator, or if it is unknown."""
        return named(self.place.callee, self.frame)


def called_from() -> Place | None:
    """The expression of the user's code that led here, through NumPy's or not; None for others."""
    caller = _caller((*OWN, NUMPY))
    return None if caller is None else caller.place


def asked_by() -> Caller | None:
    """The user's line that asks directly, and not through NumPy; None for others."""
    return _caller(OWN)


def _caller(between: tuple[str, ...]) -> Caller | None:
    for frame in callers():
        code, instruction = position_of(frame)
        if not code.co_filename.startswith(between):
            users = is_users(code.co_filename)
            return Caller(place_in(code, instruction), frame) if users else None
    return None


FULL = (np.full, np.full_like)
"""Functions whose second argument is every entry of what they return."""


def rejects(caller: Caller) -> bool:
    """Whether the condition that is asked is one on which a point is rejected."""
    return any(
        caller.place.line in lines and any(_is_rejection(side, caller.frame) for side in sides)
        for lines, sides in _conditions(caller.place.file)
    )


@functools.cache
def _conditions(file: str) -> tuple[tuple[range, tuple[Sequence[ast.AST], ...]], ...]:
    """The lines of each condition of a file, and what is done on either side of it."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except SyntaxError:
        return ()
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Assert(test=test):
                found.append((_lines(test), ([node],)))
            case ast.If(test=test, body=body, orelse=other):
                found.append((_lines(test), (body, other)))
            case ast.IfExp(test=test, body=one, orelse=other):
                found.append((_lines(test), ([one], [other])))
    return tuple(found)


def _lines(test: ast.expr) -> range:
    return range(test.lineno, (test.end_lineno or test.lineno) + 1)


def _is_rejection(side: Sequence[ast.AST], frame: FrameType) -> bool:
    """Whether one side of a condition ends with an error, or with what is not finite."""
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
    """Whether an expression is infinity or NaN, whatever the parameters are."""
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


def named(expression: str, frame: FrameType) -> Any:
    """Returns what a name, or a name in a module, stands for in a call; None if it is unknown.

    Nothing is evaluated but names and attributes of modules and lists, which run no code.
    """
    first, *others = expression.split(".")
    missing = object()
    scopes = (frame.f_locals, frame.f_globals, vars(builtins))
    thing = next((scope[first] for scope in scopes if first in scope), missing)
    for name in others:
        if not isinstance(thing, (ModuleType, list)):
            return None
        thing = getattr(thing, name, missing)
    return None if thing is missing else thing
