"""A fixed-point layer: the implicit gradient stops after one step."""

# %% [markdown]
# A layer that is defined by an equation, z = tanh(W z + b), with the loss f(b) = ½ |z − y|². It is
# solved by iteration; W is a contraction, so that 60 steps reach the last digit.

# %%
import jax
import jax.numpy as jnp
import numpy as np

import gradcompare


def solve(b, W):
    def step(z, _):
        return jnp.tanh(W @ z + b), None

    z, _ = jax.lax.scan(step, jnp.zeros_like(b), length=60)
    return z


def loss(b, W, y):
    z = solve(b, W)
    return jnp.sum((z - y) ** 2) / 2


# %% [markdown]
# The equation is differentiated, and not the iteration. With D = diag(1 − z²),
#
#     dz = D (W dz + db),    so    ∇f = D u    with    u = (z − y) + Wᵀ D u.
#
# Taking u = z − y is the derivative of one more step from a z that is held fixed: cheap, in use
# as an approximation, and not the gradient.


# %%
def one_step(b, W, y):
    z = solve(b, W)
    return (1 - z**2) * (z - y)


rng = np.random.default_rng(0)
W = 0.2 * rng.standard_normal((4, 4))
b, y = rng.standard_normal((2, 4))

wrong = gradcompare.check(loss, one_step, b, W, y)
print(wrong)

finding = str(wrong.results[0].diagnosis[0])
assert wrong.verdict.code == "GC302"
assert "the derivative through `W @ z` (fixed_point.py:17) is missing" in finding

# %% [markdown]
# Corrected: the linear equation for u is iterated as well, with the transpose of W.


# %%
def implicit(b, W, y):
    z = solve(b, W)
    D = 1 - z**2

    def step(u, _):
        return z - y + W.T @ (D * u), None

    u, _ = jax.lax.scan(step, z - y, length=60)
    return D * u


right = gradcompare.check(loss, implicit, b, W, y)
print(right)
assert right.verdict.code == "GC100"
