r"""Orthogonal Procrustes problem: the rotation that takes one set of points to another.

The columns of A and B (n × m) are points, and the rotation R is the Cayley transform of a skew
matrix S (n × n), with its entries s below the diagonal, row by row, as the parameters:

    R = (I − S)⁻¹ (I + S),    Sᵢⱼ = −Sⱼᵢ = sᵢⱼ for i > j,    f(s) = ½ ‖R A − B‖².

I − S is regular at any s, and R is any rotation but those that turn a plane by π; in a plane the
angle is 2 arctan s. Since R = 2 (I − S)⁻¹ − I, no product with R is needed. With the solutions
of two systems, which have the same matrix, once transposed,

    (I − S) Z = A,    E = 2 Z − A − B,    (I − S)ᵀY = E,    G = 2 Y Zᵀ,

we have RA − B = E, dZ = (I − S)⁻¹ dS Z, df = 2 ⟨E, dZ⟩ = ⟨G, dS⟩, and so

    ∂f/∂sᵢⱼ = Gᵢⱼ − Gⱼᵢ for i > j.

Along a direction with the skew matrix Ṡ, as (I − S)ᵀ = I + S,

    (I − S) Ż = Ṡ Z,    (I − S)ᵀẎ = 2 Ż − Ṡ Y,    Ġ = 2 (Ẏ Zᵀ + Y Żᵀ).

See Schönemann, Psychometrika 31 (1966), 1–10, for the problem, where the best R is U Vᵀ of the
singular value decomposition B Aᵀ = U Σ Vᵀ, Cayley, Journal für die reine und angewandte
Mathematik 32 (1846), 119–123, for the transform, and Wen & Yin, Mathematical Programming 142
(2013), 397–434, for its use in optimisation.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import lu_factor, lu_solve
from jaxtyping import Array, Float

from .._model.objective import Objective


class Data(NamedTuple):
    A: Float[Array, "n m"]
    B: Float[Array, "n m"]


def skew(s: Float[Array, " d"], n: int) -> Float[Array, "n n"]:
    """Returns S, from its d = n (n − 1)/2 entries below the diagonal."""
    L = jnp.zeros((n, n), s.dtype).at[np.tril_indices(n, -1)].set(s)
    return L - L.T


def by_entries(G: Float[Array, "n n"]) -> Float[Array, " d"]:
    """Returns the derivatives by the entries of S below the diagonal from those by all entries."""
    return (G - G.T)[np.tril_indices(len(G), -1)]


def value(s: Float[Array, " d"], data: Data) -> Float[Array, ""]:
    """f(s) = ½ ‖R A − B‖², R = (I − S)⁻¹ (I + S), S skew with entries s."""
    n = len(data.A)
    Z = jnp.linalg.solve(jnp.eye(n, dtype=s.dtype) - skew(s, n), data.A)
    return jnp.sum((2 * Z - data.A - data.B) ** 2) / 2


def gradient(s: Float[Array, " d"], data: Data) -> Float[Array, " d"]:
    """∂f/∂sᵢⱼ = Gᵢⱼ − Gⱼᵢ with G = 2 Y Zᵀ, (I − S) Z = A, (I − S)ᵀY = 2 Z − A − B."""
    n = len(data.A)
    factors = lu_factor(jnp.eye(n, dtype=s.dtype) - skew(s, n))
    Z = lu_solve(factors, data.A)
    Y = lu_solve(factors, 2 * Z - data.A - data.B, trans=1)
    return by_entries(2 * Y @ Z.T)


def hvp(s: Float[Array, " d"], v: Float[Array, " d"], data: Data) -> Float[Array, " d"]:
    """Ġᵢⱼ − Ġⱼᵢ with Ġ = 2 (Ẏ Zᵀ + Y Żᵀ), (I − S) Ż = Ṡ Z, (I − S)ᵀẎ = 2 Ż − Ṡ Y."""
    n = len(data.A)
    factors = lu_factor(jnp.eye(n, dtype=s.dtype) - skew(s, n))
    Z = lu_solve(factors, data.A)
    Y = lu_solve(factors, 2 * Z - data.A - data.B, trans=1)
    S_ = skew(v, n)
    Z_ = lu_solve(factors, S_ @ Z)
    Y_ = lu_solve(factors, 2 * Z_ - S_ @ Y, trans=1)
    return by_entries(2 * (Y_ @ Z.T + Y @ Z_.T))


def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
    """Draws 2 × `size` points in `size` dimensions, and what a noisy rotation makes of them.

    There are size (size − 1)/2 parameters: 10 at size 5, 105 at size 15, 435 at size 30.
    """
    true, s = rng.standard_normal((2, size * (size - 1) // 2)) / np.sqrt(size)
    S = np.zeros((size, size))
    S[np.tril_indices(size, -1)] = true
    S = S - S.T
    A = rng.standard_normal((size, 2 * size)) / np.sqrt(2 * size)
    noise = 0.1 * rng.standard_normal(A.shape) / np.sqrt(2 * size)
    return s, Data(A, np.linalg.solve(np.eye(size) - S, A + S @ A) + noise)


OBJECTIVES = (
    Objective(
        name="procrustes",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda s: {"identity": 0 * s, "half turn": 20 * s},
        sizes=(5, 15, 30),
        family="physics and geometry",
        tags=("manifold", "matrix", "linear-solve"),
        source="Schönemann, Psychometrika 31 (1966); Cayley, J. reine angew. Math. 32 (1846)",
    ),
)
