"""What is recorded of one call of a function: its choices, by the lines of the user's code."""

import ast
import functools
import linecache
import re
from collections.abc import Hashable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from ..._foundation.frames import callers
from ..._foundation.user_code import Place, is_users, place_in
from ..._results.arm import Arm
from .kinds import THIN

NUMPY = str(Path(np.__file__).parent)
OWN = (__file__, str(Path(__file__).with_name("recorded_array.py")))
"""The code between the user's line and what is recorded."""

FINITE = re.compile(r"\bis(nan|finite|inf)\b")
NO_NUMBER = re.compile(r"\b(inf|nan|NaN|Inf|infinity)\b")

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


def called_from(*, directly: bool = False) -> Place | None:
    """The expression of the user's code that led here, through NumPy's or not; None for others."""
    between = OWN if directly else (*OWN, NUMPY)
    for code, instruction in callers():
        if not code.co_filename.startswith(between):
            return place_in(code, instruction) if is_users(code.co_filename) else None
    return None


def rejects(place: Place) -> bool:
    """Whether a condition is one on which a point is rejected, which is no choice.

    An error is raised for it, infinity or NaN returned; or it asks whether numbers are finite.
    """
    return FINITE.search(place.text) is not None or any(
        place.line in lines for lines in _guards(place.file)
    )


@functools.cache
def _guards(file: str) -> tuple[range, ...]:
    """The lines of the conditions on which something is rejected."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except SyntaxError:
        return ()
    nodes = list(ast.walk(tree))
    tests = [node.test for node in nodes if isinstance(node, ast.Assert)]
    tests += [n.test for n in nodes if isinstance(n, ast.If) and _is_rejection(n.body[0])]
    return tuple(range(test.lineno, (test.end_lineno or test.lineno) + 1) for test in tests)


def _is_rejection(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Return):
        return NO_NUMBER.search(ast.unparse(statement)) is not None
    return isinstance(statement, ast.Raise)
