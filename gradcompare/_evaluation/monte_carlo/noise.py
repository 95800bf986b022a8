"""Random rounding of one result.

A result r becomes r (1 ± a ε), where a is random between 1/2 and 3/2: at least half of a unit in
its last place, so that it always moves. An operation whose result is exact is left alone, which
is seen from the numbers: a sum s = a + b is exact if and only if s − a = b and s − b = a, since
the one of them that subtracts the larger operand has no rounding error (T. J. Dekker, A
floating-point technique for extending the available precision, Numer. Math. 18 (1971)).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

LEAST_ROUNDING, MOST_ROUNDING = 0.5, 1.5
"""Range of the amount of random rounding, in units ε of the result."""

FEWEST_AMOUNTS, MOST_AMOUNTS = 2**12, 2**20
"""Least and largest number of random amounts; larger results repeat them."""

WORSE = {
    **dict.fromkeys(("lgamma", "digamma", "polygamma", "igamma", "igammac", "zeta"), 16.0),
    **dict.fromkeys(("igamma_grad_a", "random_gamma_grad", "erf_inv"), 16.0),
    **dict.fromkeys(("regularized_incomplete_beta", "bessel_i0e", "bessel_i1e"), 16.0),
}
"""Errors of special functions in units in the last place, where they exceed 1."""

NOT_ZERO = ("exp", "exp2", "cos", "cosh", "logistic", "erfc", "pow")
"""Functions of 0 that are not 0, and exact."""

COUNTS = 2.0**24
"""Whole numbers below this are counts, labels and masks, and exact."""


def is_inexact(dtype: Any) -> bool:
    """Whether a type holds real or complex numbers; None is that of a token."""
    return dtype is not None and jnp.issubdtype(dtype, jnp.inexact)


def random_amounts(seed: int, largest: int) -> Float[np.ndarray, " p"]:
    """Returns ±a for a program whose largest result has so many entries."""
    rng = np.random.default_rng(seed)
    count = min(FEWEST_AMOUNTS + largest, MOST_AMOUNTS)
    return rng.uniform(LEAST_ROUNDING, MOST_ROUNDING, count) * rng.choice([-1.0, 1.0], count)


@dataclass
class Noise:
    """The random rounding of the results of a program.

    Attributes:
        amounts: ±a, one for each entry of a result.
        turn: The round of the loop whose body runs; None outside of loops.
        factors: 1 ± a ε, by the type of the result and the factor of ε.
    """

    amounts: Float[Array, " p"]
    turn: Array | None = None
    factors: dict[tuple[Any, float], Array] = field(default_factory=dict)

    def inside(self, turn: Array | None = None) -> "Noise":
        """Returns the noise of an inner program, in one round of a loop if `turn` is given.

        What is computed inside of it is not known outside, but for what is `prepared`.
        """
        if turn is not None:
            before = jnp.uint32(0) if self.turn is None else self.turn * jnp.uint32(7919)
            turn = before + turn + jnp.uint32(1)
        return Noise(self.amounts, self.turn if turn is None else turn, dict(self.factors))

    def prepared(self) -> "Noise":
        """Computes once, outside of inner programs, what most of their operations need."""
        self._factors(jnp.dtype(jnp.float64), 1.0)
        return self

    def _factors(self, dtype: Any, factor: float) -> Array:
        key = (dtype, factor)
        if key not in self.factors:
            epsilon = factor * float(jnp.finfo(dtype).eps)
            self.factors[key] = (1 + epsilon * self.amounts).astype(dtype)
        return self.factors[key]

    def rounded(
        self, result: Array, number: int, exact: Any = False, factor: float = 1.0
    ) -> Array:
        """Returns a result with random rounding, where it is not exact.

        Args:
            result: The result.
            number: The number of the operation, which decides on its amounts.
            exact: Where the result is exact.
            factor: Its error in units in the last place.
        """
        factors = self._factors(result.dtype, factor)
        moved = result * self._some(factors, number, result.shape)
        return moved if exact is False else jnp.where(exact, result, moved)

    def _some(self, factors: Array, number: int, shape: Sequence[int]) -> Array:
        count = math.prod(shape)
        if count > factors.size:
            return jnp.resize(factors, shape)
        room = factors.size - count + 1
        start = number * 1021 % room
        if self.turn is None:
            return lax.slice(factors, (start,), (start + count,)).reshape(shape)
        place = (jnp.uint32(start) + self.turn * jnp.uint32(613)) % jnp.uint32(room)
        return lax.dynamic_slice(factors, (place.astype(jnp.int32),), (count,)).reshape(shape)


def is_whole(x: Any) -> Array:
    """Where numbers are counts, labels or masks; nowhere for complex ones."""
    x = jnp.asarray(x)
    if not jnp.issubdtype(x.dtype, jnp.floating):
        return jnp.full(x.shape, not jnp.issubdtype(x.dtype, jnp.complexfloating))
    return (x == jnp.round(x)) & (jnp.abs(x) < COUNTS)


def is_exact(name: str, operands: Sequence[Any], result: Array) -> Any:
    """Where the result of an operation on each entry has no rounding error."""
    if name in ("add", "add_any", "sub"):
        # XLA simplifies (a + 1) − 1 to a, unless it cannot see that they belong together.
        total = lax.optimization_barrier(result)
        a, b = operands
        if name == "sub":
            return (a - total == b) & (total + b == a)
        return (total - a == b) & (total - b == a)
    if name in ("mul", "div"):
        powers = [_is_power_of_two(x) for x in operands[name == "div" :]]
        if any(powers):
            return True
        # A factor of ±1 or 0, such as a label or a mask.
        size, others = jnp.abs(result), operands[: 1 if name == "div" else 2]
        same = [size == jnp.abs(x) for x in others]
        return same[0] if len(same) == 1 else same[0] | same[1]
    if name in ("integer_pow", "square"):
        return is_whole(result)
    return jnp.asarray(operands[0]) == 0 if name in NOT_ZERO else False


def _is_power_of_two(x: Any) -> bool:
    """Whether an operand is a number in the program that is a power of two."""
    if not isinstance(x, np.ndarray) or not np.issubdtype(x.dtype, np.floating):
        return False
    return bool(np.all(np.abs(np.frexp(x)[0]) == 0.5))
