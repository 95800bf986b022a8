"""What random directions say about entries outside of the pattern of a sparse matrix."""

import math

import jax
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

    An entry s escapes with a probability of at most (√(2/π) b / (s u))^PROBES (see `PROBES`): b is
    the least change of a product that the bars show, u the unit of its coordinate. The largest b
    and the smallest u hold for all entries.
    """
    layout, votes = evaluator.problem.output, point.votes
    if not isinstance(layout, SparseLayout) or "analytic" not in votes or len(votes) < 2:
        return ()
    others = [estimate.error for source, estimate in votes.items() if source != "analytic"]
    bars = votes["analytic"].error + np.max(others, axis=0)
    unit = min(float(np.min(leaf[-1])) for leaf in jax.tree.leaves(evaluator.problem.direction))
    least = SAFETY * float(np.max(layout.products(bars)))
    size = math.sqrt(2 / math.pi) * least / unit * MISS ** (-1 / PROBES)
    if not math.isfinite(size):
        return ()
    pattern = layout.pattern
    return (
        f"{pattern.size} entries in {pattern.count} groups of columns that move together; "
        f"an entry outside of the pattern above {short(size)} at {point.label} escapes {PROBES} "
        f"random directions with a probability below {MISS:.0e}",
    )
