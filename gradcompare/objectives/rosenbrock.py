r"""The chained Rosenbrock function.

Each coordinate is tied to its neighbour by a curved valley. With rᵢ = xᵢ₊₁ − xᵢ²,

    f(x) = Σᵢ₌₁ᵈ⁻¹ (100 rᵢ² + (1 − xᵢ)²),
    ∂f/∂xᵢ = −400 xᵢ rᵢ − 2 (1 − xᵢ)  [i < d]  +  200 rᵢ₋₁  [i > 1],

and along a direction v, where ṙᵢ = vᵢ₊₁ − 2xᵢvᵢ is the derivative of rᵢ,

    (∇²f(x) v)ᵢ = −400 (vᵢ rᵢ + xᵢ ṙᵢ) + 2 vᵢ  [i < d]  +  200 ṙᵢ₋₁  [i > 1].

For d = 2 it is the function of Rosenbrock, The Computer Journal 3 (1960), 175–184; the chain
over neighbours is in Toint, Mathematics of Computation 32 (1978), 839–851, there with other
coefficients. It is not the extended function that sums over separate pairs.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.objective import Objective


def value(x: Float[Array, " d"], data: None) -> Float[Array, ""]:
    """f(x) = Σᵢ (100 (xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)²), chained over neighbours."""
    return jnp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def gradient(x: Float[Array, " d"], data: None) -> Float[Array, " d"]:
    """∂f/∂xᵢ = −400 xᵢ rᵢ − 2(1 − xᵢ) + 200 rᵢ₋₁ with rᵢ = xᵢ₊₁ − xᵢ²."""
    r = x[1:] - x[:-1] ** 2
    as_left = -400 * x[:-1] * r - 2 * (1 - x[:-1])
    return jnp.pad(as_left, (0, 1)) + jnp.pad(200 * r, (1, 0))


def hvp(x: Float[Array, " d"], v: Float[Array, " d"], data: None) -> Float[Array, " d"]:
    """(∇²f(x) v)ᵢ = −400(vᵢrᵢ + xᵢṙᵢ) + 2vᵢ + 200ṙᵢ₋₁ with ṙᵢ = vᵢ₊₁ − 2xᵢvᵢ."""
    r = x[1:] - x[:-1] ** 2
    dr = v[1:] - 2 * x[:-1] * v[:-1]
    as_left = -400 * (v[:-1] * r + x[:-1] * dr) + 2 * v[:-1]
    return jnp.pad(as_left, (0, 1)) + jnp.pad(200 * dr, (1, 0))


def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, None]:
    """Draws `size` coordinates from the standard normal distribution."""
    return rng.standard_normal(size), None


OBJECTIVES = (
    Objective(
        name="rosenbrock",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda x: {"minimum": np.ones_like(x), "start": np.resize([-1.2, 1.0], x.shape)},
        sizes=(10, 100, 1000),
        family="test functions",
        tags=("curved-valley",),
        source="Rosenbrock, The Computer Journal 3 (1960); chained as in Toint, Mathematics "
        "of Computation 32 (1978)",
    ),
)
