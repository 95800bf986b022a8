"""The evaluator of one problem: compiled programs and values for the methods.

Every program is compiled once for each objective, shape, dtype and device, and used at every
point. Data are arguments of the programs: a captured array would become a constant of each of
them. Functions that cannot be compiled are called on the host. Results are NumPy float64.
"""

import dataclasses
from collections.abc import Hashable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cached_property, partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int, PyTree

from .._foundation.errors import Untraceable, outcome_of
from .._foundation.limits.arrays import settled
from .._foundation.precision import FLOAT64, Device, cast
from .._model.problem import Problem
from .compiled import CompiledFunction
from .function import AbstractFunction, Cache, Function, OfValue, flat
from .host import HostBatches, HostFunction
from .near.batches import Block, CompiledBatches, chunk_for
from .near.of_value import made_of
from .rounding import nudged

HASTY_SIZE = 128
"""Number of parameters up to which compiling on a CPU takes longer than all computations."""


@dataclass(frozen=True)
class Evaluator:
    """The compiled programs of one problem.

    Attributes:
        problem: The objective at one point, on the host.
        dtype: The dtype in which the programs compute.
        device: The device on which they run.
        memory_bytes: The limit of temporary memory for perturbed points evaluated together.
        executor: Calls an objective that cannot be compiled at several points at a time.
        timed: Whether the programs of the methods and of the value will be timed.
        cache: The programs so far, shared by all points of the same shapes.
    """

    problem: Problem
    dtype: np.dtype
    device: Device
    memory_bytes: int
    executor: Executor | None = None
    timed: bool = False
    cache: Cache = field(default_factory=Cache)

    def at(self, problem: Problem) -> "Evaluator":
        """Returns the same programs at another point, or new ones if the shapes differ."""
        same = problem.structure == self.problem.structure
        cache = self.cache if same else self.cache.emptied()
        return dataclasses.replace(self, problem=problem, cache=cache)

    @property
    def functions(self) -> dict[Hashable, AbstractFunction]:
        """The programs so far, by their methods or names."""
        return self.cache.functions

    @property
    def x(self) -> Float[np.ndarray, " d"]:
        """The point as a flat vector."""
        return self._vector

    @cached_property
    def _vector(self) -> Float[np.ndarray, " d"]:
        return self.problem.layout.flatten(self.problem.params)

    @cached_property
    def args(self) -> tuple[PyTree, PyTree, PyTree]:
        """Parameters, data and direction on the device, in the dtype of the programs."""
        return jax.device_put(self.host_args, self.device)

    @cached_property
    def host_args(self) -> tuple[PyTree, PyTree, PyTree]:
        """The same on the host, where arrays keep their order in memory."""
        problem = self.problem
        params, direction = cast((problem.params, problem.direction), self.dtype)
        return params, settled(problem.data, self.dtype), direction

    @property
    def traceable(self) -> Problem:
        """The problem as autodiff takes it: with twins of functions that JAX cannot trace."""
        objective = self.problem.objective
        mine = {name: getattr(objective, name) for name in self.cache.twins}
        twins = {n: twin for n, twin in self.cache.twins.items() if twin.function is mine[n]}
        if not twins:
            return self.problem
        return dataclasses.replace(self.problem, objective=dataclasses.replace(objective, **twins))

    @property
    def has_program(self) -> bool:
        """Whether there is a traced program of the value: its own, or that of its twin."""
        return not self.cache.opaque or self.traceable is not self.problem

    def run(
        self,
        key: Hashable,
        function: Function,
        *extra: PyTree,
        moved: int | None = None,
        helper: bool = False,
    ) -> Float[np.ndarray, " k"]:
        """Runs `function` as `Runner.run` says; if it cannot be compiled, on the host."""
        if key not in self.functions:
            self.functions[key] = self._build(key, function, extra, self._is_hasty(helper))
        program = self.functions[key]
        args = self.host_args if program.on_host else self.args
        if moved is not None:
            device = None if program.on_host else self.device
            args = nudged(self.problem, self.dtype, moved, self.epsilon(key), device)
        result = flat(program.run(*args, *extra))
        if program.hasty and not helper and not np.all(np.isfinite(result)):
            # Believed only if the program that users run gives it too.
            again = outcome_of(partial(self._build, key, function, extra, False))
            if isinstance(again, AbstractFunction) and not again.on_host:
                self.functions[key] = again
                result = flat(again.run(*args, *extra))
        return result

    def run_at(
        self, key: Hashable, x: Float[np.ndarray, " d"], *extra: PyTree
    ) -> Float[np.ndarray, " k"]:
        """Runs the program under `key` at another point; the data stay on the device."""
        program = self.functions[key]
        params = cast(self.problem.layout.unflatten(x), self.dtype)
        if program.on_host:
            return flat(program.run(params, *self.host_args[1:], *extra))
        return flat(program.run(jax.device_put(params, self.device), *self.args[1:], *extra))

    def _is_hasty(self, helper: bool) -> bool:
        """Whether a short total time counts more than that of a run."""
        small = self.problem.layout.size <= HASTY_SIZE and self.device.platform == "cpu"
        return small and (helper or not self.timed)

    def _build(
        self, key: Hashable, function: Function, extra: tuple, hasty: bool
    ) -> AbstractFunction:
        compiled = self._compiled(key, function, extra, hasty)
        if not isinstance(compiled, Exception):
            return compiled
        epsilon = float(jnp.finfo(self.dtype).eps)
        on_host = HostFunction.of(function, (*self.host_args, *extra), epsilon, compiled)
        # If JAX merely cannot trace the function, the error on the host is the informative one.
        if isinstance(on_host, Exception):
            raise on_host if Untraceable.of(compiled) is not None else compiled
        return on_host

    def _compiled(
        self, key: Hashable, function: Function, extra: tuple, hasty: bool
    ) -> AbstractFunction | Exception:
        if self.cache.opaque:  # then data are sent to the device only if they are needed there
            shape = outcome_of(lambda: jax.eval_shape(function, *self.host_args, *extra))
            if isinstance(shape, Exception):
                return shape
        args = (*self.args, *extra)
        if isinstance(function, OfValue) and self.dtype == FLOAT64 and not self.cache.opaque:
            self.value()
            if (made := made_of(self.cache, function, args, hasty=hasty)) is not None:
                return made
        widens = partial(self._widens, key)
        options = {"hasty": hasty, "timed": self.timed, "widens": widens}
        return outcome_of(partial(CompiledFunction.build, function, args, **options))

    def _widens(self, key: Hashable) -> bool:
        """Whether a program is to compute in float64: in the judgement, if the value does."""
        if key == "value" or self.dtype != FLOAT64 or self.cache.opaque:
            return self.dtype == FLOAT64
        self.value()
        return self.functions["value"].widened

    def epsilon(self, key: Hashable) -> float:
        """The unit of rounding of the program under `key`, which may compute in float32."""
        if key == "value" and key not in self.functions:
            self.value()
        return max(self.functions[key].epsilon, float(jnp.finfo(self.dtype).eps))

    def value(self) -> float:
        """The objective at the point."""
        return float(self.run("value", self._value)[0])

    def perturbed(
        self, indices: Int[np.ndarray, " k"], steps: Float[np.ndarray, " k"]
    ) -> Float[np.ndarray, " k"]:
        """The objective at `x + steps[j] * e_i`, i = `indices[j]`, for every j."""
        return self._values.perturbed(indices, steps)

    def along(
        self, steps: Float[np.ndarray, " k"], direction: PyTree | None = None
    ) -> Float[np.ndarray, " k"]:
        """The objective at `x + steps[j] * direction`; the problem's own direction for None."""
        return self._values.along(steps, direction)

    @property
    def chunk(self) -> int:
        """The number of the 2d points of a central difference that are evaluated together."""
        if self.cache.chunk is None:
            self.cache.chunk = 1 if self.cache.opaque else self._choose_chunk()
        return self.cache.chunk

    def _choose_chunk(self) -> int:
        self.value()
        on_cpu, value = self.device.platform == "cpu", self.functions["value"]
        choose = partial(
            chunk_for,
            *(self.problem, value, self.args),
            memory_bytes=self.memory_bytes,
            on_cpu=on_cpu,
        )
        if not isinstance(value, CompiledFunction):
            return choose()
        chunks, memory = value.executable.compilation.chunks, self.memory_bytes
        return chunks.get(memory) or chunks.setdefault(memory, choose())

    # Not kept, as batches know their evaluator: what refers to itself goes late, with its arrays.
    @property
    def _values(self) -> CompiledBatches | HostBatches:
        if self.cache.opaque:
            of_jax = "value" in self.cache.of_jax
            failed = self.cache.failed
            return HostBatches(self.problem, self.dtype, self.executor, failed, of_jax)
        return CompiledBatches(self.problem, self.dtype, self._block(), self)

    def _block(self) -> Block:
        size = self.problem.layout.size
        if self.problem.quantity != "gradient":
            if "value" not in self.functions:
                self.value()
            held = (self.functions["value"].peak_bytes or 0) // np.dtype(np.float64).itemsize
            return Block.on_a_line(max(size, held))
        chunk, value = self.chunk, self.functions["value"]
        # Of a light function, one program for coordinates and lines is compiled sooner than two.
        wide = value.multiplies and isinstance(value, CompiledFunction) and value.is_heavy
        return Block.of_coordinates(size, chunk, wide=wide)

    def _value(self, params, data, direction):
        return self.problem.objective.value(params, data)
