"""The rounding error of a program, measured by moving its inputs a few units in the last place."""

from collections.abc import Hashable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Shaped

from .._foundation.layout import PyTree
from .._model.estimate import Estimate
from .function import Function, Runner

NUDGES = 3
"""How many perturbed points. More make the bar steadier and cost one gradient each."""


_SPREAD_FACTOR = 2.0
"""From the largest of `NUDGES` displacements to a bar; calibrated on the registry."""


def estimate_with_rounding(
    evaluator: Runner, key: Hashable, function: Function, *extra: PyTree
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


def nudge(x: np.ndarray | float, seed: int, epsilon: float) -> Shaped[np.ndarray, "..."]:
    """Moves floating numbers by up to 8 units in the last place, equal ones by the same amount.

    So ties stay ties, and zeros zeros: a kink that a point lies on is not left. Other numbers
    stay as they are.

    Args:
        x: The numbers.
        seed: Which of the many ways to move them.
        epsilon: The unit in the last place of 1.
    """
    if not jnp.issubdtype(np.asarray(x).dtype, jnp.floating):
        return np.asarray(x)
    numbers = np.asarray(x, np.float64)
    with np.errstate(over="ignore"):  # of a product that serves as a hash
        mixed = (numbers.view(np.uint64) ^ np.uint64(seed + 1)) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    places = (mixed >> np.uint64(60)).astype(np.float64) - 7.5  # −7.5, −6.5, … 7.5
    return numbers * (1 + epsilon * places)


def nudge_data(x: np.ndarray | float, seed: int, epsilon: float) -> Shaped[np.ndarray, "..."]:
    """The same for data, where arrays of whole numbers stay as they are.

    They are labels, counts, signs and masks, and exact: a label 2.0 that becomes 1.9999999 is
    another class once it is converted to an integer.
    """
    array = np.asarray(x)
    floating = jnp.issubdtype(array.dtype, jnp.floating)
    if floating and np.all(array == np.round(np.asarray(array, np.float64))):
        return array
    return nudge(x, seed, epsilon)
