"""An argument that the value depends on, and the gradient does not."""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from ..._foundation.layout import indices
from ..._model.finding import Finding
from ..evidence.data import Evidence
from ..evidence.naming import inside, others_agree
from ..terms.other_data import DataLeaf, OtherData
from ._base import AbstractHypothesis
from ._exact import agrees


class IgnoredArgument(AbstractHypothesis):
    """a is the gradient of the value with one array of the data replaced by a constant."""

    rank: ClassVar = 62

    def explain(self, evidence: Evidence) -> Finding | None:
        other = evidence.other_data
        if other is None:
            return None
        tries = list(_tries(other))
        for k, text, new in tries[: other.affordable]:
            if _holds(evidence, other, k, new, len(tries)):
                return _finding(evidence, other, other.leaves[k], text)
        return None


def _tries(other: OtherData) -> Iterator[tuple[int, str, np.ndarray]]:
    """Yields the number of an array of the data, and constants for it in words and numbers."""
    for k, leaf in enumerate(other.leaves):
        values = leaf.values
        if not leaf.numeric:
            continue
        alone = values.ndim == 0
        constants = [("1" if alone else "ones", 1.0), ("0" if alone else "zeros", 0.0)]
        if not alone and values.dtype.kind == "f":
            constants.append(("its mean", float(np.mean(values))))
        for text, constant in constants:
            if np.any(values != constant):
                yield k, text, np.full_like(values, constant)


def _holds(evidence: Evidence, other: OtherData, k: int, new: np.ndarray, trials: int) -> bool:
    """Whether the gradient under test is that of the value with an array replaced."""
    gradients, bars = np.zeros(evidence.x.shape), np.zeros(evidence.x.shape)
    for point in range(len(evidence.x)):
        derivative = _derivative(other, point, k, new)
        if derivative is None:
            return False
        gradients[point], bars[point] = derivative
        # Nearly all that do not hold fail at the first point.
        allowed = evidence.allowed(gradients, bars)[point]
        same = np.abs(evidence.analytic - gradients)[point] <= allowed
        if not np.all((same | ~evidence.usable[point])[evidence.open]):
            return False
    return agrees(evidence, gradients, bars, evidence.open, trials)


def _derivative(
    other: OtherData, point: int, k: int, new: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """Returns the derivative of the value with an array replaced, and its error bar."""
    if new.ndim or new:
        estimate = other.of_value(other.at(point, {k: new}))
        return None if estimate is None else (estimate.value, estimate.error)
    # A number may be a tolerance, or a step in time: with 0 a loop would never end. Where the
    # derivative is linear in it, that at 0 follows from twice the number.
    whole = other.of_value(other.at(point, {}))
    twice = other.of_value(other.at(point, {k: 2 * other.leaves[k].values}))
    if whole is None or twice is None:
        return None
    return 2 * whole.value - twice.value, 2 * whole.error + twice.error


def _finding(evidence: Evidence, other: OtherData, leaf: DataLeaf, text: str) -> Finding:
    chosen = evidence.open
    where = inside(evidence, chosen)
    of = f" of {other.function}" if other.function else ""
    argument = f" (argument {leaf.argument}{of})" if leaf.argument else ""
    return Finding(
        "argument",
        f"{where}the gradient ignores `{leaf.name}`{argument}: it is the gradient with "
        f"`{leaf.name}` replaced by {text}{others_agree(evidence, chosen)}",
        correction=f"let `{leaf.name}` enter the gradient as it enters the value",
        coordinates=indices(chosen),
    )


HYPOTHESES = (IgnoredArgument(),)
