"""One point of a comparison: its functions, its result, and the branches that it takes."""

from dataclasses import dataclass

from .._evaluation.evaluator import Evaluator
from .._results.data import PointResult
from .branches.taken import Taken


@dataclass(frozen=True, eq=False)
class Examination:
    """A point at which derivatives were compared.

    Attributes:
        evaluator: The functions of the case, at this point.
        result: The estimates and the verdict.
        taken: The branches that the point takes; None if there are none, or not known yet.
    """

    evaluator: Evaluator
    result: PointResult
    taken: Taken | None = None
