r"""Bundle adjustment: cameras and points in space from where the points appear in images.

In the convention of the data sets "bundle adjustment in the large", camera j has a rotation
vector ωⱼ, a translation tⱼ, a focal length φⱼ and coefficients k₁ⱼ, k₂ⱼ of radial distortion. It
looks along its negative third axis. Each of m observations says that it sees the point Xᵢ at z in
its image:

    Y = R(ωⱼ) Xᵢ,    P = Y + tⱼ,    p = −(P₁, P₂)/P₃,    s = ‖p‖²,
    μ = φⱼ (1 + k₁ⱼ s + k₂ⱼ s²),    r = μ p − z,    f = ½ Σ ‖r‖²,

summed over the observations, without weights and principal point. R is the formula of Rodrigues
and J its Jacobian, both in `_rotation.py`. With u = p·r, the derivatives μ′ = φ (k₁ + 2 k₂ s) and
ℓ = (μ/φ, φ s, φ s²) of μ by s and by (φ, k₁, k₂), and those of f by p and by P, h and g,

    h = μ r + 2 μ′ u p,    g = −(h₁, h₂, h·p)/P₃,

each observation adds

    g to ∂f/∂t,    J(ω)ᵀ(Y × g) to ∂f/∂ω,    R(ω)ᵀg to ∂f/∂X,    u ℓ to ∂f/∂(φ, k₁, k₂).

So a rotation takes the torque of the forces g. The Hessian-vector product is the change of all
that along a direction, by the product rule; the rotated points change by

    Ẏ = α × Y + R(ω) Ẋ,    α = J(ω) ω̇,    (R(ω)ᵀg)˙ = R(ω)ᵀ(ġ − α × g).

See Agarwal, Snavely, Seitz & Szeliski, ECCV 2010, part II, 29–42, and their data sets for the
convention, and Šrajer, Kukelova & Fitzgibbon, Optimization Methods & Software 33 (2018), 889–906,
where p = (P₁, P₂)/P₃ and P = R(ω)(X − C), with weights and a principal point.

Indices are floating numbers here, as all data are. bfloat16 has no odd integers above 256, so it
is of use for up to 257 points. The gradient takes as long as two values, or six where the few
operations of a small value all run in one thread.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._model.convention import Convention
from .._model.objective import Objective
from ._columns import columns
from ._rotation import rotate, stumpff, turning, turning_change

SEEN_BY = 4
"""How many cameras see each point, if there are as many."""


class Params(NamedTuple):
    rotation: Float[Array, "cameras 3"]
    translation: Float[Array, "cameras 3"]
    lens: Float[Array, "cameras 3"]
    """φ, k₁ and k₂."""
    points: Float[Array, "points 3"]


class Data(NamedTuple):
    camera: Float[Array, " m"]
    point: Float[Array, " m"]
    image: Float[Array, "m 2"]


class Pose(NamedTuple):
    """Which camera sees which point, and where that is after the rotation."""

    j: Int[Array, " m"]
    i: Int[Array, " m"]
    c: Float[Array, "6 cameras 1"]
    Y: Float[Array, "m 3"]


class Sight(NamedTuple):
    """What the names of the formulas stand for, for each observation."""

    p: Float[Array, "m 2"]
    s: Float[Array, "m 1"]
    mu: Float[Array, "m 1"]
    slope: Float[Array, "m 1"]
    ell: Float[Array, "m 3"]
    r: Float[Array, "m 2"]


def dot(a: Float[Array, "m k"], b: Float[Array, "m k"]) -> Float[Array, "m 1"]:
    """Returns the inner products of the rows."""
    return jnp.sum(a * b, axis=1, keepdims=True)


def pose(params: Params, data: Data) -> Pose:
    """Turns each point into the axes of each camera that sees it."""
    j, i = jnp.rint(data.camera).astype(int), jnp.rint(data.point).astype(int)
    c = stumpff(params.rotation)
    return Pose(j, i, c, rotate(params.rotation[j], c[:, j], params.points[i]))


def sight(P: Float[Array, "m 3"], lens: Float[Array, "m 3"], z: Float[Array, "m 2"]) -> Sight:
    """Projects each point into the image."""
    focal, k1, k2 = jnp.split(lens, 3, axis=1)
    p = -P[:, :2] / P[:, 2:]
    s = dot(p, p)
    stretch = 1 + s * (k1 + s * k2)
    ell = jnp.concatenate([stretch, focal * s, focal * s**2], axis=1)
    mu = focal * stretch
    return Sight(p, s, mu, focal * (k1 + 2 * k2 * s), ell, mu * p - z)


def forces(o: Sight, depth: Float[Array, "m 1"]) -> tuple[Array, Array, Array]:
    """Returns u, h and g."""
    u = dot(o.p, o.r)
    h = o.mu * o.r + 2 * o.slope * u * o.p
    return u, h, -jnp.concatenate([h, dot(h, o.p)], axis=1) / depth


def changes(
    P: Float[Array, "m 3"], P_: Float[Array, "m 3"], lens: Array, lens_: Array, o: Sight
) -> tuple[Float[Array, "m 3"], Float[Array, "m 3"]]:
    """Returns the changes of g and of u ℓ; x_ is the change of x, for every x."""
    (focal, k1, k2), (focal_, k1_, k2_) = (jnp.split(x, 3, axis=1) for x in (lens, lens_))
    u, h, g = forces(o, P[:, 2:])
    p_ = -(P_[:, :2] + o.p * P_[:, 2:]) / P[:, 2:]
    s_ = 2 * dot(o.p, p_)
    mu_ = dot(o.ell, lens_) + o.slope * s_
    slope_ = focal_ * (k1 + 2 * k2 * o.s) + focal * (k1_ + 2 * (k2_ * o.s + k2 * s_))
    scaled_ = focal_ * o.s + focal * s_
    stretch_ = (mu_ - focal_ * o.ell[:, :1]) / focal
    ell_ = jnp.concatenate([stretch_, scaled_, (scaled_ + focal * s_) * o.s], axis=1)
    r_ = mu_ * o.p + o.mu * p_
    u_ = dot(p_, o.r) + dot(o.p, r_)
    bend = (slope_ * u + o.slope * u_) * o.p + o.slope * u * p_
    h_ = mu_ * o.r + o.mu * r_ + 2 * bend
    hp_ = dot(h_, o.p) + dot(h, p_)
    g_ = -(jnp.concatenate([h_, hp_], axis=1) + g * P_[:, 2:]) / P[:, 2:]
    return g_, u_ * o.ell + u * ell_


def sums(terms: list[Float[Array, "m 3"]], j: Int[Array, " m"], cameras: int) -> list[Array]:
    """Sums each of the terms over the observations by each camera."""
    total = jax.ops.segment_sum(jnp.concatenate(terms, axis=1), j, cameras)
    return jnp.split(total, len(terms), axis=1)


def value(params: Params, data: Data) -> Float[Array, ""]:
    """f(ω, t, φ, k, X) = ½ Σ ‖φ (1 + k₁‖p‖² + k₂‖p‖⁴) p − z‖², p = −(P₁, P₂)/P₃, P = R(ω)X + t."""
    j, _, _, Y = pose(params, data)
    o = sight(Y + params.translation[j], params.lens[j], data.image)
    return jnp.sum(o.r**2) / 2


def residuals(params: Params, data: Data) -> Float[Array, "m 2"]:
    """R = μ p − z."""
    j, _, _, Y = pose(params, data)
    return sight(Y + params.translation[j], params.lens[j], data.image).r


def jvp(params: Params, direction: Params, data: Data) -> Float[Array, "m 2"]:
    """ṙ = μ̇ p + μ ṗ with Ẏ = α × Y + R(ω) Ẋ, ṗ = −(Ṗ₁ + p₁ Ṗ₃, Ṗ₂ + p₂ Ṗ₃)/P₃."""
    j, i, c, Y = pose(params, data)
    omega = params.rotation
    alpha = turning(omega, c, direction.rotation)[j]
    P = Y + params.translation[j]
    P_ = jnp.cross(alpha, Y) + rotate(omega[j], c[:, j], direction.points[i])
    P_ = P_ + direction.translation[j]
    o = sight(P, params.lens[j], data.image)
    p_ = -(P_[:, :2] + o.p * P_[:, 2:]) / P[:, 2:]
    mu_ = dot(o.ell, direction.lens[j]) + 2 * o.slope * dot(o.p, p_)
    return mu_ * o.p + o.mu * p_


def gradient(params: Params, data: Data) -> Params:
    """The sums of J(ω)ᵀ(Y × g), g, u ℓ by camera and of R(ω)ᵀg by point."""
    j, i, c, Y = pose(params, data)
    P = Y + params.translation[j]
    o = sight(P, params.lens[j], data.image)
    u, _, g = forces(o, P[:, 2:])
    torque, t, lens = sums([jnp.cross(Y, g), g, u * o.ell], j, len(c[0]))
    by_point = rotate(-params.rotation[j], c[:, j], g)
    points = jax.ops.segment_sum(by_point, i, len(params.points))
    return Params(turning(-params.rotation, c, torque), t, lens, points)


def hvp(params: Params, direction: Params, data: Data) -> Params:
    """The change of each term of the gradient along the direction, by the product rule."""
    j, i, c, Y = pose(params, data)
    omega, omega_ = params.rotation, direction.rotation
    P, lens = Y + params.translation[j], params.lens[j]
    o = sight(P, lens, data.image)
    _, _, g = forces(o, P[:, 2:])
    alpha = turning(omega, c, omega_)[j]
    Y_ = jnp.cross(alpha, Y) + rotate(omega[j], c[:, j], direction.points[i])
    g_, lens_ = changes(P, Y_ + direction.translation[j], lens, direction.lens[j], o)
    torques = [jnp.cross(Y, g), jnp.cross(Y_, g) + jnp.cross(Y, g_)]
    torque, torque_, t, lens = sums([*torques, g_, lens_], j, len(omega))
    rotation = turning(-omega, c, torque_) + turning_change(-omega, -omega_, c, torque)
    by_point = rotate(-omega[j], c[:, j], g_ - jnp.cross(alpha, g))
    points = jax.ops.segment_sum(by_point, i, len(params.points))
    return Params(rotation, t, lens, points)


def make(rng: np.random.Generator, size: int) -> tuple[Params, Data]:
    """Draws `size` points, a camera for each eight of them, at least two, and their images."""
    cameras = max(2, size // 8)
    seen_by = min(SEEN_BY, cameras)
    point = np.repeat(np.arange(float(size)), seen_by)
    camera = (point + np.tile(np.arange(seen_by), size)) % cameras
    rotation = 0.7 * rng.standard_normal((cameras, 3))
    translation = [0, 0, -4] + 0.3 * rng.standard_normal((cameras, 3))
    lens = [1.2, -0.4, 0.2] * np.exp(0.2 * rng.standard_normal((cameras, 3)))
    true = Params(rotation, translation, lens, rng.uniform(-1.5, 1.5, (size, 3)))
    params = Params(*(x + 0.05 * rng.standard_normal(x.shape) for x in true))
    image = 0.1 * rng.standard_normal((len(point), 2))
    return params, Data(camera, point, image + images(true, camera.astype(int), point.astype(int)))


def images(params: Params, j: np.ndarray, i: np.ndarray) -> Float[np.ndarray, "m 2"]:
    """Returns where each camera sees each point."""
    theta = np.linalg.norm(params.rotation, axis=1, keepdims=True)
    axis, theta, X = (params.rotation / theta)[j], theta[j], params.points[i]
    turned = np.cross(axis, X)
    Y = X + np.sin(theta) * turned + (1 - np.cos(theta)) * np.cross(axis, turned)
    P = Y + params.translation[j]
    p = -P[:, :2] / P[:, 2:]
    s = np.sum(p**2, axis=1, keepdims=True)
    focal, k1, k2 = np.split(params.lens[j], 3, axis=1)
    return focal * (1 + k1 * s + k2 * s**2) * p


OBJECTIVES = (
    Objective(
        name="bundle-adjustment",
        value=value,
        gradient=gradient,
        hvp=hvp,
        residuals=residuals,
        jacobian=columns(jvp),
        jvp=jvp,
        make=make,
        special=lambda p: {
            "no rotation": p._replace(rotation=0 * p.rotation),
            "small angle": p._replace(rotation=1e-5 * p.rotation),
        },
        sizes=(8, 80, 800),
        family="physics and geometry",
        tags=("sparse", "manifold"),
        source="Agarwal, Snavely, Seitz & Szeliski, ECCV 2010; Šrajer, Kukelova & Fitzgibbon, "
        "Optim. Methods Softw. 33 (2018)",
        convention=Convention(reduction="sum"),
    ),
)
