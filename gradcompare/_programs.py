"""What the engine offers a method about one problem: compiled programs and values.

Everything here is compiled once for each objective, shape, dtype and device, and used at
every point. Data are arguments of the programs: a closed-over array would be written into
each of them as a constant. What comes back is NumPy float64.
"""

import dataclasses
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int, PyTree

from ._chunks import MATRIX_CHUNK, choose_chunk, values_at
from ._errors import InputError
from ._nudge import nudge
from ._objective import Problem
from ._precision import Device, cast
from ._program import Function, Program

BLOCK = 1024
"""How many perturbed points are evaluated by one call, at most."""

LINE_CHUNK = 16
"""How many points along a direction are evaluated by one call."""


@dataclass
class Cache:
    """What is worked out once and used at every point of the same shapes.

    Attributes:
        programs: The compiled programs.
        chunk: How many perturbed points are evaluated together; the programs depend on it.
    """

    programs: dict[Hashable, Program] = field(default_factory=dict)
    chunk: int | None = None


@dataclass(frozen=True)
class Programs:
    """The compiled programs of one problem.

    Attributes:
        problem: The objective at one point, on the host.
        dtype: What the programs compute in.
        device: Where they run.
        memory_bytes: How much temporary memory many perturbed points may take together.
        cache: The programs so far, shared by all points of the same shapes.
    """

    problem: Problem
    dtype: np.dtype
    device: Device
    memory_bytes: int
    cache: Cache = field(default_factory=Cache)

    def at(self, problem: Problem) -> "Programs":
        """Returns the same programs at another point, or new ones if the shapes differ."""
        same = _shapes(problem) == _shapes(self.problem)
        return dataclasses.replace(self, problem=problem, cache=self.cache if same else Cache())

    @property
    def programs(self) -> dict[Hashable, Program]:
        """The programs so far, by the method, or the name, that asked for them."""
        return self.cache.programs

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
        self, key: Hashable, function: Function, *extra: PyTree, moved: int | None = None
    ) -> Float[np.ndarray, " k"]:
        """Runs `function`, compiled at its first use under `key`, and waits for the result.

        Args:
            key: What the program is kept under: the method that asks, as a rule.
            function: Pure code of JAX.
            *extra: Its further arguments, after parameters, data and direction.
            moved: Moves parameters and data by a few units in the last place first, up or
                down as drawn with this seed.

        Returns:
            The leaves of the result as one flat vector.
        """
        if key not in self.programs:
            self.programs[key] = Program.build(function, (*self.args, *extra))
        args = self.args if moved is None else self._nudged(moved, self.epsilon(key))
        leaves = jax.tree.leaves(self.programs[key].compiled(*args, *extra))
        return np.concatenate([np.asarray(leaf, np.float64).reshape(-1) for leaf in leaves])

    def epsilon(self, key: Hashable) -> float:
        """The unit of rounding of the program under `key`, which may compute in float32."""
        return max(self.programs[key].epsilon, float(jnp.finfo(self.dtype).eps))

    def _nudged(self, seed: int, epsilon: float) -> tuple[PyTree, PyTree, PyTree]:
        problem, (lower, upper) = self.problem, self.problem.bounds
        moved = np.clip(nudge(self.x, seed, epsilon), lower, upper)
        data = jax.tree.map(lambda leaf: nudge(leaf, seed, epsilon), problem.data)
        host = cast((problem.layout.unflatten(moved), data, problem.direction), self.dtype)
        return jax.device_put(host, self.device)

    def require_valid(self) -> None:
        """Traces the objective and its gradient without running them.

        Raises:
            InputError: if the value is not a real floating scalar, or the gradient is not in
                the structure of the parameters.
        """
        objective, (params, data, _) = self.problem.objective, self.args
        value = _traced("value", objective.value, params, data)
        leaves = [f"{leaf.dtype}{list(leaf.shape)}" for leaf in jax.tree.leaves(value)]
        scalar = getattr(value, "shape", None) == () and jnp.issubdtype(value.dtype, jnp.floating)
        if not scalar:
            raise InputError(
                f"the value of {objective.name} is {', '.join(leaves) or value!r}; "
                "return one real floating scalar"
            )
        if objective.gradient is not None:
            gradient = _traced("gradient", objective.gradient, params, data)
            self.problem.layout.require_same(gradient, f"the gradient of {objective.name}")

    def value(self) -> float:
        """The objective at the point."""
        return float(self.run("value", self._value)[0])

    def perturbed(
        self, indices: Int[np.ndarray, " k"], steps: Float[np.ndarray, " k"]
    ) -> Float[np.ndarray, " k"]:
        """The objective at `x + steps[j] * e_i`, i = `indices[j]`, for every j."""
        indices = indices.astype(np.int32)
        return self._in_blocks("perturbed", self._perturbed, *self._block, (indices, steps))

    def along(
        self, steps: Float[np.ndarray, " k"], direction: PyTree | None = None
    ) -> Float[np.ndarray, " k"]:
        """The objective at `x + steps[j] * direction`; the problem's own direction for None."""
        # An argument of its own: at another problem, all data would go to the device again.
        line = cast(self.problem.direction if direction is None else direction, self.dtype)
        return self._in_blocks("along", self._along, LINE_CHUNK, LINE_CHUNK, (steps,), line)

    @property
    def chunk(self) -> int:
        """How many of the 2d points of a central difference are evaluated together."""
        if self.cache.chunk is None:
            self.value()
            program = self.programs["value"]
            self.cache.chunk = choose_chunk(
                2 * self.problem.layout.size,
                self._timed_run,
                value=program,
                multiplies=program.multiplies,
                point_bytes=(program.peak_bytes or 0) + 2 * self.x.nbytes,
                memory_bytes=self.memory_bytes,
                on_cpu=self.device.platform == "cpu",
            )
        return self.cache.chunk

    def _timed_run(self, chunk: int) -> Callable[[int], object]:
        """Builds a central difference over all coordinates that stops after so many chunks."""
        layout, objective = self.problem.layout, self.problem.objective

        def points(params, data, direction, batches):
            x = layout.ravel(params)
            indices = jnp.tile(jnp.arange(layout.size, dtype=jnp.int32), 2)
            stop = None if chunk >= 2 * layout.size else batches

            def f(x):
                return objective.value(layout.unflatten(x), data)

            return values_at(f, x, indices, jnp.tile(x, 2), chunk, stop)

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

    def _in_blocks(self, key, function, capacity, chunk, arrays, *extra):
        count = len(arrays[0])
        values = np.empty(count)
        for start in range(0, count, capacity):
            parts = [array[start : start + capacity] for array in arrays]
            size = len(parts[0])
            padded = [np.pad(part, (0, capacity - size)) for part in parts]
            batches = np.asarray(-(-size // chunk), np.int32)
            found = self.run(key, function, *extra, *padded, batches)
            values[start : start + size] = found[:size]
        return values

    def _value(self, params, data, direction):
        return self.problem.objective.value(params, data)

    def _perturbed(self, params, data, direction, indices, steps, batches):
        x, layout = self.problem.layout.ravel(params), self.problem.layout

        def f(x):
            return self.problem.objective.value(layout.unflatten(x), data)

        return values_at(f, x, indices, x[indices] + steps, self._block[1], batches)

    def _along(self, params, data, direction, line, steps, batches):
        x, layout = self.problem.layout.ravel(params), self.problem.layout
        u = layout.ravel(line)

        def value(step):
            return self.problem.objective.value(layout.unflatten(x + step * u), data)

        return jax.vmap(value)(steps)


def _traced(name: str, function: Function, *args: PyTree) -> PyTree:
    """Returns the shapes of a result; what the function raises is said to come from it."""
    try:
        return jax.eval_shape(function, *args)
    except jax.errors.TracerArrayConversionError as error:
        error.add_note(f"raised by {name}, which calls NumPy; use jax.numpy in it")
        raise
    except Exception as error:
        error.add_note(f"raised by {name}")
        raise


def _shapes(problem: Problem) -> tuple:
    leaves, treedef = jax.tree.flatten((problem.params, problem.data))
    return treedef, tuple((np.shape(leaf), np.asarray(leaf).dtype) for leaf in leaves)
