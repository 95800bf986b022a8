"""What the engine offers a method about one problem: compiled programs and values.

Everything here is compiled once for each objective, shape, dtype and device, and used at
every point. Data are arguments of the programs: a closed-over array would be written into
each of them as a constant. What comes back is NumPy float64.
"""

import dataclasses
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int, PyTree

from ._chunks import (
    MATRIX_CHUNK,
    WORTHWHILE_SECONDS,
    best_chunk,
    first_chunk,
    values_at,
)
from ._errors import InputError
from ._objective import Problem
from ._precision import Device, cast
from ._program import Function, Program

BLOCK = 1024
"""How many perturbed points are evaluated by one call, at most."""

LINE_CHUNK = 16
"""How many points along a direction are evaluated by one call."""


@dataclass(frozen=True)
class Programs:
    """The compiled programs of one problem.

    Attributes:
        problem: The objective at one point, on the host.
        dtype: What the programs compute in.
        device: Where they run.
        memory_bytes: How much temporary memory many perturbed points may take together.
        programs: The programs so far, shared by all points of the same shapes.
    """

    problem: Problem
    dtype: np.dtype
    device: Device
    memory_bytes: int
    programs: dict[Hashable, Program] = field(default_factory=dict)

    def at(self, problem: Problem) -> "Programs":
        """Returns the same programs at another point of the same shapes."""
        return dataclasses.replace(self, problem=problem)

    @cached_property
    def x(self) -> Float[np.ndarray, " d"]:
        """The point as a flat vector."""
        return self.problem.layout.flatten(self.problem.params)

    @cached_property
    def args(self) -> tuple[PyTree, PyTree, PyTree]:
        """Parameters, data and direction on the device, in the dtype of the programs."""
        problem = self.problem
        host = cast((problem.params, problem.data, problem.direction), self.dtype)
        return jax.device_put(host, self.device)

    def run(
        self, key: Hashable, function: Function, *extra: np.ndarray, nudge: int | None = None
    ) -> Float[np.ndarray, " k"]:
        """Runs `function`, compiled at its first use under `key`, and waits for the result.

        Args:
            key: What the program is kept under: the method that asks, as a rule.
            function: Pure code of JAX.
            *extra: Its further arguments, after parameters, data and direction.
            nudge: Moves every parameter by one unit in the last place first, up or down
                as drawn with this seed.

        Returns:
            The leaves of the result as one flat vector.
        """
        params, data, direction = self.args
        if key not in self.programs:
            self.programs[key] = Program.build(function, (params, data, direction, *extra))
        if nudge is not None:
            params = self._nudged(nudge, self.epsilon(key))
        args = (params, data, direction, *extra)
        leaves = jax.tree.leaves(self.programs[key].compiled(*args))
        return np.concatenate([np.asarray(leaf, np.float64).reshape(-1) for leaf in leaves])

    def epsilon(self, key: Hashable) -> float:
        """The unit of rounding of the program under `key`, which may compute in float32."""
        return max(self.programs[key].epsilon, float(jnp.finfo(self.dtype).eps))

    def _nudged(self, seed: int, epsilon: float) -> PyTree:
        rng = np.random.default_rng(seed)
        moved = self.x * (1 + epsilon * rng.choice([-1.0, 1.0], size=self.x.shape))
        params = cast(
            self.problem.layout.unflatten(np.clip(moved, *self.problem.bounds)), self.dtype
        )
        return jax.device_put(params, self.device)

    def require_valid(self) -> None:
        """Traces the objective and its gradient without running them.

        Raises:
            InputError: if the value is not a real floating scalar, or the gradient is not in
                the structure of the parameters.
        """
        objective, (params, data, _) = self.problem.objective, self.args
        value = jax.eval_shape(objective.value, params, data)
        shapes = [leaf.shape for leaf in jax.tree.leaves(value)]
        if shapes != [()] or not jnp.issubdtype(value.dtype, jnp.floating):
            raise InputError(
                f"the value of {objective.name} is {value}; return one real floating scalar"
            )
        if objective.gradient is not None:
            gradient = jax.eval_shape(objective.gradient, params, data)
            self.problem.layout.require_same(gradient, f"the gradient of {objective.name}")

    def value(self) -> float:
        """The objective at the point."""
        return float(self.run("value", self._value)[0])

    def perturbed(
        self, indices: Int[np.ndarray, " k"], steps: Float[np.ndarray, " k"]
    ) -> Float[np.ndarray, " k"]:
        """The objective at `x + steps[j] * e_i`, i = `indices[j]`, for every j."""
        indices = indices.astype(np.int32)
        return self._in_blocks("perturbed", self._perturbed, *self._block, indices, steps)

    def along(
        self, steps: Float[np.ndarray, " k"], direction: PyTree | None = None
    ) -> Float[np.ndarray, " k"]:
        """The objective at `x + steps[j] * direction`; the problem's own direction for None."""
        if direction is not None:
            problem = dataclasses.replace(self.problem, direction=direction)
            return self.at(problem).along(steps)
        return self._in_blocks("along", self._along, LINE_CHUNK, LINE_CHUNK, steps)

    @cached_property
    def chunk(self) -> int:
        """How many of the 2d points of a central difference are evaluated together."""
        points, on_cpu = 2 * self.problem.layout.size, self.device.platform == "cpu"
        self.value()
        program = self.programs["value"]
        point_bytes = (program.peak_bytes or 0) + 2 * self.x.nbytes
        chunk = first_chunk(
            points,
            multiplies=self.programs["value"].multiplies,
            point_bytes=point_bytes,
            memory_bytes=self.memory_bytes,
            on_cpu=on_cpu,
        )
        start = time.perf_counter()
        program()
        if points * (time.perf_counter() - start) < WORTHWHILE_SECONDS:
            return chunk
        limit = max(1, min(points, self.memory_bytes // point_bytes))
        if on_cpu:
            candidates = [limit, 8, 32, MATRIX_CHUNK, 1, 1024]
        else:
            candidates = [max(1, limit // 16), max(1, limit // 128)]
        return best_chunk(chunk, [c for c in candidates if c <= limit], self._timed_run, points)

    def _timed_run(self, chunk: int) -> Callable[[int], object]:
        """Builds a central difference over all coordinates that stops after so many chunks."""
        layout, objective = self.problem.layout, self.problem.objective

        def points(params, data, direction, batches):
            x = layout.ravel(params)
            indices = jnp.tile(jnp.arange(layout.size, dtype=jnp.int32), 2)
            entries = jnp.concatenate([x * (1 + 1e-6), x * (1 - 1e-6)])
            stop = None if chunk >= 2 * layout.size else batches

            def f(x):
                return objective.value(layout.unflatten(x), data)

            return values_at(f, x, indices, entries, chunk, stop)

        program = Program.build(points, (*self.args, np.int32(1)))
        return lambda k: jax.block_until_ready(program.compiled(*self.args, np.int32(k)))

    @cached_property
    def _block(self) -> tuple[int, int]:
        """How many perturbed points one call takes at most, and how many of them together.

        Many in one call, since a call costs 20 µs; within it, as many together as suit the
        plain differences, unless those take all points without a loop.
        """
        size = self.problem.layout.size
        capacity = min(BLOCK, max(16, 2 ** (16 * size - 1).bit_length()))
        if self.chunk < 2 * size:
            return capacity, min(self.chunk, capacity)
        return capacity, min(MATRIX_CHUNK if self.programs["value"].multiplies else 1, capacity)

    def _in_blocks(self, key, function, capacity, chunk, *arrays):
        count = len(arrays[0])
        values = np.empty(count)
        for start in range(0, count, capacity):
            parts = [array[start : start + capacity] for array in arrays]
            size = len(parts[0])
            padded = [np.pad(part, (0, capacity - size)) for part in parts]
            found = self.run(key, function, *padded, np.asarray(-(-size // chunk), np.int32))
            values[start : start + size] = found[:size]
        return values

    def _value(self, params, data, direction):
        return self.problem.objective.value(params, data)

    def _perturbed(self, params, data, direction, indices, steps, batches):
        x, layout = self.problem.layout.ravel(params), self.problem.layout

        def f(x):
            return self.problem.objective.value(layout.unflatten(x), data)

        return values_at(f, x, indices, x[indices] + steps, self._block[1], batches)

    def _along(self, params, data, direction, steps, batches):
        x, layout = self.problem.layout.ravel(params), self.problem.layout
        u = layout.ravel(direction)

        def value(step):
            return self.problem.objective.value(layout.unflatten(x + step * u), data)

        return jax.vmap(value)(steps)
