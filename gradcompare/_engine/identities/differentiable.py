"""Whether f is differentiable with a gradient, and twice so with a Hessian, along one vector."""

from typing import Literal

import numpy as np
from jaxtyping import Float

from ..._model.estimate import SAFETY
from ...methods._extrapolation.lines import room_along
from .field import Field, Vector
from .ladder import STEPS, Ladder
from .remainder import Remainder

DEFECT_SHARE = 0.01
"""Largest share of the slope along v that an undetected defect may have."""

SLIGHT_DEFECT = 1e-3
"""Largest defect, in units of the slope along v, of a gradient that is right to some digits."""

Answer = Literal["right", "inexact", "wrong", "kink", "undecided"]


def remainder_of(
    field: Field, v: Vector, hessian: Float[np.ndarray, "d d"] | None = None
) -> Remainder:
    """Returns the remainder along a vector, to both sides of the point where there is room."""
    with np.errstate(all="ignore"):  # values that are not finite are part of the work
        return _remainder(field, v, hessian)


def _remainder(field: Field, v: Vector, hessian: Float[np.ndarray, "d d"] | None) -> Remainder:
    x, problem, g = field.evaluator.x, field.evaluator.problem, field.here.value
    norm = float(np.linalg.norm(v))
    below, above = room_along(x, *problem.bounds, v)
    turned = above < min(1.0, below)  # the side with room comes first
    v, (below, above) = (-v, (above, below)) if turned else (v, (below, above))
    slope, lengths = float(g @ v), STEPS * min(1.0, 4 * above)
    gradient_error = float(field.here.error @ np.abs(v)) / norm
    forward = _ladder(field, v, lengths, slope, 0.0, 1)
    backward = None
    if below >= lengths[0]:
        backward = _ladder(field, -v, lengths, -slope, 0.0, 1)
    scale = float(np.linalg.norm(g * v)) / norm
    answer = _answer(forward, backward, scale, gradient_error)
    second, second_answer, curvature = None, "", float("nan")
    if hessian is not None:
        bend = float(v @ hessian @ v) / 2
        second, curvature = _ladder(field, v, lengths, slope, bend, 2), bend / norm**2
        size = float(np.linalg.norm(hessian * np.outer(v, v))) / norm**2
        second_answer = _second_answer(answer, second, size)
    name, d = problem.objective.name, len(x)
    return Remainder(
        name, d, answer, forward, backward, second, second_answer, scale, curvature, gradient_error
    )


def _ladder(field: Field, v: Vector, t: Vector, slope: float, bend: float, order: int) -> Ladder:
    values = field.values(v, np.append(t, 0.0))
    left = values[:-1] - values[-1] - t * slope - t**2 * bend
    return Ladder.of(t, left, field.noise, order, float(np.linalg.norm(v)))


def _answer(forward: Ladder, backward: Ladder | None, scale: float, error: float) -> Answer:
    bar = SAFETY * (forward.defect_error + error)
    off = abs(forward.defect) > bar
    if backward is not None:
        other = SAFETY * (backward.defect_error + error)
        if abs(forward.defect + backward.defect) > bar + other:
            return "kink"
        off &= abs(backward.defect) > other
    if off:
        return "inexact" if abs(forward.defect) <= SLIGHT_DEFECT * scale else "wrong"
    return "right" if bar <= DEFECT_SHARE * scale or _is_flat(forward, scale) else "undecided"


def _is_flat(ladder: Ladder, scale: float) -> bool:
    """Whether f does not change at all, as it should by the gradient."""
    return scale == 0 and not np.any(ladder.ratios) and ladder.defect_error == 0


def _second_answer(first: str, second: Ladder, size: float) -> str:
    """Returns the answer for the Hessian, which a wrong gradient would spoil."""
    bar = SAFETY * second.defect_error
    if first not in ("right", "inexact") or not np.isfinite(bar):
        return "undecided"
    if abs(second.defect) > bar:
        return "wrong"
    return "right" if bar <= DEFECT_SHARE * size else "undecided"
