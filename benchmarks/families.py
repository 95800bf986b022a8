"""Families of objectives whose exact gradient is known, each hard in one way.

Every family is a sum over coordinates, f(x) = Σ aᵢ term(xᵢ, wᵢ). So one evaluation of the slopes
in extended precision gives the true gradient, and many coordinates are judged at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gradcompare import Objective


class Data(NamedTuple):
    a: np.ndarray
    w: np.ndarray


@dataclass(frozen=True)
class Family:
    """An objective Σ a · term(x, w) + extra(x), and its exact gradient.

    Attributes:
        name: The difficulty.
        term: `term(xp, x, w)`, elementwise; `xp` is `jax.numpy` or `numpy`.
        slope: `slope(xp, x, w)`, the derivative of `term` with respect to x.
        point: `point(rng, d)` draws x.
        weight: `weight(rng, x)` draws w.
        extra: A summand whose derivative counts as zero.
        d: The number of coordinates of one problem.
        points: The number of problems per hundred of `--points`.
        expected: The right verdict.
    """

    name: str
    term: Callable
    slope: Callable
    point: Callable[[np.random.Generator, int], np.ndarray]
    weight: Callable[[np.random.Generator, np.ndarray], np.ndarray] = lambda rng, x: rng.uniform(
        0.5, 2.0, len(x)
    )
    extra: Callable = lambda x, data: 0.0
    d: int = 100
    points: int = 100
    expected: str = "AGREE"

    def objective(self) -> Objective:
        """Returns the family as an objective."""

        def value(x, data):
            return jnp.sum(data.a * self.term(jnp, x, data.w)) + self.extra(x, data)

        def gradient(x, data):
            return data.a * self.slope(jnp, x, data.w)

        return Objective(slug(self.name), value, self.make, gradient, sizes=(self.d,))

    def make(self, rng: np.random.Generator, size: int) -> tuple[np.ndarray, Data]:
        a = rng.choice([-1.0, 1.0], size) * rng.uniform(0.5, 2.0, size)
        x = self.point(rng, size)
        return x, Data(a, self.weight(rng, x))

    def exact(self, x: np.ndarray, data: Data) -> np.ndarray:
        """Returns the gradient in extended precision."""
        wide = np.longdouble
        return wide(data.a) * self.slope(np, wide(x), wide(data.w))


def slug(name: str) -> str:
    """Returns the name of a family as that of an objective."""
    return name.replace(" ", "-").replace(":", "")


def normal(rng, d):
    return rng.standard_normal(d)


def scaled(size):
    return lambda rng, d: size * rng.standard_normal(d)


def between(low, high):
    return lambda rng, d: rng.uniform(low, high, d)


def spread(rng, d):
    return rng.standard_normal(d) * 10.0 ** rng.uniform(-6, 6, d)


def one_tiny(rng, d):
    x = rng.standard_normal(d)
    x[0] *= 1e-12
    return x


def over_scale(rng, x):
    """Draws w so that each coordinate varies on the scale of its own power of ten."""
    return rng.uniform(0.5, 2.0, len(x)) / 10.0 ** np.floor(np.log10(np.abs(x)))


def near_edge(rng, d):
    return 1e-6 * rng.uniform(0.5, 2.0, d)


def half_zero(rng, d):
    return np.where(rng.random(d) < 0.5, 0.0, rng.standard_normal(d))


def hashed(x, data):
    """Returns a number in [−1, 1] that looks random at every spacing, with derivative zero."""
    phase = jnp.sin(1e8 * jnp.sum(data.w * x)) * 1e6
    return jax.lax.stop_gradient(2 * (phase - jnp.floor(phase)) - 1)


def wave(xp, x, w):
    return xp.sin(w * x) + 0.1 * w * x**3


def wave_slope(xp, x, w):
    return w * xp.cos(w * x) + 0.3 * w * x**2


def times(size):
    return (
        lambda xp, x, w: size * wave(xp, x, w),
        lambda xp, x, w: size * wave_slope(xp, x, w),
    )


def noisy(size):
    return Family(
        f"noise {size:.0e}", wave, wave_slope, normal, extra=lambda x, d: size * hashed(x, d)
    )


def in_float32(xp, x, w):
    """sin(w x) in float32 under JAX, in full precision for the true gradient."""
    return xp.sin(w * x) if xp is np else jnp.sin((w * x).astype(jnp.float32))


SIN = (lambda xp, x, w: xp.sin(w * x), lambda xp, x, w: w * xp.cos(w * x))
EXP = (lambda xp, x, w: xp.exp(w * x), lambda xp, x, w: w * xp.exp(w * x))
RATIONAL = (
    lambda xp, x, w: 1 / (1 + w * x**2),
    lambda xp, x, w: -2 * w * x / (1 + w * x**2) ** 2,
)
SOFTPLUS = (
    lambda xp, x, w: xp.logaddexp(0 * x, w * x),
    lambda xp, x, w: w / (1 + xp.exp(-w * x)),
)
LOG = (lambda xp, x, w: w * xp.log(x), lambda xp, x, w: w / x)
SQRT = (lambda xp, x, w: w * xp.sqrt(x), lambda xp, x, w: w / (2 * xp.sqrt(x)))
FAST = (lambda xp, x, w: xp.sin(1000 * w * x), lambda xp, x, w: 1000 * w * xp.cos(1000 * w * x))
STEEP = (lambda xp, x, w: xp.exp(20 * x), lambda xp, x, w: 20 * xp.exp(20 * x))
LINEAR = (lambda xp, x, w: w * x, lambda xp, x, w: w + 0 * x)
SQUARE = (lambda xp, x, w: w * x**2, lambda xp, x, w: 2 * w * x)
BOWL = (
    lambda xp, x, w: w * (x - 1) ** 2 + xp.cosh(x - 1),
    lambda xp, x, w: 2 * w * (x - 1) + xp.sinh(x - 1),
)
KINK = (lambda xp, x, w: w * xp.abs(x) + x**2, lambda xp, x, w: w * xp.sign(x) + 2 * x)

FAMILIES = (
    Family("ordinary: sin and cube", wave, wave_slope, normal),
    Family("ordinary: exp", *EXP, normal),
    Family("ordinary: rational", *RATIONAL, normal),
    Family("ordinary: softplus", *SOFTPLUS, normal),
    Family("d = 2", wave, wave_slope, normal, d=2, points=500),
    Family("d = 10000", wave, wave_slope, normal, d=10_000, points=2),
    Family("offset 1e8", wave, wave_slope, normal, extra=lambda x, data: 1e8),
    *(noisy(10.0**power) for power in (-12, -10, -8, -6)),
    Family("scales 1e-6 to 1e6", *SIN, spread, over_scale),
    Family("one scale of 1e-12", *SIN, one_tiny, over_scale),
    Family("log 1e-6 from the edge", *LOG, near_edge),
    Family("sqrt 1e-6 from the edge", *SQRT, near_edge),
    Family("sin(x/1e-3)", *FAST, normal),
    Family("exp(20 x)", *STEEP, lambda rng, d: rng.uniform(-1, 1, d)),
    Family("|x| = 1e10", *SIN, scaled(1e10), over_scale),
    Family("f = 1e-12", *times(1e-12), normal),
    Family("f = 1e12", *times(1e12), normal),
    Family("linear", *LINEAR, normal),
    Family("stationary at 0", *SQUARE, lambda rng, d: np.zeros(d)),
    Family("stationary at 1", *BOWL, lambda rng, d: np.ones(d)),
    Family("kinks", *KINK, half_zero, expected="VALID_SUBGRADIENT"),
    Family("float32 inside", in_float32, SIN[1], normal),
)
