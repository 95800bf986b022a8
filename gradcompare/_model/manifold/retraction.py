"""A retraction: r(x, v) is the point that is reached from x along the tangent vector v.

So r(x, 0) = x, and the derivative of f at x along v is that of f(r(x, t v)) by t at t = 0 (Absil,
Mahony & Sepulchre, Optimization Algorithms on Matrix Manifolds, 2008, section 4.1).
"""

import inspect
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, PyTree

from ..._foundation.errors import outcome_of
from ..._foundation.layout import Layout
from ..._foundation.precision import FLOAT64, precision_scope

if TYPE_CHECKING:
    from ..arguments.signature import Signature

TRIAL_LENGTH = 1e-6
"""Length of the tangent vector that shows how far a point moves, beside 1 or the size of x."""

MOVED = 1e-10
"""Least movement of a point, relative to its size, that is told from rounding."""

RETRACTION_STEP = 1e-5
"""Step of central differences of r, beside the size of x."""

PROJECTS, OBLIQUE = 1e-6, 1e-4
"""Largest relative error of derivatives of r, and least one that shows another derivative."""


@dataclass(frozen=True)
class Retraction:
    """A user's `r(x, v)`, for the parameters of a signature; it pickles if the function does.

    Attributes:
        function: The user's function.
        signature: The division of the arguments of the objective. Where several of them hold
            parameters, x is the tuple of these.
    """

    function: Callable[[Any, Any], Any]
    signature: "Signature"

    @property
    def name(self) -> str:
        """Its name, r if it has none."""
        name = getattr(self.function, "__name__", "r")
        return "r" if "<" in name else name

    @property
    def tangent(self) -> str:
        """The name of its second argument, v if that has none."""
        try:
            names = list(inspect.signature(self.function).parameters)
        except (TypeError, ValueError):  # as compiled code may have none
            return "v"
        return names[1] if len(names) > 1 else "v"

    @property
    def sentence(self) -> str:
        """What was compared, for the reader."""
        v = self.tangent
        return (
            f"checked along the retraction: the derivative by {v} of f({self.name}(x, {v})) at "
            f"{v} = 0, at points x of the manifold"
        )

    def __call__(self, params: PyTree, v: PyTree) -> PyTree:
        """Returns the parameters that are reached; NumPy arrays from NumPy arrays.

        Raises:
            ValueError: if the result does not have the structure of the point.
        """
        leaves = jax.tree.leaves((params, v))
        if all(isinstance(leaf, (np.ndarray, np.generic, float)) for leaf in leaves):
            return self._on_host(params, v)
        return self._reached(params, v)

    def _on_host(self, params: PyTree, v: PyTree) -> PyTree:
        wide = any(np.asarray(leaf).dtype == FLOAT64 for leaf in jax.tree.leaves((params, v)))
        # A thread of an executor does not have the scope of the caller.
        with precision_scope(np.dtype(np.float64 if wide else np.float32)):
            reached = outcome_of(lambda: self._reached(params, v))
            if isinstance(reached, Exception):
                of_jax = jax.tree.map(jnp.asarray, (params, v))
                again = outcome_of(lambda: self._reached(*of_jax))
                if isinstance(again, Exception):
                    raise reached
                reached = again
            return jax.tree.map(np.asarray, reached)

    def _reached(self, params: PyTree, v: PyTree) -> PyTree:
        signature = self.signature
        alone = isinstance(signature.argnums, int)
        parts = (params,) if alone else params
        chosen = [signature.arguments[number] for number in signature.numbers]
        pairs = zip(chosen, parts, strict=True)
        points = tuple(a.filled(iter(jax.tree.leaves(part))) for a, part in pairs)
        point = points[0] if alone else points
        reached, treedef = jax.tree.flatten(self.function(point, v))
        if treedef != jax.tree.structure(point):
            raise ValueError("its result has another structure than x")
        varying = [varies for a in chosen for varies in a.varying]
        kept = [leaf for leaf, varies in zip(reached, varying, strict=True) if varies]
        return jax.tree.structure(params).unflatten(kept)

    def moved(self, params: PyTree, v: PyTree) -> PyTree:
        """Returns the parameters that are reached; NaN where the function raises an error."""
        reached = outcome_of(lambda: self(params, v))
        if isinstance(reached, Exception):
            return jax.tree.map(lambda leaf: np.full(np.shape(leaf), np.nan), params)
        return reached

    def unit(self, params: PyTree, layout: Layout) -> Float[np.ndarray, " d"]:
        """Returns the length of each coordinate of v at which a point moves by its own size.

        Args:
            params: The point.
            layout: The layout of v.
        """
        unit = np.ones(layout.size)
        for start, stop in itertools.pairwise(layout.offsets):
            way = np.zeros(layout.size)
            way[start:stop] = np.random.default_rng(start).choice([-1.0, 1.0], stop - start)
            unit[start:stop] = self._length(params, layout, way)
        return unit

    def _length(self, params: PyTree, layout: Layout, way: Float[np.ndarray, " d"]) -> float:
        here = self.moved(params, layout.unflatten(0 * way))
        for length in (TRIAL_LENGTH, TRIAL_LENGTH * max(map(_size, jax.tree.leaves(params)))):
            there = self.moved(params, layout.unflatten(length * way))
            pairs = zip(*map(jax.tree.leaves, (here, there)), strict=True)
            share = max((_size(b - a) / _size(a) for a, b in pairs if _size(a) > 0), default=0.0)
            if MOVED < share < np.inf:
                return length / share
        return 1.0

    def along(
        self, params: PyTree, way: Float[np.ndarray, " d"], layout: Layout
    ) -> Float[np.ndarray, " n"]:
        """Returns the derivative of r(x, v) along `way` at v = 0, by central differences.

        Args:
            params: The point.
            way: A tangent vector about as long as the point.
            layout: The layout of v.
        """
        length, of_x = RETRACTION_STEP, Layout.of(params)
        ends = (self.moved(params, layout.unflatten(s * length * way)) for s in (1, -1))
        up, down = map(of_x.flatten, ends)
        return (up - down) / (2 * length)

    def is_ambient(self, params: PyTree, layout: Layout) -> bool:
        """Whether v has the structure of x."""
        of_x = Layout.of(params)
        return (of_x.treedef, of_x.shapes) == (layout.treedef, layout.shapes)

    def is_oblique(self, params: PyTree, layout: Layout) -> bool:
        """Whether r takes tangent vectors alone: its derivative is an oblique projection.

        For an orthogonal projection J, wᵀJ v = vᵀJ w; for any projection, J J v = J v.
        """
        if not self.is_ambient(params, layout):
            return False
        size = _size(layout.flatten(params)) or 1.0
        v, w = size * np.random.default_rng(3).standard_normal((2, layout.size))
        along_v, along_w = (self.along(params, each, layout) for each in (v, w))
        again = self.along(params, along_v, layout)
        length = float(np.linalg.norm(v) * np.linalg.norm(w))
        with np.errstate(invalid="ignore"):
            projects = np.linalg.norm(again - along_v) <= PROJECTS * np.linalg.norm(along_v)
            return bool(projects and abs(w @ along_v - v @ along_w) > OBLIQUE * length)


def _size(array: Float[np.ndarray, "..."] | float) -> float:
    """Returns the root of the mean square of the entries; 0 if there are none."""
    array = np.asarray(array)
    return float(np.linalg.norm(array) / np.sqrt(array.size)) if array.size else 0.0
