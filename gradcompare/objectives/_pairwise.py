"""What the objectives over all pairs of points in few dimensions share."""

import functools

import jax.numpy as jnp
from jaxtyping import Array, Float


def dot_differences(Y: Float[Array, "n k"], V: Float[Array, "n k"]) -> Float[Array, "n n"]:
    """Returns (yᵢ − yⱼ)·(vᵢ − vⱼ); with V = Y, the squared distances.

    One n × n matrix of differences for each of the few dimensions: ‖yᵢ‖² + ‖yⱼ‖² − 2 yᵢ·yⱼ would
    lose the digits of the distance of two near points, and can be negative.
    """
    outer = jnp.subtract.outer
    products = (outer(y, y) * outer(v, v) for y, v in zip(Y.T, V.T, strict=True))
    return functools.reduce(jnp.add, products)
