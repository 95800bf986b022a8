"""Copies of a user's functions in which the numbers that they capture are moved a little.

What a function captures is data as well: rounding in it counts as rounding in the arguments does.
"""

import builtins
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any, TypeVar

import numpy as np

from ..._foundation.user_code import is_ours
from .rebinding import Rebinding

T = TypeVar("T")

Move = Callable[[np.ndarray | float], np.ndarray]
"""Function that returns numbers a little off."""


def with_moved_numbers(thing: T, move: Move) -> T | None:
    """Returns a copy with other numbers in what its functions capture; None if there are none.

    They are those in their closures, in their defaults, in the variables of their modules that
    their code reads, bound by a partial function, and in the attributes of an object.

    Args:
        thing: A function of the user's, or an object of ours that holds some.
        move: Moves an array or a number.

    Raises:
        NoTwinError: if they reach too much code.
    """
    moving = _Moving(move)
    copy = moving.of(thing)
    return copy if moving.moved else None


class _Moving(Rebinding):
    """The copies of one function and of all that it reaches, with moved numbers.

    Attributes:
        move: Moves an array or a number.
        moved: Whether there was any.
    """

    def __init__(self, move: Move) -> None:
        super().__init__({}, dict(vars(builtins)))
        self.move, self.moved = move, False

    def number(self, thing: np.ndarray | np.floating | float) -> Any:
        """Returns floating numbers a little off; others, and arrays of a subclass, as they are."""
        array = np.asarray(thing)
        if array.dtype.kind != "f" or (array.ndim and type(thing) is not np.ndarray):
            return thing
        moved = self.move(array).astype(array.dtype, copy=True)
        self.moved = True
        return self.keep(thing, moved) if array.ndim else type(thing)(moved)

    def library(self, module: ModuleType) -> None:
        """Returns None: NumPy stays NumPy."""

    def is_copied(self, function: FunctionType) -> bool:
        """Whether a function is the user's, or one of ours that may hold one in its closure."""
        ours = is_ours(function.__code__.co_filename) and function.__closure__ is not None
        return ours or self.is_near(function)
