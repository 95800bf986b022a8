"""A function with several results, at many points near one point.

One evaluation serves all results, so a Jacobian costs no more evaluations than a gradient.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, partial

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Float, Int, PyTree

from ..._foundation.layout import Layout
from ..._foundation.precision import cast
from ..evaluator import Evaluator
from ..function import Function, flat
from ..host import with_arrays_of_jax
from .calls import called_at

BLOCK_NUMBERS = 2**22
"""Largest number of results that one call of the compiled program gives."""

MOST_POINTS = 1024
"""Largest number of points of one call."""

CHUNK_NUMBERS = 2**20
"""Largest number of results and coordinates of the points that are evaluated together."""

MOST_TOGETHER = 128
"""Largest number of points that are evaluated together."""


@dataclass(frozen=True)
class Moves:
    """Points x + steps · e_first + others · e_second + shifts · u, for each of k.

    Attributes:
        first: The first coordinate that moves; d for none.
        steps: How far it moves.
        second: The second one; d for none.
        others: How far that moves.
        shifts: How far the point moves along u.
    """

    first: Int[np.ndarray, " k"]
    steps: Float[np.ndarray, " k"]
    second: Int[np.ndarray, " k"]
    others: Float[np.ndarray, " k"]
    shifts: Float[np.ndarray, " k"]

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        return self.first, self.steps, self.second, self.others, self.shifts

    @classmethod
    def of(
        cls,
        d: int,
        first: Int[np.ndarray, " k"] | None = None,
        steps: Float[np.ndarray, " k"] | None = None,
        second: Int[np.ndarray, " k"] | None = None,
        others: Float[np.ndarray, " k"] | None = None,
        shifts: Float[np.ndarray, " k"] | None = None,
    ) -> "Moves":
        """Returns the moves; what is not given does not move."""
        count = next(len(each) for each in (steps, others, shifts) if each is not None)
        indices = (np.full(count, d) if each is None else each for each in (first, second))
        lengths = (np.zeros(count) if each is None else each for each in (steps, others, shifts))
        (first, second), (steps, others, shifts) = indices, lengths
        return cls(first.astype(np.int32), steps, second.astype(np.int32), others, shifts)


@dataclass(frozen=True)
class VectorFunction:
    """The values of a function near the point of an evaluator.

    Attributes:
        evaluator: The evaluator of the problem.
        key: `value` or `gradient`: which function of the objective is behind it.
        function: The function, `function(params, data)`.
    """

    evaluator: Evaluator
    key: str
    function: Callable[[PyTree, PyTree], PyTree]

    @property
    def on_host(self) -> bool:
        """Whether it is called, and not compiled."""
        return self.key in self.evaluator.cache.untraceable

    @cached_property
    def centre(self) -> Float[np.ndarray, " m"]:
        """The values at the point."""
        function = self.function
        return self.evaluator.run(("vector", self.key), lambda p, data, u: function(p, data))

    @property
    def _bytes(self) -> int:
        """The memory of the values at one point, and of what is computed for them, if known."""
        _ = self.centre
        return self.evaluator.functions["vector", self.key].peak_bytes or 0

    def at(
        self, moves: Moves, u: Float[np.ndarray, " d"] | None = None
    ) -> Float[np.ndarray, "k m"]:
        """Returns the values at other points."""
        u = np.zeros_like(self.evaluator.x) if u is None else u
        if self.on_host:
            return self._called(_points(self.evaluator.x, u, moves))
        return self._compiled(moves, u)

    def at_points(self, points: Float[np.ndarray, "k d"]) -> Float[np.ndarray, "k m"]:
        """Returns the values at points that are given whole."""
        if self.on_host:
            return self._called(points)
        return self._in_blocks("at", self._at, (points,), points.shape[1])

    def _compiled(self, moves: Moves, u: Float[np.ndarray, " d"]) -> Float[np.ndarray, "k m"]:
        line = cast(self.evaluator.problem.layout.unflatten(u), self.evaluator.dtype)
        return self._in_blocks("near", self._near, moves.arrays, 1, line)

    def _in_blocks(self, name: str, function: Function, arrays, width: int, *extra):
        """Runs a program for many points, which stops after those that there are.

        Args:
            name: The name of the program.
            function: The program.
            arrays: What it needs for each point.
            width: The number of numbers that these are.
            extra: What it needs for all points.
        """
        m, count, d = len(self.centre), len(arrays[0]), len(self.evaluator.x)
        capacity = min(MOST_POINTS, max(1, BLOCK_NUMBERS // max(m, width)))
        held = max(d + m, self._bytes // np.dtype(np.float64).itemsize)
        chunk = max(1, min(MOST_TOGETHER, CHUNK_NUMBERS // held, capacity))
        rows = [np.empty((0, m))]
        for start in range(0, count, capacity):
            parts = [array[start : start + capacity] for array in arrays]
            size = len(parts[0])
            rest = [(0, capacity - size)]
            padded = [np.pad(p, rest + [(0, 0)] * (p.ndim - 1), mode="edge") for p in parts]
            chunks = np.asarray(-(-size // chunk), np.int32)
            program = partial(self._chunks, function, chunk)
            key = (name, self.key)
            results = self.evaluator.run(key, program, chunks, padded, *extra, helper=True)
            rows.append(results.reshape(capacity, m)[:size])
        return np.concatenate(rows)

    def _chunks(self, function, chunk, params, data, direction, chunks, arrays, *extra):
        one = partial(function, params, data, *extra)
        count, m = arrays[0].shape[0], len(self.centre)

        def body(k, out):
            parts = [lax.dynamic_slice_in_dim(array, k * chunk, chunk) for array in arrays]
            values = lax.map(lambda each: one(*each), parts, batch_size=chunk)
            return lax.dynamic_update_slice_in_dim(out, values.astype(out.dtype), k * chunk, 0)

        start = jnp.zeros((count, m), self.evaluator.dtype)
        return lax.fori_loop(0, chunks, body, start)

    def _near(self, params, data, line, i, step, j, other, shift):
        layout = self.evaluator.problem.layout
        x, u = layout.ravel(params), layout.ravel(line)
        place = jnp.arange(x.size)
        y = x + shift * u
        y = jnp.where(place == j, y + other, y)
        y = jnp.where(place == i, y + step, y)
        return self._at(params, data, y)

    def _at(self, params, data, y):
        return ravelled(self.function(self.evaluator.problem.layout.unflatten(y), data))

    def _called(self, points: Iterable[Float[np.ndarray, " d"]]) -> Float[np.ndarray, "k m"]:
        evaluator, layout = self.evaluator, self.evaluator.problem.layout
        function = self.function
        if self.key in evaluator.cache.of_jax:
            function = with_arrays_of_jax(function)
        call = partial(_vector, function, cast(evaluator.problem.data, evaluator.dtype))
        trees = [layout.unflatten(y) for y in points]
        found = called_at(call, trees, evaluator.executor, evaluator.cache.failed)
        lost = np.full(len(self.centre), np.nan)
        rows = [lost if values is None else values for values in found]
        return np.reshape(rows, (len(trees), len(lost)))


def ravelled(tree: PyTree):
    """Returns the leaves of a traced result as one vector."""
    return Layout.of(tree).ravel(tree)


def _points(x, u, moves: Moves):
    for i, step, j, other, shift in zip(*moves.arrays, strict=True):
        y = np.append(x + shift * u, 0.0)  # the last entry takes the moves of no coordinate
        y[j] += other
        y[i] += step
        yield y[:-1]


def _vector(function: Callable, data: PyTree, params: PyTree) -> Float[np.ndarray, " m"]:
    return flat(function(params, data))
