"""Agreement of the gradient under test with another one in which no number was fitted."""

import numpy as np
from jaxtyping import Bool, Float

from ..evidence.data import Evidence
from ..evidence.fit import BY_CHANCE

TELLING_ENTRIES = 3
"""Least number of wrong entries that another gradient has to explain."""

TELLING_POINTS = 2
"""Least number of points at which it has to explain some."""


def agrees(
    evidence: Evidence,
    gradients: Float[np.ndarray, "p d"],
    bars: Float[np.ndarray, "p d"],
    chosen: Bool[np.ndarray, " d"],
    trials: float,
) -> bool:
    """Whether the gradient under test equals these numbers in some coordinates, not by chance.

    An entry that is wrong by e agrees by chance with probability T/e, where T is the tolerance.

    Args:
        evidence: The evidence.
        gradients: The numbers.
        bars: Their error bars.
        chosen: The coordinates, in all of which it has to hold.
        trials: The number of gradients it could have been.
    """
    allowed = evidence.allowed(gradients, bars)
    same = np.abs(evidence.analytic - gradients) <= allowed
    if not np.all((same | ~evidence.usable)[:, chosen]):
        return False
    telling = evidence.wrong & chosen
    if telling.sum() < TELLING_ENTRIES or telling.any(axis=1).sum() < TELLING_POINTS:
        return False
    error = np.abs(evidence.analytic - evidence.reference)[telling]
    chances = np.clip(allowed[telling] / error, 1e-300, 1)
    return bool(np.log10(trials) + np.sum(np.log10(chances)) < np.log10(BY_CHANCE))
