"""The right numbers combined in the wrong way along an axis of an array."""

from collections.abc import Callable, Iterator
from typing import ClassVar

import numpy as np

from ..._model.finding import Finding
from ..evidence.data import Evidence
from ..evidence.multiple import Prediction, best_match
from ..evidence.naming import others_agree
from ._base import AbstractHypothesis


class Reduction(AbstractHypothesis):
    """a is the symmetric part of r, its sum along an axis, or its running sum."""

    rank: ClassVar = 44

    def explain(self, evidence: Evidence) -> Finding | None:
        predictions = [p for p in _predictions(evidence) if p is not None]
        match = best_match(evidence, evidence.analytic, predictions, named=True)
        if match is None:
            return None
        times = "" if match.exact else f", {match.constant.words} times"
        return Finding(
            match.prediction.kind,
            f"{match.prediction.text}{times}{others_agree(evidence, match.scope)}",
            correction=match.prediction.undone,
            coordinates=match.coordinates,
        )


def _predictions(evidence: Evidence) -> Iterator[Prediction]:
    for leaf in evidence.leaves:
        if len(leaf.shape) == 2 and leaf.shape[0] == leaf.shape[1] > 1:
            yield from _symmetric(evidence, leaf)
        for axis, size in enumerate(leaf.shape):
            if size < 2:
                continue
            along = "" if len(leaf.shape) == 1 else f" along axis {axis}"
            yield _mapped(
                evidence, leaf, "sum",
                f"{leaf.name} holds the sum of the reference{along} in every entry",
                "do not sum over the entries",
                lambda r, axis=axis: np.broadcast_to(r.sum(axis + 1, keepdims=True), r.shape),
            )  # fmt: skip
            yield _mapped(
                evidence, leaf, "accumulated",
                f"{leaf.name} holds running sums of the reference{along}",
                "write each entry without adding the ones before it",
                lambda r, axis=axis: np.cumsum(r, axis + 1),
            )  # fmt: skip


def _symmetric(evidence: Evidence, leaf) -> Iterator[Prediction]:
    declare = ", or declare symmetric=True if that is meant" if evidence.declarable else ""
    yield _mapped(
        evidence, leaf, "symmetric part",
        f"{leaf.name} holds the symmetric part (G + Gᵀ)/2 of the reference G",
        f"return the derivative of each entry separately{declare}",
        lambda r: (r + r.swapaxes(1, 2)) / 2,
    )  # fmt: skip
    yield _mapped(
        evidence, leaf, "symmetric part",
        f"{leaf.name} holds G + Gᵀ minus its diagonal, where G is the reference: the "
        "derivative when both triangles move together",
        "return the derivative of each entry separately",
        lambda r: r + r.swapaxes(1, 2) - r * np.eye(r.shape[1]),
    )  # fmt: skip


def _mapped(
    evidence: Evidence, leaf, kind: str, text: str, undone: str, function: Callable
) -> Prediction:
    """Returns a linear function of the reference of one leaf.

    Its coefficients are ≥ 0, so that it maps error bars to error bars.
    """

    def laid(flat):
        shaped = flat[:, leaf.span].reshape(len(flat), *leaf.shape)
        out = np.full(flat.shape, np.nan)
        out[:, leaf.span] = function(shaped).reshape(len(flat), -1)
        return out

    bar = np.abs(laid(evidence.reference_bar))
    return Prediction(text, laid(evidence.reference), bar, kind=kind, undone=undone, complete=True)


HYPOTHESES = (Reduction(),)
