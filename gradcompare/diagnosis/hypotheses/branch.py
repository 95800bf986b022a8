"""A gradient that is wrong in one branch of a choice, and right in the others."""

from typing import ClassVar

from ..._foundation.layout import indices
from ..._model.finding import Finding
from ..evidence.data import Evidence
from ..evidence.regions import branch
from ._base import AbstractHypothesis


class Branch(AbstractHypothesis):
    """The gradient is wrong exactly where one branch is taken, in an unknown way."""

    rank: ClassVar = 80
    explains: ClassVar = False

    def explain(self, evidence: Evidence) -> Finding | None:
        where = branch(evidence)
        if not where:
            return None
        return Finding(
            "branch",
            f"wrong {where}; right elsewhere",
            correction="check the gradient in that branch",
            coordinates=indices(evidence.open),
        )


HYPOTHESES = (Branch(),)
