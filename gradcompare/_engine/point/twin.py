"""Whether the twin of a function of NumPy counts at a point.

Autodiff of a twin is a help, and no derivative under test. Where it stands alone against the two
other sources, as where the function rounds its result, the twin is given up: the user has not
written it, and it accuses nobody.
"""

import numpy as np

from ..._evaluation.evaluator import Evaluator
from ..._evaluation.twin import disagreement
from ..._foundation.errors import GradcompareError
from ..._model.verdict import Verdict
from ..._results.data import PointResult
from ..._results.judgement.excess import excess_of


class TwinRefusedError(GradcompareError):
    """The twin does not count; the message says why."""


def require_same_value(evaluator: Evaluator) -> None:
    """Compares the twin with the value at the point, if there is a twin.

    Raises:
        TwinRefusedError: if they differ.
    """
    if evaluator.cache.twins and (reason := disagreement(evaluator)):
        raise TwinRefusedError(reason)


def require_company(evaluator: Evaluator, point: PointResult) -> None:
    """Looks whether autodiff of the twin agrees with one of the other sources, if there is a twin.

    Raises:
        TwinRefusedError: if it agrees with none, where this decides the verdict.
    """
    if evaluator.cache.twins and _stands_alone(point):
        raise TwinRefusedError(f"its autodiff contradicts the other sources at {point.label}")


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
