"""A function with several results, at many points near one point.

One evaluation serves all results, so a Jacobian costs no more evaluations than a gradient.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Float, Int, PyTree

from ..._foundation.layout import Layout
from ..._foundation.precision import cast
from ..evaluator import Evaluator, flat
from ..host import called_at, with_arrays_of_jax

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

    def at(
        self, moves: Moves, u: Float[np.ndarray, " d"] | None = None
    ) -> Float[np.ndarray, "k m"]:
        """Returns the values at other points."""
        u = np.zeros_like(self.evaluator.x) if u is None else u
        return self._called(moves, u) if self.on_host else self._compiled(moves, u)

    def _compiled(self, moves: Moves, u: Float[np.ndarray, " d"]) -> Float[np.ndarray, "k m"]:
        evaluator, m, count = self.evaluator, len(self.centre), len(moves.steps)
        capacity = min(MOST_POINTS, max(1, BLOCK_NUMBERS // m), 2 ** (count - 1).bit_length())
        line = cast(evaluator.problem.layout.unflatten(u), evaluator.dtype)
        rows = []
        for start in range(0, count, capacity):
            parts = [array[start : start + capacity] for array in moves.arrays]
            size = len(parts[0])
            padded = [np.pad(part, (0, capacity - size), mode="edge") for part in parts]
            key = ("near", self.key, capacity)
            results = evaluator.run(key, self._near, line, *padded, helper=True)
            rows.append(results.reshape(capacity, m)[:size])
        return np.concatenate(rows)

    def _near(self, params, data, direction, line, first, steps, second, others, shifts):
        layout, function = self.evaluator.problem.layout, self.function
        x, u = layout.ravel(params), layout.ravel(line)
        place, chunk = jnp.arange(x.size), CHUNK_NUMBERS // (x.size + len(self.centre))

        def one(move):
            i, step, j, other, shift = move
            y = x + shift * u
            y = jnp.where(place == j, y + other, y)
            y = jnp.where(place == i, y + step, y)
            return ravelled(function(layout.unflatten(y), data))

        moves = (first, steps, second, others, shifts)
        return lax.map(one, moves, batch_size=max(1, min(MOST_TOGETHER, chunk)))

    def _called(self, moves: Moves, u: Float[np.ndarray, " d"]) -> Float[np.ndarray, "k m"]:
        evaluator, layout = self.evaluator, self.evaluator.problem.layout
        function = self.function
        if self.key in evaluator.cache.of_jax:
            function = with_arrays_of_jax(function)
        call = partial(_vector, function, cast(evaluator.problem.data, evaluator.dtype))
        points = [layout.unflatten(y) for y in _points(evaluator.x, u, moves)]
        found = called_at(call, points, evaluator.executor, evaluator.cache.failed)
        lost = np.full(len(self.centre), np.nan)
        rows = [lost if values is None else values for values in found]
        return np.reshape(rows, (len(points), len(lost)))


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
