"""A variational bound: the entropy of the posterior is left out of a gradient."""

# %% [markdown]
# Bayesian logistic regression with labels ±1, a prior N(0, I) and a posterior N(m, diag exp(2s)).
# With fixed draws ε (the reparametrisation w = m + exp(s) ε), the negative bound is the mean loss
# over the draws plus the divergence from the prior:
#
#     f(m, s) = 1/L Σₗ Σᵢ log(1 + exp(−yᵢ xᵢᵀwₗ)) + ½ Σⱼ (mⱼ² + exp(2sⱼ) − 1) − Σⱼ sⱼ

# %%
import jax
import jax.numpy as jnp
import numpy as np

import gradcompare


def negative_bound(q, X, y, draws):
    w = q["m"] + jnp.exp(q["s"]) * draws
    margins = y * (w @ X.T)
    loss = jnp.mean(jnp.sum(jnp.logaddexp(0.0, -margins), axis=1))
    prior = jnp.sum(q["m"] ** 2 + jnp.exp(2 * q["s"]) - 1) / 2
    entropy = jnp.sum(q["s"])
    return loss + prior - entropy


# %% [markdown]
# The derivative by w of the loss of a draw is g = −Xᵀ (y σ(−y Xw)). It goes to m as it is and to
# s times exp(s) ε. The prior adds m and exp(2s). That the entropy depends on s was forgotten.


# %%
def without_the_entropy(q, X, y, draws):
    scale = jnp.exp(q["s"])
    w = q["m"] + scale * draws
    by_draw = -(y * jax.nn.sigmoid(-y * (w @ X.T))) @ X
    return {
        "m": jnp.mean(by_draw, axis=0) + q["m"],
        "s": jnp.mean(by_draw * draws, axis=0) * scale + scale**2,
    }


rng = np.random.default_rng(0)
X = rng.standard_normal((12, 3))
y = np.sign(X @ [1.0, -2.0, 0.5] + 0.5 * rng.standard_normal(12))
draws = rng.standard_normal((8, 3))
start = {"m": np.array([0.4, -0.9, 0.2]), "s": np.array([-0.5, -0.3, 0.1])}

wrong = gradcompare.check(negative_bound, without_the_entropy, start, X, y, draws)
print(wrong)

finding = str(wrong.results[0].diagnosis[0])
assert wrong.verdict.code == "GC302"
assert 'term 4 of 4, `jnp.sum(q["s"])` (variational_bound.py:23), is missing' in finding

# %% [markdown]
# Corrected: the derivative of −Σ s is −1 in each coordinate.


# %%
def with_the_entropy(q, X, y, draws):
    g = without_the_entropy(q, X, y, draws)
    return {"m": g["m"], "s": g["s"] - 1}


right = gradcompare.check(negative_bound, with_the_entropy, start, X, y, draws)
print(right)
assert right.verdict.code == "GC100"
