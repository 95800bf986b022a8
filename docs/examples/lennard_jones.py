"""Truncated Lennard-Jones: forces and virial without the term of the cut-off."""

# %% [markdown]
# Atoms in a box of lengths L at fractional coordinates s. A pair at the distance r below the
# cut-off c has the energy
#
#     φ(r) − φ(c) − (r − c) φ′(c),    φ(r) = 4 (r⁻¹² − r⁻⁶),
#
# the "shifted force" potential: at c neither the energy nor the force jumps. The derivative by s
# is minus the force times L, that by L minus the virial over L: what a simulation at
# constant pressure needs.

# %%
import jax.numpy as jnp
import numpy as np

import gradcompare

CUT = 2.5


def phi(r):
    return 4 * (r**-12 - r**-6)


def slope(r):
    return 4 * (6 * r**-7 - 12 * r**-13)


def energy(p, first, second):
    d = p["L"] * (p["s"][first] - p["s"][second])
    r = jnp.sqrt(jnp.sum(d**2, axis=1))
    near = r < CUT
    plain = jnp.sum(jnp.where(near, phi(r) - phi(CUT), 0.0))
    return plain - jnp.sum(jnp.where(near, (r - CUT) * slope(CUT), 0.0))


# %% [markdown]
# By r, a pair has φ′(r) − φ′(c). By d the direction d/r comes in, and d = L ∘ (sᵢ − sⱼ). Code for
# the truncated potential has only φ′(r), and stays as it was when the energy is shifted.


# %%
def by_the_slope(p, first, second, at_the_cut):
    fractional = p["s"][first] - p["s"][second]
    d = p["L"] * fractional
    r = jnp.sqrt(jnp.sum(d**2, axis=1))
    per_pair = jnp.where(r < CUT, slope(r) - at_the_cut, 0.0)
    by_d = (per_pair / r)[:, None] * d
    by_s = jnp.zeros_like(p["s"]).at[first].add(by_d * p["L"]).at[second].add(-by_d * p["L"])
    return {"s": by_s, "L": jnp.sum(by_d * fractional, axis=0)}


def truncated(p, first, second):
    return by_the_slope(p, first, second, 0.0)


rng = np.random.default_rng(0)
grid = np.stack(np.meshgrid(*[np.arange(2)] * 3), axis=-1).reshape(-1, 3)
start = {"s": (grid * 1.3 + 0.1 * rng.standard_normal((8, 3))) / 6, "L": np.full(3, 6.0)}
first, second = np.triu_indices(8, 1)

wrong = gradcompare.check(energy, truncated, start, first, second)
print(wrong)

finding = str(wrong.results[0].diagnosis[0])
assert wrong.verdict.code == "GC302"
assert "`jnp.sum(jnp.where(near, (r - CUT) * slope(CUT), 0.0))` (lennard_jones.py:35)" in finding
assert "is missing" in finding

# %% [markdown]
# Corrected: less φ′(c), in forces and virial alike.


# %%
def shifted(p, first, second):
    return by_the_slope(p, first, second, slope(CUT))


right = gradcompare.check(energy, shifted, start, first, second)
print(right)
assert right.verdict.code == "GC100"
