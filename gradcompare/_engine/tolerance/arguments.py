"""Arguments of the user's that behave like the tolerance of a solver."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..._evaluation.evaluator import Evaluator
from ..._foundation.wording import short
from ..._model.problem import Problem
from ...diagnosis.terms.other_data import OtherData, with_leaves

DIVISOR = 100.0
"""Ratio of an argument to the smaller one that is tried."""

PART = 2.0
"""Another such ratio, which a coefficient follows by the same law."""

LARGEST_TOLERANCE = 1e-2
"""Largest number that is taken for a tolerance."""

LAW = 0.02
"""Deviation from a power law above which a gap is none of a coefficient."""


@dataclass(frozen=True)
class Suspect:
    """A small number among the arguments.

    Attributes:
        name: Its name.
        leaf: Its position among the leaves of the data.
        number: The number.
    """

    name: str
    leaf: int
    number: float

    def over(self, divisor: float, problem: Problem) -> Problem:
        """Returns the problem with the number divided."""
        return with_leaves(problem, {self.leaf: np.asarray(self.number / divisor)})

    def __str__(self) -> str:
        smaller = short(self.number / DIVISOR, 2)
        return f"`{self.name}` = {smaller} instead of {short(self.number, 2)}"


def suspects(evaluator: Evaluator) -> Iterator[Suspect]:
    """Yields the small numbers among the arguments, as far as they can be tried."""
    other = OtherData([evaluator])
    # Two estimates each, of two sources.
    affordable = other.affordable // 4
    for k, leaf in enumerate(other.leaves):
        number = leaf.values
        if (
            number.ndim == 0
            and number.dtype.kind == "f"
            and 0 < number <= LARGEST_TOLERANCE
            and affordable
        ):
            affordable -= 1
            yield Suspect(leaf.name, k, float(number))


def is_coefficient(
    gaps: Sequence[tuple[float, float]], between: Sequence[tuple[float, float]]
) -> bool:
    """Whether gaps follow a power of an argument, as those of a term that it multiplies do.

    The steps of a solver change in jumps, and the gap with them.

    Args:
        gaps: The differences of two sources at each point, before and with the argument over
            `DIVISOR`.
        between: The same with the argument over `PART`.
    """
    with np.errstate(all="ignore"):
        (before, after), (_, part) = np.transpose(gaps), np.transpose(between)
        power = np.log(before / after) / np.log(DIVISOR)
        return bool(np.all(np.abs(part / before * PART**power - 1) < LAW))
