"""Whether f has a kink at the point that no coordinate shows alone."""

import numpy as np

from ...._evaluation.evaluator import Evaluator
from ...._model.estimate import SAFETY, Estimate
from .nearby import CLOSER, PROBE, ROUGH
from .units import units


def bends(evaluator: Evaluator, differences: Estimate) -> bool:
    """Whether f has a kink along one random direction, as it has at ties along most of them.

    It has one, too, if its slope along a sum of coordinates is not the sum of their slopes.
    """
    scale, layout = units(evaluator), evaluator.problem.layout
    x, (lower, upper) = evaluator.x, evaluator.problem.bounds
    way = scale * np.random.default_rng(2).uniform(-1.0, 1.0, len(scale))
    way = np.where(np.minimum(x - lower, upper - x) < PROBE * scale, 0.0, way)
    steps = PROBE * np.array([1.0, -1.0, CLOSER, -CLOSER])
    with np.errstate(all="ignore"):
        values = evaluator.along(steps, layout.unflatten(way))
        slopes = (values - evaluator.value()) / steps
        size, wide, narrow = np.max(np.abs(slopes)), *(slopes[::2] - slopes[1::2])
        # Curvature shows less within smaller steps, a kink as much.
        kink = abs(narrow - wide) <= CLOSER * abs(wide) and abs(wide) > ROUGH * size
        off = abs((slopes[2] + slopes[3]) / 2 - differences.value @ way)
        return bool(kink or off > ROUGH * size + SAFETY * differences.error @ np.abs(way))
