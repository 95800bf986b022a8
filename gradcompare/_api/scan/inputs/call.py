"""One way to call a function, and the derivatives that it has."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ...._foundation.errors import InputError, outcome_of
from ...._foundation.user_code import describe
from .points import SIDE

SCALAR, ORDER, VECTOR, MATRIX, LIST = "scalar", "order", "vector", "matrix", "list of vectors"

SCALARS = "scalars"
"""The family of the calls with single numbers."""

EXAMPLES: dict[str, Any] = {
    SCALAR: np.float64(0.71),
    VECTOR: np.linspace(0.2, 0.8, SIDE),
    MATRIX: np.eye(SIDE) + np.arange(SIDE * SIDE).reshape(SIDE, SIDE) / 10,
    LIST: [np.linspace(0.2, 0.8, SIDE), np.linspace(0.3, 0.9, SIDE)],
}


@dataclass(frozen=True)
class Call:
    """One way to call a function.

    Attributes:
        function: The function.
        names: The names of the arguments.
        kinds: The kinds of the arguments.
        order: The whole number in place of each argument of the kind `order`.
        family: `scalars`, `vectors` or `matrices`.
    """

    function: Callable[..., Any]
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    order: int
    family: str

    @property
    def moved(self) -> tuple[int, ...]:
        """The numbers of the arguments with a derivative."""
        return tuple(n for n, kind in enumerate(self.kinds) if kind != ORDER)

    @property
    def examples(self) -> tuple[Any, ...]:
        """Arguments of the right kinds, without the orders."""
        return tuple(EXAMPLES[self.kinds[n]] for n in self.moved)

    def whole(self, arguments: Sequence[Any]) -> list[Any]:
        """Returns all arguments, the orders included."""
        rest = iter(arguments)
        return [self.order if kind == ORDER else next(rest) for kind in self.kinds]

    def result(self, *arguments: Any) -> Any:
        """Returns what the function returns, for arguments without the orders."""
        result = self.function(*self.whole(arguments))
        for leaf in jax.tree.leaves(result):
            if not hasattr(leaf, "dtype") and not isinstance(leaf, (int, float, complex)):
                raise InputError(f"it returns a {type(leaf).__name__}")
        return result

    def value(self, *arguments: Any) -> Array:
        """Returns one number: the result, or a fixed sum of its entries with different weights."""
        leaves = [jnp.asarray(leaf) for leaf in jax.tree.leaves(self.result(*arguments))]
        parts = [leaf for leaf in leaves if jnp.issubdtype(leaf.dtype, jnp.inexact)]
        if len(parts) == 1 and not parts[0].ndim and jnp.isrealobj(parts[0]):
            return parts[0]
        y = jnp.concatenate([part.ravel() for part in parts])
        if jnp.iscomplexobj(y):
            y = jnp.concatenate([y.real, y.imag])
        return y @ (1 + np.cos(1 + np.arange(y.size)) / 2)

    @property
    def is_single(self) -> bool:
        """Whether the result is one real number."""
        leaves = jax.tree.leaves(jax.eval_shape(self.result, *self.examples))
        return (
            len(leaves) == 1
            and not leaves[0].shape
            and bool(jnp.issubdtype(leaves[0].dtype, jnp.floating))
        )


def differentiable(call: Call) -> dict[int, str]:
    """Returns, for each argument that is moved, why autodiff refuses it; empty if it does not."""
    reasons = {}
    for n in range(len(call.moved)):
        outcome = outcome_of(
            lambda n=n: jax.eval_shape(jax.grad(call.value, argnums=n), *call.examples)
        )
        reasons[n] = describe(outcome) if isinstance(outcome, Exception) else ""
    return reasons
