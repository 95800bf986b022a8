"""What is recorded of one call of a function: its choices, by the lines of the user's code."""

import ast
import functools
import linecache
import sys
from collections.abc import Hashable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from ._arms import THIN, Arm
from ._errors import is_users
from ._source import Place, place_in

INSIDE = (str(Path(np.__file__).parent), __file__, str(Path(__file__).with_name("_recorded.py")))
"""The code between the user's line and what is recorded."""

Masks = list[Bool[np.ndarray, "..."]]


class Record:
    """The choices of one call.

    Attributes:
        arms: The arms, with the masks that say which entries took them, by their keys.
    """

    def __init__(self) -> None:
        self.arms: dict[Hashable, tuple[Arm, Masks]] = {}

    def add(
        self, place: Place, words: Sequence[str], masks: Masks, thin: int | None = None
    ) -> None:
        """Notes which entries took which arm; one is `thin` that single points reach."""
        for number, (said, mask) in enumerate(zip(words, masks, strict=True)):
            arm = Arm(said, place.file, place.line, note=THIN if number == thin else "")
            self.arms.setdefault(arm.key, (arm, []))[1].append(np.asarray(mask))


def called_from() -> Place | None:
    """The expression of the user's code that called NumPy; None where a library did."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(INSIDE):
        frame = frame.f_back
    if frame is None or not is_users(frame.f_code.co_filename):
        return None
    return place_in(frame.f_code, frame.f_lasti)


@functools.cache
def _guards(file: str) -> tuple[range, ...]:
    """The lines of the conditions for which an error is raised: they reject, and do not choose."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except SyntaxError:
        return ()
    tests = [
        node.test
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
        or (isinstance(node, ast.If) and isinstance(node.body[0], ast.Raise))
    ]
    return tuple(range(test.lineno, (test.end_lineno or test.lineno) + 1) for test in tests)


def rejects(place: Place) -> bool:
    """Whether an error is raised where a condition is met."""
    return any(place.line in lines for lines in _guards(place.file))
