r"""t-SNE: stochastic neighbour embedding with Student's t distribution in the plane.

With given joint probabilities pᵢⱼ of n points (P symmetric, pᵢᵢ = 0, Σ pᵢⱼ = 1) and their
positions yᵢ, rows of Y (n × 2), weights wᵢⱼ = 1/(1 + ‖yᵢ − yⱼ‖²) for i ≠ j with wᵢᵢ = 0, their sum
Z = Σᵢⱼ wᵢⱼ and affinities qᵢⱼ = wᵢⱼ/Z, f is the Kullback–Leibler divergence of Q from P,

    f(Y) = Σ_{i≠j} pᵢⱼ log(pᵢⱼ/qᵢⱼ) = Σᵢⱼ pᵢⱼ log pᵢⱼ + Σᵢⱼ pᵢⱼ log(1 + ‖yᵢ − yⱼ‖²) + log Z,
    ∂f/∂yᵢ = 4 Σⱼ gᵢⱼ (yᵢ − yⱼ),    gᵢⱼ = (pᵢⱼ − qᵢⱼ) wᵢⱼ,

so that ∇f = 4 (diag(G1) − G) Y, the Laplacian of a graph with signed weights times the positions.
Along a direction V the squared distances change by δᵢⱼ = 2 (yᵢ − yⱼ)·(vᵢ − vⱼ), and therefore

    ẇᵢⱼ = −wᵢⱼ² δᵢⱼ,    q̇ᵢⱼ = (ẇᵢⱼ − qᵢⱼ Ż)/Z,    Ż = Σᵢⱼ ẇᵢⱼ,
    ∇²f V = 4 (diag(Ġ1) − Ġ) Y + 4 (diag(G1) − G) V,    Ġ = (P − Q) ∘ Ẇ − Q̇ ∘ W.

See van der Maaten & Hinton, Journal of Machine Learning Research 9 (2008), 2579–2605: equation (4)
for Q, (5) and appendix A for the gradient, (1) for the conditional probabilities of which P is the
symmetric mean. f does not change if all points move or turn together.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import entr
from jaxtyping import Array, Float

from .._model.objective import Objective
from ._pairwise import dot_differences

FEATURES = 5
BISECTIONS = 60


class Data(NamedTuple):
    P: Float[Array, "n n"]


def weights(Y: Float[Array, "n 2"]) -> Float[Array, "n n"]:
    """Returns wᵢⱼ = 1/(1 + ‖yᵢ − yⱼ‖²), and 0 on the diagonal."""
    # Zeros put there, as a sum over all pairs less n cancels where the points are far apart.
    return jnp.where(jnp.eye(len(Y), dtype=bool), 0, 1 / (1 + dot_differences(Y, Y)))


def weighted_differences(G: Float[Array, "n n"], Y: Float[Array, "n k"]) -> Float[Array, "n k"]:
    """Returns Σⱼ Gᵢⱼ (yᵢ − yⱼ) = (diag(G1) − G) Y, without an n × n × k array."""
    # Only differences count; about the centre the two terms cancel least.
    Y = Y - jnp.mean(Y, axis=0)
    return jnp.sum(G, axis=1, keepdims=True) * Y - G @ Y


def value(Y: Float[Array, "n 2"], data: Data) -> Float[Array, ""]:
    """f(Y) = Σ_{i≠j} pᵢⱼ log(pᵢⱼ/qᵢⱼ), qᵢⱼ = (1 + ‖yᵢ − yⱼ‖²)⁻¹ / Σ_{k≠l} (1 + ‖yₖ − yₗ‖²)⁻¹."""
    cross = jnp.sum(data.P * jnp.log1p(dot_differences(Y, Y)))
    return cross + jnp.log(jnp.sum(weights(Y))) - jnp.sum(entr(data.P))


def gradient(Y: Float[Array, "n 2"], data: Data) -> Float[Array, "n 2"]:
    """∂f/∂yᵢ = 4 Σⱼ (pᵢⱼ − qᵢⱼ) (1 + ‖yᵢ − yⱼ‖²)⁻¹ (yᵢ − yⱼ)."""
    W = weights(Y)
    return 4 * weighted_differences((data.P - W / jnp.sum(W)) * W, Y)


def hvp(Y: Float[Array, "n 2"], V: Float[Array, "n 2"], data: Data) -> Float[Array, "n 2"]:
    """∇²f V = 4 Σⱼ (ġᵢⱼ (yᵢ − yⱼ) + gᵢⱼ (vᵢ − vⱼ))."""
    W = weights(Y)
    Z = jnp.sum(W)
    Q = W / Z
    W_change = -2 * W**2 * dot_differences(Y, V)
    Q_change = (W_change - Q * jnp.sum(W_change)) / Z
    G_change = (data.P - Q) * W_change - Q_change * W
    return 4 * (weighted_differences(G_change, Y) + weighted_differences((data.P - Q) * W, V))


def affinities(X: Float[np.ndarray, "n p"], perplexity: float) -> Float[np.ndarray, "n n"]:
    """Returns P of points X: Gaussian neighbourhoods of that perplexity, made symmetric."""
    squares = np.sum((X[:, None] - X) ** 2, axis=2)
    np.fill_diagonal(squares, np.inf)
    excess = squares - np.min(squares, axis=1, keepdims=True)

    def conditionals(log_precision):
        kernel = np.exp(-np.exp(log_precision) * excess)
        return kernel / np.sum(kernel, axis=1, keepdims=True)

    low, high = np.full((2, len(X), 1), [[[-20.0]], [[20.0]]])
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        C = conditionals(middle)
        entropy = -np.sum(C * np.log(np.where(C > 0, C, 1)), axis=1, keepdims=True)
        wide = entropy > np.log(perplexity)
        low, high = np.where(wide, middle, low), np.where(wide, high, middle)
    C = conditionals(low)
    return (C + C.T) / (2 * len(X))


def make(rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
    """Draws `size` points in five dimensions, their affinities, and positions in the plane."""
    X = rng.standard_normal((size, FEATURES))
    return rng.standard_normal((size, 2)), Data(affinities(X, min(size / 2, 30.0)))


OBJECTIVES = (
    Objective(
        name="t-sne",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda Y: {"first-position": 0.01 * Y, "tail": 100 * Y},
        sizes=(10, 100, 500),
        family="representation learning",
        tags=("tails", "invariant"),
        source="van der Maaten & Hinton, J. Machine Learning Research 9 (2008), eq. 4, 5 and "
        "appendix A",
    ),
)
