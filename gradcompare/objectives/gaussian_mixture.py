r"""A Gaussian mixture with full covariances, in the parametrisation of ADBench.

Of n points xᵢ in d dimensions (rows of X) and K components with unnormalised log weights αₖ, means
μₖ and lower triangular factors Qₖ of the inverse covariances QₖᵀQₖ, the log likelihood with a
term for the prior is

    yᵢₖ = Qₖ(xᵢ − μₖ),    aᵢₖ = αₖ + Σⱼ log (Qₖ)ⱼⱼ − ½ ‖yᵢₖ‖²,

    f(α, μ, Q) = Σᵢ log Σₖ exp(aᵢₖ) − n log Σₖ exp(αₖ) − ½ nd log 2π
                 + Σₖ (½γ² ‖Qₖ‖² − m Σⱼ log (Qₖ)ⱼⱼ − C).

A row of `icf` (the inverse covariance factors) holds log (Qₖ)ⱼⱼ first, then what is below the
diagonal of Qₖ, column by column. The last sum is −log of the Wishart densities of QₖᵀQₖ with
ν = d + m + 1 degrees of freedom and scale matrix γ⁻²I, C = νd (log γ − ½ log 2) − log Γ_d(ν/2);
ADBench adds it with this sign, although a log posterior would have the other one.

With responsibilities rᵢₖ = exp(aᵢₖ) / Σₗ exp(aᵢₗ) and the moments that they weight,

    Nₖ = Σᵢ rᵢₖ,    sₖ = Σᵢ rᵢₖ (xᵢ − μₖ),    Sₖ = Σᵢ rᵢₖ (xᵢ − μₖ)(xᵢ − μₖ)ᵀ,
    ∂f/∂αₖ = Nₖ − n softmax(α)ₖ,    ∂f/∂μₖ = QₖᵀQₖ sₖ,    ∂f/∂Qₖ = Tₖ = Qₖ(γ²I − Sₖ)

below the diagonal, and ∂f/∂log (Qₖ)ⱼⱼ = (Qₖ)ⱼⱼ (Tₖ)ⱼⱼ + Nₖ − m. Sₖ takes the products of the
coordinates of each point, ½d(d+1) of them, times the responsibilities: one matrix product for all
k, with half of the operations of Σᵢ rᵢₖ yᵢₖ (xᵢ − μₖ)ᵀ and without an array of nKd numbers. They
are taken about the mean of all points, and move to μₖ by the rule for parallel axes: for means
far apart, its terms exceed Sₖ by the square of their distance over the width of a component.

Along a direction (dots), ẏᵢₖ = Q̇ₖ(xᵢ − μₖ) − Qₖμ̇ₖ and ȧᵢₖ = α̇ₖ + Σⱼ (log (Qₖ)ⱼⱼ)˙ − yᵢₖᵀẏᵢₖ, so
ṙᵢₖ = rᵢₖ (ȧᵢₖ − Σₗ rᵢₗ ȧᵢₗ). Where s[ṙ] and S[ṙ] are the moments that ṙ weights,

    ṡₖ = s[ṙ]ₖ − Nₖ μ̇ₖ,    Ṡₖ = S[ṙ]ₖ − sₖμ̇ₖᵀ − μ̇ₖsₖᵀ,    Ṫₖ = Q̇ₖ(γ²I − Sₖ) − QₖṠₖ,

and the Hessian times the direction follows from the gradient by the product rule.

See Srajer, Kukelova & Fitzgibbon, "A benchmark of selected algorithmic differentiation tools on
some problems in computer vision and machine learning", Optimization Methods and Software 33
(2018), 889–906, and for r and the moments Bishop, Pattern Recognition and Machine Learning
(2006), section 9.2.2.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import multigammaln
from jaxtyping import Array, Float, Int

from .._model.convention import Convention
from .._model.objective import Objective

DIMENSIONS = 2


class Params(NamedTuple):
    alphas: Float[Array, " K"]
    means: Float[Array, "K d"]
    icf: Float[Array, "K d*(d+1)/2"]


class Data(NamedTuple):
    X: Float[Array, "n d"]
    gamma: float
    m: float


class Moments(NamedTuple):
    N: Float[Array, " K"]
    s: Float[Array, "K d"]
    S: Float[Array, "K d d"]


def below_diagonal(d: int) -> tuple[Int[np.ndarray, " p"], Int[np.ndarray, " p"]]:
    """Returns the rows and the columns of what is below the diagonal, column by column."""
    columns, rows = np.triu_indices(d, 1)
    return rows, columns


def diagonal(Q: Float[Array, "K d d"]) -> Float[Array, "K d"]:
    """Returns the diagonal of each matrix."""
    return jnp.diagonal(Q, axis1=1, axis2=2)


def times(Q: Float[Array, "K d d"], x: Float[Array, "K d"]) -> Float[Array, "K d"]:
    """Returns Qₖxₖ for each k."""
    return jnp.einsum("kij,kj->ki", Q, x)


def transpose_times(Q: Float[Array, "K d d"], x: Float[Array, "K d"]) -> Float[Array, "K d"]:
    """Returns Qₖᵀxₖ for each k."""
    return jnp.einsum("kji,kj->ki", Q, x)


def triangular(
    on: Float[Array, "K d"], below: Float[Array, "K d*(d-1)/2"]
) -> Float[Array, "K d d"]:
    """Returns lower triangular matrices from what is on their diagonals and below."""
    (K, d), inner = on.shape, below.shape[1]
    # Each entry reads its number, the last one being 0: much faster than to write them there.
    source = np.full((d, d), d + inner)
    source[np.diag_indices(d)] = np.arange(d)
    source[below_diagonal(d)] = np.arange(d, d + inner)
    return jnp.concatenate([on, below, jnp.zeros((K, 1), on.dtype)], axis=1)[:, source]


def packed(on: Float[Array, "K d"], T: Float[Array, "K d d"]) -> Float[Array, "K d*(d+1)/2"]:
    """Returns rows as those of `icf`, with `on` first and then what is below the diagonal."""
    rows, columns = below_diagonal(on.shape[1])
    return jnp.concatenate([on, T[:, rows, columns]], axis=1)


def factors(params: Params) -> Float[Array, "K d d"]:
    """Returns Qₖ of each component."""
    d = params.means.shape[1]
    return triangular(jnp.exp(params.icf[:, :d]), params.icf[:, d:])


def centred(
    params: Params, X: Float[Array, "n d"]
) -> tuple[Float[Array, "K d"], Float[Array, "n d"]]:
    """Returns the means and the points less the mean of the points.

    Only differences of the two count, and sums of products of large coordinates cancel.
    """
    origin = jnp.mean(X, axis=0)
    return params.means - origin, X - origin


def transformed(
    Q: Float[Array, "K d d"], means: Float[Array, "K d"], X: Float[Array, "n d"]
) -> Float[Array, "K d n"]:
    """Returns yᵢₖ = Qₖ(xᵢ − μₖ), the products Qₖxᵢ by one product of matrices."""
    # Not ‖yᵢₖ‖² as a polynomial in xᵢ: faster still, but it cancels between distant components.
    products = (Q.reshape(-1, X.shape[1]) @ X.T).reshape(*means.shape, len(X))
    return products - times(Q, means)[:, :, None]


def exponents(params: Params, y: Float[Array, "K d n"]) -> Float[Array, "K n"]:
    """Returns aᵢₖ = αₖ + log det Qₖ − ½ ‖yᵢₖ‖²."""
    log_determinants = jnp.sum(params.icf[:, : y.shape[1]], axis=1)
    return (params.alphas + log_determinants)[:, None] - jnp.sum(y**2, axis=1) / 2


def moments(
    weights: Float[Array, "K n"], means: Float[Array, "K d"], X: Float[Array, "n d"]
) -> Moments:
    """Returns N, s and S with `weights` for r."""
    n, d = X.shape
    rows, columns = np.tril_indices(d + 1)
    source = np.zeros((d + 1, d + 1), int)
    source[rows, columns] = source[columns, rows] = np.arange(len(rows))
    # With a 1 before the coordinates of each point, the second moments hold the others too. The
    # points are columns here, so that a product of coordinates reads contiguous memory.
    Z = jnp.concatenate([jnp.ones((1, n), X.dtype), X.T])
    M = (weights @ (Z[rows] * Z[columns]).T)[:, source]
    N, first = M[:, 0, 0], M[:, 0, 1:]
    s = first - N[:, None] * means
    shift = first[:, :, None] * means[:, None] + means[:, :, None] * s[:, None]
    return Moments(N, s, M[:, 1:, 1:] - shift)


def value(params: Params, data: Data) -> Float[Array, ""]:
    """f(α, μ, Q) = Σᵢ log Σₖ softmax(α)ₖ N(xᵢ; μₖ, (QₖᵀQₖ)⁻¹) − Σₖ log Wishart(QₖᵀQₖ; γ, m)."""
    (n, d), K = data.X.shape, len(params.alphas)
    Q = factors(params)
    a = exponents(params, transformed(Q, *centred(params, data.X)))
    fit = jnp.sum(jax.nn.logsumexp(a, axis=0)) - n * jax.nn.logsumexp(params.alphas)
    nu = d + data.m + 1
    C = nu * d * (jnp.log(data.gamma) - np.log(2).item() / 2) - multigammaln(nu / 2, d)
    prior = data.gamma**2 / 2 * jnp.sum(Q**2) - data.m * jnp.sum(params.icf[:, :d]) - K * C
    return fit - n * d / 2 * np.log(2 * np.pi).item() + prior


def gradient(params: Params, data: Data) -> Params:
    """Nₖ − n softmax(α)ₖ, QₖᵀQₖ sₖ, and Tₖ = Qₖ(γ²I − Sₖ) packed as `icf` is."""
    Q, (means, X) = factors(params), centred(params, data.X)
    r = jax.nn.softmax(exponents(params, transformed(Q, means, X)), axis=0)
    N, s, S = moments(r, means, X)
    T = data.gamma**2 * Q - Q @ S
    by_logs = diagonal(Q) * diagonal(T) + N[:, None] - data.m
    by_alphas = N - len(X) * jax.nn.softmax(params.alphas)
    return Params(by_alphas, transpose_times(Q, times(Q, s)), packed(by_logs, T))


def hvp(params: Params, direction: Params, data: Data) -> Params:
    """The change of each term of the gradient along the direction, by the product rule."""
    Q, (means, X) = factors(params), centred(params, data.X)
    logs, below = jnp.split(direction.icf, [X.shape[1]], axis=1)
    dQ, shift = triangular(diagonal(Q) * logs, below), direction.means
    y = transformed(Q, means, X)
    dy = transformed(dQ, means, X) - times(Q, shift)[:, :, None]
    da = (direction.alphas + jnp.sum(logs, axis=1))[:, None] - jnp.sum(y * dy, axis=1)
    r = jax.nn.softmax(exponents(params, y), axis=0)
    N, s, S = moments(r, means, X)
    dN, ds, dS = moments(r * (da - jnp.sum(r * da, axis=0)), means, X)
    mixed = s[:, :, None] * shift[:, None]
    ds, dS = ds - N[:, None] * shift, dS - mixed - jnp.swapaxes(mixed, 1, 2)

    w = jax.nn.softmax(params.alphas)
    by_alphas = dN - len(X) * w * (direction.alphas - w @ direction.alphas)
    by_means = transpose_times(dQ, times(Q, s)) + transpose_times(Q, times(dQ, s) + times(Q, ds))
    T, dT = data.gamma**2 * Q - Q @ S, data.gamma**2 * dQ - dQ @ S - Q @ dS
    by_logs = diagonal(dQ) * diagonal(T) + diagonal(Q) * diagonal(dT) + dN[:, None]
    return Params(by_alphas, by_means, packed(by_logs, dT))


def draw(rng: np.random.Generator, K: int, d: int, n: int) -> tuple[Params, Data]:
    """Draws K components in d dimensions and n points near them, with a prior of order one."""
    centres = 2 * rng.standard_normal((K, d))
    X = centres[rng.integers(K, size=n)] + rng.standard_normal((n, d))
    logs = 0.3 * rng.standard_normal((K, d))
    below = 0.5 / np.sqrt(d) * rng.standard_normal((K, d * (d - 1) // 2))
    alphas, means = 0.5 * rng.standard_normal(K), centres + 0.5 * rng.standard_normal((K, d))
    return Params(alphas, means, np.hstack([logs, below])), Data(X, gamma=1.2, m=2.0)


def make(rng: np.random.Generator, size: int) -> tuple[Params, Data]:
    """Draws `size` components in the plane and 4 × `size` points; 6 × `size` parameters."""
    return draw(rng, size, DIMENSIONS, 4 * size)


OBJECTIVES = (
    Objective(
        name="gaussian-mixture",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=lambda p: {
            "unit covariances": p._replace(icf=np.zeros_like(p.icf)),
            "equal weights": p._replace(alphas=np.zeros_like(p.alphas)),
        },
        sizes=(5, 25, 100),
        family="probabilistic",
        tags=("log-parameters", "matrix"),
        source="Srajer, Kukelova & Fitzgibbon, Optimization Methods and Software 33 (2018), "
        "889–906; ADBench (Microsoft)",
        convention=Convention(reduction="sum"),
    ),
)
