"""The record of one call of a function: its choices, by the lines of the user's code."""

import builtins
import functools
import os
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, MappingProxyType, ModuleType
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Int

from ...._foundation.frames import callers, position_of
from ...._foundation.user_code import Place, is_users, place_in
from ...._results.branch import Branch
from ..kinds import ordered, places

NUMPY, OWN = (os.path.join(Path(file).parent, "") for file in (str(np.__file__), __file__))
"""Folders of the code between the user's line and a recorded array."""

Masks = list[Bool[np.ndarray, "..."]]


Orders = dict[Place, list[Int[np.ndarray, "..."]]]
"""Orders of the sorts of each expression at the first point, one after another."""


Kept = Literal["numbers", "outside"]
"""What a record may keep of the numbers: those of recorded arrays, or all others."""


class Numbers:
    """Numbers of many arrays, eight bytes each: a float in a set of Python takes a hundred."""

    def __init__(self) -> None:
        self._arrays: list[np.ndarray] = [np.zeros(1)]

    def add(self, array: np.ndarray) -> None:
        """Adds the numbers of an array, each once."""
        self._arrays.append(np.unique(array))

    def hold(self, array: np.ndarray) -> bool:
        """Whether all numbers of an array are among them; NaN is not."""
        left = np.ravel(array)
        for known in self._arrays:
            left = left[~np.isin(left, known)]
        return not left.size


class Record:
    """The choices of one call.

    Attributes:
        branches: The branches with the masks of the entries that took them, by their keys.
        numbers: All numbers that recorded arrays held, if kept.
        outside: The numbers that no recorded array held, one array after another, if kept; of
            large ones a hash.
        steps: The expressions whose results change in steps.
    """

    def __init__(self, orders: Orders | None = None, *, keeps: Kept | None = None) -> None:
        self.branches: dict[Hashable, tuple[Branch, Masks]] = {}
        self.numbers = Numbers() if keeps == "numbers" else None
        self.outside: list[bytes] | None = [] if keeps == "outside" else None
        self.steps: dict[str, None] = {}
        self._orders: Orders = {} if orders is None else orders
        self._sorted = Counter[Place]()

    def order(self, place: Place, order: Int[np.ndarray, "..."]) -> None:
        """Records whether sorted numbers have the order of the first point."""
        orders, number = self._orders.setdefault(place, []), self._sorted[place]
        self._sorted[place] += 1
        if number == len(orders):
            orders.append(order)
        count = order.shape[-1]
        pairs = zip(places(order, count), places(orders[number], count), strict=True)
        same, *others = (np.array_equal(*pair) for pair in pairs)
        masks = [np.array(same), *(np.array(not each) for each in others)]
        self.add(place, ordered(place, count), masks)

    def add(
        self,
        place: Place,
        words: Sequence[str],
        masks: Masks,
        notes: Mapping[int, str] = MappingProxyType({}),
    ) -> None:
        """Records which entries took which branch; those with a note are not sought."""
        for number, (sentence, mask) in enumerate(zip(words, masks, strict=True)):
            branch = Branch(sentence, place.file, place.line, note=notes.get(number, ""))
            self.branches.setdefault(branch.key, (branch, []))[1].append(np.asarray(mask))


@dataclass(frozen=True)
class Caller:
    """The user's line that led to an operation.

    Attributes:
        place: The expression.
        frame: The call that runs it.
    """

    place: Place
    frame: FrameType

    @functools.cached_property
    def function(self) -> Any:
        """The function that the expression calls; None for an operator, or if unknown."""
        return named(self.place.callee, self.frame)


def called_from() -> Place | None:
    """Returns the user's expression that led here, maybe through NumPy; None for other code."""
    caller = _caller((OWN, NUMPY))
    return None if caller is None else caller.place


def direct_caller() -> Caller | None:
    """Returns the user's line that led here, but not through NumPy; None for other code."""
    return _caller((OWN,))


def _caller(between: tuple[str, ...]) -> Caller | None:
    for frame in callers():
        code, instruction = position_of(frame)
        if not code.co_filename.startswith(between):
            users = is_users(code.co_filename)
            return Caller(place_in(code, instruction), frame) if users else None
    return None


def named(expression: str, frame: FrameType) -> Any:
    """Returns the value of a name, or of a name in a module, in a call; None if unknown.

    It evaluates only names and attributes of modules and lists, which run no code.
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
