"""A Gaussian process: half of the log determinant is lost in the derivative by a length scale."""

# %% [markdown]
# The negative log marginal likelihood of y at the inputs, with a squared exponential kernel and
# the parameters p = log (amplitude, length, noise):
#
#     f(p) = ½ yᵀK⁻¹y + ½ log det K,    K = a² exp(−½ D/ℓ²) + σ² I,    D the squared distances

# %%
import jax.numpy as jnp
import jax.scipy.linalg as jsl
import numpy as np

import gradcompare


def negative_log_evidence(p, inputs, y):
    amplitude, length, noise = jnp.exp(p)
    D = (inputs[:, None] - inputs[None, :]) ** 2
    K = amplitude**2 * jnp.exp(-D / (2 * length**2)) + noise**2 * jnp.eye(len(inputs))
    fit = y @ jnp.linalg.solve(K, y)
    complexity = jnp.linalg.slogdet(K)[1]
    return fit / 2 + complexity / 2


# %% [markdown]
# With α = K⁻¹y, the derivative by any parameter is ½ tr((K⁻¹ − ααᵀ) ∂K). By the logarithms, ∂K is
# 2S, S ∘ D/ℓ² and 2σ² I, where S is the part of K without noise. The trace was summed as
# ½ tr(K⁻¹ ∂K) in one place and as tr(K⁻¹ ∂K) in the other: the factor ½ went twice.


# %%
def changes_of_the_kernel(p, inputs):
    amplitude, length, noise = jnp.exp(p)
    D = (inputs[:, None] - inputs[None, :]) ** 2
    S = amplitude**2 * jnp.exp(-D / (2 * length**2))
    identity = noise**2 * jnp.eye(len(inputs))
    return S + identity, jnp.stack([2 * S, S * D / length**2, 2 * identity])


def half_of_the_trace(p, inputs, y):
    K, dK = changes_of_the_kernel(p, inputs)
    inverse = jsl.cho_solve(jsl.cho_factor(K), jnp.eye(len(y)))
    alpha = inverse @ y
    traces = jnp.einsum("ij,pji->p", inverse, dK) / 2
    return (traces - jnp.einsum("i,pij,j->p", alpha, dK, alpha)) / 2


rng = np.random.default_rng(0)
inputs = np.sort(rng.uniform(0.0, 5.0, 12))
y = np.sin(inputs) + 0.2 * rng.standard_normal(12)
p = np.log([1.1, 0.9, 0.4])

wrong = gradcompare.check(negative_log_evidence, half_of_the_trace, p, inputs, y)
print(wrong)

finding = str(wrong.results[0].diagnosis[0])
assert wrong.verdict.code == "GC302"
assert "`complexity / 2` (gaussian_process.py:23): its derivative is half" in finding

# %% [markdown]
# Corrected: one factor ½, outside.


# %%
def whole_trace(p, inputs, y):
    K, dK = changes_of_the_kernel(p, inputs)
    inverse = jsl.cho_solve(jsl.cho_factor(K), jnp.eye(len(y)))
    alpha = inverse @ y
    return jnp.einsum("ij,pji->p", inverse - jnp.outer(alpha, alpha), dK) / 2


right = gradcompare.check(negative_log_evidence, whole_trace, p, inputs, y)
print(right)
assert right.verdict.code == "GC100"
