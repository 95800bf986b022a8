r"""The line of the gluons in the Lagrangian of the Standard Model, as an action on a lattice.

The first line of the Lagrangian, for the gluon field gᵃ_μ with the coupling g_s, is

    ℒ = −½ ∂_νgᵃ_μ ∂_νgᵃ_μ − g_s fᵃᵇᶜ ∂_μgᵃ_ν gᵇ_μ gᶜ_ν − ¼ g_s² fᵃᵇᶜ fᵃᵈᵉ gᵇ_μ gᶜ_ν gᵈ_μ gᵉ_ν.

Conventions.
  * Every index that occurs twice in a product is summed: the colours a, b, c, d, e over 1 … 8
    and the directions μ, ν over 1 … 4. There is no metric: all indices are lower ones and count
    with the same sign, as where the fourth coordinate is an imaginary time, and here every gᵃ_μ
    is real.
  * fᵃᵇᶜ are the structure constants of SU(3), [λᵃ, λᵇ] = 2i fᵃᵇᶜ λᶜ for the matrices λᵃ of
    Gell-Mann. They are antisymmetric in every two indices.
  * ∂_μ is the central difference on a periodic lattice of unit spacing (`_lattice.py`):
    ∂_μφ(x) = (φ(x + μ̂) − φ(x − μ̂)) / 2.
  * The objective is the Euclidean action, f(g) = −Σₓ ℒ(x), so its terms have plus signs and it is
    bounded below. The parameters are all gᵃ_μ(x), an array with the axes μ, a, x₁, x₂, x₃, x₄, so
    d = 4 · 8 · n₁n₂n₃n₄, which is 32 times the number of sites.

The field equation. Write [A, B]ᵃ = fᵃᵇᶜ Aᵇ Bᶜ and A·B = Aᵃ Bᵃ; then A·[B, C] = B·[C, A]. With

    C_μν = [g_μ, g_ν],    F_μν = ∂_μg_ν − ∂_νg_μ + g_s C_μν,

f = Σₓ ½ ∂_μg_ν·∂_μg_ν + g_s ∂_μg_ν·C_μν + ¼ g_s² C_μν·C_μν, and where g moves along h,

    ḟ = Σₓ (∂_μg_ν + g_s C_μν)·∂_μh_ν + (g_s ∂_μg_ν + ½ g_s² C_μν)·([h_μ, g_ν] + [g_μ, h_ν]).

Σₓ χ·∂_μφ = −Σₓ φ·∂_μχ takes the difference from h. In the second part the cyclic rule takes h
out of the brackets, and what is left of the round bracket is its antisymmetric part, ½ g_s F_μν:

    ∂f/∂g_λ = −∂_ν(∂_νg_λ + g_s C_νλ) − g_s [g_ν, F_νλ]
            = −(∂_νF_νλ + g_s [g_ν, F_νλ]) − ∂_λ(∂_νg_ν),

because ∂_ν∂_λ = ∂_λ∂_ν. The bracket is D_νF_νλ, the covariant divergence of the field strength in
the equation of Yang and Mills; the rest comes from the gauge-fixing term of Feynman's gauge, since
f = Σₓ ¼ F_μν·F_μν + ½ (∂_μg_μ)·(∂_νg_ν), also on the lattice. Along h, with
Ḟ_μν = ∂_μh_ν − ∂_νh_μ + g_s ([h_μ, g_ν] + [g_μ, h_ν]), the Hessian times h is

    (∇²f(g) h)_λ = −(∂_νḞ_νλ + g_s [g_ν, Ḟ_νλ] + g_s [h_ν, F_νλ]) − ∂_λ(∂_νh_ν).

f does not change where all g_μ(x) are rotated by the same exp(ω), ωᵃᶜ = fᵃᵇᶜ θᵇ: the lattice
breaks the local gauge invariance, not the global one.

Sources: Veltman, Diagrammatica (1994), appendix E, for the Lagrangian; Gell-Mann, Physical Review
125 (1962), 1067–1084, for λᵃ and fᵃᵇᶜ; Yang & Mills, Physical Review 96 (1954), 191–195.
"""

from itertools import permutations
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.objective import Objective
from ._lattice import derivatives, divergence, lattice_shape

Field = Float[Array, "4 8 n1 n2 n3 n4"]
Tensor = Float[Array, "4 4 8 n1 n2 n3 n4"]
Adjoint = Float[Array, "4 8 8 n1 n2 n3 n4"]

TABLE = {
    (1, 2, 3): 1,
    (1, 4, 7): 1 / 2,
    (1, 6, 5): 1 / 2,
    (2, 4, 6): 1 / 2,
    (2, 5, 7): 1 / 2,
    (3, 4, 5): 1 / 2,
    (3, 7, 6): 1 / 2,
    (4, 5, 8): np.sqrt(3) / 2,
    (6, 7, 8): np.sqrt(3) / 2,
}
"""fᵃᵇᶜ by its colours (a, b, c); the others follow by antisymmetry or are zero."""


class Data(NamedTuple):
    f: Float[Array, "8 8 8"]
    gs: float


def structure_constants() -> Float[np.ndarray, "8 8 8"]:
    """Returns fᵃᵇᶜ of SU(3), where colour 1 has the index 0."""
    f = np.zeros((8, 8, 8))
    for colours, number in TABLE.items():
        for order in permutations(range(3)):
            even = np.linalg.det(np.eye(3)[list(order)]) > 0
            f[tuple(colours[k] - 1 for k in order)] = number if even else -number
    return f


def adjoint(g: Field, f: Float[Array, "8 8 8"]) -> Adjoint:
    """Returns the matrices Aμ with (Aμ)ᵃᶜ = fᵃᵇᶜ gᵇ_μ, so that [g_μ, X] = Aμ X."""
    return jnp.einsum("abc,mb...->mac...", f, g)


def brackets(A: Adjoint, h: Field) -> Tensor:
    """Returns [g_μ, h_ν] = Aμ h_ν."""
    return jnp.einsum("mac...,nc...->mna...", A, h)


def contraction(A: Adjoint, F: Tensor) -> Field:
    """Returns [g_ν, F_νλ], summed over ν."""
    return jnp.einsum("nac...,nlc...->la...", A, F)


def antisymmetric(D: Tensor) -> Tensor:
    """Returns D_μν − D_νμ."""
    return D - jnp.swapaxes(D, 0, 1)


def gauge_term(D: Tensor) -> Tensor:
    """Returns δ_νλ D_μμ, whose divergence over ν is ∂_λ(∂_μg_μ) for D_μν = ∂_μg_ν."""
    unit = jnp.eye(4, dtype=D.dtype)[:, :, None, None, None, None, None]
    return unit * jnp.trace(D)


def value(g: Field, data: Data) -> Float[Array, ""]:
    """f(g) = Σₓ ½ ∂_νgᵃ_μ ∂_νgᵃ_μ + g_s fᵃᵇᶜ ∂_μgᵃ_ν gᵇ_μ gᶜ_ν + ¼ g_s² (fᵃᵇᶜ gᵇ_μ gᶜ_ν)²."""
    D, C = derivatives(g), brackets(adjoint(g, data.f), g)
    return jnp.sum(D**2 / 2 + data.gs * D * C + data.gs**2 / 4 * C**2)


def gradient(g: Field, data: Data) -> Field:
    """∂f/∂g_λ = −(∂_νF_νλ + g_s [g_ν, F_νλ]) − ∂_λ(∂_νg_ν)."""
    A, D = adjoint(g, data.f), derivatives(g)
    F = antisymmetric(D) + data.gs * brackets(A, g)
    return -divergence(F + gauge_term(D)) - data.gs * contraction(A, F)


def hvp(g: Field, h: Field, data: Data) -> Field:
    """−(∂_νḞ_νλ + g_s [g_ν, Ḟ_νλ] + g_s [h_ν, F_νλ]) − ∂_λ(∂_νh_ν)."""
    A, moved, D = adjoint(g, data.f), adjoint(h, data.f), derivatives(h)
    F = antisymmetric(derivatives(g)) + data.gs * brackets(A, g)
    # [h_μ, g_ν] + [g_μ, h_ν] is the antisymmetric part of [g_μ, h_ν], twice.
    rate = antisymmetric(D + data.gs * brackets(A, h))
    turned = contraction(A, rate) + contraction(moved, F)
    return -divergence(rate + gauge_term(D)) - data.gs * turned


def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
    """Draws a field on `size` sites, strong enough that all three terms count: d = 32 `size`."""
    g = 0.5 * rng.standard_normal((4, 8, *lattice_shape(size)))
    return g, Data(structure_constants(), gs=1.2)


OBJECTIVES = (
    Objective(
        name="gluon-line",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda g: {"weak": 0.01 * g, "strong": 10 * g},
        sizes=(3, 9, 81),
        family="standard model",
        tags=("lattice", "periodic"),
        source="Veltman, Diagrammatica (1994), app. E; Yang & Mills, Phys. Rev. 96 (1954)",
    ),
)
