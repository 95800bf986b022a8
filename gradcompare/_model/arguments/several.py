"""A user's functions with several results, and products, as parts of an objective."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, PyTree

from ..._foundation.errors import InputError, outcome_of
from ..._foundation.layout import Layout
from .signature import ARRAYS, Signature
from .user_functions import Adapted
from .validation import shown


@dataclass(frozen=True)
class Combination:
    """A scalar that all results of a function enter, each with a weight of its own.

    The engine evaluates it where it needs a scalar: for branches, and for randomness.

    Attributes:
        function: The function, `function(params, data)`.
        weights: The weights of the results.
    """

    function: Callable[[PyTree, PyTree], PyTree]
    weights: Float[np.ndarray, " m"]

    def __call__(self, params: PyTree, data: PyTree) -> Any:
        leaves = jax.tree.leaves(self.function(params, data))
        if not all(map(_is_numbers, leaves)) or sum(map(np.size, leaves)) != len(self.weights):
            shapes = ", ".join(map(_kind, leaves)) or "None"
            raise InputError(
                f"a function returns {shapes}; return {len(self.weights)} real floating numbers, "
                "in an array or a pytree of arrays"
            )
        xp = jnp if any(isinstance(leaf, jax.Array) for leaf in leaves) else np
        ends = np.cumsum([np.size(leaf) for leaf in leaves])[:-1]
        parts = zip(leaves, np.split(self.weights, ends), strict=True)
        return sum(xp.sum(xp.ravel(leaf) * weights) for leaf, weights in parts)


def _is_numbers(leaf: Any) -> bool:
    if isinstance(leaf, (int, float)):
        return True
    return isinstance(leaf, ARRAYS) and jnp.issubdtype(leaf.dtype, np.number)


def _kind(leaf: Any) -> str:
    return f"{leaf.dtype}{list(leaf.shape)}" if isinstance(leaf, ARRAYS) else shown(leaf)


@dataclass(frozen=True)
class Product:
    """A user's `product(x, v, *args)` as `product(params, direction, data)`.

    Attributes:
        function: The user's function.
        signature: The division of its arguments, without v.
    """

    function: Callable[..., Any]
    signature: Signature

    def __call__(self, params: PyTree, direction: PyTree, data: tuple) -> PyTree:
        first, *others = self.signature.joined(params, data)
        return self.function(first, direction, *others)


@dataclass(frozen=True)
class Pullback:
    """A user's `vjp(x, u, *args)` with u as data, as a gradient `gradient(params, data)`.

    Attributes:
        product: The product.
        cotangent: u.
        results: The layout of u.
    """

    product: Product
    cotangent: PyTree
    results: Layout

    def __call__(self, params: PyTree, data: tuple) -> PyTree:
        return self.product(params, self.cotangent, data)

    def jacobian(self, params: PyTree, data: tuple) -> PyTree:
        """Returns the matrix of the product, in the structure of `jax.jacobian`, by its rows."""
        units = map(self.results.unflatten, np.eye(self.results.size))
        rows = [self.product(params, unit, data) for unit in units]
        stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *rows)
        parts = [
            jax.tree.map(lambda leaf: leaf[a:b].reshape(*shape, *leaf.shape[1:]), stacked)  # noqa: B023
            for (a, b), shape in zip(
                itertools.pairwise(self.results.offsets), self.results.shapes, strict=True
            )
        ]
        return jax.tree.unflatten(self.results.treedef, parts)


def layout_of_results(fun: Callable[..., PyTree], signature: Signature, name: str) -> Layout:
    """Returns the layout of the results of a function at the user's point.

    Raises:
        InputError: if a result is not a real floating array, or the function gives one scalar.
    """
    return results_at(Adapted(fun, signature, "value"), signature.params, signature.data, name)


def results_at(
    function: Callable[[PyTree, PyTree], PyTree], params: PyTree, data: PyTree, name: str
) -> Layout:
    """Returns the layout of the results of `function(params, data)`.

    Raises:
        InputError: if a result is not a real floating array, or the function gives one scalar.
    """
    arguments = (params, data)
    shapes = outcome_of(lambda: jax.eval_shape(function, *arguments))
    if isinstance(shapes, Exception):  # it cannot be traced; what it raises now is its own error
        copies = jax.tree.map(np.array, arguments)
        called = outcome_of(lambda: function(*copies))
        shapes = function(*jax.tree.map(jnp.asarray, copies)) if failed(called) else called
    leaves = jax.tree.leaves(shapes)
    if not leaves:
        raise InputError(f"{name} returns {shapes!r}; return an array of results")
    for leaf in leaves:
        if not isinstance(leaf, (*ARRAYS, float, jax.ShapeDtypeStruct)) or not jnp.issubdtype(
            jnp.result_type(leaf), jnp.floating
        ):
            kind = getattr(leaf, "dtype", type(leaf).__name__)
            raise InputError(f"{name} returns {kind}; return arrays of a real floating dtype")
    if len(leaves) == 1 and np.shape(leaves[0]) == ():
        raise InputError(
            f"{name} returns one scalar; use check for its gradient, or return an array of results"
        )
    return Layout.of(shapes, root=name)


def failed(outcome: Any) -> bool:
    """Whether a call raised an error."""
    return isinstance(outcome, Exception)


def random_direction(layout: Layout, seed: int) -> Float[np.ndarray, " d"]:
    """Returns a direction in which every coordinate moves about as much."""
    return np.random.default_rng([seed, layout.size]).standard_normal(layout.size)
