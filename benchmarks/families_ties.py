"""Functions at ties and kinks, with elements of Clarke's generalised gradient, and other vectors.

Each family gives, for a seed, a function of NumPy, a point, elements and others.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np


class Tie(NamedTuple):
    """A function at a point at which it has a kink.

    Attributes:
        name: The family.
        f: The function.
        x: The point.
        elements: Elements of the generalised gradient.
        others: Vectors that are none.
    """

    name: str
    f: Callable[[np.ndarray], float]
    x: np.ndarray
    elements: list[np.ndarray]
    others: list[np.ndarray]


LEVELS = (0.0, 1.5, -2.0, 3.7)
"""Values of the entries that are tied."""


def ties(seed: int) -> Iterator[Tie]:
    """Yields one member of each family."""
    for family in (maximum, order, quantile, median, eigenvalue, norm, absolute, hinges):
        yield from family(np.random.default_rng(seed))
    for family in (min_of_max, network, pieces):
        yield from family(np.random.default_rng(seed))


def maximum(rng: np.random.Generator) -> Iterator[Tie]:
    """The largest of entries of which k are tied, and a linear function: weights add to 1."""
    for k in (2, 3, 5, 8):
        d, level = k + int(rng.integers(0, 3)), float(rng.choice(LEVELS))
        x = np.append(np.full(k, level), level - 1 - rng.random(d - k))[rng.permutation(d)]
        E, c = np.eye(d)[x == level], rng.standard_normal(d)
        w = rng.dirichlet(np.ones(k)) @ E
        yield Tie(
            f"max of {k}",
            lambda x, c=c: float(np.max(x) + c @ x),
            x,
            [c + w, c + E[0], c + E.mean(0)],
            [c + 2 * w, c, c + 1.3 * E[0] - 0.3 * E[1]],
        )


def order(rng: np.random.Generator) -> Iterator[Tie]:
    """One of tied entries in order of size."""
    for k in (3, 5):
        m, level, c = int(rng.integers(k)), float(rng.choice(LEVELS)), rng.standard_normal(k)
        w, E = rng.dirichlet(np.ones(k)), np.eye(k)
        yield Tie(
            f"order of {k}",
            lambda x, c=c, m=m: float(np.sort(x)[m] + c @ x),
            np.full(k, level),
            [c + w, c + E[-1]],
            [c + 2 * w, c + 1.5 * E[0] - 0.5 * E[1], c + w / 2],
        )


def quantile(rng: np.random.Generator) -> Iterator[Tie]:
    """A quantile between two tied entries: one share for each of them."""
    for k in (3, 5, 8):
        q = float(rng.uniform(0.05, 0.95))
        share, g = q * (k - 1) % 1, np.zeros(k)
        i, j = rng.permutation(k)[:2]
        g[i], g[j] = 1 - share, share
        yield Tie(
            f"quantile of {k}",
            lambda x, q=q: float(np.quantile(x, q)),
            np.full(k, float(rng.choice(LEVELS))),
            [g, np.full(k, 1 / k)],
            [2 * g, g + 0.3 * np.eye(k)[0], 1.4 * np.eye(k)[0] - 0.4 * np.eye(k)[1]],
        )


def median(rng: np.random.Generator) -> Iterator[Tie]:
    """The middle entry, or the mean of the middle two."""
    for k in (3, 4, 5, 8):
        g = np.zeros(k)
        middle = rng.permutation(k)[: 2 - k % 2]
        g[middle] = 1 / len(middle)
        x = np.full(k, float(rng.choice(LEVELS)))
        yield Tie(f"median of {k}", lambda x: float(np.median(x)), x, [g], [2 * g, g / 2, 0 * g])


def eigenvalue(rng: np.random.Generator) -> Iterator[Tie]:
    """The largest eigenvalue where it is a double one: v vᵀ for each of its eigenvectors."""
    n = int(rng.integers(2, 4))
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    A = Q @ np.diag([2.0, 2.0, 0.5][:n]) @ Q.T
    angle = rng.uniform(0, 2 * np.pi)
    v = np.cos(angle) * Q[:, 0] + np.sin(angle) * Q[:, 1]
    w = np.cos(angle) * Q[:, 1] - np.sin(angle) * Q[:, 0]
    V, W = np.outer(v, v), np.outer(w, w)
    yield Tie(
        "eigenvalue",
        lambda A: float(np.linalg.eigvalsh((A + A.T) / 2)[-1]),
        (A + A.T) / 2,
        [V, (V + W) / 2],
        [2 * V, V + W, 1.3 * V - 0.3 * W],
    )


def norm(rng: np.random.Generator) -> Iterator[Tie]:
    """The length at 0: the unit ball."""
    u = rng.standard_normal(int(rng.integers(2, 7)))
    u /= np.linalg.norm(u)
    x = np.zeros(len(u))
    yield Tie("norm", lambda x: float(np.linalg.norm(x)), x, [x, 0.9 * u, u], [1.2 * u, -1.1 * u])


def absolute(rng: np.random.Generator) -> Iterator[Tie]:
    """Sums of absolute values with signs: convex, concave, and neither."""
    x = rng.standard_normal(int(rng.integers(2, 7)))
    zero = rng.random(len(x)) < 0.6
    zero[0] = True
    x[zero] = 0
    inside = rng.uniform(-1, 1, len(x))
    for signs in (np.ones(len(x)), -np.ones(len(x)), rng.choice([-1.0, 1.0], len(x))):
        s = signs * np.sign(x)
        yield Tie(
            "sum of |x|",
            lambda x, signs=signs: float(signs @ np.abs(x)),
            x,
            [s, np.where(zero, inside, s), np.where(zero, 1.0, s)],
            [np.where(zero, 1.1, s), np.where(zero, -1.3, s)],
        )


def hinges(rng: np.random.Generator) -> Iterator[Tie]:
    """Hinges that share a kink: sums of shares of their slopes."""
    count, d = int(rng.integers(1, 5)), int(rng.integers(2, 7))
    B = rng.standard_normal((count, d))
    yield Tie(
        "hinges",
        lambda w: float(np.sum(np.maximum(0.0, -(B @ w)))),
        np.zeros(d),
        [-rng.uniform(0, 1, count) @ B, -B.sum(0), np.zeros(d), -B.sum(0) / 2],
        [0.2 * B.sum(0), -1.2 * B.sum(0)],
    )


def min_of_max(rng: np.random.Generator) -> Iterator[Tie]:
    x = np.full(4, float(rng.choice((1.0, -2.0, 0.3))))
    yield Tie(
        "min of max",
        lambda x: float(min(max(x[0], x[1]), max(x[2], x[3]))),
        x,
        [np.eye(4)[int(rng.integers(4))], rng.dirichlet(np.ones(4))],
        [np.array([1, 0, 0, 1.0]), np.array([-0.5, 1.5, 0, 0]), np.zeros(4)],
    )


def network(rng: np.random.Generator) -> Iterator[Tie]:
    """A layer of ReLUs, two of which are at their kink together: two pieces, and all between."""
    W, a = rng.standard_normal((4, 3)), rng.standard_normal(4)
    W[:2] = [[1.0, 0, 0], [-0.7, 0, 0]]
    x = np.array([0.0, 1.0, 2.0])
    rest = (a * (W @ x > 0) * [0, 0, 1, 1]) @ W
    right, left, share = rest + a[0] * W[0], rest + a[1] * W[1], rng.random()
    clear = abs((right - left)[0]) > 0.05
    yield Tie(
        "network",
        lambda x: float(a @ np.maximum(W @ x, 0)),
        x,
        [right, left, share * right + (1 - share) * left],
        [2 * right - left, 2 * left - right] if clear else [],
    )


def pieces(rng: np.random.Generator) -> Iterator[Tie]:
    """The difference of two maxima of linear functions of two parameters."""
    M, x0 = rng.standard_normal((6, 2)), np.array([1.0, 2.0])
    angle = np.linspace(0, 2 * np.pi, 3601)
    way = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    slopes = M[:3][np.argmax(way @ M[:3].T, 1)] - M[3:][np.argmax(way @ M[3:].T, 1)]
    corners, width = np.unique(slopes.round(12), axis=0, return_counts=True)
    corners = corners[width > 30]  # at least 3 degrees wide
    centre = corners.mean(0)
    far = corners[np.argmax(np.linalg.norm(corners - centre, axis=1))]
    yield Tie(
        "pieces",
        lambda x: float(np.max(M[:3] @ (x - x0)) - np.max(M[3:] @ (x - x0))) + 1.0,
        x0,
        [rng.dirichlet(np.ones(len(corners))) @ corners, corners[0], far],
        [far + 0.2 * (far - centre)] if len(corners) > 1 else [],
    )
