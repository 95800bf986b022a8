"""A clipped loss: its gradient is zero beyond the clip, where the loss still rises."""

# %% [markdown]
# Robust regression: residuals r = X w − y count as ½ r² up to δ, and beyond it by the line that
# continues there, δ |r| − ½ δ² (Huber).

# %%
import jax.numpy as jnp
import numpy as np

import gradcompare

DELTA = 0.8


def loss(w, X, y):
    r = X @ w - y
    return jnp.sum(jnp.where(jnp.abs(r) <= DELTA, r**2 / 2, DELTA * jnp.abs(r) - DELTA**2 / 2))


# %% [markdown]
# The derivative by r is r inside, and δ sign(r) outside. The gradient of the squared loss was kept
# and masked: "outliers are clipped, so they do not count". That is the gradient of ½ min(r², δ²),
# another loss; with it, an optimiser ignores outliers where this one is pulled by them.


# %%
def masked(w, X, y):
    r = X @ w - y
    return X.T @ jnp.where(jnp.abs(r) <= DELTA, r, 0.0)


rng = np.random.default_rng(0)
X = rng.standard_normal((10, 3))
y = X @ [1.0, -0.5, 0.2] + rng.standard_normal(10)
w = np.array([0.7, -0.1, 0.4])

wrong = gradcompare.check(loss, masked, w, X, y)
print(wrong)

finding = str(wrong.results[0].diagnosis[0])
assert wrong.verdict.code == "GC302"
assert "through `DELTA * jnp.abs(r) - DELTA**2 / 2` (clipped_loss.py:18) is missing" in finding

# %% [markdown]
# Corrected: the residual is clipped, not masked.


# %%
def clipped(w, X, y):
    return X.T @ jnp.clip(X @ w - y, -DELTA, DELTA)


right = gradcompare.check(loss, clipped, w, X, y)
print(right)
assert right.verdict.code == "GC100"
