r"""The elastic energy of a net of springs, as a model of cloth.

The nodes lie at X (n × n × 3) and are joined down, across and along one diagonal of each mesh.
A spring s from the node i to the node j has the stiffness kₛ and the length ℓₛ at rest. With
eₛ = xⱼ − xᵢ, rₛ = ‖eₛ‖ and uₛ = eₛ/rₛ,

    f(X) = ½ Σₛ kₛ (rₛ − ℓₛ)²,    ∇f(X) = Bᵀt,    tₛ = kₛ (rₛ − ℓₛ) uₛ,    ∇²f(X) V = Bᵀṫ,
    ṫₛ = kₛ uₛuₛᵀėₛ + kₛ (1 − ℓₛ/rₛ) (ėₛ − uₛuₛᵀėₛ),    ė = BV,

where B takes the differences eₛ of the nodes and Bᵀt adds the force tₛ of each spring to its end
j and subtracts it from its end i. The first term of ṫ is the material stiffness, along the spring,
the second the geometric one, across it, which is negative in a compressed spring.

See Provot, Deformation constraints in a mass-spring model to describe rigid cloth behavior,
Graphics Interface (1995), 147–154, and for the derivative of the force Choi & Ko, Stable but
responsive cloth, ACM Transactions on Graphics 21 (2002), 604–611.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.objective import Objective


class Springs(NamedTuple):
    """A number, or a vector, for each spring: down, across and along the diagonals."""

    down: Float[Array, "n-1 n ..."]
    across: Float[Array, "n n-1 ..."]
    diagonal: Float[Array, "n-1 n-1 ..."]


class Data(NamedTuple):
    k: Springs
    length: Springs


def edges(X: Float[Array, "n n 3"]) -> Springs:
    """Returns BX: eₛ = xⱼ − xᵢ for each spring."""
    return Springs(X[1:] - X[:-1], X[:, 1:] - X[:, :-1], X[1:, 1:] - X[:-1, :-1])


def forces(t: Springs) -> Float[Array, "n n 3"]:
    """Returns Bᵀt: what the springs add up to at each node."""

    def at(part, rows, columns):
        return jnp.pad(part, (rows, columns, (0, 0)))

    # The end i of a spring lies in the first n − 1 rows or columns, the end j in the last.
    first, last, none = (0, 1), (1, 0), (0, 0)
    down = at(t.down, last, none) - at(t.down, first, none)
    across = at(t.across, none, last) - at(t.across, none, first)
    return down + across + at(t.diagonal, last, last) - at(t.diagonal, first, first)


def stretch(
    e: Float[Array, "*springs 3"],
) -> tuple[Float[Array, "*springs 1"], Float[Array, "*springs 3"]]:
    """Returns rₛ = ‖eₛ‖ and uₛ = eₛ/rₛ."""
    r = jnp.sqrt(jnp.sum(e**2, axis=-1, keepdims=True))
    return r, e / r


def energy(e, k, length) -> Float[Array, ""]:
    """Returns ½ Σₛ kₛ (rₛ − ℓₛ)² over springs of one kind."""
    r = jnp.sqrt(jnp.sum(e**2, axis=-1))
    return jnp.sum(k * (r - length) ** 2) / 2


def tension(e, k, length) -> Float[Array, "*springs 3"]:
    """Returns tₛ = kₛ (rₛ − ℓₛ) uₛ."""
    r, u = stretch(e)
    return k[..., None] * (r - length[..., None]) * u


def tension_rate(e, moved, k, length) -> Float[Array, "*springs 3"]:
    """Returns ṫₛ, where eₛ moves along ėₛ."""
    r, u = stretch(e)
    along = jnp.sum(u * moved, axis=-1, keepdims=True) * u
    return k[..., None] * (along + (1 - length[..., None] / r) * (moved - along))


def value(X: Float[Array, "n n 3"], data: Data) -> Float[Array, ""]:
    """f(X) = ½ Σₛ kₛ (‖xⱼ − xᵢ‖ − ℓₛ)², over the springs s from i to j."""
    down, across, diagonal = map(energy, edges(X), *data)
    return down + across + diagonal


def gradient(X: Float[Array, "n n 3"], data: Data) -> Float[Array, "n n 3"]:
    """∇f(X) = Bᵀt with tₛ = kₛ (rₛ − ℓₛ) uₛ."""
    return forces(Springs(*map(tension, edges(X), *data)))


def hvp(X: Float[Array, "n n 3"], V: Float[Array, "n n 3"], data: Data) -> Float[Array, "n n 3"]:
    """Bᵀṫ with ṫₛ = kₛ uₛuₛᵀėₛ + kₛ (1 − ℓₛ/rₛ) (ėₛ − uₛuₛᵀėₛ)."""
    return forces(Springs(*map(tension_rate, edges(X), edges(V), *data)))


def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
    """Draws a net of `size` × `size` nodes, rumpled, with springs of different stiffness."""
    row, column = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    X = np.stack([row, column, 0 * row], axis=-1) + 0.2 * rng.standard_normal((size, size, 3))
    shapes = (size - 1, size), (size, size - 1), (size - 1, size - 1)
    k = Springs(*(rng.uniform(0.5, 2, shape) for shape in shapes))
    rest = zip(shapes, (1, 1, np.sqrt(2)), strict=True)
    return X, Data(k, Springs(*(at * rng.uniform(0.8, 1.2, shape) for shape, at in rest)))


OBJECTIVES = (
    Objective(
        name="spring-network",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda X: {"slack": 0.3 * X, "taut": 3 * X},
        sizes=(4, 30, 100),
        family="physics and geometry",
        tags=("lattice",),
        source="Provot, Graphics Interface (1995); Choi & Ko, ACM Trans. Graph. 21 (2002)",
    ),
)
