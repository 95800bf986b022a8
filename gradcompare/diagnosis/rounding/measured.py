"""Estimates with the rounding error that was measured inside of their programs."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ..._evaluation.evaluator import Evaluator
from ..._evaluation.monte_carlo.rows import estimate_with_shuffled_rows
from ..._evaluation.monte_carlo.spread import estimate_with_random_rounding
from ..._model.estimate import Estimate
from ...methods._base import AbstractEvaluator, AbstractMethod, estimate_as_declared
from .captured import error_of_captured


def measured(evaluator: Evaluator, key: Hashable) -> Estimate:
    """Returns the result under `key`, with the rounding error that its run shows."""
    found = estimate_with_random_rounding(evaluator, key)
    return estimate_with_shuffled_rows(evaluator, key) if found is None else found


@dataclass(frozen=True)
class _Measured(AbstractMethod):
    """Autodiff with the rounding error measured inside, before the convention is applied."""

    label: ClassVar = "measured"
    symbol: ClassVar = "M"
    source: ClassVar = "autodiff"
    standard: ClassVar = False

    method: AbstractMethod

    def estimate(self, evaluator: AbstractEvaluator) -> Estimate:
        """Returns autodiff at the point of the evaluator, with the bars measured inside."""
        assert isinstance(evaluator, Evaluator)
        return measured(evaluator, self.method)


def widened_exact(evaluator: Evaluator, method: AbstractMethod, before: Estimate) -> Estimate:
    """Returns an exact derivative with bars at least as wide as its rounding error inside.

    What the functions capture has rounding errors as well.
    """
    if method not in evaluator.functions:
        return before
    if method.source == "analytic":
        found = measured(evaluator, method)
    else:
        found = estimate_as_declared(_Measured(method), evaluator)
    captured = error_of_captured(evaluator, method, before)
    return replace(before, error=np.fmax.reduce([before.error, found.error, captured]))


def widened_differences(evaluator: Evaluator, before: Estimate) -> Estimate:
    """Returns finite differences with bars at least as wide as the noise of the value gives.

    Where differences of several steps agree on a derivative that such a noise would cover, they
    refute it: an algorithm may be exact by design, as t + (1 − t), which random rounding breaks.
    """
    if before.step is None or "value" not in evaluator.functions:
        return before
    noise = float(measured(evaluator, "value").error[0])
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        bar = noise / before.step
    counts = np.isfinite(bar) & ((bar <= np.abs(before.value)) | (before.value == 0))
    return replace(before, error=np.where(counts, np.fmax(before.error, bar), before.error))
