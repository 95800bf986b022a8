"""The rounding error of a program, measured by moving its inputs a few units in the last place."""

from collections.abc import Hashable

import numpy as np
from jaxtyping import Float, PyTree

from .._model.estimate import Estimate
from .evaluator import Evaluator
from .program import Function

NUDGES = 3
"""How many perturbed points. More make the bar steadier and cost one gradient each."""


_SPREAD_FACTOR = 2.0
"""From the largest of `NUDGES` displacements to a bar; calibrated on the registry."""


def estimate_with_rounding(
    evaluator: Evaluator, key: Hashable, function: Function, *extra: PyTree
) -> Estimate:
    """Runs a program that is exact but for rounding, and measures its rounding error.

    Parameters and data are moved by a few units in the last place, up or down at random.
    How far the result moves shows how much it amplifies the rounding of its own
    intermediate results: forward error ≲ condition number × backward error (Higham,
    Accuracy and Stability of Numerical Algorithms, 2002, section 1.5).
    """
    value = evaluator.run(key, function, *extra)
    moved = [evaluator.run(key, function, *extra, moved=seed) for seed in range(NUDGES)]
    return Estimate(value, _rounding_bar(value, np.stack(moved), evaluator.epsilon(key)))


def _rounding_bar(
    value: Float[np.ndarray, " k"], moved: Float[np.ndarray, "n k"], epsilon: float
) -> Float[np.ndarray, " k"]:
    with np.errstate(invalid="ignore"):  # a value that is not finite has no bar
        apart = np.abs(moved - value)
    # At the edge of a domain, some of the points beside it may lie outside.
    known = np.isfinite(apart)
    spread = np.where(known.any(axis=0), np.max(apart, axis=0, where=known, initial=0), np.nan)
    return _SPREAD_FACTOR * (spread + 2 * epsilon * np.abs(value))
