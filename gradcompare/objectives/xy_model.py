r"""The XY model: planar spins on a periodic square lattice, with random couplings.

The spin at the site x of an L × L lattice has the angle θₓ. With the unit vectors e₀ and e₁, the
couplings Jₖₓ of the bonds from x to x + eₖ, and Δₖₓ = θₓ − θ_{x+eₖ},

    f(θ) = −Σₖₓ Jₖₓ cos Δₖₓ,
    ∂f/∂θₓ = Σₖ (Jₖₓ sin Δₖₓ − Jₖᵧ sin Δₖᵧ),    y = x − eₖ,
    (∇²f(θ) v)ₓ = Σₖ (Jₖₓ cos Δₖₓ Δ̇ₖₓ − Jₖᵧ cos Δₖᵧ Δ̇ₖᵧ),    Δ̇ₖₓ = vₓ − v_{x+eₖ}:

each bond turns its two spins by opposite torques, so the entries of the gradient add up to zero.
With all J = 1 this is the model of Kosterlitz & Thouless, Journal of Physics C 6 (1973),
1181–1203; with J drawn from a normal distribution it is a spin glass, as that of Edwards &
Anderson, Journal of Physics F 5 (1975), 965–974.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.objective import Objective


class Data(NamedTuple):
    J: Float[Array, "2 L L"]


def differences(theta: Float[Array, "L L"]) -> Float[Array, "2 L L"]:
    """Returns Δₖₓ = θₓ − θ_{x+eₖ}."""
    return jnp.stack([theta - jnp.roll(theta, -1, axis) for axis in (0, 1)])


def torques(bonds: Float[Array, "2 L L"]) -> Float[Array, "L L"]:
    """Returns Σₖ (bₖₓ − bₖᵧ) with y = x − eₖ, the transpose of `differences`."""
    down, across = bonds
    return down - jnp.roll(down, 1, axis=0) + across - jnp.roll(across, 1, axis=1)


def value(theta: Float[Array, "L L"], data: Data) -> Float[Array, ""]:
    """f(θ) = −Σₖₓ Jₖₓ cos(θₓ − θ_{x+eₖ}), over the bonds of a periodic square lattice."""
    return -jnp.sum(data.J * jnp.cos(differences(theta)))


def gradient(theta: Float[Array, "L L"], data: Data) -> Float[Array, "L L"]:
    """∂f/∂θₓ = Σₖ (Jₖₓ sin Δₖₓ − Jₖᵧ sin Δₖᵧ) with y = x − eₖ."""
    return torques(data.J * jnp.sin(differences(theta)))


def hvp(theta: Float[Array, "L L"], v: Float[Array, "L L"], data: Data) -> Float[Array, "L L"]:
    """(∇²f(θ) v)ₓ = Σₖ (Jₖₓ cos Δₖₓ Δ̇ₖₓ − Jₖᵧ cos Δₖᵧ Δ̇ₖᵧ) with y = x − eₖ."""
    return torques(data.J * jnp.cos(differences(theta)) * differences(v))


def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
    """Draws `size` × `size` spins in all directions, with standard normal couplings."""
    J = rng.standard_normal((2, size, size))
    return rng.uniform(-np.pi, np.pi, (size, size)), Data(J)


OBJECTIVES = (
    Objective(
        name="xy-model",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda theta: {"aligned": 0 * theta, "spin waves": 0.01 * theta},
        sizes=(5, 30, 300),
        family="physics and geometry",
        tags=("periodic", "lattice"),
        source="Kosterlitz & Thouless, J. Phys. C (1973); Edwards & Anderson, J. Phys. F (1975)",
    ),
)
