"""Functions with a Jacobian or a Hessian by hand, in which `matrix_faults.py` plants faults.

Those with `host` in their names are NumPy and are called on the host.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from gradcompare import Objective, get_objective

Matrix = Callable[..., np.ndarray]
"""`matrix(x, *args)`, a Jacobian or a Hessian of shape (m, n)."""

SQUARES = ("mgh-bard", "mgh-box", "mgh-helical-valley", "mgh-kowalik-osborne", "mgh-wood")


@dataclass(frozen=True)
class Subject:
    """A function with its Jacobian or Hessian by hand.

    Attributes:
        name: Its name.
        function: `function(x, *args)`, a scalar or a vector.
        matrix: The matrix by hand.
        x: The point.
        args: The data.
        wrong: Wrong matrices that only this function can have, by the name of the fault.
    """

    name: str
    function: Callable
    matrix: Matrix
    x: np.ndarray
    args: tuple = ()
    wrong: tuple[tuple[str, Matrix], ...] = ()


def subjects(second: bool) -> Iterator[Subject]:
    """Yields the functions with a Hessian, or those with a Jacobian."""
    for part in (_hessians, _squares_again, _flat) if second else (_jacobians, _squares):
        yield from part()


def _jacobians() -> Iterator[Subject]:
    for xp in (jnp, np):
        place = " on the host" if xp is np else ""
        rng = np.random.default_rng(0)
        for make, x, args in (
            (camera, [0.3, 0.2, -0.1, 4.0, 1.3], (rng.standard_normal((4, 3)),)),
            (chain, [0.4, -0.7, 1.1], (np.array([1.0, 0.8, 0.5]),)),
            (probabilities, [0.5, -0.3, 0.8], (rng.standard_normal((6, 3)),)),
        ):
            yield Subject(make.__name__ + place, *make(xp), np.array(x), args)
    x = np.array([-1.2, 0.9, 0.3])
    yield Subject("mixture", *mixture(jnp), x, (rng.standard_normal(7),))
    yield Subject("softmax", *softmax(jnp), np.array([0.4, -0.3, 1.0, 0.1]))


def camera(xp: ModuleType) -> tuple[Callable, Matrix]:
    """A camera that turns about one axis; x holds the angle, the shift and the focal length."""

    def projection(x, points):
        a, b, c = _seen(x, points)
        return xp.concatenate([x[4] * a / c, x[4] * b / c])

    def _seen(x, points):
        s, c = xp.sin(x[0]), xp.cos(x[0])
        p, q, r = points.T
        return c * p + s * r + x[1], q + x[2], c * r - s * p + x[3]

    def jacobian(x, points):
        a, b, c = _seen(x, points)
        s, k = xp.sin(x[0]), xp.cos(x[0])
        p, _, r = points.T
        da, dc, o, f = k * r - s * p, -s * r - k * p, 0 * a, x[4]
        u = [f * (da * c - a * dc) / c**2, f / c, o, -f * a / c**2, a / c]
        v = [-f * b * dc / c**2, o, f / c, -f * b / c**2, b / c]
        return xp.concatenate([xp.stack(u, axis=1), xp.stack(v, axis=1)])

    return projection, jacobian


def chain(xp: ModuleType) -> tuple[Callable, Matrix]:
    """The place and the heading of the end of a chain of links, by the angles of its joints."""

    def pose(x, lengths):
        angle = xp.cumsum(x)
        ends = xp.sum(lengths * xp.cos(angle)), xp.sum(lengths * xp.sin(angle))
        return xp.stack([*ends, angle[-1] ** 2])

    def jacobian(x, lengths):
        angle = xp.cumsum(x)
        across = xp.cumsum((-lengths * xp.sin(angle))[::-1])[::-1]
        along = xp.cumsum((lengths * xp.cos(angle))[::-1])[::-1]
        return xp.stack([across, along, 2 * angle[-1] + 0 * x])

    return pose, jacobian


def probabilities(xp: ModuleType) -> tuple[Callable, Matrix]:
    """The predictions of a logistic model."""

    def predictions(w, X):
        return 1 / (1 + xp.exp(-X @ w))

    def jacobian(w, X):
        p = predictions(w, X)
        return (p * (1 - p))[:, None] * X

    return predictions, jacobian


def mixture(xp: ModuleType) -> tuple[Callable, Matrix]:
    """The logarithms of a density of two normals, by their means and the odds of the second."""

    def logarithms(x, y):
        return xp.logaddexp(-((y - x[0]) ** 2) / 2, x[2] - (y - x[1]) ** 2 / 2)

    def jacobian(x, y):
        r = 1 / (1 + xp.exp(x[2] - (y - x[1]) ** 2 / 2 + (y - x[0]) ** 2 / 2))
        return xp.stack([r * (y - x[0]), (1 - r) * (y - x[1]), 1 - r], axis=1)

    return logarithms, jacobian


def softmax(xp: ModuleType) -> tuple[Callable, Matrix]:
    """The softmax of the parameters."""

    def shares(x):
        return jax.nn.softmax(x)

    def jacobian(x):
        p = shares(x)
        return xp.diag(p) - xp.outer(p, p)

    return shares, jacobian


def _squares() -> Iterator[Subject]:
    for name in SQUARES:
        objective = get_objective(name)
        x, data = objective.make(np.random.default_rng(0), objective.sizes[0])
        yield Subject(name, objective.residuals, objective.jacobian, x, (data,))


def _squares_again() -> Iterator[Subject]:
    for name in SQUARES:
        objective = get_objective(name)

        def without_bend(x, data, objective=objective):
            J = objective.jacobian(x, data)
            return 2 * J.T @ J

        x, data = objective.make(np.random.default_rng(0), objective.sizes[0])
        wrong = (("Gauss-Newton", without_bend),)
        yield Subject(name, objective.value, by_columns(objective), x, (data,), wrong)


def by_columns(objective: Objective, structure: Callable = lambda x: x) -> Matrix:
    """Returns the Hessian of a registered objective, from its product by hand."""

    def hessian(x, data):
        def column(v):
            return ravel_pytree(objective.hvp(structure(x), structure(v), data))[0]

        return jax.vmap(column, out_axes=1)(jnp.eye(len(x)))

    return hessian


def _flat() -> Iterator[Subject]:
    """Yields registered objectives whose parameters are several arrays, as functions of one."""
    for name, size in (("softmax-regression", 2), ("gaussian-mixture", 1)):
        objective = get_objective(name)
        params, data = objective.make(np.random.default_rng(0), size)
        shapes = [np.shape(leaf) for leaf in jax.tree.leaves(params)]
        treedef, ends = jax.tree.structure(params), np.cumsum([0, *map(np.prod, shapes)])

        def structure(x, shapes=shapes, treedef=treedef, ends=ends):
            parts = [x[a:b].reshape(s) for a, b, s in zip(ends, ends[1:], shapes, strict=False)]
            return treedef.unflatten(parts)

        def value(x, data, objective=objective, structure=structure):
            return objective.value(structure(x), data)

        x = np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(params)])
        yield Subject(name, value, by_columns(objective, structure), x, (data,))


def _hessians() -> Iterator[Subject]:
    for xp in (jnp, np):
        place = " on the host" if xp is np else ""
        rng = np.random.default_rng(1)
        X = rng.standard_normal((8, 4))
        data = (X, rng.integers(0, 2, 8).astype(float))
        for make, x, args in (
            (logistic, [0.5, -0.3, 0.8, 0.2], data),
            (valley, [-1.2, 0.9, 0.6, 0.3], ()),
            (reach, [0.4, -0.7, 1.1], (np.array([1.0, 0.8, 0.5]),)),
        ):
            value, hessian, wrong = make(xp)
            yield Subject(make.__name__ + place, value, hessian, np.array(x), args, wrong)


def logistic(xp: ModuleType) -> tuple:
    """Logistic regression with labels 0 and 1 and a penalty."""

    def loss(w, X, y):
        z = X @ w
        return xp.sum(xp.logaddexp(0.0, z) - y * z) + 0.05 * xp.sum(w**2)

    def hessian(w, X, y, times=1, penalty=0.1):
        p = 1 / (1 + xp.exp(-X @ w))
        return (X.T * (times * p * (1 - p))) @ X + penalty * xp.eye(len(w))

    bound = ("bound 2p(1-p)", lambda w, X, y: hessian(w, X, y, 2))
    bare = ("bound 2p(1-p) without penalty", lambda w, X, y: hessian(w, X, y, 2, 0.2))
    half = ("diagonal of a term halved", lambda w, X, y: hessian(w, X, y, 1, 0.05))
    return loss, hessian, (bound, bare, half)


def valley(xp: ModuleType) -> tuple:
    """The chained function of Rosenbrock."""

    def value(x):
        return xp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    def hessian(x, c=2.0, bent=1.0):
        inner = 1200 * x[:-1] ** 2 - 400 * x[1:] + c
        inner = inner - (1 - bent) * (400 * x[:-1] ** 2 - 400 * x[1:])
        beside = xp.diag(-400 * x[:-1], 1)
        ends = xp.zeros(1)
        diagonal = xp.concatenate([inner, ends]) + xp.concatenate([ends, 200 + 0 * inner])
        return xp.diag(diagonal) + beside + beside.T

    half = ("diagonal of a term halved", lambda x: hessian(x, 1.0))
    return value, hessian, (half, ("Gauss-Newton", lambda x: hessian(x, bent=0.0)))


def reach(xp: ModuleType) -> tuple:
    """Half of the squared distance from the origin to the end of a chain of links."""

    def value(x, lengths):
        angle = xp.cumsum(x)
        return xp.sum(lengths * xp.cos(angle)) ** 2 / 2 + xp.sum(lengths * xp.sin(angle)) ** 2 / 2

    def hessian(x, lengths, bent=1.0):
        angle = xp.cumsum(x)
        a, b = lengths * xp.cos(angle), lengths * xp.sin(angle)
        across, along = xp.cumsum(-b[::-1])[::-1], xp.cumsum(a[::-1])[::-1]
        later = xp.maximum(xp.arange(len(x))[:, None], xp.arange(len(x)))
        squares = xp.outer(across, across) + xp.outer(along, along)
        return squares - bent * (xp.sum(a) * along + xp.sum(b) * -across)[later]

    return value, hessian, (("Gauss-Newton", lambda x, lengths: hessian(x, lengths, 0.0)),)
