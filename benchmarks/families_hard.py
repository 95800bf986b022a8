"""Families of the kinds that people bring, beside the ordinary ones of `families.py`.

They are narrow against |x|, sums of pieces, coupled, cancelling, saturated, extreme, even with a
kink, or computed with few digits. Slopes are written so that nothing cancels in them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from families import (
    SIN,
    SQUARE,
    Family,
    between,
    half_zero,
    normal,
    over_scale,
    scaled,
    slug,
    times,
)

from gradcompare import Objective


class Rows(NamedTuple):
    """Weights a, and the arguments A x − b of the terms."""

    a: np.ndarray
    A: np.ndarray
    b: np.ndarray


@dataclass(frozen=True)
class Coupled:
    """An objective in which the parameters meet, and its exact gradient.

    Attributes:
        name: The difficulty.
        value: `value(xp, x, data)`; `xp` is `jax.numpy` or `numpy`.
        slope: `slope(xp, x, data)`, its gradient.
        make: `make(rng, d)` draws x and the data, a tuple of arrays.
        d: The number of coordinates of one problem.
        points: The number of problems per hundred of `--points`.
        expected: The right verdict.
    """

    name: str
    value: Callable
    slope: Callable
    make: Callable[[np.random.Generator, int], tuple[np.ndarray, Any]]
    d: int = 20
    points: int = 100
    expected: str = "AGREE"

    def objective(self) -> Objective:
        return Objective(
            slug(self.name),
            lambda x, data: self.value(jnp, x, data),
            self.make,
            lambda x, data: self.slope(jnp, x, data),
            sizes=(self.d,),
        )

    def exact(self, x: np.ndarray, data: Any) -> np.ndarray:
        """Returns the gradient in extended precision."""
        wide = np.longdouble
        return self.slope(np, wide(x), type(data)(*(wide(array) for array in data)))


def rows(name: str, term: Callable, slope: Callable, make: Callable, d: int = 20) -> Coupled:
    """A sum Σ aᵢ term((A x − b)ᵢ)."""
    return Coupled(
        name,
        lambda xp, x, data: xp.sum(data.a * term(xp, data.A @ x - data.b)),
        lambda xp, x, data: data.A.T @ (data.a * slope(xp, data.A @ x - data.b)),
        make,
        d,
    )


def dense(count: int, size: float = 1.0) -> Callable:
    def make(rng, d):
        A = size * rng.standard_normal((count, d)) / np.sqrt(d)
        return rng.standard_normal(d), Rows(np.ones(count) / count, A, rng.standard_normal(count))

    return make


def network(rng, d):
    """One hidden layer of 1000 units, with the weights of the output of both signs."""
    x, data = dense(1000)(rng, d)
    return x, data._replace(a=rng.standard_normal(1000) / 30)


def knots(rng, d):
    """Splines: 1000 knots, each on one coordinate."""
    A = np.eye(d)[rng.integers(d, size=1000)]
    return rng.standard_normal(d), Rows(rng.standard_normal(1000), A, rng.standard_normal(1000))


def pairs(rng, d):
    """Particles on a line: the arguments are their distances, those beyond 1 are cut off."""
    i, j = np.triu_indices(d, 1)
    A = np.eye(d)[i] - np.eye(d)[j]
    return rng.uniform(0, 4, d), Rows(np.ones(len(i)), A, np.zeros(len(i)))


def ill_conditioned(rng, d):
    Q, _ = np.linalg.qr(rng.standard_normal((d, d)))
    A = np.logspace(-4, 0, d)[:, None] * Q
    return rng.standard_normal(d), Rows(np.ones(d), A, rng.standard_normal(d))


def offset_rows(rng, d):
    """Values about 1000, whose variance is 1."""
    A = rng.standard_normal((50, d)) / np.sqrt(d)
    return rng.standard_normal(d), Rows(np.ones(50) / 50, A, np.full(50, -1000.0))


def variance(xp, x, data):
    r = data.A @ x - data.b
    return xp.sum(data.a * r**2) - xp.sum(data.a * r) ** 2


def variance_slope(xp, x, data):
    r = data.A @ x - data.b
    return 2 * data.A.T @ (data.a * (r - xp.sum(data.a * r)))


def logsumexp(xp, x, data):
    return xp.log(xp.sum(xp.exp(data.A @ x - data.b)))


def logsumexp_slope(xp, x, data):
    weights = xp.exp(data.A @ x - data.b)
    return data.A.T @ (weights / xp.sum(weights))


def rosenbrock(xp, x, data):
    return xp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_slope(xp, x, data):
    r, zero = x[1:] - x[:-1] ** 2, 0 * x[:1]
    first = xp.concatenate([-400 * x[:-1] * r - 2 * (1 - x[:-1]), zero])
    return first + xp.concatenate([zero, 200 * r])


def line(ratio: float) -> Family:
    """Spectral lines: a bell about w, `ratio` times as narrow as w is large."""

    def term(xp, x, w):
        return xp.exp(-(((x - w) * (ratio / w)) ** 2))

    def slope(xp, x, w):
        u = (x - w) * (ratio / w)
        return -2 * u * (ratio / w) * xp.exp(-(u**2))

    def centre(rng, x):
        return x / (1 + rng.uniform(-1.5, 1.5, len(x)) / ratio)

    return Family(f"narrow: line, {ratio:.0e}", term, slope, thousands, centre)


def thousands(rng, d):
    return rng.uniform(1, 10, d) * 10.0 ** rng.integers(-3, 5, d)


def waves(ratio: float) -> Family:
    """Sines with `ratio` radians from 0 to x."""
    return Family(
        f"narrow: sin, {ratio:.0e}",
        lambda xp, x, w: xp.sin(ratio * w * x),
        lambda xp, x, w: ratio * w * xp.cos(ratio * w * x),
        thousands,
        over_scale,
    )


def even(name: str, outer: Callable, slope: Callable) -> Family:
    """A function of |x| at 0, with the derivative from the right."""
    return Family(
        f"even: {name}",
        lambda xp, x, w: w * outer(xp, xp.abs(x)),
        lambda xp, x, w: w * xp.where(x >= 0, 1, -1) * slope(xp, xp.abs(x)),
        half_zero,
        expected="VALID_SUBGRADIENT",
    )


def few_digits(name: str) -> Family:
    """sin(w x) of numbers of a narrow type."""

    def term(xp, x, w):
        return xp.sin(w * x) if xp is np else xp.sin((w * x).astype(getattr(jnp, name)))

    return Family(f"few digits: {name}", term, SIN[1], normal)


HUBER = (
    lambda xp, r: xp.where(xp.abs(r) <= 1, r**2 / 2, xp.abs(r) - 0.5),
    lambda xp, r: xp.clip(r, -1, 1),
)
HINGE = (lambda xp, r: xp.maximum(r, 0) ** 2, lambda xp, r: 2 * xp.maximum(r, 0))
CUBIC = (lambda xp, r: xp.maximum(r, 0) ** 3, lambda xp, r: 3 * xp.maximum(r, 0) ** 2)
RELU = (lambda xp, r: xp.maximum(r, 0), lambda xp, r: xp.where(r > 0, 1.0, 0.0))
CUT = (
    lambda xp, r: xp.where(xp.abs(r) < 1, (r**2 - 1) ** 2, 0.0),
    lambda xp, r: xp.where(xp.abs(r) < 1, 4 * r * (r**2 - 1), 0.0),
)
LOG_LOSS = (lambda xp, r: -xp.log(1 - 1 / (1 + xp.exp(-r))), lambda xp, r: 1 / (1 + xp.exp(-r)))
SOFTPLUS = (lambda xp, r: xp.logaddexp(0 * r, r), LOG_LOSS[1])
RESIDUAL = (lambda xp, r: r**2 / 2, lambda xp, r: r)

HARD: tuple[Family | Coupled, ...] = (
    *(line(10.0**power) for power in (1, 3, 4, 5, 7)),
    *(waves(10.0**power) for power in (3, 5, 7)),
    rows("pieces: Huber", *HUBER, dense(5000)),
    rows("pieces: squared hinge", *HINGE, dense(1000)),
    rows("pieces: cut-off pairs", *CUT, pairs),
    rows("pieces: linear spline", *RELU, knots),
    rows("pieces: cubic spline", *CUBIC, knots),
    rows("pieces: ReLU network", *RELU, network),
    Coupled("coupled: Rosenbrock", rosenbrock, rosenbrock_slope, dense(1)),
    rows("coupled: logistic", *SOFTPLUS, dense(200, 3)),
    rows("coupled: condition 1e8", *RESIDUAL, ill_conditioned),
    Coupled("coupled: log-sum-exp", logsumexp, logsumexp_slope, dense(50)),
    rows("coupled: 1e5 rows", *SOFTPLUS, dense(100_000), d=5),
    rows("cancelling: log loss", *LOG_LOSS, dense(200, 5)),
    Coupled("cancelling: variance", variance, variance_slope, offset_rows),
    Family("cancelling: log(1 - exp(-x))", lambda xp, x, w: xp.log(1 - xp.exp(-w * x)),
           lambda xp, x, w: w / xp.expm1(w * x), between(0.5, 15)),
    Family("cancelling: root - 1", lambda xp, x, w: 1e6 * (xp.sqrt(1 + w * x**2) - 1),
           lambda xp, x, w: 1e6 * w * x / xp.sqrt(1 + w * x**2), scaled(1e-3)),
    Family("cancelling: 1 - cos", lambda xp, x, w: 1 - xp.cos(w * x),
           lambda xp, x, w: w * xp.sin(w * x), scaled(1e-5)),
    Family("saturated: sigmoid", lambda xp, x, w: 1 / (1 + xp.exp(-x)),
           lambda xp, x, w: xp.exp(-x) / (1 + xp.exp(-x)) ** 2, between(10, 35)),
    Family("extreme: f = 1e-160", *times(1e-160), normal),
    Family("extreme: f = 1e160", *times(1e160), normal),
    Family("extreme: x = 1e-150", *SIN, scaled(1e-150), over_scale),
    Family("extreme: x = 1e150", *SIN, scaled(1e150), over_scale),
    Family("extreme: squares of 1e150", *SQUARE, scaled(1e150)),
    Family("extreme: squares, 1e-8 to 1e8", *SQUARE,
           lambda rng, d: rng.standard_normal(d) * 10.0 ** rng.uniform(-8, 8, d)),
    even("exp(-|x|)", lambda xp, r: xp.exp(-r), lambda xp, r: -xp.exp(-r)),
    even("log(1 + |x|)", lambda xp, r: xp.log(1 + r), lambda xp, r: 1 / (1 + r)),
    even("|x| / (1 + |x|)", lambda xp, r: r / (1 + r), lambda xp, r: 1 / (1 + r) ** 2),
    even("tanh|x|", lambda xp, r: xp.tanh(r), lambda xp, r: 1 / xp.cosh(r) ** 2),
    even("|sin x|", lambda xp, r: xp.abs(xp.sin(r)),
         lambda xp, r: xp.where(xp.sin(r) >= 0, 1, -1) * xp.cos(r)),
    few_digits("bfloat16"),
    few_digits("float16"),
)  # fmt: skip
