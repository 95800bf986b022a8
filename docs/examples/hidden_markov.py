"""A hidden Markov model: the last symbol is missing from the expected counts."""

# %% [markdown]
# The likelihood of symbols o₀ … o_{T−1} under k states, by the scaled forward recursion:
#
#     α₀ ∝ π ∘ B[:, o₀],    αₜ ∝ (Aᵀ αₜ₋₁) ∘ B[:, oₜ],
#
# and f is minus the sum of the logarithms of the normalisers. The parameters are the logits M of
# the emissions: B is the softmax of its rows. A and π are known.

# %%
import jax
import jax.numpy as jnp
import numpy as np

import gradcompare


def negative_log_likelihood(M, A, start, symbols):
    B = jax.nn.softmax(M, axis=1)

    def step(predicted, symbol):
        joint = predicted * B[:, symbol]
        c = jnp.sum(joint)
        return A.T @ (joint / c), jnp.log(c)

    _, logs = jax.lax.scan(step, start, symbols)
    return -jnp.sum(logs)


# %% [markdown]
# Fisher's identity: the derivative by a logit is minus the expected count, less its share,
# −(C − (Σ C) B) with C = Σₜ γₜ oₜᵀ. The posterior γₜ ∝ αₜ ∘ βₜ needs the backward recursion
#
#     β_{T−1} = 1,    βₜ = A (B[:, oₜ₊₁] ∘ βₜ₊₁),
#
# which begins at t = T − 2. A loop that counts along with it leaves out γ_{T−1}.


# %%
def posteriors(B, A, start, symbols):
    """Returns γₜ for all t: a forward pass, then a backward pass."""
    forward, predicted = [], start
    for symbol in symbols:
        joint = predicted * B[:, symbol]
        forward.append(joint / jnp.sum(joint))
        predicted = A.T @ forward[-1]
    beta = jnp.ones(len(start))
    gammas = [forward[-1]]
    for alpha, following in zip(forward[-2::-1], symbols[:0:-1], strict=True):
        beta = A @ (B[:, following] * beta)
        gammas.insert(0, alpha * beta / jnp.sum(alpha * beta))
        beta = beta / jnp.sum(beta)
    return jnp.stack(gammas)


def by_counts(M, A, start, symbols, counted):
    B = jax.nn.softmax(M, axis=1)
    gammas = posteriors(B, A, start, symbols)[:counted]
    C = gammas.T @ jax.nn.one_hot(symbols[:counted], M.shape[1])
    return -(C - jnp.sum(C, axis=1, keepdims=True) * B)


def without_the_last(M, A, start, symbols):
    return by_counts(M, A, start, symbols, len(symbols) - 1)


A = np.array([[0.9, 0.1], [0.3, 0.7]])
start = np.array([0.6, 0.4])
symbols = np.array([0, 2, 1, 1, 0, 2])
M = np.random.default_rng(0).standard_normal((2, 3))

wrong = gradcompare.check(negative_log_likelihood, without_the_last, M, A, start, symbols)
print(wrong)

finding = str(wrong.results[0].diagnosis[0])
assert wrong.verdict.code == "GC302"
assert "lacks what step 6 of 6" in finding
assert "`jax.lax.scan(step, start, symbols)` (hidden_markov.py:27)" in finding

# %% [markdown]
# Corrected: every symbol is counted.


# %%
def with_every_symbol(M, A, start, symbols):
    return by_counts(M, A, start, symbols, len(symbols))


right = gradcompare.check(negative_log_likelihood, with_every_symbol, M, A, start, symbols)
print(right)
assert right.verdict.code == "GC100"
