"""What hypotheses about a factor that is an array have in common: its two ways, and the words."""

from collections.abc import Iterator

import numpy as np

from .._finding import Finding
from ._evidence import Evidence
from ._multiple import Prediction, best_match, times
from ._where import describe, others_agree


def both_ways(evidence: Evidence, factor: np.ndarray, name: str, way: str) -> Iterator[Prediction]:
    """The reference times the factor, and divided by it."""
    text = f"{name} times the reference{way}"
    yield times(evidence, factor, text, undone=f"divide by {name}")
    with np.errstate(all="ignore"):
        inverse = 1 / factor
    text = f"the reference divided by {name}{way}"
    yield times(evidence, inverse, text, undone=f"multiply by {name}")


def array_factor(kind: str, evidence: Evidence, predictions: list[Prediction]) -> Finding | None:
    """The finding of the prediction that matches, if there is one."""
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
