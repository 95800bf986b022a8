"""The same descent with the gradients of several sources, and the prediction of its first step."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ..._evaluation.evaluator import Evaluator
from ..._foundation.errors import outcome_of
from ..._foundation.user_code import describe
from ..._model.estimate import EPS
from ...methods._extrapolation.lines import coordinate_scale
from ...methods._registry import find_method
from ..identities.differentiable import remainder_of
from ..identities.field import Field, Vector
from ..identities.ladder import STEPS
from ..timing import seconds_of
from .result import Descent, Run
from .search import Trace, descend_from

MOST_PARAMETERS = 2000
"""Largest number of parameters of a descent with differences."""

CLOSE = 0.01
"""Largest error of a predicted change of f, relative to it."""

DIVERGED = 1e-6
"""Distance of two iterates, relative to their path, from which two descents are not the same."""

SHORT = 0.05
"""Length of the vector along which the slope is measured, relative to the point."""


@dataclass(frozen=True)
class Limits:
    """When a descent ends.

    Attributes:
        iterations: The largest number of steps.
        tolerance: The ratio of the gradient to that at the start.
    """

    iterations: int
    tolerance: float


def descents(field: Field, limits: Limits) -> Descent:
    """Returns descents with the gradient under test, autodiff and central differences."""
    with np.errstate(all="ignore"):  # values that are not finite are part of the work
        gradients, missing = _gradients(field)
        traces = {name: _timed(field, each, limits) for name, each in gradients.items()}
        first = next(iter(traces.values()))[0]
        runs = tuple(_run(name, *each, first) for name, each in traces.items())
        name, d = field.evaluator.problem.objective.name, len(field.evaluator.x)
        nan = float("nan")
        nothing = Descent(name, d, "stationary", nan, nan, nan, nan, nan, nan, runs, missing)
        return _with_prediction(field, nothing)


def _with_prediction(field: Field, descent: Descent) -> Descent:
    """Adds f′(x; u) along u = −g / ‖g‖, and a step over which f changes as predicted."""
    x, g = field.evaluator.x, field.here.value
    v = -g * _scale(field.evaluator) * SHORT / (np.linalg.norm(g) or 1.0)
    v = (np.clip(x + v, *field.evaluator.problem.bounds) - x) / 2
    norm = float(np.linalg.norm(v))
    if norm == 0:
        return descent
    slope, remainder = float(g @ v) / norm, remainder_of(field, v)
    changes = field.values(v, np.append(STEPS, 0.0))
    changes = changes[:-1] - changes[-1]
    predicted = STEPS * slope * norm
    close = np.flatnonzero(np.abs(changes - predicted) <= CLOSE * np.abs(predicted))
    k = int(close[0]) if close.size else None
    step, there, said = (
        (np.nan, np.nan, np.nan)
        if k is None
        else (float(STEPS[k]) * norm, float(changes[k]), float(predicted[k]))
    )
    return replace(
        descent,
        answer=remainder.answer,
        slope=slope,
        measured=slope + remainder.defect,
        measured_error=remainder.defect_error,
        step=step,
        predicted=said,
        actual=there,
    )


Gradient = Callable[[Vector], Vector]


def _gradients(field: Field) -> tuple[dict[str, Gradient], dict[str, str]]:
    """Returns the gradients by name, that under test first; and why others are missing."""
    evaluator, missing = field.evaluator, {}
    gradients: dict[str, Gradient] = {field.method.name: partial(evaluator.run_at, field.method)}
    reverse = find_method("reverse")
    if field.method.source != "autodiff":
        outcome = outcome_of(lambda: reverse.estimate(evaluator))
        if isinstance(outcome, Exception):
            missing[reverse.name] = describe(outcome)
        else:
            gradients[reverse.name] = partial(evaluator.run_at, reverse)
    if len(evaluator.x) <= MOST_PARAMETERS:
        gradients["central"] = partial(_central, evaluator)
    else:
        missing["central"] = f"more than {MOST_PARAMETERS} parameters"
    return gradients, missing


def _central(evaluator: Evaluator, x: Vector) -> Vector:
    """Returns central differences with one step for each coordinate, cut at the bounds."""
    lower, upper = evaluator.problem.bounds
    h = np.cbrt(EPS) * np.maximum(np.abs(x), coordinate_scale(evaluator))
    up, down = np.minimum(h, upper - x), np.minimum(h, x - lower)
    indices = np.tile(np.arange(len(x)), 2)
    here = evaluator.at(evaluator.problem.moved(x, ""))
    there, back = np.split(here.perturbed(indices, np.concatenate([up, -down])), 2)
    return (there - back) / (up + down)


def _timed(field: Field, gradient: Gradient, limits: Limits) -> tuple[Trace, float]:
    """Returns a descent and its time, after one call that compiles."""
    evaluator, x = field.evaluator, field.evaluator.x
    problem = evaluator.problem

    def value(y: Vector) -> float:
        outcome = outcome_of(evaluator.at(problem.moved(y, "")).value)
        return outcome if isinstance(outcome, float) else np.nan

    def safe(y: Vector) -> Vector:
        outcome = outcome_of(lambda: gradient(y))
        return np.full(len(y), np.nan) if isinstance(outcome, Exception) else outcome

    safe(x)
    value(x)
    scale = _scale(evaluator)
    return seconds_of(
        lambda: descend_from(
            x, value, safe, problem.bounds, scale, limits.iterations, limits.tolerance
        )
    )


def _scale(evaluator: Evaluator) -> float:
    """Returns the length of the point, with the usual size for coordinates at zero."""
    return float(np.linalg.norm(np.maximum(np.abs(evaluator.x), coordinate_scale(evaluator))))


def _run(name: str, trace: Trace, seconds: float, first: Trace) -> Run:
    points = np.array(trace.points)
    length = float(np.sum(np.linalg.norm(np.diff(points, axis=0), axis=1)))
    count = min(len(points), len(first.points))
    away = np.linalg.norm(points[:count] - np.array(first.points[:count]), axis=1)
    apart = np.flatnonzero(away > DIVERGED * length)
    parts_at = int(apart[0]) if apart.size else None
    if parts_at is None and len(points) != len(first.points):
        parts_at = count
    return Run(
        name,
        np.array(trace.values),
        points[-1],
        trace.evaluations,
        length,
        parts_at,
        seconds,
        trace.reason,
    )
