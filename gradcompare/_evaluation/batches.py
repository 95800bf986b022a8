"""A traceable objective at many points: compiled once, and run in chunks within a memory budget.

The points are made inside the compiled code, from indices and steps.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int, PyTree

from .._foundation.precision import cast
from .chunks import MATRIX_CHUNK, choose_chunk, values_at
from .program import CompiledFunction

BLOCK = 1024
"""How many perturbed points are evaluated by one call, at most."""

LINE_CHUNK = 16
"""How many points are evaluated by one call where only a direction is asked for."""


@dataclass(frozen=True)
class CompiledBatches:
    """The objective of `evaluator` at many points.

    Attributes:
        evaluator: The `Evaluator` of one problem, which compile and keep what runs here.
    """

    evaluator: Any

    def perturbed(
        self, indices: Int[np.ndarray, " k"], steps: Float[np.ndarray, " k"]
    ) -> Float[np.ndarray, " k"]:
        return self._in_blocks(indices.astype(np.int32), steps, np.zeros(len(steps)), None)

    def along(
        self, steps: Float[np.ndarray, " k"], direction: PyTree | None
    ) -> Float[np.ndarray, " k"]:
        u = self.evaluator.problem.direction if direction is None else direction
        nowhere = np.full(len(steps), self.evaluator.x.size, np.int32)
        return self._in_blocks(nowhere, np.zeros(len(steps)), steps, u)

    def choose_chunk(self) -> int:
        """How many of the 2d points of a central difference are evaluated together."""
        evaluator = self.evaluator
        evaluator.value()
        program = evaluator.functions["value"]
        return choose_chunk(
            2 * evaluator.problem.layout.size,
            self._timed_run,
            value=program,
            multiplies=program.multiplies,
            point_bytes=(program.peak_bytes or 0) + 2 * evaluator.x.nbytes,
            memory_bytes=evaluator.memory_bytes,
            on_cpu=evaluator.device.platform == "cpu",
        )

    def _timed_run(self, chunk: int) -> Callable[[int], object]:
        """Builds a central difference over all coordinates that stops after so many chunks."""
        layout, objective = self.evaluator.problem.layout, self.evaluator.problem.objective
        args = self.evaluator.args

        def points(params, data, direction, batches):
            x = layout.ravel(params)
            indices = jnp.tile(jnp.arange(layout.size, dtype=jnp.int32), 2)
            stop = None if chunk >= 2 * layout.size else batches

            def f(x):
                return objective.value(layout.unflatten(x), data)

            return values_at(f, x, indices, jnp.tile(x, 2), chunk, stop)

        program = CompiledFunction.build(points, (*args, np.int32(1)))
        return lambda k: program.run(*args, np.int32(k))

    @cached_property
    def _block(self) -> tuple[int, int]:
        """How many perturbed points one call takes at most, and how many of them together.

        Many in one call, since a call costs 20 µs; within it, as many together as suit the
        plain differences, unless those take all points without a loop.
        """
        if self.evaluator.problem.quantity != "gradient":
            return LINE_CHUNK, LINE_CHUNK
        size, chunk = self.evaluator.problem.layout.size, self.evaluator.chunk
        capacity = min(BLOCK, max(16, 2 ** (16 * size - 1).bit_length()))
        if chunk < 2 * size:
            return capacity, min(chunk, capacity)
        multiplies = self.evaluator.functions["value"].multiplies
        return capacity, min(MATRIX_CHUNK if multiplies else 1, capacity)

    def _in_blocks(self, indices, steps, shifts, direction):
        count, (capacity, chunk) = len(indices), self._block
        # An argument of its own: at another problem, all data would go to the device again.
        line = self.evaluator.problem.params if direction is None else direction
        line = cast(line, self.evaluator.dtype)
        values = np.empty(count)
        for start in range(0, count, capacity):
            parts = [array[start : start + capacity] for array in (indices, steps, shifts)]
            size = len(parts[0])
            padded = [np.pad(part, (0, capacity - size)) for part in parts]
            batches = np.asarray(-(-size // chunk), np.int32)
            extra = (line, *padded, batches)
            found = self.evaluator.run("moved", self._moved, *extra, helper=True)
            values[start : start + size] = found[:size]
        return values

    def _moved(self, params, data, direction, line, indices, steps, shifts, batches):
        """Evaluates f at x + shifts[j] u + steps[j] e_i, i = indices[j]; i = d moves none."""
        problem = self.evaluator.problem
        x, layout = problem.layout.ravel(params), problem.layout
        u = layout.ravel(line)

        def f(x):
            return problem.objective.value(layout.unflatten(x), data)

        entries = x[jnp.minimum(indices, x.size - 1)] + steps
        return values_at(f, x, indices, entries, self._block[1], batches, (u, shifts))
