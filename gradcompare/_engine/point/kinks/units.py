"""The units in which lengths near a kink are measured."""

import itertools

import numpy as np
from jaxtyping import Float

from ...._evaluation.evaluator import Evaluator
from ...._model.estimate import EPS
from ....methods._extrapolation.lines import coordinate_scale

LEFT = 16 * EPS
"""Size of a coordinate beside its array below which it is rounding of a zero."""


def units(evaluator: Evaluator) -> Float[np.ndarray, " d"]:
    """Returns the scale of each coordinate; that of its array for one that rounding has left."""
    scale = coordinate_scale(evaluator)
    for start, stop in itertools.pairwise(evaluator.problem.layout.offsets):
        usual = np.max(scale[start:stop], initial=0.0)
        scale[start:stop] = np.where(scale[start:stop] < LEFT * usual, usual, scale[start:stop])
    return scale
