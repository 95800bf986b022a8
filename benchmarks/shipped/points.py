"""Shipped faults at special points: zero, where formulas divide by it, and products with it."""

import math

import jax.numpy as jnp
import numpy as np

from ._case import GITHUB, ShippedCase

SMALL = 0.5
"""Below it, a series is taken: the formulas lose digits there."""


def safe(x):
    return jnp.where(jnp.abs(x) < SMALL, 1.0, x)


def series(x, sign, derivative=False):
    """Σ (±x²/2)^k x / (k! (2k + 3)!!), the spherical Bessel function of order 1, or its slope."""
    total = jnp.zeros_like(x)
    for k in range(8):
        size = sign**k / (2**k * math.factorial(k) * math.prod(range(1, 2 * k + 4, 2)))
        total = total + size * ((2 * k + 1) * x ** (2 * k) if derivative else x ** (2 * k + 1))
    return total


def sines(x, sign):
    """The circular pair for -1, the hyperbolic one for +1."""
    return (jnp.sin(x), jnp.cos(x)) if sign == -1 else (jnp.sinh(x), jnp.cosh(x))


def bessel(x, sign):
    """The order 1: (x cosh x - sinh x)/x², or (sin x - x cos x)/x² for the ordinary one."""
    s, c = sines(safe(x), sign)
    far = sign * (safe(x) * c - s) / safe(x) ** 2
    return jnp.where(jnp.abs(x) < SMALL, series(x, sign), far)


def bessel_slope(x, sign):
    """Order 0 less 2/x times order 1."""
    s, _ = sines(safe(x), sign)
    far = s / safe(x) - 2 / safe(x) * bessel(safe(x), sign)
    return jnp.where(jnp.abs(x) < SMALL, series(x, sign, derivative=True), far)


def bessel_case(name, number, function, sign):
    return ShippedCase(
        name,
        f"{GITHUB}/scipy/scipy/issues/{number}",
        f"{function}(1, 0, derivative=True): 0 -> 1/3",
        lambda x, c: c @ bessel(x, sign),
        lambda x, c: c * bessel_slope(x, sign),
        lambda x, c: c * jnp.where(x == 0, 0.0, bessel_slope(x, sign)),
        lambda rng: (np.array([0.7, 0.0, -1.3, 2.1]), (rng.uniform(1, 2, 4),)),
        ("regime", "branch", "zero", "place"),
    )


def sinc_slope(x, c):
    """The derivative of sin(πx)/(πx), as a formula that a `where` completes at 0."""
    t = jnp.pi * x
    return c @ jnp.where(x == 0, 0.0, (t * jnp.cos(t) - jnp.sin(t)) / (t * x))


def sinc_curvature(x, c):
    """-π²/3 at 0."""
    t = jnp.pi * jnp.where(x == 0, 1.0, x)
    far = -jnp.sin(t) / t - 2 * jnp.cos(t) / t**2 + 2 * jnp.sin(t) / t**3
    return c * jnp.pi**2 * jnp.where(x == 0, -1 / 3, far)


def entropy(q, p):
    """Σ p log q, where terms with p = 0 are 0 for every q."""
    none = p == 0
    return jnp.sum(jnp.where(none, 0.0, p * jnp.log(jnp.where(none, 1.0, q))))


def entropy_gradient(q, p):
    return jnp.where(p == 0, 0.0, p / jnp.where(p == 0, 1.0, q))


def make_entropy(rng):
    return np.array([0.3, 0.0, 0.5, 0.2]), (np.array([0.4, 0.0, 0.5, 0.1]),)


def products(x):
    """The sum of the products of each row."""
    return jnp.sum(jnp.prod(x, axis=1))


def products_gradient(x):
    """Products of all others in the row, of what is before and what is behind."""
    one = jnp.ones((len(x), 1))
    before = jnp.cumprod(jnp.concatenate([one, x[:, :-1]], axis=1), axis=1)
    behind = jnp.cumprod(jnp.concatenate([one, x[:, :0:-1]], axis=1), axis=1)[:, ::-1]
    return before * behind


def products_wrong(x):
    return jnp.prod(x, axis=1, keepdims=True) / x


CASES = (
    bessel_case("scipy#20506", 20506, "spherical_in", 1),
    bessel_case("scipy#8186", 8186, "spherical_jn", -1),
    ShippedCase(
        "jax#5054",
        f"{GITHUB}/jax-ml/jax/issues/5054",
        "sinc, the second derivative at 0: NaN -> -π²/3",
        sinc_slope,
        sinc_curvature,
        None,
        lambda rng: (np.array([0.0, 0.4, -0.7]), (rng.uniform(1, 2, 3),)),
        ("non-finite", "custom rule"),
        expected="NONFINITE",
    ),
    ShippedCase(
        "jax#15598",
        f"{GITHUB}/jax-ml/jax/issues/15598",
        "xlogy(0, 0) by its second argument: NaN -> 0",
        entropy,
        entropy_gradient,
        lambda q, p: p / q,
        make_entropy,
        ("non-finite",),
        expected="NONFINITE",
    ),
    ShippedCase(
        "pytorch#773",
        f"{GITHUB}/pytorch/pytorch/issues/773",
        "prod with a zero among its factors: prod/x, NaN -> the product of the others",
        products,
        products_gradient,
        products_wrong,
        lambda rng: (np.array([[1.5, 0.0, -0.7, 2.0]]), ()),
        ("non-finite",),
        expected="NONFINITE",
    ),
    ShippedCase(
        "tinygrad#17404",
        f"{GITHUB}/tinygrad/tinygrad/issues/17404",
        "the same in some rows, also with two zeros",
        products,
        products_gradient,
        products_wrong,
        lambda rng: (np.array([[1.5, 0.8, -0.7], [0.0, 1.2, 0.0], [0.0, 2.0, 0.9]]), ()),
        ("non-finite",),
        expected="NONFINITE",
    ),
)
