"""Sixteen wrong derivatives that people reported: the value, the derivative, and theirs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

RNG = np.random.default_rng(0)


@dataclass(frozen=True)
class Reported:
    """A derivative that somebody got wrong.

    Attributes:
        value: The objective.
        right: Its derivative.
        wrong: The derivative that was reported.
        args: The parameters and the data.
        words: What the diagnosis has to say; empty where it does not name the fault.
        found: What it says about the place of a fault that it does not name.
    """

    value: Callable
    right: Callable
    wrong: Callable
    args: tuple[Any, ...]
    words: tuple[str, ...] = ()
    found: tuple[str, ...] = ()


# 1 -- Cox's partial likelihood with late entry


def cox(beta, X, entry, stop, event):
    eta = X @ beta
    at_risk = (entry[None, :] < stop[:, None]) & (stop[None, :] >= stop[:, None])
    sums = jnp.sum(at_risk * jnp.exp(eta)[None, :], axis=1)
    return -jnp.sum(event * (eta - jnp.log(sums)))


def cox_gradient(beta, X, entry, stop, event, fill="last"):
    """The sums of exp(η) and z·exp(η) over those at risk, as differences of running sums.

    They are known at the times of entry, and have to be filled in at the times of events.
    """
    w = np.exp(X @ beta)
    columns = np.concatenate([w[:, None], X * w[:, None]], axis=1)
    gone, late = np.argsort(stop), np.argsort(entry)
    after = np.cumsum(columns[gone][::-1], axis=0)[::-1]
    still = np.cumsum(columns[late][::-1], axis=0)[::-1]
    # On the axis of all times, what enters at or after each one.
    times = np.concatenate([entry, stop])
    known = np.concatenate([np.full(len(w), True), np.full(len(w), False)])
    order = np.lexsort((~known, times))[::-1]
    at_entry = dict(zip(late.tolist(), range(len(late)), strict=True))
    entering, last = np.zeros((2 * len(w), columns.shape[1])), np.zeros(columns.shape[1])
    for each in order:
        if known[each]:
            last = still[at_entry[int(each)]]
        entering[each] = last
    if fill == "extreme":
        # A running extreme fills in what grows, as sums of exp(η) do and those of z·exp(η) do not.
        sparse = np.where(known[:, None], entering, 0.0)[order]
        entering = np.empty_like(sparse)
        entering[order] = np.maximum.accumulate(sparse, axis=0)
    sums = np.empty_like(after)
    sums[gone] = after
    sums -= entering[len(w) :]
    return -(event @ (X - sums[:, 1:] / sums[:, :1]))


# 2 -- GARCH(1, 1)


def garch(theta, e):
    """The negative log-likelihood of a GARCH(1, 1) process with the parameters ω, α, β."""

    def step(carry, now):
        h, past = carry
        h = theta[0] + theta[1] * past**2 + theta[2] * h
        return (h, now), 0.5 * (jnp.log(h) + now**2 / h)

    return jnp.sum(jax.lax.scan(step, (jnp.var(e), 0.0), e)[1])


def garch_gradient(theta, e):
    def step(carry, now):
        h, past, dh = carry
        dh = jnp.stack([1.0, past**2, h]) + theta[2] * dh
        h = theta[0] + theta[1] * past**2 + theta[2] * h
        return (h, now, dh), 0.5 * (1 / h - now**2 / h**2) * dh

    return jnp.sum(jax.lax.scan(step, (jnp.var(e), 0.0, jnp.zeros(3)), e)[1], axis=0)


# 3, 4, 5 -- objectives of boosting


def huber(p, y):
    r = p - y
    return jnp.sum(jnp.where(jnp.abs(r) <= 1, 0.5 * r**2, jnp.abs(r) - 0.5))


def huber_gradient(p, y):
    return jnp.clip(p - y, -1, 1)


def huber_wrong(p, y):
    r = p - y
    return jnp.where(r > 1, 1.0 * r, r)


def smape(p, y):
    return jnp.sum(jnp.abs(p - y) / (jnp.abs(p) + jnp.abs(y)))


def smape_gradient(p, y):
    size = jnp.abs(p) + jnp.abs(y)
    return jnp.sign(p - y) / size - jnp.abs(p - y) * jnp.sign(p) / size**2


GAMMA = 2.0


def focal(z, y):
    p = jax.nn.sigmoid(z)
    ones = y * (1 - p) ** GAMMA * jnp.log(p)
    return -jnp.sum(ones + (1 - y) * p**GAMMA * jnp.log(1 - p))


def focal_gradient(z, y, sign=lambda y: (-1) ** y):
    p = jax.nn.sigmoid(z)
    s = (-1) ** y
    away, near = y + s * p, 1 - y - s * p
    return GAMMA * (p + y - 1) * away**GAMMA * jnp.log(near) + sign(y) * away ** (GAMMA + 1)


# 6 -- a linear model, feature by feature


def least_squares(w, X, y):
    return jnp.mean((X @ w - y) ** 2)


def least_squares_gradient(w, X, y):
    return 2 * X.T @ (X @ w - y) / len(y)


def feature_by_feature(w, X, y):
    w, X, y = map(np.asarray, (w, X, y))
    residual, gradient = 2 * (X @ w - y) / len(y), np.zeros(len(w))
    for j in range(len(w)):
        residual = residual * X[:, j]
        gradient[j] = residual.sum()
    return gradient


# 7 -- metric learning


def triplets(L, a, p, n, weights):
    near, far = ((a - p) @ L.T) ** 2, ((a - n) @ L.T) ** 2
    return jnp.sum(weights * jax.nn.softplus(jnp.sum(near, 1) - jnp.sum(far, 1)))


def triplets_gradient(L, a, p, n, weights):
    u, v = a - p, a - n
    s = jax.nn.sigmoid(jnp.sum((u @ L.T) ** 2, 1) - jnp.sum((v @ L.T) ** 2, 1)) * weights
    return 2 * L @ ((u * s[:, None]).T @ u - (v * s[:, None]).T @ v)


# 8, 9 -- batch normalisation


def batch_norm(x, scale, target):
    mean = jnp.mean(x, axis=0)
    centred = x - mean
    variance = jnp.mean(centred**2, axis=0)
    return jnp.sum((scale * centred / jnp.sqrt(variance + 1e-5) - target) ** 2)


def batch_norm_gradient(x, scale, target, n=None, sign=1.0, uncentred=0.0):
    n = len(x) if n is None else n
    mean = jnp.mean(x, axis=0)
    centred = x - mean
    root = jnp.sqrt(jnp.mean(centred**2, axis=0) + 1e-5)
    dxhat = 2 * (scale * centred / root - target) * scale
    dvar = sign * jnp.sum(dxhat * centred, axis=0) * -0.5 / root**3
    dmean = -jnp.sum(dxhat, axis=0) / root - 2 * dvar * mean * uncentred
    return dxhat / root + dvar * 2 * centred / len(x) + dmean / n


# 10 -- Bayesian optimisation


def local_penaliser(x, pending, radius):
    """The log of the product of the penalties around the points that are pending."""
    distance = jnp.linalg.norm(x - pending, axis=1)
    z = (radius - distance) / 0.3
    return jnp.sum(jnp.log(0.5 * jax.scipy.special.erfc(z)))


def local_penaliser_gradient(x, pending, radius, axis=1):
    off = x - pending
    norm = jnp.linalg.norm(off, axis=1)
    z = (radius - norm) / 0.3
    slope = 2 / jnp.sqrt(jnp.pi) * jnp.exp(-(z**2)) / jax.scipy.special.erfc(z) / 0.3
    return slope @ (off / jnp.linalg.norm(off, axis=axis, keepdims=True))


# 11 -- pharmacometrics: Laplace's approximation of a mixed model


def concentrations(theta, eta, t):
    """The concentrations of all subjects, by the log of clearance and the deviations η."""
    return jnp.exp(theta[0]) * jnp.exp(-jnp.exp(theta[1] + eta)[:, None] * t)


def joint(theta, eta, y, t):
    f = concentrations(theta, eta, t)
    r = (jnp.exp(theta[3]) * f) ** 2
    return 0.5 * jnp.sum((y - f) ** 2 / r + jnp.log(r), 1) + 0.5 * eta**2 / jnp.exp(theta[2])


def best_deviations(theta, y, t):
    """The deviations of all subjects that are likeliest, by Newton's method."""
    omega, sigma = jnp.exp(theta[2]), jnp.exp(theta[3])

    def newton(eta, _):
        k = jnp.exp(theta[1] + eta)[:, None] * t
        q = y / concentrations(theta, eta, t)
        slope = jnp.sum((q**2 - q) * k / sigma**2 - k, 1) + eta / omega
        bend = (2 * q**2 - q) * k**2 + (q**2 - q) * k
        return eta - slope / (jnp.sum(bend / sigma**2 - k, 1) + 1 / omega), None

    return jax.lax.scan(newton, jnp.zeros(len(y)), None, length=6)[0]


def laplace(theta, y, t):
    """The Laplace approximation with an error that is proportional to the concentration."""
    eta = best_deviations(theta, y, t)
    f = concentrations(theta, eta, t)
    a = -f * jnp.exp(theta[1] + eta)[:, None] * t
    of_mean = jnp.sum(a**2 / (jnp.exp(theta[3]) * f) ** 2, 1)
    of_variance = jnp.sum(2 * (a / f) ** 2, 1)
    information = of_mean + of_variance + 1 / jnp.exp(theta[2])
    return jnp.sum(joint(theta, eta, y, t) + 0.5 * theta[2] + 0.5 * jnp.log(information))


def laplace_by_hand(theta, y, t, held=lambda k: k):
    """The derivative of the same written in k, the logarithmic slope of the concentrations."""

    def value(theta):
        omega, sigma = jnp.exp(theta[2]), jnp.exp(theta[3])
        eta = best_deviations(theta, y, t)
        f = concentrations(theta, eta, t)
        k = jnp.exp(theta[1] + eta)[:, None] * t
        of_variance = held(2 * jnp.sum(k**2, 1))
        information = jnp.sum(k**2, 1) / sigma**2 + of_variance + 1 / omega
        of_data = 0.5 * ((y / f - 1) / sigma) ** 2 + jnp.log(f) + theta[3]
        of_prior = 0.5 * eta**2 / omega + 0.5 * theta[2] + 0.5 * jnp.log(information)
        return jnp.sum(of_data) + jnp.sum(of_prior)

    return jax.jacfwd(value)(theta)


# 12 -- quantum chemistry: integrals by a fit in the value, exact in the gradient

EXPONENTS = np.geomspace(0.002, 60, 13)
GRID = np.linspace(0.8, 12, 400)
GAUSSIANS = np.exp(-EXPONENTS * GRID[:, None] ** 2)
FITTED = np.linalg.lstsq(GAUSSIANS, 1 / GRID, rcond=None)[0]


def _pairs(x):
    i, j = np.triu_indices(len(x), 1)
    off = x[i] - x[j]
    return i, j, off, jnp.sum(off**2, axis=1)


def repulsion(x, charge, exponents, fitted):
    """The energy of charges, with 1/r fitted by a sum of Gaussians."""
    i, j, _, square = _pairs(x)
    return jnp.sum(charge[i] * charge[j] * (jnp.exp(-exponents * square[:, None]) @ fitted))


def repulsion_of_fit(x, charge, exponents, fitted):
    i, j, off, square = _pairs(x)
    slope = -2 * jnp.exp(-exponents * square[:, None]) @ (exponents * fitted)
    return _forces(x, i, j, (charge[i] * charge[j] * slope)[:, None] * off)


def repulsion_exact(x, charge, exponents, fitted):
    i, j, off, square = _pairs(x)
    return _forces(x, i, j, -(charge[i] * charge[j] / square**1.5)[:, None] * off)


def _forces(x, i, j, pull):
    return jnp.zeros_like(x).at[i].add(pull).at[j].add(-pull)


# 13, 14 -- cubic splines


def spline(t, a, b, c, d, y):
    s = a + b * t + c * t**2 + d * t**3
    return jnp.sum((s - y) ** 2)


def spline_gradient(t, a, b, c, d, y, two=2, three=3):
    s = a + b * t + c * t**2 + d * t**3
    return 2 * (s - y) * (b + two * c * t + three * d * t**2)


def on_spans(t, a, b, c, y, width=0.25):
    u = t / 0.25
    return jnp.sum((a + b * u + c * u**2 - y) ** 2)


def on_spans_gradient(t, a, b, c, y, width=0.25):
    u = t / 0.25
    return 2 * (a + b * u + c * u**2 - y) * (b + 2 * c * u) / width


# 15 -- optimal transport


def transport(u, C, K):
    """The cost ⟨P, C⟩ of a plan with one scaling."""
    P = jnp.exp(u)[:, None] * K
    return jnp.sum(P * C) + jnp.sum(u**2)


# 16 -- rendering


def rendering(log_scale, points):
    """Gaussians whose parameter is the logarithm of their scale."""
    scale = jnp.exp(log_scale)
    return jnp.sum(jnp.exp(-0.5 * (points[:, None] / scale) ** 2))


def rendering_gradient(log_scale, points):
    scale = jnp.exp(log_scale)
    z = points[:, None] / scale
    return jnp.sum(jnp.exp(-0.5 * z**2) * z**2, axis=0)


def _survival():
    entry = RNG.uniform(0, 1, 80)
    X = RNG.standard_normal((80, 3))
    stop = entry + RNG.exponential(1.0, 80)
    return np.array([0.3, -0.2, 0.5]), X, entry, stop, (RNG.random(80) < 0.7).astype(float)


def _regression():
    X = RNG.standard_normal((50, 6))
    return RNG.standard_normal(6), X, RNG.standard_normal(50)


def _triplets():
    a, p, n = RNG.standard_normal((3, 40, 5))
    return RNG.standard_normal((4, 5)) / 3, a, p, n, RNG.uniform(0.5, 2, 40)


def _batch():
    x = RNG.standard_normal((16, 4)) + np.array([1.0, -2.0, 0.5, 3.0])
    return x, RNG.uniform(0.5, 2, 4), RNG.standard_normal((16, 4))


def _mixed():
    t = np.array([0.5, 1.0, 2.0, 4.0])
    eta = 0.3 * RNG.standard_normal(12)
    f = np.exp(1.0) * np.exp(-np.exp(-0.7 + eta)[:, None] * t)
    return np.array([1.0, -0.7, -2.0, -1.5]), f * (1 + 0.2 * RNG.standard_normal(f.shape)), t


def _molecule():
    return np.array([[0, 0, 0], [1.8, 0, 0.2], [0, 2, 0.3], [-1.5, 1, 2], [1, -2, 1.7]])


def _pieces(columns):
    return (RNG.uniform(0.1, 1, 30), *RNG.standard_normal((columns, 30)))


CASES = {
    "1 Cox with late entry": Reported(
        cox, cox_gradient, lambda *a: cox_gradient(*a, fill="extreme"), _survival(),
        found=("right for the first",),
    ),
    "2 GARCH in another order": Reported(
        garch, garch_gradient, lambda t, e: garch_gradient(t, e)[jnp.array([1, 2, 0])],
        (np.array([0.1, 0.15, 0.7]), RNG.standard_normal(500)), ("holds the derivative of",),
    ),
    "3 Huber": Reported(
        huber, huber_gradient, huber_wrong,
        (2 * RNG.standard_normal(60), RNG.standard_normal(60)),
        ("only where `jnp.abs(r) <= 1` is false",),
    ),
    "4 SMAPE": Reported(
        smape, smape_gradient, lambda p, y: smape_gradient(p, y) / 2,
        (RNG.uniform(1, 3, 100), RNG.uniform(1, 3, 100)), ("1/2 times the reference",),
    ),
    "5 focal loss": Reported(
        focal, focal_gradient,
        lambda z, y: focal_gradient(z, y, lambda y: (-y) ** (GAMMA + 1)),
        (RNG.standard_normal(60), (RNG.random(60) < 0.4).astype(float)),
        ("the derivative through `jnp.log(1 - p)`", "is missing from your gradient"),
    ),
    "6 feature by feature": Reported(
        least_squares, least_squares_gradient, feature_by_feature, _regression(),
        found=("5 of the 6 coordinates of x",),
    ),
    "7 metric learning": Reported(
        triplets, triplets_gradient,
        lambda L, a, p, n, weights: triplets_gradient(L, a, p, n, jnp.ones(len(weights))),
        _triplets(), ("ignores `weights`",),
    ),
    "8 batch norm, a term too many": Reported(
        batch_norm, batch_norm_gradient, lambda *a: batch_norm_gradient(*a, uncentred=1.0),
        _batch(), ("the derivative by `jnp.mean(x, axis=0)`", "is wrong in your gradient"),
    ),
    "9 batch norm, two faults": Reported(
        batch_norm, batch_norm_gradient, lambda *a: batch_norm_gradient(*a, n=1, sign=-1.0),
        _batch(),
        ("`jnp.sqrt(variance + 1e-5)`", "has the wrong sign", "is 16 (the number of rows of",
         "change the sign of the first, divide the second by 16"),
    ),
    "10 one norm for all": Reported(
        local_penaliser, local_penaliser_gradient,
        lambda *a: local_penaliser_gradient(*a, axis=None),
        (RNG.standard_normal(4), RNG.standard_normal((6, 4)), 1.0),
        ("through `jnp.linalg.norm(x - pending, axis=1)`", "one number for all", "the norm of"),
    ),
    "11 Laplace": Reported(
        laplace, laplace_by_hand, lambda *a: laplace_by_hand(*a, held=jax.lax.stop_gradient),
        _mixed(), ("2 * (a / f) ** 2", "is missing from your gradient"),
    ),
    "12 fitted integrals": Reported(
        repulsion, repulsion_of_fit, repulsion_exact,
        (_molecule(), RNG.integers(1, 6, 5).astype(float), EXPONENTS, FITTED),
        ("your gradient is the derivative of another function than the value",),
    ),
    "13 spline without 2 and 3": Reported(
        spline, spline_gradient, lambda *a: spline_gradient(*a, two=1, three=1), _pieces(5),
        ("`d * t**3`", "is 1/3 of", "`c * t**2`", "is half of"),
    ),
    "14 spline and its span": Reported(
        on_spans, on_spans_gradient, lambda *a: on_spans_gradient(*a, width=1.0), _pieces(4),
        ("0.25",),
    ),
    "15 transport": Reported(
        transport, lambda u, C, K: jnp.exp(u) * jnp.sum(K * C, axis=1) + 2 * u,
        lambda u, C, K: 2 * u,
        (RNG.standard_normal(20) / 3, RNG.uniform(0, 1, (20, 30)), RNG.uniform(0, 1, (20, 30))),
        ("is missing from your gradient",),
    ),
    "16 rendering": Reported(
        rendering, rendering_gradient,
        lambda s, p: rendering_gradient(s, p) / jnp.exp(s),
        (RNG.uniform(-1, 1, 20), RNG.standard_normal(200)),
        ("the chain factor exp(x) is missing", "on the log scale"),
    ),
}  # fmt: skip
