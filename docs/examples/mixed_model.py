"""A mixed model: the derivative by the logarithm of a variance lacks its chain factor."""

# %% [markdown]
# A random intercept for each of k groups of n observations,
#
#     yᵢⱼ = Xᵢⱼ b + uᵢ + eᵢⱼ,   uᵢ ~ N(0, τ),   eᵢⱼ ~ N(0, σ).
#
# Within a group the covariance is V = σ I + τ 11ᵀ. Its determinant is σⁿ⁻¹ (σ + n τ), and its
# inverse is (I − τ / (σ + n τ) 11ᵀ) / σ. Both variances are positive, so the optimiser moves
# their logarithms, s = log σ and t = log τ.

# %%
import jax.numpy as jnp
import numpy as np

import gradcompare


def deviance(p, X, y):
    sigma, tau = jnp.exp(p["s"]), jnp.exp(p["t"])
    n = y.shape[1]
    r = y - X @ p["b"]
    total = sigma + n * tau
    logdet = (n - 1) * jnp.log(sigma) + jnp.log(total)
    squares = jnp.sum(r**2) / sigma - tau / (sigma * total) * jnp.sum(jnp.sum(r, axis=1) ** 2)
    return (y.shape[0] * logdet + squares) / 2


# %% [markdown]
# With R = Σ r² over all observations and S the sum of the squared sums of the groups:
#
#     ∂/∂σ = ½ (k (n−1)/σ + k/(σ + nτ) − R/σ² + S τ (2σ + nτ) / (σ(σ + nτ))²)
#     ∂/∂τ = ½ (k n/(σ + nτ) − S/(σ + nτ)²)
#
# The textbook has them by σ and τ, and so they were typed in.


# %%
def by_the_variances(p, X, y):
    sigma, tau = jnp.exp(p["s"]), jnp.exp(p["t"])
    k, n = y.shape
    r = y - X @ p["b"]
    sums = jnp.sum(r, axis=1)
    total = sigma + n * tau
    R, S = jnp.sum(r**2), jnp.sum(sums**2)
    inner = S * tau * (2 * sigma + n * tau) / (sigma * total) ** 2
    weighted = (r - tau / total * sums[:, None]) / sigma
    return {
        "b": -jnp.einsum("knp,kn->p", X, weighted),
        "s": (k * (n - 1) / sigma + k / total - R / sigma**2 + inner) / 2,
        "t": (k * n / total - S / total**2) / 2,
    }


rng = np.random.default_rng(0)
X = rng.standard_normal((6, 4, 2))
y = X @ [1.0, -0.5] + rng.standard_normal((6, 1)) + 0.5 * rng.standard_normal((6, 4))
start = {"b": np.array([0.8, -0.2]), "s": -0.7, "t": 0.3}

wrong = gradcompare.check(deviance, by_the_variances, start, X, y)
print(wrong)

finding = str(wrong.results[0].diagnosis[0])
assert wrong.verdict.code == "GC302"
assert "s and t: the chain factor exp(θ) is missing" in finding
assert "b agrees" in finding

# %% [markdown]
# Corrected: s and t get the chain factors exp(s) = σ and exp(t) = τ. The slopes b were right.


# %%
def by_their_logarithms(p, X, y):
    by = by_the_variances(p, X, y)
    return {"b": by["b"], "s": jnp.exp(p["s"]) * by["s"], "t": jnp.exp(p["t"]) * by["t"]}


right = gradcompare.check(deviance, by_their_logarithms, start, X, y)
print(right)
assert right.verdict.code == "GC100"
