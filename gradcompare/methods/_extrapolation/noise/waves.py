"""Functions that oscillate so fast that they look noisy."""

import numpy as np
from jaxtyping import Float

from ...._model.estimate import EPS
from ..._base import AbstractValues
from .level import ORDERS, level_of_order, noise_level
from .stairs import POINTS

BETWEEN = tuple(2.0**-power for power in range(48, 20, -2))
"""Spacings at which an oscillation may be seen, the closest first, each four times the last."""

BENT = 3.0
"""Largest ratio of what looks like noise to how far f bends, if it is an oscillation."""

FALL = (4.0, 300.0)
"""Range of the ratio by which the bend of a smooth f falls from one such spacing to the next."""

MUCH = 1e6 * EPS
"""Fraction of f above which what looks like noise may be an oscillation."""

WHOLE = 0.03
"""Share of all changes of f above which noise may be an oscillation."""

OSCILLATION = 30.0
"""Ratio of the noise at the wide spacing to that at the close one above which f may oscillate."""


def may_oscillate(levels: list[float], values: Float[np.ndarray, "s n"]) -> bool:
    """Whether what looks like noise may be an oscillation of f, or a peak.

    At the wide spacing alone there is more of it, or it is as large as f itself.
    """
    if not levels:
        return False
    most = max(levels)
    alone = len(levels) < len(values) or min(levels) < most / OSCILLATION
    return most > MUCH * np.max(np.abs(values)) and (alone or most > WHOLE * np.ptp(values))


def varies(
    evaluator: AbstractValues,
    direction: Float[np.ndarray, " d"],
    level: float,
    *,
    start: float = 0.0,
) -> tuple[list[float] | None, int]:
    """Returns the noise where f varies smoothly by `level`, and the number of values it took.

    Over some closer spacing, a function that oscillates bends by as much, and without noise there
    and at all closer ones; the noise of a solver is as large over each spacing, or freezes. None
    where f does not vary so.
    """
    line, steps = evaluator.problem.layout.unflatten(direction), np.arange(1, POINTS + 1)
    levels, bound, closer, number = [], 0.0, 0.0, 0
    for number, spacing in enumerate(BETWEEN, 1):
        values = evaluator.along(start + spacing * steps, line)
        noise = noise_level(values)
        if noise is not None and noise >= level / OSCILLATION:
            break
        levels += [] if noise is None else [noise]
        bend = float(np.ptp(values - np.polyval(np.polyfit(steps, values, 1), steps)))
        if bend > level / BENT:
            # A smooth f bends 16 times less over a quarter of the way; the step that a solver
            # makes is as high, or not there.
            smooth = bend < FALL[1] * closer and bend > FALL[0] * closer
            return levels[:2] or [bound] if smooth else None, number * POINTS
        # Where they show curvature as well as noise, sixth differences bound the noise.
        bound, closer = bound or float(level_of_order(values, ORDERS[-1])), bend
    return None, number * POINTS
