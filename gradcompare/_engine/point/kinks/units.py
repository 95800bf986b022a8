"""The units in which lengths near a kink are measured."""

import itertools

import numpy as np
from jaxtyping import Float

from ...._evaluation.evaluator import Evaluator
from ...._model.estimate import EPS
from ....methods._extrapolation.lines import coordinate_scale

LEFT = 16 * EPS
"""Size of a coordinate beside its array below which it is rounding of a zero."""

LAST_PLACE = 2.0**-60
"""Unit of what rounding leaves of a zero, beside its array; a small number has more digits."""


def units(evaluator: Evaluator) -> Float[np.ndarray, " d"]:
    """Returns the scale of each coordinate; that of its array for one that rounding has left."""
    scale = coordinate_scale(evaluator)
    for start, stop in itertools.pairwise(evaluator.problem.layout.offsets):
        block = scale[start:stop]
        usual = np.max(block, initial=0.0)
        left = (block < LEFT * usual) & (evaluator.x[start:stop] % (LAST_PLACE * usual) == 0)
        scale[start:stop] = np.where(left, usual, block)
    return scale
