"""The operation that loses the digits of a derivative.

With random rounding, the relative error behind each operation is compared with that before it. An
operation behind which it is a thousand times as large cancels, or has the wrong form for its
operands. It is to blame if the derivative keeps still once its result is replaced by the plain
one.
"""

from collections.abc import Sequence

import numpy as np

from ..._evaluation.evaluator import Evaluator
from ..._evaluation.monte_carlo.rerun import largest_of
from ..._evaluation.monte_carlo.spread import Watch, traced
from ..._foundation.user_code import Place
from ..._model.estimate import EPS
from ...methods._base import AbstractMethod

GAIN = 1e3
"""Least ratio of the relative errors behind and before an operation that loses digits."""

CANDIDATES = 8
"""Largest number of expressions that are tried."""

WATCHED_ARRAYS = 8
"""Number of arrays as large as the largest that the watched program holds, about."""

SHARE = 0.5
"""Largest part of the error that is left without the operation to blame."""


def lost_digits(evaluator: Evaluator, method: AbstractMethod, entries: Sequence[int]) -> str:
    """Returns a sentence on the operation that loses the digits of these entries, or ""."""
    closed = traced(evaluator, method)
    if closed is None or evaluator.problem.quantity != "gradient":
        return ""
    if WATCHED_ARRAYS * 8 * largest_of(closed) > evaluator.memory_bytes:
        return ""  # a remark is not worth gigabytes
    watch = Watch(evaluator, method, closed)
    seeds, nothing = range(3), np.zeros(watch.size)
    runs = [watch.run(seed, nothing) for seed in seeds]
    before = max(float(np.max(shift[list(entries)])) for shift, _ in runs)
    behind = np.max([errors for _, errors in runs], axis=0)
    gains = behind[1] / np.maximum(behind[0], EPS)
    for place, numbers in _expressions(watch.places, gains):
        healed = nothing.copy()
        healed[numbers] = 1
        after = max(float(np.max(watch.run(seed, healed)[0][list(entries)])) for seed in seeds)
        if after <= SHARE * before:
            digits = round(float(np.log10(max(gains[numbers]))))
            return f"{place} loses {min(digits, 16)} digits here"
    return ""


def _expressions(
    places: dict[int, Place | None], gains: np.ndarray
) -> list[tuple[Place, list[int]]]:
    """Returns expressions that lose digits, with their operations, those that lose most first."""
    groups: dict[Place, list[int]] = {}
    for number, place in places.items():
        if place is not None and gains[number] > GAIN:
            groups.setdefault(place, []).append(number)
    ordered = sorted(groups.items(), key=lambda item: -max(gains[item[1]]))
    return ordered[:CANDIDATES]
