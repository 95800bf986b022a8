"""Shipped faults on the group of rotations, which are given by rotation vectors.

With R = Exp(ξ) a change dξ is the change J(ξ) dξ of the body, where J is the right Jacobian

    J(ξ) = 1 - (1 - cos θ)/θ² [ξ] + (θ - sin θ)/θ³ [ξ]²,   θ = |ξ|,
    J(ξ)⁻¹ = 1 + [ξ]/2 + (1/θ² - (1 + cos θ)/(2 θ sin θ)) [ξ]²,

and the residual Log(R₀ᵀR) = e of a measurement R₀ changes by J(e)⁻¹J(ξ) dξ.
"""

import jax.numpy as jnp
import numpy as np

from ._case import GITHUB, ShippedCase


def cross(v):
    x, y, z = v
    return jnp.stack(
        [jnp.stack([0 * x, -z, y]), jnp.stack([z, 0 * x, -x]), jnp.stack([-y, x, 0 * x])]
    )


def vee(M):
    return jnp.stack([M[2, 1], M[0, 2], M[1, 0]])


def exp(v):
    angle, K = jnp.sqrt(v @ v), cross(v)
    return jnp.eye(3) + jnp.sin(angle) / angle * K + (1 - jnp.cos(angle)) / angle**2 * K @ K


def log(R):
    angle = jnp.arccos((jnp.trace(R) - 1) / 2)
    return angle / (2 * jnp.sin(angle)) * vee(R - R.T)


def right_jacobian(v):
    angle, K = jnp.sqrt(v @ v), cross(v)
    first, second = (1 - jnp.cos(angle)) / angle**2, (angle - jnp.sin(angle)) / angle**3
    return jnp.eye(3) - first * K + second * K @ K


def inverse_jacobian(v):
    angle, K = jnp.sqrt(v @ v), cross(v)
    second = 1 / angle**2 - (1 + jnp.cos(angle)) / (2 * angle * jnp.sin(angle))
    return jnp.eye(3) + K / 2 + second * K @ K


def prior(v, measured, weights):
    """A prior of a rotation that does not weigh all directions alike."""
    e = log(exp(measured).T @ exp(v))
    return e @ (weights * e) / 2


def prior_gradient(v, measured, weights, local=True, retract=True):
    e = log(exp(measured).T @ exp(v))
    by_body = weights * e
    if local:
        by_body = inverse_jacobian(e).T @ by_body
    return right_jacobian(v).T @ by_body if retract else by_body


def make_prior(rng):
    return np.array([0.5, -0.3, 0.4]), (np.array([-0.2, 0.4, 0.3]), np.array([1.0, 4.0, 0.25]))


def texture(v, centre, groups):
    """A bell on the rotations, averaged over the crystal group and over that of the specimen."""
    R, (crystal, specimen) = exp(v), groups
    traces = jnp.einsum("ab,sac,cd,kdb->sk", centre, specimen, R, crystal)
    return jnp.mean(jnp.exp(2 * (traces - 1)))


def texture_gradient(v, centre, groups):
    """Of tr(centreᵀ s R k), R changing by R[δ], it is -vee(M - Mᵀ) with M = k centreᵀ s R."""
    R, (crystal, specimen) = exp(v), groups
    total = jnp.zeros(3)
    for s in specimen:
        for k in crystal:
            M = k @ centre.T @ s @ R
            total = total - 2 * jnp.exp(2 * (jnp.trace(M) - 1)) * vee(M - M.T)
    return right_jacobian(v).T @ total / (len(specimen) * len(crystal))


def texture_wrong(v, centre, groups):
    crystal, specimen = groups
    return texture_gradient(v, centre, (crystal, specimen[:1]))


def make_texture(rng):
    crystal = np.stack([np.eye(3), np.diag([-1.0, -1, 1]), np.diag([1.0, -1, -1])])
    specimen = np.stack([np.eye(3), np.diag([-1.0, 1, -1])])
    centre = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    centre *= np.linalg.det(centre)
    return np.array([0.25, 0.30, 0.05]), (centre, (crystal, specimen))


INSIDE = {"bounds": (-1.2, 1.2)}
CASES = (
    ShippedCase(
        "gtsam!721",
        f"{GITHUB}/borglab/gtsam/pull/721",
        "prior: the derivative of Local is left out, right where the residual is zero",
        prior,
        prior_gradient,
        lambda *args: prior_gradient(*args, local=False),
        make_prior,
        ("matrix factor", "parameter factor", "term", "place"),
        INSIDE,
    ),
    ShippedCase(
        "gtsam#1134",
        f"{GITHUB}/borglab/gtsam/issues/1134",
        "the derivative of the retraction is left out, right at the identity",
        prior,
        prior_gradient,
        lambda *args: prior_gradient(*args, retract=False),
        make_prior,
        ("matrix factor", "parameter factor", "term", "place"),
        INSIDE,
    ),
    ShippedCase(
        "mtex#2586",
        f"{GITHUB}/mtex-toolbox/mtex/issues/2586",
        "grad is averaged over the crystal group, the value over that of the specimen too",
        texture,
        texture_gradient,
        texture_wrong,
        make_texture,
        ("sample", "term", "place"),
        INSIDE,
    ),
)
