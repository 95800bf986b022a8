"""Normalisation by mean and standard deviation, for batch and layer normalisation.

Over the m entries a of a column (`axis=0`) or of a row (`axis=1`), with their mean μ and
variance s² − ε,

    â = (a − μ) / s,    ∂â/∂a d = J d = (d − mean(d) − â mean(â ∘ d)) / s,

because s changes by mean(â ∘ d). J is symmetric: it takes changes of a forwards to those of â,
and errors at â backwards to those at a. Where a changes by ȧ, so that ṡ = mean(â ∘ ȧ), J does by

    J̇ d = −(ṡ J d + Jȧ mean(â ∘ d) + â mean(Jȧ ∘ d)) / s.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

EPSILON = 1e-5
"""The constant added to the variance, in networks commonly this one."""


class Normalised(NamedTuple):
    hat: Float[Array, "m n"]
    scale: Float[Array, "..."]


def normalise(a: Float[Array, "m n"], axis: int) -> Normalised:
    """Returns â and s."""
    centred = a - jnp.mean(a, axis=axis, keepdims=True)
    scale = jnp.sqrt(jnp.mean(centred**2, axis=axis, keepdims=True) + EPSILON)
    return Normalised(centred / scale, scale)


def jacobian(at: Normalised, d: Float[Array, "m n"], axis: int) -> Float[Array, "m n"]:
    """Returns J d = (d − mean(d) − â mean(â ∘ d)) / s."""
    along = jnp.mean(at.hat * d, axis=axis, keepdims=True)
    return (d - jnp.mean(d, axis=axis, keepdims=True) - at.hat * along) / at.scale


def jacobian_change(
    at: Normalised, moved: Float[Array, "m n"], d: Float[Array, "m n"], axis: int
) -> Float[Array, "m n"]:
    """Returns J̇ d where a changes by `moved`."""
    turned = jacobian(at, moved, axis)
    stretched, along, across = (
        jnp.mean(product, axis=axis, keepdims=True)
        for product in (at.hat * moved, at.hat * d, turned * d)
    )
    return -(stretched * jacobian(at, d, axis) + turned * along + at.hat * across) / at.scale
