r"""Diffusion: the coefficient of a steady diffusion equation from measurements of its solution.

On the interval (0, 1), −(a u′)′ = q with u(0) = u(1) = 0 is discretised with N cells of width
h = 1/N, coefficients aᵢ = exp(pᵢ) in the cells and uⱼ at the N − 1 nodes between them. Let D be
the differences over the cells, (Du)ᵢ = uᵢ − uᵢ₋₁ with u₀ = u_N = 0. The state u(p) solves

    K u = h² q,    K = Dᵀ diag(a) D,

and with weights wⱼ, 1 at the nodes with a sensor and 0 at the others, and measurements z,

    f(p) = ½ Σⱼ wⱼ (uⱼ − zⱼ)² + (λ/2) ‖p‖².

The gradient takes one adjoint state y, and the Hessian-vector product the changes of both states
along the direction v, where ȧ = a ∘ v:

    K y = w ∘ (u − z),                      ∇f(p) = λ p − a ∘ Du ∘ Dy,
    K u̇ = −Dᵀ(ȧ ∘ Du),                      ∇²f(p) v = λ v − ȧ ∘ Du ∘ Dy
    K ẏ = w ∘ u̇ − Dᵀ(ȧ ∘ Dy),                           − a ∘ (Du̇ ∘ Dy + Du ∘ Dẏ).

See Plessix, Geophysical Journal International 167 (2006), 495–503, for the adjoint state, and
Hinze, Pinnau, Ulbrich & Ulbrich, Optimization with PDE Constraints (2009), section 1.6, for both.

Each of these systems is solved without a matrix: the flux a ∘ Du is a constant c less the load
on the left, F, and the sum of Du is zero, so that c is the mean of F with the weights 1/a.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.objective import Objective


class Data(NamedTuple):
    q: Float[Array, " n-1"]
    w: Float[Array, " n-1"]
    z: Float[Array, " n-1"]
    lam: float


def load(right: Float[Array, " n-1"]) -> Float[Array, " n"]:
    """Returns F, the sum of the right-hand side over the nodes on the left of each cell."""
    return jnp.pad(jnp.cumsum(right), (1, 0))


def differences(a: Float[Array, " n"], F: Float[Array, " n"]) -> Float[Array, " n"]:
    """Returns Du = (c − F)/a for K u = right-hand side, or, of Dᵀg, for the load −g."""
    c = jnp.sum(F / a) / jnp.sum(1 / a)
    return (c - F) / a


def nodes(differences: Float[Array, " n"]) -> Float[Array, " n-1"]:
    """Returns u of Du."""
    return jnp.cumsum(differences[:-1])


def state(p: Float[Array, " n"], data: Data) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
    """Returns a and Du."""
    a = jnp.exp(p)
    return a, differences(a, load(data.q / len(p) ** 2))


def value(p: Float[Array, " n"], data: Data) -> Float[Array, ""]:
    """f(p) = ½ Σⱼ wⱼ (uⱼ − zⱼ)² + (λ/2) ‖p‖², Dᵀ diag(exp p) D u = h² q."""
    _, Du = state(p, data)
    return (jnp.sum(data.w * (nodes(Du) - data.z) ** 2) + data.lam * jnp.sum(p**2)) / 2


def gradient(p: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇f(p) = λ p − a ∘ Du ∘ Dy, where the adjoint state y solves K y = w ∘ (u − z)."""
    a, Du = state(p, data)
    Dy = differences(a, load(data.w * (nodes(Du) - data.z)))
    return data.lam * p - a * Du * Dy


def hvp(p: Float[Array, " n"], v: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇²f(p) v = λ v − ȧ ∘ Du ∘ Dy − a ∘ (Du̇ ∘ Dy + Du ∘ Dẏ), with ȧ = a ∘ v."""
    a, Du = state(p, data)
    Dy = differences(a, load(data.w * (nodes(Du) - data.z)))
    # Dᵀg loads the nodes on the left of a cell with a constant less g, and c takes the constant.
    Du_ = differences(a, a * v * Du)
    Dy_ = differences(a, a * v * Dy + load(data.w * nodes(Du_)))
    return data.lam * v - a * (v * Du * Dy + Du_ * Dy + Du * Dy_)


def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
    """Draws `size` cells, with a sensor at every second node, and measurements with noise."""
    p, true = 0.5 * rng.standard_normal((2, size))
    q = 8 + 2 * rng.standard_normal(size - 1)
    a, F = np.exp(true), np.append(0, np.cumsum(q / size**2))
    u = np.cumsum((np.sum(F / a) / np.sum(1 / a) - F) / a)[:-1]
    w = np.where(np.arange(size - 1) % 2 == 0, 1.0, 0.0)
    return p, Data(q, w, u + 0.05 * rng.standard_normal(size - 1), lam=0.05)


OBJECTIVES = (
    Objective(
        name="diffusion",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda p: {"uniform": 0 * p, "contrast": 6 * p},
        sizes=(20, 200, 2000),
        family="physics and geometry",
        tags=("log-parameters", "adjoint"),
        source="Plessix, Geophys. J. Int. 167 (2006); Hinze, Pinnau, Ulbrich & Ulbrich, "
        "Optimization with PDE Constraints (2009), section 1.6",
    ),
)
