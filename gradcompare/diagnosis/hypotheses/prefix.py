"""A recursion or a loop over the data that is right at first, and wrong from some step on."""

from typing import ClassVar

import numpy as np

from ..._foundation.layout import indices
from ..._model.estimate import EPS, SAFETY
from ..._model.finding import Finding
from ..evidence.data import Evidence
from ..evidence.naming import NAMED_COORDINATES, together
from ..terms.other_data import OtherData
from ._base import AbstractHypothesis

FIRST_ROWS = (1, 2, 3)
"""Numbers of rows of which one has to be right; a formula that is wrong for all of them is wrong
from the start."""


class Prefix(AbstractHypothesis):
    """Both derivatives are asked for the first k rows of the data: at which k do they part?"""

    rank: ClassVar = 85
    explains: ClassVar = False

    def explain(self, evidence: Evidence) -> Finding | None:
        other = evidence.other_data
        length = 0 if other is None else _length(other)
        # Each number of rows is a program of its own.
        if other is None or length <= FIRST_ROWS[-1] or other.affordable < 2 * np.log2(length):
            return None
        part = _Parts(evidence, other, length)
        last = part.last_right()
        if last == 0:
            return None
        names = together(part.names[:NAMED_COORDINATES])
        return Finding(
            "prefix",
            f"right for the first {last} row{'s' * (last > 1)} of {names} alone, and wrong from "
            f"step {last + 1} on",
            correction="check the indices of the recursion, or the loop, at that step",
            coordinates=indices(evidence.open),
        )


def _length(other: OtherData) -> int:
    """Returns the number of rows that most arrays of the data have; 0 if there are none."""
    lengths = [leaf.values.shape[0] for leaf in other.leaves if leaf.values.ndim]
    return max(lengths, key=lambda n: (lengths.count(n), n), default=0)


class _Parts:
    """Both derivatives with the first rows of the data alone."""

    def __init__(self, evidence: Evidence, other: OtherData, length: int):
        self.other, self.length = other, length
        self.chosen = {
            k: leaf.values for k, leaf in enumerate(other.leaves)
            if leaf.values.shape[:1] == (length,)
        }  # fmt: skip
        self.names = [other.leaves[k].name for k in self.chosen]
        self.open = evidence.open
        self.points = np.flatnonzero(evidence.wrong.any(axis=1))

    def last_right(self) -> int:
        """Returns the largest number of rows up to which the gradient is right; 0 for none."""
        right = next((rows for rows in FIRST_ROWS if self._is_right(rows)), 0)
        wrong = self.length
        while right and wrong - right > 1:
            middle = (right + wrong) // 2
            right, wrong = (middle, wrong) if self._is_right(middle) else (right, middle)
        # One row more or less: the search took for granted that what is wrong stays wrong.
        after = min(wrong + 1, self.length)
        everywhere = all(self._is_right(right, int(p)) for p in self.points)
        return right if right and everywhere and self._is_right(after) is False else 0

    def _is_right(self, rows: int, point: int | None = None) -> bool | None:
        """Whether the gradient is right for so many rows, and not 0; None if it fails."""
        changes = {k: values[:rows] for k, values in self.chosen.items()}
        evaluator = self.other.at(int(self.points[0]) if point is None else point, changes)
        value, formula = self.other.of_value(evaluator), self.other.of_formula(evaluator)
        if value is None or formula is None:
            return None
        size = np.abs(value.value)
        allowed = SAFETY * (value.error + formula.error) + 8 * EPS * size
        apart = np.abs(value.value - formula.value) > allowed
        return not apart[self.open].any() and bool(np.all((size > allowed)[self.open]))


HYPOTHESES = (Prefix(),)
