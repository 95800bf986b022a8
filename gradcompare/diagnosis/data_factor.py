"""A factor that is an array of the data: weights, scales, a mask."""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from .._finding import Finding
from ._array_factor import array_factor, both_ways
from ._evidence import Evidence
from ._hypothesis import AbstractHypothesis
from ._multiple import Prediction
from ._spread import spread

POWERS = (("{}", 1), ("{}²", 2), ("√{}", 0.5))


class DataFactor(AbstractHypothesis):
    """a = v r or r / v, where v is a vector of the data, or its square or root."""

    rank: ClassVar = 50

    def explain(self, evidence: Evidence) -> Finding | None:
        return array_factor("data factor", evidence, list(_predictions(evidence)))


def _predictions(evidence: Evidence) -> Iterator[Prediction]:
    for leaf in evidence.leaves:
        for data in evidence.data:
            assert data.values is not None
            for way, factor in spread(evidence, data.values[None], leaf):
                for pattern, power in POWERS:
                    with np.errstate(all="ignore"):
                        powered = factor**power
                    yield from both_ways(evidence, powered, pattern.format(data.name), way)


HYPOTHESES = (DataFactor(),)
