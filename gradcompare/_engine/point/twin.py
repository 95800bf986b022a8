"""Whether the twin of a function of NumPy counts at a point.

Autodiff of a twin is a help, and no derivative under test. Where it stands alone against the two
other sources, as where the function rounds its result, the twin is given up: the user has not
written it, and it accuses nobody.
"""

from dataclasses import replace

import numpy as np

from ..._evaluation.evaluator import Evaluator
from ..._evaluation.twin import disagreement
from ..._foundation.errors import GradcompareError
from ..._model.verdict import Verdict
from ..._results.data import PointResult
from ..._results.judgement.excess import excess_of


class TwinRefusedError(GradcompareError):
    """The twin does not count; the message says why.

    Attributes:
        point: The result at the point where this was seen. When the study begins anew, the
            function was called before, and some of the warnings of this point do not come again.
    """

    def __init__(self, reason: str, point: PointResult) -> None:
        super().__init__(reason)
        self.point = point

    def told(self, point: PointResult) -> PointResult:
        """Returns a later result, with the warnings of this one if it is of the same point."""
        if point.label != self.point.label:
            return point
        return replace(
            point, warnings=tuple(dict.fromkeys((*point.warnings, *self.point.warnings)))
        )


def require_valid_twin(evaluator: Evaluator, point: PointResult) -> None:
    """Looks whether the twin, if there is one, counts at a point that was examined with it.

    Raises:
        TwinRefusedError: if it has another value than the function, or if its derivative agrees
            with that of no other source, where this decides the verdict.
    """
    if not evaluator.cache.twins:
        return
    reason = disagreement(evaluator)
    if not reason and _stands_alone(point):
        reason = f"its autodiff contradicts the other sources at {point.label}"
    if reason:
        raise TwinRefusedError(reason, point)


def _stands_alone(point: PointResult) -> bool:
    verdict, votes = point.judgement.verdict, point.votes
    autodiff, faulty = votes.get("autodiff"), list(point.judgement.faulty)
    if autodiff is None:
        return False
    if verdict is Verdict.AUTODIFF_WRONG or not np.all(np.isfinite(autodiff.value)):
        return True
    if verdict is not Verdict.INCONCLUSIVE or not faulty:
        return False
    others = [estimate for source, estimate in votes.items() if source != "autodiff"]
    apart = [excess_of(autodiff, each, like=each.kinked)[faulty] > 1 for each in others]
    return bool(np.any(np.all(apart, axis=0)))
