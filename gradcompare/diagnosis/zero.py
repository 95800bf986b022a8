"""Coordinates at which the hand-written gradient is exactly zero, and should not be."""

from typing import ClassVar

import numpy as np

from .._finding import Finding
from .._numbers import short
from .._tree import indices
from ._evidence import Evidence
from ._hypothesis import AbstractHypothesis
from ._where import describe, others_agree


class Zero(AbstractHypothesis):
    """a = 0 at every point: a term left out, an entry never written."""

    rank: ClassVar = 10

    def explain(self, evidence: Evidence) -> Finding | None:
        dead = evidence.open & np.all((evidence.analytic == 0) | ~evidence.usable, axis=0)
        if not dead.any():
            return None
        size = np.where(evidence.wrong & dead, np.abs(evidence.reference), -1.0)
        point, worst = np.unravel_index(int(np.argmax(size)), size.shape)
        there = short(evidence.reference[point, worst], 4)
        there += f" ± {short(evidence.reference_bar[point, worst], 2)}"
        where = describe(evidence, dead)
        name = "" if where == evidence.name(int(worst)) else f" in {evidence.name(int(worst))}"
        return Finding(
            "zero",
            f"{where}: exactly 0, where the reference is {there}{name} "
            f"at {evidence.labels[point]}{others_agree(evidence, dead)}",
            correction="add the term that is missing, or write the entry that is not written",
            coordinates=indices(dead),
        )


HYPOTHESES = (Zero(),)
