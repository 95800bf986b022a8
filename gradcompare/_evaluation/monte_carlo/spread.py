"""The error bar of a program from the spread of its results under random rounding."""

from collections.abc import Callable, Hashable

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr
from jaxtyping import Float

from ..._foundation.user_code import Place
from ..._model.estimate import Estimate
from ..compiled import CompiledFunction
from ..evaluator import Evaluator
from .noise import Noise, random_amounts
from .operations import Twin
from .rerun import Rerun, largest_of, size_of

SAMPLES = 8
"""Number of runs with random rounding. Two errors of one unit each cancel in a third of them."""


def estimate_with_random_rounding(evaluator: Evaluator, key: Hashable) -> Estimate | None:
    """Returns the result of the program under `key`, with the rounding error measured inside.

    The bar is the largest of `SAMPLES` displacements. Random rounding moves a result by one unit
    in the last place on average, and rounding to nearest by a quarter, so that it is about five
    times as large as a typical error.

    Returns:
        None if there is no traced program.
    """
    closed = traced(evaluator, key)
    if closed is None:
        return None

    def moved(params, data, direction, amounts):
        leaves = jax.tree.leaves((params, data, direction))
        results, _ = Rerun().run(closed, [Twin(leaf, leaf) for leaf in leaves], Noise(amounts))
        return [result.moved for result in results]

    value, size = evaluator.run(key, moved), largest_of(closed)
    samples = [
        evaluator.run(("random rounding", key), moved, random_amounts(seed, size), helper=True)
        for seed in range(SAMPLES)
    ]
    last = evaluator.epsilon(key) / 2 * np.abs(value)  # the rounding of the result itself
    return Estimate(value, spread(value, np.stack(samples)) + last)


def traced(evaluator: Evaluator, key: Hashable) -> ClosedJaxpr | None:
    """Returns the traced program under `key`; None if it is called on the host, or unknown."""
    program = evaluator.functions.get(key)
    return program.computed if isinstance(program, CompiledFunction) else None


def spread(
    value: Float[np.ndarray, " k"], samples: Float[np.ndarray, "n k"]
) -> Float[np.ndarray, " k"]:
    """Returns the largest displacement of each entry; infinite if a sample is not finite."""
    with np.errstate(invalid="ignore"):
        shifts = np.abs(samples - value)
    return np.max(np.where(np.isfinite(shifts), shifts, np.inf), axis=0)


class Watch:
    """A program with random rounding, whose operations are watched.

    Attributes:
        places: The place of each operation in the user's code.
        size: The number of operations.
    """

    def __init__(self, evaluator: Evaluator, key: Hashable, closed: ClosedJaxpr) -> None:
        self.places: dict[int, Place | None] = {}
        self.size = size_of(closed)
        self._entries, self._largest = len(evaluator.run(key, _unused)), largest_of(closed)
        self._evaluator, self._key = evaluator, ("watched rounding", key)
        self._function = self._watched(closed)

    def _watched(self, closed: ClosedJaxpr) -> Callable:
        def function(params, data, direction, amounts, healed):
            leaves = jax.tree.leaves((params, data, direction))
            rerun = Rerun(True, healed > 0, self.places)
            twins = [Twin(leaf, leaf) for leaf in leaves]
            results, digits = rerun.run(closed, twins, Noise(amounts))
            nothing = jnp.zeros(2, jnp.float32)
            records = jnp.stack([digits.get(n, nothing) for n in range(self.size)], axis=1)
            return [result.moved - result.plain for result in results], records

        return function

    def run(
        self, seed: int, healed: Float[np.ndarray, " n"]
    ) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, "2 n"]]:
        """Returns how far the result moves, and the relative errors before and after operations.

        Args:
            seed: The seed of the random rounding.
            healed: 1 for each operation whose result is replaced by the plain one.
        """
        amounts = random_amounts(seed, self._largest)
        found = self._evaluator.run(self._key, self._function, amounts, healed, helper=True)
        return np.abs(found[: self._entries]), found[self._entries :].reshape(2, self.size)


def _unused(*args: object) -> None:
    """Stands for a function that is compiled already."""
    raise NotImplementedError
