r"""Energies of N particles in space that are sums over pairs, f(X) = Σ_{i<j} φᵢⱼ(‖xᵢ − xⱼ‖²).

With the rows xᵢ of X (N × 3), the weights Wᵢⱼ = 2 φᵢⱼ′(‖xᵢ − xⱼ‖²), zero on the diagonal, and
their Laplacian ℒ(W) = diag(W1) − W,

    ∂f/∂xᵢ = Σⱼ Wᵢⱼ (xᵢ − xⱼ),    ∇f(X) = ℒ(W) X,    ∇²f(X) V = ℒ(W) V + ℒ(Ẇ) X,

where Ẇᵢⱼ = 2 φᵢⱼ″(‖xᵢ − xⱼ‖²) · 2 (xᵢ − xⱼ)ᵀ(vᵢ − vⱼ). So no array larger than N × N is needed.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


def squared_distances(X: Float[Array, "N 3"]) -> Float[Array, "N N"]:
    """Returns ‖xᵢ − xⱼ‖²."""
    # From the differences: ‖xᵢ‖² + ‖xⱼ‖² − 2xᵢᵀxⱼ cancels far from the origin.
    x, y, z = map(differences, X.T)
    return x**2 + y**2 + z**2


def rates(X: Float[Array, "N 3"], V: Float[Array, "N 3"]) -> Float[Array, "N N"]:
    """Returns 2 (xᵢ − xⱼ)ᵀ(vᵢ − vⱼ), the derivative of ‖xᵢ − xⱼ‖² where X moves along V."""
    x, y, z, along_x, along_y, along_z = map(differences, (*X.T, *V.T))
    return 2 * (x * along_x + y * along_y + z * along_z)


def differences(x: Float[Array, " N"]) -> Float[Array, "N N"]:
    return x[:, None] - x


def laplacian_product(W: Float[Array, "N N"], X: Float[Array, "N 3"]) -> Float[Array, "N 3"]:
    """Returns ℒ(W) X, whose rows are Σⱼ Wᵢⱼ (xᵢ − xⱼ)."""
    return jnp.sum(W, axis=1)[:, None] * X - W @ X


def crystal(
    rng: np.random.Generator, size: int, spacing: float, noise: float
) -> Float[np.ndarray, "N 3"]:
    """Draws `size` particles near the points of a cubic lattice, nearest to its centre first."""
    side = np.arange(np.ceil(np.cbrt(size))) - (np.ceil(np.cbrt(size)) - 1) / 2
    sites = np.stack(np.meshgrid(side, side, side, indexing="ij"), axis=-1).reshape(-1, 3)
    order = np.argsort(np.linalg.norm(sites, axis=1), kind="stable")[:size]
    return spacing * sites[order] + noise * rng.standard_normal((size, 3))
