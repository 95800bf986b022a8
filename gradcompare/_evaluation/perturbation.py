"""Numbers moved by a few units in the last place, to see what rounding does to a result."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Shaped


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
