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

from ._chunks import choose_chunk
from ._errors import InputError
from ._objective import Problem
from ._precision import Device, cast

Function = Callable[..., PyTree]
"""`function(params, data, direction, *extra)` in JAX operations; `direction` may be None."""

LINE_CHUNK = 16
"""How many points along a direction are evaluated by one call."""


@dataclass(frozen=True)
class Program:
    """A compiled function, and what it cost to compile."""

    compiled: jax.stages.Compiled
    args: tuple
    compile_seconds: float

    @classmethod
    def build(cls, function: Function, args: tuple) -> "Program":
        start = time.perf_counter()
        compiled = jax.jit(function).lower(*args).compile()
        return cls(compiled, args, time.perf_counter() - start)

    def __call__(self) -> object:
        """One call with the arguments it was compiled for, waiting for the result."""
        return jax.block_until_ready(self.compiled(*self.args))

    @property
    def flops(self) -> float | None:
        """Floating-point operations as the compiler counts them, if it does."""
        analysis = self.compiled.cost_analysis()
        return None if analysis is None else analysis.get("flops")

    @property
    def peak_bytes(self) -> int | None:
        """Temporary and output memory, if the compiler tells."""
        memory = self.compiled.memory_analysis()
        if memory is None:
            return None
        return memory.temp_size_in_bytes + memory.output_size_in_bytes


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
        if nudge is not None:
            params = self._nudged(nudge)
        args = (params, data, direction, *extra)
        if key not in self.programs:
            self.programs[key] = Program.build(function, args)
        leaves = jax.tree.leaves(self.programs[key].compiled(*args))
        return np.concatenate([np.asarray(leaf, np.float64).reshape(-1) for leaf in leaves])

    def _nudged(self, seed: int) -> PyTree:
        rng = np.random.default_rng(seed)
        epsilon = float(jnp.finfo(self.dtype).eps)
        moved = self.x * (1 + epsilon * rng.choice([-1.0, 1.0], size=self.x.shape))
        params = cast(self.problem.layout.unflatten(moved), self.dtype)
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
        return self._in_chunks("perturbed", self._perturbed, self.chunk, indices, steps)

    def along(
        self, steps: Float[np.ndarray, " k"], direction: PyTree | None = None
    ) -> Float[np.ndarray, " k"]:
        """The objective at `x + steps[j] * direction`; the problem's own direction for None."""
        if direction is not None:
            problem = dataclasses.replace(self.problem, direction=direction)
            return self.at(problem).along(steps)
        return self._in_chunks("along", self._along, LINE_CHUNK, steps)

    @cached_property
    def chunk(self) -> int:
        """How many perturbed points are evaluated together."""
        return choose_chunk(self.problem.layout.size)

    def _in_chunks(self, key, function, chunk, *arrays):
        count = len(arrays[0])
        values = np.empty(count)
        for start in range(0, count, chunk):
            parts = [array[start : start + chunk] for array in arrays]
            size = len(parts[0])
            padded = [np.pad(part, (0, chunk - size)) for part in parts]
            values[start : start + size] = self.run(key, function, *padded)[:size]
        return values

    def _value(self, params, data, direction):
        return self.problem.objective.value(params, data)

    def _perturbed(self, params, data, direction, indices, steps):
        x, layout = self.problem.layout.ravel(params), self.problem.layout

        def value(index, step):
            moved = layout.unflatten(x.at[index].add(step))
            return self.problem.objective.value(moved, data)

        return jax.vmap(value)(indices, steps)

    def _along(self, params, data, direction, steps):
        x, layout = self.problem.layout.ravel(params), self.problem.layout
        u = layout.ravel(direction)

        def value(step):
            return self.problem.objective.value(layout.unflatten(x + step * u), data)

        return jax.vmap(value)(steps)
