"""Estimates and judgements made by hand, without running anything."""

from collections.abc import Sequence

import numpy as np

from gradcompare import Estimate


def made(value: Sequence[float] | float, error: Sequence[float] | float, sides=None) -> Estimate:
    """A flat estimate; `sides` are the derivatives from the left and from the right."""
    value = np.atleast_1d(np.asarray(value, np.float64))
    error = np.broadcast_to(np.asarray(error, np.float64), value.shape).copy()
    if sides is None:
        return Estimate(value, error)
    left, right = (np.atleast_1d(np.asarray(side, np.float64)) for side in sides)
    return Estimate(value, error, left=left, right=right)
