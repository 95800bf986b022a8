"""The derivative through one use of a value in place of that through another."""

from itertools import permutations
from typing import ClassVar

from ..._foundation.layout import indices
from ..._model.finding import Finding
from ..evidence.data import Evidence
from ..evidence.naming import pointing_to
from ._base import AbstractHypothesis

MOST_USES = 30
"""Number of uses that are compared in pairs."""


class Instead(AbstractHypothesis):
    """a = r + g − h, where g and h go through two uses of the same value.

    If A is symmetric, A x is the gradient of ½ xᵀA x: both uses of x have the same derivative.
    If A is not, A x takes one of them twice.
    """

    rank: ClassVar = 58

    def explain(self, evidence: Evidence) -> Finding | None:
        parts = () if evidence.traced is None else evidence.traced.parts
        uses = [part for part in parts if part.edge.value is not None][:MOST_USES]
        for twice, never in permutations(uses, 2):
            if twice.edge.value != never.edge.value:
                continue
            changed = evidence.reference + twice.values - never.values
            right = evidence.same(changed) | ~evidence.usable
            plain = evidence.convinces(right, 3 * evidence.reference_bar, len(uses) ** 2)
            if plain and right[:, evidence.open].all():
                return Finding(
                    "term",
                    f"your gradient has the derivative through {twice.edge.text} twice, and lacks "
                    f"that through {never.edge.text}, as if the two were the same",
                    correction="use each once, such as A x and Aᵀx if a matrix A is not symmetric",
                    coordinates=indices(evidence.open),
                    **pointing_to(never.edge.place),
                )
        return None


HYPOTHESES = (Instead(),)
