"""A traceable objective at many points: compiled once, and run in chunks within a memory budget.

The compiled code itself makes the points from indices and steps.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int, PyTree

from ..._foundation.limits.clock import computed
from ..._foundation.precision import cast
from ..._model.problem import Problem
from ..compiled import CompiledFunction
from ..function import AbstractFunction, OfValue, Runner
from .chunks import CPU_BYTES, MATRIX_CHUNK, choose_chunk, values_at

BLOCK = 1024
"""Largest number of perturbed points that one call evaluates."""

LINE_CHUNK = 16
"""Number of points on a line that are evaluated together."""

LINE_POINTS = 32
"""Largest number of them that one call evaluates."""


@dataclass(frozen=True)
class Block:
    """The capacity of one call in points, and the number of them evaluated together.

    The capacity is large, since a call costs 20 µs.
    """

    capacity: int
    chunk: int

    @classmethod
    def on_a_line(cls, size: int) -> "Block":
        """Returns the block for a directional derivative.

        Args:
            size: The number of coordinates, or of the numbers that f holds, if those are more.
        """
        point_bytes = 2 * size * np.dtype(np.float64).itemsize  # x + t u, and what f makes of it
        fitting = CPU_BYTES // point_bytes
        return cls(LINE_POINTS, min(LINE_CHUNK, max(1, fitting)))

    @classmethod
    def of_coordinates(cls, size: int, chunk: int, *, wide: bool) -> "Block":
        """Returns the block for points that differ from x in single coordinates.

        It evaluates as many points together as the plain differences, unless those evaluate all
        points without a loop.

        Args:
            size: The number of coordinates.
            chunk: The number of points that the plain differences evaluate together.
            wide: Whether many points together pay where one call evaluates all of them.
        """
        capacity = min(BLOCK, max(16, 2 ** (16 * size - 1).bit_length()))
        if chunk >= 2 * size:
            chunk = MATRIX_CHUNK if wide else 1
        return cls(capacity, min(chunk, capacity))


@dataclass(frozen=True)
class CompiledBatches:
    """A compiled objective at many points.

    Attributes:
        problem: The objective at one point.
        dtype: The dtype of the computation.
        block: The number of points of one call, and of those evaluated together.
        runner: Compiles, keeps and runs the program.
    """

    problem: Problem
    dtype: np.dtype
    block: Block
    runner: Runner

    def perturbed(
        self, indices: Int[np.ndarray, " k"], steps: Float[np.ndarray, " k"]
    ) -> Float[np.ndarray, " k"]:
        return self._in_blocks(indices.astype(np.int32), steps, np.zeros(len(steps)), None)

    def along(
        self, steps: Float[np.ndarray, " k"], direction: PyTree | None
    ) -> Float[np.ndarray, " k"]:
        if self.block.chunk > LINE_CHUNK:
            # A program of its own, since a chunk for all coordinates is far too wide for a line.
            return replace(self, block=Block.on_a_line(self.problem.layout.size)).along(
                steps, direction
            )
        u = self.problem.direction if direction is None else direction
        nowhere = np.full(len(steps), self.problem.layout.size, np.int32)
        return self._in_blocks(nowhere, np.zeros(len(steps)), steps, u)

    def _in_blocks(self, indices, steps, shifts, direction):
        count, capacity = len(indices), self.block.capacity
        # The direction is a separate argument: a new problem would send all data to the device.
        line = self.problem.params if direction is None else direction
        line = cast(line, self.dtype)
        function = OfValue(
            ("moved", self.block),
            lambda value: partial(self._moved, value),
            self.problem.objective.value,
        )
        values = np.empty(count)
        for start in range(0, count, capacity):
            parts = [array[start : start + capacity] for array in (indices, steps, shifts)]
            size = len(parts[0])
            padded = [np.pad(part, (0, capacity - size)) for part in parts]
            batches = np.asarray(-(-size // self.block.chunk), np.int32)
            extra = (line, *padded, batches)
            results = self.runner.run(function.recipe, function, *extra, helper=True)
            values[start : start + size] = results[:size]
            computed(size)
        return values

    def _moved(self, value, params, data, direction, line, indices, steps, shifts, batches):
        """Evaluates f at x + shifts[j] u + steps[j] e_i with i = indices[j]; no e_i if i = d."""
        layout = self.problem.layout
        x = layout.ravel(params)
        u = layout.ravel(line)

        def f(x):
            return value(layout.unflatten(x), data)

        entries = x[jnp.minimum(indices, x.size - 1)] + steps
        return values_at(f, x, indices, entries, self.block.chunk, batches, (u, shifts))


def chunk_for(
    problem: Problem,
    value: AbstractFunction,
    args: tuple[PyTree, PyTree, PyTree],
    *,
    memory_bytes: int,
    on_cpu: bool,
) -> int:
    """Chooses the number of the 2d points of a central difference that are evaluated together.

    Args:
        problem: The objective at one point.
        value: The objective, compiled.
        args: Parameters, data and direction on the device.
        memory_bytes: The limit of the temporary memory of these points.
        on_cpu: Whether the device is a CPU.
    """
    point_bytes = problem.layout.size * np.dtype(np.float64).itemsize
    return choose_chunk(
        2 * problem.layout.size,
        lambda chunk: _central_difference(problem, args, chunk),
        value=value,
        multiplies=value.multiplies,
        point_bytes=(value.peak_bytes or 0) + 2 * point_bytes,
        memory_bytes=memory_bytes,
        on_cpu=on_cpu,
    )


def _central_difference(
    problem: Problem, args: tuple[PyTree, PyTree, PyTree], chunk: int
) -> Callable[[int], object]:
    """Compiles a central difference over all coordinates that stops after k chunks."""
    layout, objective = problem.layout, problem.objective

    def points(params, data, direction, batches):
        x = layout.ravel(params)
        indices = jnp.tile(jnp.arange(layout.size, dtype=jnp.int32), 2)
        stop = None if chunk >= 2 * layout.size else batches

        def f(x):
            return objective.value(layout.unflatten(x), data)

        return values_at(f, x, indices, jnp.tile(x, 2), chunk, stop)

    program = CompiledFunction.build(points, (*args, np.int32(1)))
    return lambda k: program.run(*args, np.int32(k))
