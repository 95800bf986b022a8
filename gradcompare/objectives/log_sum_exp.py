r"""The logarithm of a sum of exponentials of affine functions.

With A (m × n) and z = Ax + b,

    f(x) = log Σᵢ exp(zᵢ),
    ∇f(x) = Aᵀp,    pᵢ = exp(zᵢ) / Σⱼ exp(zⱼ),
    ∇²f(x) v = Aᵀ(p ∘ (Av − (pᵀAv) 1)).

See Boyd & Vandenberghe, Convex Optimization (2004), appendix A.4.2, p. 643, for both derivatives,
and Blanchard, Higham & Higham, IMA Journal of Numerical Analysis 41 (2021), 2311–2330, for why
both formulas are evaluated after subtracting max z.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._model.objective import Objective


class Data(NamedTuple):
    A: Float[Array, "m n"]
    b: Float[Array, " m"]


def value(x: Float[Array, " n"], data: Data) -> Float[Array, ""]:
    """f(x) = log Σᵢ exp((Ax + b)ᵢ)."""
    # logsumexp and softmax subtract max z, so that exp never overflows.
    return jax.nn.logsumexp(data.A @ x + data.b)


def gradient(x: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇f(x) = Aᵀ softmax(Ax + b)."""
    # Aᵀp as p @ A, as in ridge.py: A.T @ p is several times slower on the CPU.
    return jax.nn.softmax(data.A @ x + data.b) @ data.A


def hvp(x: Float[Array, " n"], v: Float[Array, " n"], data: Data) -> Float[Array, " n"]:
    """∇²f(x) v = Aᵀ(p ∘ (Av − (pᵀAv) 1)) with p = softmax(Ax + b)."""
    p, moved = jax.nn.softmax(data.A @ x + data.b), data.A @ v
    # Only differences of Av count. From the largest p they are exact where that p is almost 1.
    moved = moved - moved[jnp.argmax(p)]
    return (p * (moved - p @ moved)) @ data.A


def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
    """Draws `size` coordinates and twice as many affine functions of order one."""
    A = rng.standard_normal((2 * size, size))
    b = rng.standard_normal(2 * size)
    return rng.standard_normal(size) / np.sqrt(size), Data(A, b)


OBJECTIVES = (
    Objective(
        name="log-sum-exp",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda x: {"zero": 0 * x, "tail": 100 * x},
        sizes=(10, 100, 1000),
        family="probabilistic",
        tags=("convex", "tails"),
        source="Boyd & Vandenberghe, Convex Optimization (2004), appendix A.4.2, p. 643",
    ),
)
