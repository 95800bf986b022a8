r"""Sparse Gaussian process: Titsias' collapsed bound, as a function of the inducing inputs too.

With inputs X (m × p), targets y, inducing inputs U (k × p), length scales ℓₖ, signal variance s
and noise variance v = 1/β, the last three as logarithms, scaled inputs zᵢₖ = uᵢₖ/ℓₖ and
x̃ⱼₖ = xⱼₖ/ℓₖ, and covariances Kᵢⱼ = s exp(−½ ‖zᵢ − zⱼ‖²) and Aᵢⱼ = s exp(−½ ‖zᵢ − x̃ⱼ‖²),

    f = −log N(y; 0, AᵀK⁻¹A + v I) + (β/2) (m s − tr AᵀK⁻¹A),

the negative of the bound F_V of Titsias, Variational Learning of Inducing Variables in Sparse
Gaussian Processes, AISTATS (2009). It is not less than the exact negative log marginal likelihood,
and equal to it where U = X. With K = LLᵀ, V = L⁻¹A, Q = VVᵀ and H = I + βQ = RRᵀ,

    f = ½ (m log 2πv + β ‖y‖² − β² ‖R⁻¹Vy‖² + β (m s − tr Q)) + Σᵢ log Rᵢᵢ.

With D = H⁻¹ − I, w = βH⁻¹Vy and residuals e = y − Vᵀw,

    ∂f/∂A = F = β L⁻ᵀ(DV − weᵀ),    ∂f/∂K = E = ½ L⁻ᵀ(D + βQ + wwᵀ)L⁻¹,
    ∂f/∂log v = ½ (m − β (‖e‖² + m s + Σᵢⱼ Dᵢⱼ Qᵢⱼ)),

and with M = E ∘ K and N = F ∘ A, by the form of the covariances,

    ∂f/∂log s = Σᵢⱼ Mᵢⱼ + Σᵢⱼ Nᵢⱼ + ½ β m s,
    ∂f/∂Z = 2MZ + NX̃ − diag(2M1 + N1) Z,    ∂f/∂X̃ = NᵀZ − diag(Nᵀ1) X̃,
    ∂f/∂uᵢₖ = (∂f/∂Z)ᵢₖ/ℓₖ,    ∂f/∂log ℓₖ = −Σᵢ zᵢₖ (∂f/∂Z)ᵢₖ − Σⱼ x̃ⱼₖ (∂f/∂X̃)ⱼₖ.

The Hessian times a direction differentiates each of these lines along it. As f depends on K and A
only through AᵀK⁻¹A, it may be taken as a function of L⁻¹KL⁻ᵀ and L⁻¹A for the L of the point,
held fixed: these are I and V there and change by J and B,

    J = L⁻¹K̇L⁻ᵀ,    K̇ᵢⱼ = Kᵢⱼ (ṡ − (zᵢ − zⱼ)ᵀ(żᵢ − żⱼ)),    B = L⁻¹Ȧ,    Q̇ = BVᵀ + VBᵀ,
    Ḣ = J + β̇Q + βQ̇,    Ḋ = J − H⁻¹ḢH⁻¹,    ẇ = H⁻¹(β̇Vy + βBy − Ḣw),    ė = −Bᵀw − Vᵀẇ,

    Ė = ½ L⁻ᵀ(Ḋ + β̇Q + β (Q̇ − JQ − QJ) + ẇwᵀ + wẇᵀ)L⁻¹,
    Ḟ = L⁻ᵀ(β̇ (DV − weᵀ) + β (ḊV + DB − ẇeᵀ − wėᵀ)).

Everything costs O(m k²) operations; no m × m array is needed.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import cho_solve, cholesky, solve_triangular
from jaxtyping import Array, Float

from .._model.objective import Objective

SPACING = 1.5
"""How far the inducing inputs that `make` draws lie apart, in each of two dimensions."""


class Params(NamedTuple):
    inducing: Float[Array, "k p"]
    log_length_scale: Float[Array, " p"]
    log_signal_variance: Float[Array, ""]
    log_noise_variance: Float[Array, ""]


class Data(NamedTuple):
    X: Float[Array, "m p"]
    y: Float[Array, " m"]


class Bound(NamedTuple):
    """What the derivatives of the bound consist of, by the names above."""

    L_inverse: Float[Array, "k k"]
    V: Float[Array, "k m"]
    beta: Float[Array, ""]
    Q: Float[Array, "k k"]
    D: Float[Array, "k k"]
    w: Float[Array, " k"]
    e: Float[Array, " m"]


def scaled(params: Params, data: Data) -> tuple[Float[Array, "k p"], Float[Array, "m p"]]:
    """Returns Z and X̃, both from the same origin."""
    # Only differences count, and sums such as MZ − diag(M1) Z cancel less near the origin.
    origin, shrink = jnp.mean(data.X, axis=0), jnp.exp(-params.log_length_scale)
    return (params.inducing - origin) * shrink, (data.X - origin) * shrink


def products(Z, X, Z_other, X_other) -> Float[Array, "k m"]:
    """Returns Σₖ (zᵢₖ − xⱼₖ) (z′ᵢₖ − x′ⱼₖ)."""
    return jnp.sum((Z[:, None] - X) * (Z_other[:, None] - X_other), axis=-1)


def covariance(params: Params, Z, X) -> Float[Array, "k m"]:
    """Returns s exp(−½ ‖zᵢ − x̃ⱼ‖²)."""
    return jnp.exp(params.log_signal_variance - products(Z, X, Z, X) / 2)


def value(params: Params, data: Data) -> Float[Array, ""]:
    """f(U, θ) = −log N(y; 0, AᵀK⁻¹A + v I) + (m s − tr AᵀK⁻¹A) / (2v)."""
    (Z, X), beta, m = scaled(params, data), jnp.exp(-params.log_noise_variance), len(data.y)
    L = cholesky(covariance(params, Z, Z), lower=True)
    V = solve_triangular(L, covariance(params, Z, X), lower=True)
    R = cholesky(jnp.eye(len(V), dtype=V.dtype) + beta * V @ V.T, lower=True)
    fit = jnp.sum(solve_triangular(R, V @ data.y, lower=True) ** 2)
    lost = m * jnp.exp(params.log_signal_variance) - jnp.sum(V**2)
    constant = m * (np.log(2 * np.pi).item() + params.log_noise_variance)
    squares = beta * (jnp.sum(data.y**2) - beta * fit + lost)
    return (constant + squares) / 2 + jnp.sum(jnp.log(jnp.diag(R)))


def bound(K, A, log_noise: Float[Array, ""], data: Data) -> Bound:
    """Returns what follows from the covariances."""
    identity, beta = jnp.eye(len(K), dtype=K.dtype), jnp.exp(-log_noise)
    L_inverse = solve_triangular(cholesky(K, lower=True), identity, lower=True)
    V = L_inverse @ A
    Q = V @ V.T
    # Not (K + βAAᵀ)⁻¹ − K⁻¹, which is L⁻ᵀDL⁻¹ but cancels: for a K with the condition number
    # 7000 the gradient was wrong by 1e-10 of its largest entry.
    H_inverse = cho_solve((cholesky(identity + beta * Q, lower=True), True), identity)
    w = beta * H_inverse @ (V @ data.y)
    return Bound(L_inverse, V, beta, Q, H_inverse - identity, w, data.y - w @ V)


def weights(b: Bound) -> tuple[Float[Array, "k k"], Float[Array, "k m"]]:
    """Returns E = ∂f/∂K and F = ∂f/∂A."""
    E = b.L_inverse.T @ (b.D + b.beta * b.Q + jnp.outer(b.w, b.w)) @ b.L_inverse / 2
    return E, b.beta * b.L_inverse.T @ (b.D @ b.V - jnp.outer(b.w, b.e))


def by_inputs(M, N, Z, X) -> tuple[Float[Array, "k p"], Float[Array, "m p"]]:
    """Returns ∂f/∂Z and ∂f/∂X̃, linear in (M, N) and in (Z, X̃)."""
    row_sums = 2 * jnp.sum(M, axis=1) + jnp.sum(N, axis=1)
    by_z = 2 * M @ Z + N @ X - row_sums[:, None] * Z
    return by_z, N.T @ Z - jnp.sum(N, axis=0)[:, None] * X


def gradient(params: Params, data: Data) -> Params:
    """∂f/∂U = (2MZ + NX̃ − diag(2M1 + N1) Z) diag(ℓ)⁻¹, and the other lines above."""
    (Z, X), m = scaled(params, data), len(data.y)
    K, A = covariance(params, Z, Z), covariance(params, Z, X)
    b = bound(K, A, params.log_noise_variance, data)
    E, F = weights(b)
    M, N, signal = E * K, F * A, m * jnp.exp(params.log_signal_variance)
    by_z, by_x = by_inputs(M, N, Z, X)
    errors = jnp.sum(b.e**2) + signal + jnp.sum(b.D * b.Q)
    return Params(
        by_z * jnp.exp(-params.log_length_scale),
        -jnp.sum(Z * by_z, axis=0) - jnp.sum(X * by_x, axis=0),
        jnp.sum(M) + jnp.sum(N) + b.beta * signal / 2,
        (m - b.beta * errors) / 2,
    )


def scaled_change(params: Params, direction: Params, Z, X):
    """Returns Ż and the change of X̃."""
    moved = direction.inducing * jnp.exp(-params.log_length_scale)
    return moved - Z * direction.log_length_scale, -X * direction.log_length_scale


def weights_change(b: Bound, dK, dA, dbeta, data: Data):
    """Returns Ė, Ḟ and the change of ‖e‖² + Σᵢⱼ Dᵢⱼ Qᵢⱼ."""
    J, B = b.L_inverse @ dK @ b.L_inverse.T, b.L_inverse @ dA
    H_inverse = b.D + jnp.eye(len(b.D), dtype=b.D.dtype)
    dQ = B @ b.V.T
    dQ = dQ + dQ.T
    dH = J + dbeta * b.Q + b.beta * dQ
    dD = J - H_inverse @ dH @ H_inverse
    dw = H_inverse @ ((dbeta * b.V + b.beta * B) @ data.y - dH @ b.w)
    de = -b.w @ B - dw @ b.V
    turn = jnp.outer(dw, b.w) - b.beta * J @ b.Q
    inner = dD + dbeta * b.Q + b.beta * dQ + turn + turn.T
    by_A = b.D @ b.V - jnp.outer(b.w, b.e)
    dby_A = dD @ b.V + b.D @ B - jnp.outer(dw, b.e) - jnp.outer(b.w, de)
    dE = b.L_inverse.T @ inner @ b.L_inverse / 2
    dF = b.L_inverse.T @ (dbeta * by_A + b.beta * dby_A)
    return dE, dF, 2 * b.e @ de + jnp.sum(dD * b.Q + b.D * dQ)


def hvp(params: Params, direction: Params, data: Data) -> Params:
    """Each line of the gradient, differentiated along the direction."""
    (Z, X), ds = scaled(params, data), direction.log_signal_variance
    K, A = covariance(params, Z, Z), covariance(params, Z, X)
    dZ, dX = scaled_change(params, direction, Z, X)
    dK, dA = K * (ds - products(Z, Z, dZ, dZ)), A * (ds - products(Z, X, dZ, dX))
    b = bound(K, A, params.log_noise_variance, data)
    dbeta = -b.beta * direction.log_noise_variance
    (E, F), (dE, dF, derrors) = weights(b), weights_change(b, dK, dA, dbeta, data)
    M, N, dM, dN = E * K, F * A, dE * K + E * dK, dF * A + F * dA
    by_z, by_x = by_inputs(M, N, Z, X)
    turned, moved = by_inputs(dM, dN, Z, X), by_inputs(M, N, dZ, dX)
    dby_z, dby_x = turned[0] + moved[0], turned[1] + moved[1]
    signal = len(data.y) * jnp.exp(params.log_signal_variance)
    errors = jnp.sum(b.e**2) + signal + jnp.sum(b.D * b.Q)
    by_inducing = (dby_z - direction.log_length_scale * by_z) * jnp.exp(-params.log_length_scale)
    by_scale = -jnp.sum(dZ * by_z + Z * dby_z, axis=0) - jnp.sum(dX * by_x + X * dby_x, axis=0)
    by_signal = jnp.sum(dM) + jnp.sum(dN) + signal * (dbeta + b.beta * ds) / 2
    by_noise = -(dbeta * errors + b.beta * (derrors + signal * ds)) / 2
    return Params(by_inducing, by_scale, by_signal, by_noise)


def make(rng: np.random.Generator, size: int) -> tuple[Params, Data]:
    """Draws `size` observations in the plane and inducing inputs near a square grid over them.

    It has 12 parameters at size 20, 54 at size 100, 166 at size 300.
    """
    side = max(2, round(np.sqrt(size) / 2))
    X = rng.uniform(0, SPACING * side, (size, 2))
    y = np.sin(X @ rng.standard_normal(2)) + 0.2 * rng.standard_normal(size)
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)
    inducing = SPACING * (grid + 0.5) + rng.uniform(-0.3, 0.3, grid.shape)
    logs = np.log([0.9, 1.2, 1.5, 0.1]) + 0.1 * rng.standard_normal(4)
    return Params(inducing, logs[:2], np.asarray(logs[2]), np.asarray(logs[3])), Data(X, y)


def special(params: Params) -> dict[str, Any]:
    """A tenth of the noise, and correlations that reach further."""
    return {
        "little-noise": params._replace(log_noise_variance=params.log_noise_variance - 2.3),
        "long-scales": params._replace(log_length_scale=params.log_length_scale + 0.5),
    }


OBJECTIVES = (
    Objective(
        name="sparse-gp",
        value=value,
        gradient=gradient,
        hvp=hvp,
        make=make,
        special=special,
        sizes=(20, 100, 300),
        family="probabilistic",
        tags=("log-parameters", "matrix"),
        source="Titsias, Variational Learning of Inducing Variables in Sparse Gaussian Processes, "
        "AISTATS (2009)",
    ),
)
