"""A gradient that goes wrong before it reaches one value, and is right from there on."""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float

from ..._foundation.layout import indices
from ..._model.finding import Finding
from ..evidence.data import Evidence
from ..evidence.fit import news
from ..evidence.naming import inside, others_agree, pointing_to
from ..terms.intermediates import Intermediate, Intermediates
from ._base import AbstractHypothesis
from ._regression import telling

MOST_ENTRIES = 16
"""Largest number of entries of the value; its derivative takes a gradient for each."""

EQUATIONS = 3
"""Least number of wrong entries for each entry of the value."""


class DerivativeOfValue(AbstractHypothesis):
    """a = r + Jᵀδ, where J = ∂v/∂x for a value v, and δ any number for each of its entries.

    The part of the gradient that goes through v is wrong by δ at v; the way from v back to the
    parameters is right, and so is everything beside it.
    """

    rank: ClassVar = 82
    explains: ClassVar = False

    def explain(self, evidence: Evidence) -> Finding | None:
        if evidence.traced is None or not evidence.declarable:
            return None
        values = Intermediates(evidence.traced)
        trials = max(1, len(values.every))
        for k in _candidates(evidence, values):
            if _explains(evidence, values, k, trials):
                return _finding(evidence, values.every[k])
        return None


def _candidates(evidence: Evidence, values: Intermediates) -> Iterator[int]:
    """Yields the values with few entries, the smallest first, and of these the last."""
    wrong = int(evidence.wrong.sum(axis=1).max(initial=0))
    few = [
        k
        for k, value in enumerate(values.every)
        if value.size <= min(MOST_ENTRIES, wrong // EQUATIONS)
    ]
    yield from sorted(few, key=lambda k: values.every[k].size)


def _explains(evidence: Evidence, values: Intermediates, k: int, trials: int) -> bool:
    """Whether the mismatch at every point is a sum of rows of the derivative of a value."""
    allowed = evidence.allowed(evidence.analytic, 3 * evidence.reference_bar)
    excesses = evidence.analytic - evidence.reference
    fresh = news(excesses, evidence.usable)  # what another point repeats is no evidence
    free, adapted = [], 0
    for point in np.flatnonzero(evidence.wrong.any(axis=1)):
        where = evidence.usable[point]
        rows = values.jacobian(k, int(point))
        excess = excesses[point, where]
        weight = 1 / np.maximum(allowed[point, where], np.finfo(np.float64).tiny)
        if not _in_span(rows[:, where].T, excess, weight):
            return False
        moved = np.any(rows[:, where] != 0, axis=0)
        free.append((excess * weight * fresh[point, where])[moved])
        adapted += len(rows)
    return bool(free) and telling(np.concatenate(free), adapted, trials * evidence.rivals)


def _in_span(
    columns: Float[np.ndarray, "d n"], target: Float[np.ndarray, " d"], weight: np.ndarray
) -> Bool[np.ndarray, ""] | bool:
    """Whether a target is a sum of columns to within what is allowed in each entry."""
    weighted = columns * weight[:, None]
    sizes = np.linalg.norm(weighted, axis=0)
    if not np.any(sizes) or not np.all(np.isfinite(sizes)):
        return False
    weighted = weighted[:, sizes > 0] / sizes[sizes > 0]
    factors = np.linalg.lstsq(weighted, target * weight, rcond=None)[0]
    return bool(np.all(np.abs(weighted @ factors - target * weight) <= 1))


def _finding(evidence: Evidence, value: Intermediate) -> Finding:
    chosen = evidence.open
    return Finding(
        "upstream",
        f"{inside(evidence, chosen)}the derivative by {value.place} is wrong in your gradient; "
        "from there back to the parameters, and beside it, all is right"
        f"{others_agree(evidence, chosen)}",
        correction="derive again what reaches the objective through that value",
        coordinates=indices(chosen),
        **pointing_to(value.place),
    )


HYPOTHESES = (DerivativeOfValue(),)
