"""The units in which lengths near a kink are measured."""

import itertools

import numpy as np
from jaxtyping import Bool, Float, Int

from ...._evaluation.evaluator import Evaluator
from ...._model.estimate import EPS, SAFETY
from ....methods._extrapolation.lines import coordinate_scale
from ....methods._extrapolation.noise.measurement import measure_noise

LEFT = 16 * EPS
"""Size of a coordinate beside its array below which it is rounding of a zero."""


def units(evaluator: Evaluator) -> Float[np.ndarray, " d"]:
    """Returns the scale of each coordinate; that of its array for one that rounding has left."""
    scale = coordinate_scale(evaluator)
    array = np.empty_like(scale)
    for start, stop in itertools.pairwise(evaluator.problem.layout.offsets):
        array[start:stop] = np.max(scale[start:stop], initial=0.0)
    small = np.flatnonzero(scale < LEFT * array)
    if small.size:
        left = small[~_is_seen(evaluator, small, scale[small])]
        scale[left] = array[left]
    return scale


def _is_seen(
    evaluator: Evaluator, indices: Int[np.ndarray, " k"], steps: Float[np.ndarray, " k"]
) -> Bool[np.ndarray, " k"]:
    """Whether f changes where coordinates move by their own size, as by none of rounding."""
    f = evaluator.value()
    noise = SAFETY * max(measure_noise(evaluator).bound, EPS * abs(f))
    with np.errstate(all="ignore"):
        sides = [evaluator.perturbed(indices, sign * steps) - f for sign in (1.0, -1.0)]
    return np.max(np.abs(sides), axis=0) > noise
