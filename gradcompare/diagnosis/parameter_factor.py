"""A factor that is another parameter: an array of them, or a single coordinate."""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from .._finding import Finding
from ._array_factor import array_factor, both_ways
from ._evidence import Evidence
from ._hypothesis import AbstractHypothesis
from ._multiple import Prediction
from ._spread import of_leaf, spread

LIKELY = 4
"""At most so many single coordinates are followed up."""


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
    """The single coordinates that have the ratio of the worst entry at every point."""
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
            # A rough choice: what is allowed is decided by the error bars afterwards.
            likely = np.flatnonzero(off < 1e-2)
            for j in likely[np.argsort(off[likely])][:LIKELY]:
                factor = np.broadcast_to(evidence.x[:, [j]], evidence.x.shape)
                yield from both_ways(evidence, factor, evidence.name(int(j)), "")


HYPOTHESES = (ParameterFactor(),)
