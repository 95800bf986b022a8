"""A gradient that is wrong in one arm of a choice, and right in the others."""

from typing import ClassVar

from .._finding import Finding
from .._tree import indices
from ._evidence import Evidence
from ._hypothesis import AbstractHypothesis
from ._regions import branch


class Branch(AbstractHypothesis):
    """What is wrong is wrong exactly where one arm is taken; how, is not known."""

    rank: ClassVar = 80
    explains: ClassVar = False

    def explain(self, evidence: Evidence) -> Finding | None:
        where = branch(evidence)
        if not where:
            return None
        return Finding(
            "branch",
            f"wrong {where}; right elsewhere",
            correction="look at what the gradient does there",
            coordinates=indices(evidence.open),
        )


HYPOTHESES = (Branch(),)
