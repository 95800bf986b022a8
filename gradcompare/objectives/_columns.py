"""A Jacobian from its product with a vector: the columns are the products with unit vectors."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree


def columns(
    product: Callable[[PyTree, PyTree, PyTree], Float[Array, " *m"]],
) -> Callable[[PyTree, PyTree], PyTree]:
    """Returns `jacobian(params, data)` in the structure of `jax.jacobian`.

    Args:
        product: `product(params, direction, data)`, derived by hand, linear in the direction.
    """

    def jacobian(params: PyTree, data: PyTree) -> PyTree:
        leaves, structure = jax.tree.flatten(params)
        still = [jnp.zeros_like(leaf) for leaf in leaves]

        def block(k: int) -> Array:
            def column(unit: Array) -> Array:
                return product(
                    params, structure.unflatten([*still[:k], unit, *still[k + 1 :]]), data
                )

            leaf = leaves[k]
            units = jnp.eye(leaf.size, dtype=leaf.dtype).reshape(leaf.size, *leaf.shape)
            moved = jax.vmap(column, out_axes=-1)(units)
            return moved.reshape(*moved.shape[:-1], *leaf.shape)

        return structure.unflatten([block(k) for k in range(len(leaves))])

    return jacobian
