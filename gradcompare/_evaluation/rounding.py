"""The rounding error of a program, measured by moving its inputs a few units in the last place."""

from collections.abc import Hashable
from typing import Protocol

import numpy as np
from jaxtyping import Float

from .._foundation.layout import PyTree
from .._model.estimate import Estimate
from .program import Function

NUDGES = 3
"""How many perturbed points. More make the bar steadier and cost one gradient each."""


_SPREAD_FACTOR = 2.0
"""From the largest of `NUDGES` displacements to a bar; calibrated on the registry."""


class Runner(Protocol):
    """What runs programs at a point."""

    def run(
        self,
        key: Hashable,
        function: Function,
        *extra: PyTree,
        moved: int | None = None,
        helper: bool = False,
    ) -> Float[np.ndarray, " k"]:
        """Runs `function(params, data, direction, *extra)`, and waits for the result.

        It is compiled at its first use, or called on the host if that cannot be.

        Args:
            key: What the program is kept under: the method that asks, as a rule.
            function: Pure code of JAX. Everything that changes from point to point has to be
                an argument of it.
            *extra: Its further arguments.
            moved: Moves parameters and data by a few units in the last place first, up or
                down as drawn with this seed.
            helper: Whether this is a program that nobody times.

        Returns:
            The leaves of the result as one flat vector, NumPy float64.
        """
        ...

    def epsilon(self, key: Hashable) -> float:
        """The unit of rounding of the program under `key`, which may compute in float32."""
        ...


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
