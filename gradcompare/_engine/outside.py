"""What random directions say about entries outside of the pattern of a sparse matrix."""

import math

import numpy as np

from .._evaluation.evaluator import Evaluator
from .._foundation.wording import short
from .._model.estimate import SAFETY
from .._model.sparse.layout import SparseLayout
from .._model.sparse.pattern import PROBES
from .._results.data import PointResult

MISS = 1e-6
"""Probability with which an entry outside of the pattern escapes, of the size that is stated."""


def outside_of_pattern(evaluator: Evaluator, point: PointResult) -> tuple[str, ...]:
    """Returns a sentence on the entries that would have escaped; none for dense matrices.

    An entry s escapes with a probability of at most (√(2/π) b / (s u))^PROBES (see `PROBES`): u is
    the unit of its coordinate, more than half of its size. b is the least change of a product that
    the bars show: both values are off by up to a bar, and differ beyond SAFETY of them. The
    largest b holds for all rows.
    """
    layout, votes = evaluator.problem.output, point.votes
    if not isinstance(layout, SparseLayout) or "analytic" not in votes or len(votes) < 2:
        return ()
    others = [estimate.error for source, estimate in votes.items() if source != "analytic"]
    bars = votes["analytic"].error + np.max(others, axis=0)
    least = (SAFETY + 1) * float(np.max(layout.products(bars)))
    size = 2 * math.sqrt(2 / math.pi) * least * MISS ** (-1 / PROBES)
    if not math.isfinite(size):
        return ()
    pattern = layout.pattern
    return (
        f"{pattern.size} entries in {pattern.count} groups of columns that move together; "
        f"an entry outside of the pattern escapes {PROBES} random directions with a probability "
        f"below {MISS:.0e} if, times the size of its coordinate, it is above {short(size)} at "
        f"{point.label}",
    )
