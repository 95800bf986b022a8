"""Estimates with the rounding error that was measured inside of their programs."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int

from ..._evaluation.evaluator import Evaluator
from ..._evaluation.monte_carlo.rows import estimate_with_shuffled_rows
from ..._evaluation.monte_carlo.spread import estimate_with_random_rounding
from ..._evaluation.twin import JaxTwin
from ..._foundation.errors import outcome_of
from ..._model.estimate import Estimate
from ..._results.judgement.excess import excess_of
from ...methods._base import AbstractEvaluator, AbstractMethod, estimate_as_declared
from ...methods._extrapolation.lines import coordinate_scale, room
from .captured import error_of_captured

FURTHER_OUT = 4.0
"""Step at which a difference is taken once more, beside that at which noise would be as large as
the derivative. It may change it by a quarter there, and the curve of f by as much."""


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
        rerun = outcome_of(lambda: _rerun_with_random_rounding(evaluator, method, before))
        found = rerun if isinstance(rerun, Estimate) else measured(evaluator, method)
    else:
        found = estimate_as_declared(_Measured(method), evaluator)
    captured = error_of_captured(evaluator, method, before)
    return replace(before, error=np.fmax.reduce([before.error, found.error, captured]))


def _rerun_with_random_rounding(
    evaluator: Evaluator, method: AbstractMethod, before: Estimate
) -> Estimate | None:
    """Returns the rounding error of a gradient of NumPy, measured in its copy with jax.numpy.

    Moving its inputs does not show the digits that 1 − t² loses where t is almost 1.

    Returns:
        None if the value has no such copy, or that of the gradient gives other numbers.
    """
    problem, cache = evaluator.problem, evaluator.cache
    gradient, twin = problem.objective.gradient, cache.twins.get("value")
    if (
        gradient is None
        or not isinstance(twin, JaxTwin)
        or not evaluator.functions[method].on_host
    ):
        return None
    objective = replace(problem.objective, gradient=JaxTwin(gradient, twin.fixed))
    there = replace(
        evaluator, problem=replace(problem, objective=objective), cache=cache.emptied()
    )
    copy = method.estimate(there)
    inside = estimate_with_random_rounding(there, method)
    smooth = np.zeros(len(before.value), bool)
    if inside is None or np.any(excess_of(before, inside, like=smooth) > 1):
        return None
    return replace(inside, error=np.fmax(copy.error, inside.error))


def noise_inside(evaluator: Evaluator) -> float:
    """Returns the rounding error of the value that its run shows; 0 if there is no value."""
    return float(measured(evaluator, "value").error[0]) if "value" in evaluator.functions else 0.0


def widened_differences(before: Estimate, noise: float) -> Estimate:
    """Returns finite differences with bars at least as wide as the noise of the value gives.

    Where differences of several steps agree on a derivative that such a noise would cover, they
    refute it: an algorithm may be exact by design, as t + (1 − t), which random rounding breaks.
    """
    bar = _bars(before, noise)
    counts = np.isfinite(bar) & ((bar <= np.abs(before.value)) | (before.value == 0))
    return replace(before, error=np.where(counts, np.fmax(before.error, bar), before.error))


def within_stairs(
    evaluator: Evaluator, before: Estimate, entries: Int[np.ndarray, " k"], noise: float
) -> Int[np.ndarray, " k"]:
    """Returns those of some entries whose steps lie within one stair of the rounding.

    Their differences agree on a derivative that the noise would cover, and are others at a step
    at which it would hardly change them. On the host, the noise inside is not known well enough.
    """
    if evaluator.functions["value"].on_host:
        return entries[:0]
    bar = _bars(before, noise)[entries]
    covered = np.isfinite(bar) & (bar > np.abs(before.value[entries]))
    entries = entries[covered & (before.value[entries] != 0)]
    slopes = before.value[entries]
    with np.errstate(all="ignore"):
        farthest = np.minimum.reduce([*room(evaluator), coordinate_scale(evaluator)])[entries]
        steps = np.minimum(FURTHER_OUT * noise / np.abs(slopes), farthest)
        ends = np.concatenate([steps, -steps])
        up, down = np.split(evaluator.perturbed(np.concatenate([entries, entries]), ends), 2)
        off = np.abs((up - down) / (2 * steps) - slopes)
        return entries[off > 2 * np.maximum(np.abs(slopes) / FURTHER_OUT, noise / steps)]


def _bars(before: Estimate, noise: float) -> Float[np.ndarray, " k"]:
    """Returns the bars that the noise gives; NaN where the step is not known."""
    if before.step is None:
        return np.full(len(before.value), np.nan)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return noise / before.step
