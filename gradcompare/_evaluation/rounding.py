"""The rounding error of a program, measured by moving its inputs a few units in the last place."""

from collections.abc import Hashable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Shaped

from .._foundation.errors import outcome_of
from .._foundation.layout import PyTree
from .._foundation.limits.arrays import by_pieces, holds_everywhere, settled
from .._foundation.precision import Device, cast
from .._model.estimate import Estimate
from .._model.problem import Problem
from .function import Function, Runner

NUDGES = 3
"""Number of perturbed points. More make the error bar steadier and cost one gradient each."""


_SPREAD_FACTOR = 2.0
"""Ratio of the error bar to the largest of `NUDGES` displacements; calibrated on the registry."""


FIRST_ENTRIES = 64
"""Number of entries that mostly show already that an array does not hold whole numbers."""


def estimate_with_rounding(
    evaluator: Runner, key: Hashable, function: Function, *extra: PyTree
) -> Estimate:
    """Runs a program that is exact except for rounding, and measures its rounding error.

    Parameters and data are moved by a few units in the last place, up or down at random.
    The displacement of the result shows how much the program amplifies the rounding of its
    intermediate results: forward error ≲ condition number × backward error (Higham,
    Accuracy and Stability of Numerical Algorithms, 2002, section 1.5).
    """
    value = evaluator.run(key, function, *extra)
    moved = [
        moved_by(seed, evaluator, key, function, *extra, size=len(value)) for seed in range(NUDGES)
    ]
    return Estimate(value, rounding_bar(value, np.stack(moved), evaluator.epsilon(key)))


def moved_by(
    seed: int, evaluator: Runner, key: Hashable, function: Function, *extra: PyTree, size: int
) -> Float[np.ndarray, " k"]:
    """Returns the result with parameters and data moved a little; NaN where it raises an error.

    A function on the host raises outside of its domain, where another one returns NaN.
    """
    result = outcome_of(lambda: evaluator.run(key, function, *extra, moved=seed))
    return np.full(size, np.nan) if isinstance(result, Exception) else result


def rounding_bar(
    value: Float[np.ndarray, " k"], moved: Float[np.ndarray, "n k"], epsilon: float
) -> Float[np.ndarray, " k"]:
    """Returns the error bars of a result from those with moved inputs, one row for each."""
    with np.errstate(invalid="ignore"):  # a value that is not finite has no error bar
        shifts = np.abs(moved - value)
    # At the edge of a domain, some of the moved points may lie outside.
    finite = np.isfinite(shifts)
    spread = np.where(finite.any(axis=0), np.max(shifts, axis=0, where=finite, initial=0), np.nan)
    # The last operation rounds as well, even where the result does not move.
    return _SPREAD_FACTOR * (spread + 2 * epsilon * np.abs(value))


def nudge(x: np.ndarray | float, seed: int, epsilon: float) -> Shaped[np.ndarray, "..."]:
    """Moves floating numbers by up to 8 units in the last place, equal ones by the same amount.

    So ties stay ties, and zeros zeros: a point on a kink stays on it. Other dtypes stay
    unchanged.

    Args:
        x: The numbers.
        seed: The seed of the moves.
        epsilon: The unit in the last place of 1.
    """
    if not jnp.issubdtype(np.asarray(x).dtype, jnp.floating):
        return np.asarray(x)
    return by_pieces(partial(_nudged, seed=seed, epsilon=epsilon), np.asarray(x, np.float64))


def _nudged(numbers: np.ndarray, seed: int, epsilon: float) -> Shaped[np.ndarray, "..."]:
    # A hash of the bits of each number (multiply, xor-shift, multiply; its top four bits count),
    # so that equal numbers get equal moves, wherever they are.
    # In place: a point of 10⁶ numbers is moved for each method and each nudge.
    with np.errstate(over="ignore"):  # the products wrap around on purpose
        mixed = numbers.view(np.uint64) ^ np.uint64(seed + 1)
        mixed *= np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed >>= np.uint64(60)
    factors = mixed.astype(np.float64)
    factors -= 7.5  # −7.5, −6.5, … 7.5
    factors *= epsilon
    factors += 1
    return numbers * factors


def nudge_data(x: np.ndarray | float, seed: int, epsilon: float) -> Shaped[np.ndarray, "..."]:
    """Moves data likewise, except arrays of whole numbers.

    Those are labels, counts, signs and masks, and exact: a label 2.0 that becomes 1.9999999 is
    another class after conversion to an integer.
    """
    array = np.asarray(x)
    floating = jnp.issubdtype(array.dtype, jnp.floating)
    if floating and _is_whole(array.reshape(-1)[:FIRST_ENTRIES]) and _is_whole(array):
        return array
    return nudge(x, seed, epsilon)


def nudged(
    problem: Problem, dtype: np.dtype, seed: int, epsilon: float, device: Device | None
) -> tuple[PyTree, PyTree, PyTree]:
    """Returns parameters and data moved by a few units in the last place, and the direction.

    Args:
        problem: The problem.
        dtype: The dtype of the results.
        seed: The seed of the moves.
        epsilon: The unit in the last place of 1.
        device: The device on which they are; None for the host.
    """
    layout, (lower, upper) = problem.layout, problem.bounds
    moved = np.clip(nudge(layout.flatten(problem.params), seed, epsilon), lower, upper)

    def placed(tree: PyTree) -> PyTree:
        return tree if device is None else jax.device_put(tree, device)

    # First: with each transfer, JAX gives up the data of the nudge before.
    params, direction = placed(cast((layout.unflatten(moved), problem.direction), dtype))
    data = jax.tree.map(lambda leaf: nudge_data(leaf, seed, epsilon), problem.data)
    return params, placed(settled(data, dtype)), direction


def _is_whole(array: Shaped[np.ndarray, "..."]) -> bool:
    return holds_everywhere(_is_whole_piece, array)


def _is_whole_piece(array: Shaped[np.ndarray, "..."]) -> bool:
    return bool(np.all(array == np.round(np.asarray(array, np.float64))))
