"""A camera: the sign of 1/z is lost in one column of a Jacobian."""

# %% [markdown]
# Bundle adjustment needs the Jacobian of the pixels by the pose q = (θ, t₁, t₂, t₃): a point P is
# at c = R(θ) P + t before the camera, R turns about the vertical axis, and its pixel is
#
#     u = F c₁ / c₃,    v = F c₂ / c₃.

# %%
import jax.numpy as jnp
import numpy as np

import gradcompare

FOCAL = 500.0


def before_the_camera(q, P):
    sin, cos = jnp.sin(q[0]), jnp.cos(q[0])
    turned = [cos * P[:, 0] + sin * P[:, 2], P[:, 1], cos * P[:, 2] - sin * P[:, 0]]
    return jnp.stack(turned) + q[1:, None]


def pixels(q, P):
    c = before_the_camera(q, P)
    return (FOCAL * c[:2] / c[2]).T


# %% [markdown]
# The quotient rule: ∂u/∂c₁ = F/c₃ and ∂u/∂c₃ = −F c₁/c₃² = −u/c₃; and ∂c/∂θ = (c₃ − t₃, 0,
# t₁ − c₁). The column of t₃ is −(u, v)/c₃. It was written down for a camera that moves towards
# the points, and not for points that move away.


# %%
def columns(q, P):
    c = before_the_camera(q, P)
    u, v = FOCAL * c[:2] / c[2]
    per = FOCAL / c[2]
    zero = jnp.zeros_like(u)
    aside, back = c[2] - q[3], q[1] - c[0]
    turn = jnp.stack([per * aside - u / c[2] * back, -v / c[2] * back])
    return turn, jnp.stack([per, zero]), jnp.stack([zero, per]), jnp.stack([-u, -v]) / c[2]


def towards(q, P):
    turn, right, down, away = columns(q, P)
    return jnp.stack([turn, right, down, -away]).transpose(2, 1, 0)


rng = np.random.default_rng(0)
P = rng.uniform(-1.0, 1.0, (5, 3))
q = np.array([0.2, 0.1, -0.3, 4.0])

wrong = gradcompare.check_jacobian(pixels, towards, q, P)
print(wrong)

finding = str(wrong.results[0].diagnosis[0])
assert wrong.verdict.code == "GC302"
assert "column 3 (x[3])" in finding
assert "change the sign" in finding

# %% [markdown]
# Corrected: minus, as the quotient rule has it.


# %%
def quotient_rule(q, P):
    return jnp.stack(columns(q, P)).transpose(2, 1, 0)


right = gradcompare.check_jacobian(pixels, quotient_rule, q, P)
print(right)
assert right.verdict.code == "GC100"
