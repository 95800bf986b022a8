"""The entries of an array in another order, or those of another array."""

import itertools
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from jaxtyping import Int

from ..._model.finding import Finding
from ..evidence.data import Evidence, Leaf
from ..evidence.multiple import Prediction, best_match
from ..evidence.naming import others_agree
from ._base import AbstractHypothesis

SHORTEST = 4
"""Least number of entries that are called reversed or shifted; fewer are called swapped."""


class Permutation(AbstractHypothesis):
    """a = P r within an array, or between arrays of the same shape, maybe times a constant."""

    rank: ClassVar = 40

    def explain(self, evidence: Evidence) -> Finding | None:
        predictions = [*_exchanges(evidence), *_inside(evidence)]
        match = best_match(evidence, evidence.analytic, predictions, named=True)
        if match is None:
            return None
        times = "" if match.exact else f", and {match.constant.words} times the reference"
        if match.constant.is_one_of(-1):
            times = ", and has the opposite sign"
        return Finding(
            match.prediction.kind,
            f"{match.prediction.text}{times}{others_agree(evidence, match.scope)}",
            correction=match.prediction.undone,
            coordinates=match.coordinates,
        )


def _inside(evidence: Evidence) -> Iterator[Prediction]:
    for leaf in evidence.leaves:
        order = np.arange(int(np.prod(leaf.shape))).reshape(leaf.shape)
        for kind, text, moved in _orders(order):
            yield _reordered(
                evidence,
                {leaf: leaf.span.start + moved.reshape(-1)},
                kind,
                f"{leaf.name} is {text}",
                "put the entries in the order of the parameters",
            )


def _orders(order: Int[np.ndarray, "..."]) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yields the kind, the words, and the order of the entries."""
    if order.ndim == 2 and min(order.shape) > 1:
        if order.shape[0] == order.shape[1]:
            yield "transpose", "transposed", order.T
        else:
            yield "transpose", "the transpose, read out row by row", order.T
            flipped = order.reshape(order.shape[::-1]).T
            yield "transpose", "in column-major order, read as row-major", flipped
        yield "reversed", "in reverse order along both axes", np.flip(order)
    for axis, size in enumerate(order.shape):
        if size < SHORTEST:
            continue
        along = "" if order.ndim == 1 else f" along axis {axis}"
        yield "reversed", f"in reverse order{along}", np.flip(order, axis)
        for by in (1, -1):
            way = "forwards" if by > 0 else "backwards"
            yield "shift", f"shifted by one entry {way}{along}", np.roll(order, by, axis)


def _exchanges(evidence: Evidence) -> Iterator[Prediction]:
    leaves = [leaf for leaf in evidence.leaves if leaf.shape]
    for a, b in itertools.combinations(leaves, 2):
        if a.shape != b.shape:
            continue
        spans = {leaf: np.arange(leaf.span.start, leaf.span.stop) for leaf in (a, b)}
        text = f"{a.name} and {b.name} are swapped: each holds the derivative of the other"
        yield _reordered(evidence, {a: spans[b], b: spans[a]}, "swap", text, "exchange them")
        for mine, other in ((a, b), (b, a)):
            text = f"{mine.name} holds the derivative of {other.name}"
            undone = f"write the derivative of {mine.name}"
            yield _reordered(evidence, {mine: spans[other]}, "permutation", text, undone)


def _reordered(
    evidence: Evidence, order: dict[Leaf, np.ndarray], kind: str, text: str, undone: str
) -> Prediction:
    """Returns the reference with entries of some leaves replaced by others."""
    values = np.full(evidence.x.shape, np.nan)
    bar = np.full(evidence.x.shape, np.nan)
    for leaf, source in order.items():
        values[:, leaf.span] = evidence.reference[:, source]
        bar[:, leaf.span] = evidence.reference_bar[:, source]
    return Prediction(text, values, bar, kind=kind, undone=undone, complete=True)


HYPOTHESES = (Permutation(),)
