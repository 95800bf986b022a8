"""A factor that is an array of the data: weights, scales, a mask."""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from .._finding import Finding
from ._evidence import Evidence
from ._hypothesis import AbstractHypothesis
from ._multiple import Prediction, best_match, times
from ._spread import spread
from ._where import describe, others_agree

POWERS = (("{}", 1), ("{}²", 2), ("√{}", 0.5))


class DataFactor(AbstractHypothesis):
    """a = v r or r / v, where v is a vector of the data, or its square or root."""

    rank: ClassVar = 50

    def explain(self, evidence: Evidence) -> Finding | None:
        match = best_match(evidence, evidence.analytic, list(_predictions(evidence)), named=True)
        if match is None:
            return None
        where, others = describe(evidence, match.chosen), others_agree(evidence, match.chosen)
        constant = "" if match.exact else f"{match.constant.words} × "
        undone = match.prediction.undone
        return Finding(
            "data factor",
            f"{where}: {constant}{match.prediction.text}{others}",
            correction=undone if match.exact else f"{match.constant.undone}, and {undone}",
            coordinates=match.coordinates,
        )


def _predictions(evidence: Evidence) -> Iterator[Prediction]:
    for leaf in evidence.leaves:
        for data in evidence.data:
            assert data.values is not None
            for way, factor in spread(evidence, data.values[None], leaf):
                for pattern, power in POWERS:
                    with np.errstate(all="ignore"):
                        powered = factor**power
                        inverse = 1 / powered
                    name = pattern.format(data.name)
                    text = f"{name} times the reference{way}"
                    yield times(evidence, powered, text, undone=f"divide by {name}")
                    text = f"the reference divided by {name}{way}"
                    yield times(evidence, inverse, text, undone=f"multiply by {name}")


HYPOTHESES = (DataFactor(),)
