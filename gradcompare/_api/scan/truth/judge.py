"""The judge as the truth: where two seeds contradict autodiff outside of their bars."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...._foundation.errors import outcome_of
from ...._model.estimate import SAFETY
from ...._model.verdict import Verdict
from ...check import check

JUDGE = "the judge"

SHARP = 1e-6
"""Largest relative bar of a derivative that shows that autodiff should be finite."""


@dataclass(frozen=True)
class Contradiction:
    """The entry at which autodiff is furthest outside of the bars, with its numbers."""

    entry: int
    autodiff: float
    truth: float
    bar: float
    cause: str = ""


def contradiction(
    value: Callable[..., Any], arguments: Sequence[Any], number: int, seed: int
) -> Contradiction | None:
    """Returns where autodiff contradicts the judge at both of two seeds; None if it does not."""
    first = None
    for each in (seed, seed + 1):
        found = _once(value, arguments, number, each)
        if found is None or (first is not None and found.entry != first.entry):
            return None
        first = first or found
    return first


def _once(
    value: Callable[..., Any], arguments: Sequence[Any], number: int, seed: int
) -> Contradiction | None:
    def of_one(x: Any, *rest: Any) -> Any:
        return value(*rest[:number], x, *rest[number:])

    rest = [each for n, each in enumerate(arguments) if n != number]
    outcome = outcome_of(
        lambda: check(of_one, None, arguments[number], *rest, points=1, seed=seed)
    )
    if isinstance(outcome, Exception):
        return None
    (result,) = outcome
    if result.verdict not in (Verdict.AUTODIFF_WRONG, Verdict.NONFINITE) or not result.points:
        return None
    point = result.points[0]
    votes = point.votes
    if "autodiff" not in votes or "differences" not in votes or not np.isfinite(point.value):
        return None
    auto, slope = votes["autodiff"], votes["differences"]
    distance = np.abs(auto.value - slope.value)
    outside = distance > SAFETY * (np.nan_to_num(auto.error) + slope.error)
    sharp = (slope.error <= SHARP * np.abs(slope.value)) & (slope.value != 0)
    outside = np.where(np.isfinite(auto.value), outside, sharp)
    if not outside.any():
        return None
    worst = int(np.argmax(np.where(outside, np.nan_to_num(distance, nan=np.inf), -1)))
    cause = str(result.diagnosis[0]) if result.diagnosis else ""
    autodiff, truth, bar = (float(each[worst]) for each in (auto.value, slope.value, slope.error))
    return Contradiction(worst, autodiff, truth, bar, cause)
