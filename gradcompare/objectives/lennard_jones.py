r"""The energy of a cluster of N atoms under the Lennard-Jones potential.

With the atoms at the rows xᵢ of X (N × 3), sᵢⱼ = ‖xᵢ − xⱼ‖², the depth ε of the well of a pair
and the distance σ at which its energy is zero, let uᵢⱼ = σ²/sᵢⱼ for i ≠ j and uᵢᵢ = 0. Then

    f(X) = 4ε Σ_{i<j} ((σ/‖xᵢ − xⱼ‖)¹² − (σ/‖xᵢ − xⱼ‖)⁶) = 4ε Σ_{i<j} (uᵢⱼ⁶ − uᵢⱼ³),
    ∂f/∂xᵢ = Σⱼ Wᵢⱼ (xᵢ − xⱼ),    Wᵢⱼ = (24ε/sᵢⱼ) (uᵢⱼ³ − 2uᵢⱼ⁶),
    (∇²f(X) V)ᵢ = Σⱼ Wᵢⱼ (vᵢ − vⱼ) + Σⱼ Ẇᵢⱼ (xᵢ − xⱼ),
    Ẇᵢⱼ = (24ε/sᵢⱼ²) (14uᵢⱼ⁶ − 4uᵢⱼ³) · 2 (xᵢ − xⱼ)ᵀ(vᵢ − vⱼ),

from φ(s) = 4ε(u⁶ − u³) and du/ds = −u/s; Wᵢⱼ is 2φ′(sᵢⱼ), as `_particles.py` derives. A pair
rests at ‖xᵢ − xⱼ‖ = 2^{1/6} σ, with the energy −ε. In reduced units ε = σ = 1.

See Jones, Proceedings of the Royal Society A 106 (1924), 463–477; for clusters and their lowest
energies, Wales & Doye, Journal of Physical Chemistry A 101 (1997), 5111–5116.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.objective import Objective
from ._particles import crystal, laplacian_product, rates, squared_distances


class Data(NamedTuple):
    epsilon: float
    sigma: float


def pairs(X: Float[Array, "N 3"], data: Data) -> tuple[Float[Array, "N N"], Float[Array, "N N"]]:
    """Returns sᵢⱼ, with 1 on the diagonal, and uᵢⱼ = σ²/sᵢⱼ, with 0 on the diagonal."""
    # The 1 keeps 1/s and its derivatives finite on the diagonal, where they do not count.
    itself = jnp.eye(len(X), dtype=X.dtype)
    s = squared_distances(X) + itself
    return s, (1 - itself) * data.sigma**2 / s


def value(X: Float[Array, "N 3"], data: Data) -> Float[Array, ""]:
    """f(X) = 4ε Σ_{i<j} ((σ/‖xᵢ − xⱼ‖)¹² − (σ/‖xᵢ − xⱼ‖)⁶)."""
    _, u = pairs(X, data)
    return 2 * data.epsilon * jnp.sum(u**6 - u**3)


def gradient(X: Float[Array, "N 3"], data: Data) -> Float[Array, "N 3"]:
    """∂f/∂xᵢ = Σⱼ Wᵢⱼ (xᵢ − xⱼ) with Wᵢⱼ = (24ε/sᵢⱼ) (uᵢⱼ³ − 2uᵢⱼ⁶)."""
    s, u = pairs(X, data)
    return laplacian_product(24 * data.epsilon / s * (u**3 - 2 * u**6), X)


def hvp(X: Float[Array, "N 3"], V: Float[Array, "N 3"], data: Data) -> Float[Array, "N 3"]:
    """ℒ(W) V + ℒ(Ẇ) X with Ẇᵢⱼ = (48ε/sᵢⱼ²) (14uᵢⱼ⁶ − 4uᵢⱼ³) (xᵢ − xⱼ)ᵀ(vᵢ − vⱼ)."""
    s, u = pairs(X, data)
    W = 24 * data.epsilon / s * (u**3 - 2 * u**6)
    moved = 24 * data.epsilon / s**2 * (14 * u**6 - 4 * u**3) * rates(X, V)
    return laplacian_product(W, V) + laplacian_product(moved, X)


def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
    """Draws a cluster of `size` atoms, near a cubic lattice, in reduced units."""
    return crystal(rng, size, spacing=1.15, noise=0.08), Data(epsilon=1.0, sigma=1.0)


OBJECTIVES = (
    Objective(
        name="lennard-jones",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda X: {"compressed": 0.8 * X, "expanded": 3 * X},
        sizes=(13, 55, 309),
        family="physics and geometry",
        tags=("tails", "ill-conditioned"),
        source="Jones, Proc. R. Soc. A 106 (1924); Wales & Doye, J. Phys. Chem. A 101 (1997)",
    ),
)
