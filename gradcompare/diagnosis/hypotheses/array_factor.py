"""A factor that is an array: of the data (weights, scales, a mask), or of the parameters."""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from ..._model.finding import Finding
from ..evidence.broadcast import of_leaf, spread
from ..evidence.data import Evidence
from ..evidence.multiple import Prediction, best_match, times
from ..evidence.naming import describe, others_agree
from ._base import AbstractHypothesis

POWERS = (("{}", 1), ("{}²", 2), ("√{}", 0.5))

FOLLOWED_COORDINATES = 4
"""Number of single coordinates that are tried as a factor."""


class DataFactor(AbstractHypothesis):
    """a = v r or r / v, where v is a vector of the data, its square or its root."""

    rank: ClassVar = 50

    def explain(self, evidence: Evidence) -> Finding | None:
        return array_factor("data factor", evidence, list(_data(evidence)))


def _data(evidence: Evidence) -> Iterator[Prediction]:
    for leaf in evidence.leaves:
        for data in evidence.data:
            assert data.values is not None
            for way, factor in spread(evidence, data.values[None], leaf):
                for pattern, power in POWERS:
                    with np.errstate(all="ignore"):
                        powered = factor**power
                    yield from both_ways(evidence, powered, pattern.format(data.name), way)


def both_ways(evidence: Evidence, factor: np.ndarray, name: str, way: str) -> Iterator[Prediction]:
    """Yields the reference times the factor, and divided by it."""
    text = f"{name} times the reference{way}"
    yield times(evidence, factor, text, undone=f"divide by {name}")
    with np.errstate(all="ignore"):
        inverse = 1 / factor
    text = f"the reference divided by {name}{way}"
    yield times(evidence, inverse, text, undone=f"multiply by {name}")


def array_factor(kind: str, evidence: Evidence, predictions: list[Prediction]) -> Finding | None:
    """Returns the finding of the prediction that matches, if one does."""
    match = best_match(evidence, evidence.analytic, predictions, named=True)
    if match is None:
        return None
    where, others = describe(evidence, match.chosen), others_agree(evidence, match.chosen)
    constant = "" if match.exact else f"{match.constant.words} × "
    undone = match.prediction.undone
    return Finding(
        kind,
        f"{where}: {constant}{match.prediction.text}{others}",
        correction=undone if match.exact else f"{match.constant.undone}, and {undone}",
        coordinates=match.coordinates,
    )


class ParameterFactor(AbstractHypothesis):
    """a = v r or r / v, where v is another array of the parameters or another coordinate."""

    rank: ClassVar = 52

    def explain(self, evidence: Evidence) -> Finding | None:
        predictions = [*_arrays(evidence), *_coordinates(evidence)]
        return array_factor("parameter factor", evidence, predictions)


def _arrays(evidence: Evidence) -> Iterator[Prediction]:
    for leaf in evidence.leaves:
        for other in evidence.leaves:
            if other is not leaf:
                for way, factor in spread(evidence, of_leaf(evidence, other), leaf):
                    yield from both_ways(evidence, factor, other.name, way)


def _coordinates(evidence: Evidence) -> Iterator[Prediction]:
    """Yields the coordinates that equal the ratio of the worst entry at every point."""
    if not evidence.open.any():
        return
    i = int(np.argmax(np.where(evidence.open, np.abs(evidence.analytic).max(axis=0), -1)))
    telling = np.flatnonzero(evidence.wrong[:, i] & (evidence.reference[:, i] != 0))
    if len(telling) == 0:
        return
    with np.errstate(all="ignore"):
        ratio = evidence.analytic[telling, i] / evidence.reference[telling, i]
        for power in (1, -1):
            off = np.max(np.abs(ratio[:, None] / evidence.x[telling] ** power - 1), axis=0)
            # A rough choice; the error bars decide afterwards.
            likely = np.flatnonzero(off < 1e-2)
            for j in likely[np.argsort(off[likely])][:FOLLOWED_COORDINATES]:
                factor = np.broadcast_to(evidence.x[:, [j]], evidence.x.shape)
                yield from both_ways(evidence, factor, evidence.name(int(j)), "")


HYPOTHESES = (DataFactor(), ParameterFactor())
