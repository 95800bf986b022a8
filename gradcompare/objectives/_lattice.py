r"""Central differences of fields on a periodic lattice in four dimensions.

A field is an array whose last four axes are the sites x = (x₁, x₂, x₃, x₄), with period nμ in the
direction μ, and the spacing of the sites is 1. With the unit vector μ̂ of the direction μ,

    ∂μφ(x) = (φ(x + μ̂) − φ(x − μ̂)) / 2.

These differences commute, and they are antisymmetric, which is integration by parts on a lattice
without a boundary: Σₓ χ ∂μφ = −Σₓ φ ∂μχ. There is no product rule. In a direction with one or
two sites ∂μφ is zero, because x + μ̂ and x − μ̂ are the same site.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

DIRECTIONS = range(4)


def central(field: Float[Array, "*any n1 n2 n3 n4"], mu: int) -> Float[Array, "*any n1 n2 n3 n4"]:
    """Returns ∂μφ."""
    axis = mu - 4
    return (jnp.roll(field, -1, axis) - jnp.roll(field, 1, axis)) / 2


def derivatives(field: Float[Array, "*any n1 n2 n3 n4"]) -> Float[Array, "4 *any n1 n2 n3 n4"]:
    """Returns ∂μφ, with μ as the first axis."""
    return jnp.stack([central(field, mu) for mu in DIRECTIONS])


def divergence(field: Float[Array, "4 *any n1 n2 n3 n4"]) -> Float[Array, "*any n1 n2 n3 n4"]:
    """Returns Σμ ∂μφμ, where μ is the first axis."""
    return jnp.sum(jnp.stack([central(field[mu], mu) for mu in DIRECTIONS]), axis=0)


def minus_laplacian(
    field: Float[Array, "*any n1 n2 n3 n4"],
) -> Float[Array, "*any n1 n2 n3 n4"]:
    """Returns −Σμ ∂μ∂μφ = Σμ (2φ(x) − φ(x + 2μ̂) − φ(x − 2μ̂)) / 4."""
    around = sum(jnp.roll(field, shift, mu - 4) for mu in DIRECTIONS for shift in (2, -2))
    return 2 * field - around / 4


def lattice_shape(sites: int) -> tuple[int, int, int, int]:
    """Returns periods with that many sites: 3, as long as it divides what leaves at least 3.

    So 3 sites lie in one direction, 9 in two, 27 in three, and 81 are 3 × 3 × 3 × 3.
    """
    periods = []
    for _ in range(3):
        periods.append(3 if sites % 3 == 0 and sites >= 9 else 1)
        sites //= periods[-1]
    return (sites, *periods)
