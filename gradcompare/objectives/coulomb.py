r"""The electrostatic energy of N point charges, with the distance softened.

With charges qᵢ at the rows xᵢ of X (N × 3), in Gaussian units, and the softening length ε,

    f(X) = Σ_{i<j} qᵢqⱼ / ρᵢⱼ,    ρᵢⱼ = √(‖xᵢ − xⱼ‖² + ε²),
    ∂f/∂xᵢ = Σⱼ Wᵢⱼ (xᵢ − xⱼ),    Wᵢⱼ = −qᵢqⱼ / ρᵢⱼ³ for i ≠ j, Wᵢᵢ = 0,
    (∇²f(X) V)ᵢ = Σⱼ Wᵢⱼ (vᵢ − vⱼ) + Σⱼ Ẇᵢⱼ (xᵢ − xⱼ),
    Ẇᵢⱼ = 3 (qᵢqⱼ / ρᵢⱼ⁵) (xᵢ − xⱼ)ᵀ(vᵢ − vⱼ).

The force is finite where charges meet, and f is Coulomb's energy where ε = 0. With masses in
the place of charges and the sign turned this is the softened gravitation of stellar dynamics:
Aarseth, Monthly Notices of the Royal Astronomical Society 126 (1963), 223–255.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.objective import Objective
from ._particles import crystal, laplacian_product, rates, squared_distances


class Data(NamedTuple):
    q: Float[Array, " N"]
    epsilon: float


def pairs(X: Float[Array, "N 3"], data: Data) -> tuple[Float[Array, "N N"], Float[Array, "N N"]]:
    """Returns qᵢqⱼ, with 0 on the diagonal, and ρᵢⱼ² = ‖xᵢ − xⱼ‖² + ε², with 1 more there."""
    # The 1 keeps 1/ρ finite on the diagonal, where it does not count, also if ε = 0.
    itself = jnp.eye(len(X), dtype=X.dtype)
    charges = (1 - itself) * data.q[:, None] * data.q
    return charges, squared_distances(X) + data.epsilon**2 + itself


def value(X: Float[Array, "N 3"], data: Data) -> Float[Array, ""]:
    """f(X) = Σ_{i<j} qᵢqⱼ / √(‖xᵢ − xⱼ‖² + ε²)."""
    charges, square = pairs(X, data)
    return jnp.sum(charges / jnp.sqrt(square)) / 2


def gradient(X: Float[Array, "N 3"], data: Data) -> Float[Array, "N 3"]:
    """∂f/∂xᵢ = −Σⱼ (qᵢqⱼ / ρᵢⱼ³) (xᵢ − xⱼ)."""
    charges, square = pairs(X, data)
    return laplacian_product(-charges / (square * jnp.sqrt(square)), X)


def hvp(X: Float[Array, "N 3"], V: Float[Array, "N 3"], data: Data) -> Float[Array, "N 3"]:
    """ℒ(W) V + ℒ(Ẇ) X with Ẇᵢⱼ = 3 (qᵢqⱼ / ρᵢⱼ⁵) (xᵢ − xⱼ)ᵀ(vᵢ − vⱼ)."""
    charges, square = pairs(X, data)
    W = -charges / (square * jnp.sqrt(square))
    return laplacian_product(W, V) - laplacian_product(1.5 * W / square * rates(X, V), X)


def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
    """Draws `size` charges of both signs and of 0.5 to 1.5 units, near a cubic lattice."""
    q = rng.choice([-1.0, 1.0], size) * rng.uniform(0.5, 1.5, size)
    return crystal(rng, size, spacing=1.0, noise=0.2), Data(q, epsilon=0.2)


OBJECTIVES = (
    Objective(
        name="coulomb",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda X: {"collapsed": 0.01 * X, "expanded": 100 * X},
        sizes=(13, 55, 309),
        family="physics and geometry",
        tags=("tails",),
        source="Aarseth, Mon. Not. R. Astron. Soc. 126 (1963), for the softening",
    ),
)
