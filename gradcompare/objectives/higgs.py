r"""The lines of the Higgs field in the Lagrangian of the Standard Model, as a lattice action.

In the gauge of 't Hooft and Feynman the Higgs field H and the fields φ⁰, φ⁺ and φ⁻, without those
that they couple to, have the kinetic and the potential lines

    ℒ = −½ ∂_μH ∂_μH − ½ m_h² H² − ∂_μφ⁺ ∂_μφ⁻ − M² φ⁺φ⁻ − ½ ∂_μφ⁰ ∂_μφ⁰ − (M²/2c_w²) φ⁰φ⁰
        − β_h [2M²/g² + (2M/g) H + ½ (H² + φ⁰φ⁰ + 2φ⁺φ⁻)] + (2M⁴/g²) α_h
        − g α_h M [H³ + H φ⁰φ⁰ + 2H φ⁺φ⁻]
        − ⅛ g² α_h [H⁴ + (φ⁰)⁴ + 4(φ⁺φ⁻)² + 4(φ⁰)² φ⁺φ⁻ + 4H² φ⁺φ⁻ + 2(φ⁰)² H²].

Conventions.
  * φ⁺ and φ⁻ are complex conjugates, written with two real fields: φ^± = (φ₁ ∓ iφ₂)/√2. So
    φ⁺φ⁻ = ½ (φ₁² + φ₂²) and ∂_μφ⁺ ∂_μφ⁻ = ½ (∂_μφ₁ ∂_μφ₁ + ∂_μφ₂ ∂_μφ₂).
  * μ is summed over the directions 1 … 4. There is no metric: all four squares count with the
    same sign, as where the fourth coordinate is an imaginary time, and here all fields are real.
  * ∂_μ is the central difference on a periodic lattice of unit spacing (`_lattice.py`):
    ∂_μφ(x) = (φ(x + μ̂) − φ(x − μ̂)) / 2. Masses are in units of the inverse spacing.
  * The objective is the Euclidean action, f = −Σₓ ℒ(x), constants included. The parameters are
    H, φ⁰, φ₁ and φ₂ at each site, so d = 4 n₁n₂n₃n₄, four times the number of sites.
  * g, M, m_h, c_w, α_h and β_h are data, and independent here. M is the mass of the W, M/c_w that
    of the Z; in the Standard Model α_h = m_h²/4M², and β_h, which is a counterterm that cancels
    tadpoles, is zero before loops.

The field equations. With Φ = (H, φ⁰, φ₁, φ₂), ρ = H² + (φ⁰)² + φ₁² + φ₂² = H² + φ⁰φ⁰ + 2φ⁺φ⁻ and
the masses m = (m_h, M/c_w, M, M), the brackets are Hρ in the cubic line and ρ² in the quartic one:

    f = Σₓ ½ ∂_μΦ·∂_μΦ + ½ Σₖ mₖ² Φₖ² + β_h (2M²/g² + (2M/g) H + ½ρ) − 2M⁴α_h/g²
           + g α_h M Hρ + ⅛ g² α_h ρ²,
    ∂f/∂Φₖ = −∂_μ∂_μΦₖ + (mₖ² + s) Φₖ + δₖ₀ (2Mβ_h/g + g α_h M ρ),
    s = β_h + 2g α_h M H + ½ g² α_h ρ,

by Σₓ χ ∂_μφ = −Σₓ φ ∂_μχ, where δₖ₀ is 1 for H and 0 for the others. Along V = (V₀, …, V₃),

    (∇²f V)ₖ = −∂_μ∂_μVₖ + (mₖ² + s) Vₖ + ṡ Φₖ + δₖ₀ g α_h M ρ̇,
    ρ̇ = 2 Φ·V,    ṡ = 2g α_h M V₀ + ½ g² α_h ρ̇.

Source: Veltman, Diagrammatica (1994), appendix E.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.objective import Objective
from ._lattice import derivatives, lattice_shape, minus_laplacian

Scalar = Float[Array, "n1 n2 n3 n4"]
Stack = Float[Array, "4 n1 n2 n3 n4"]


class Fields(NamedTuple):
    """H, φ⁰ and the real fields of φ^± = (φ₁ ∓ iφ₂)/√2."""

    H: Scalar
    phi0: Scalar
    phi1: Scalar
    phi2: Scalar


class Data(NamedTuple):
    g: float
    M: float
    m_h: float
    c_w: float
    alpha_h: float
    beta_h: float


def kinetic_lines(fields: Fields, data: Data) -> Scalar:
    """Returns what has derivatives, masses or β_h in −ℒ, and the constant with α_h."""
    g, M, m_h, c_w, alpha_h, beta_h = data
    H, phi0, phi1, phi2 = fields
    charged = (phi1**2 + phi2**2) / 2
    slopes = jnp.sum(derivatives(jnp.stack(fields)) ** 2, axis=(0, 1)) / 2
    masses = m_h**2 * H**2 / 2 + M**2 * charged + (M / c_w) ** 2 * phi0**2 / 2
    tadpole = 2 * M**2 / g**2 + 2 * M / g * H + (H**2 + phi0**2 + 2 * charged) / 2
    return slopes + masses + beta_h * tadpole - 2 * M**4 / g**2 * alpha_h


def potential_lines(fields: Fields, data: Data) -> Scalar:
    """Returns what is cubic or quartic in −ℒ, term by term as it is printed."""
    H, phi0, phi1, phi2 = fields
    charged = (phi1**2 + phi2**2) / 2
    cubic = H**3 + H * phi0**2 + 2 * H * charged
    pure = H**4 + phi0**4 + 4 * charged**2
    mixed = 4 * phi0**2 * charged + 4 * H**2 * charged + 2 * phi0**2 * H**2
    strength = data.g * data.alpha_h
    return strength * data.M * cubic + data.g * strength / 8 * (pure + mixed)


def value(fields: Fields, data: Data) -> Float[Array, ""]:
    """f(H, φ⁰, φ₁, φ₂) = −Σₓ ℒ(x), the kinetic and the potential lines of the Higgs field."""
    return jnp.sum(kinetic_lines(fields, data) + potential_lines(fields, data))


def stiffness(phi: Stack, data: Data) -> Stack:
    """Returns mₖ² + s with s = β_h + 2g α_h M H + ½ g² α_h ρ."""
    g, M, m_h, c_w, alpha_h, beta_h = data
    squares = jnp.stack([m_h**2, (M / c_w) ** 2, M**2, M**2]).astype(phi.dtype)
    s = beta_h + g * alpha_h * (2 * M * phi[0] + g / 2 * jnp.sum(phi**2, axis=0))
    return squares[:, None, None, None, None] + s


def gradient(fields: Fields, data: Data) -> Fields:
    """∂f/∂Φₖ = −∂_μ∂_μΦₖ + (mₖ² + s) Φₖ + δₖ₀ (2Mβ_h/g + g α_h M ρ)."""
    phi, rho = jnp.stack(fields), sum(field**2 for field in fields)
    force = minus_laplacian(phi) + stiffness(phi, data) * phi
    pull = data.M * (2 * data.beta_h / data.g + data.g * data.alpha_h * rho)
    return Fields(force[0] + pull, *force[1:])


def hvp(fields: Fields, direction: Fields, data: Data) -> Fields:
    """(∇²f V)ₖ = −∂_μ∂_μVₖ + (mₖ² + s) Vₖ + ṡ Φₖ + δₖ₀ g α_h M ρ̇."""
    phi, moved = jnp.stack(fields), jnp.stack(direction)
    strength, rho_rate = data.g * data.alpha_h, 2 * jnp.sum(phi * moved, axis=0)
    s_rate = strength * (2 * data.M * moved[0] + data.g / 2 * rho_rate)
    force = minus_laplacian(moved) + stiffness(phi, data) * moved + s_rate * phi
    return Fields(force[0] + strength * data.M * rho_rate, *force[1:])


def make(rng: np.random.Generator, size: int) -> tuple[Fields, Data]:
    """Draws fields on `size` sites, d = 4 `size`; masses are in units of 100 GeV."""
    fields = Fields(*rng.standard_normal((4, *lattice_shape(size))))
    M, m_h = 0.804, 1.25
    alpha_h = m_h**2 / (4 * M**2)
    return fields, Data(g=0.65, M=M, m_h=m_h, c_w=0.88, alpha_h=alpha_h, beta_h=0.1)


OBJECTIVES = (
    Objective(
        name="higgs-lines",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda fields: {
            "vacuum": Fields(*(0 * field for field in fields)),
            "strong": Fields(*(10 * field for field in fields)),
        },
        sizes=(9, 81, 729),
        family="standard model",
        tags=("lattice", "periodic"),
        source="Veltman, Diagrammatica (1994), app. E",
    ),
)
