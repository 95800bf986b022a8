"""One compiled program, and its costs."""

import threading
import time
from dataclasses import dataclass, field
from functools import cached_property

import jax
from jax.extend.core import ClosedJaxpr

from .._foundation.layout import PyTree
from .._introspection.fingerprint import fingerprint
from .._introspection.jaxprs import (
    coarsest_epsilon,
    custom_rules,
    differentiates,
    multiplies_matrices,
)
from .function import AbstractFunction, Function

HASTY: dict[str, str | bool] = {"xla_backend_optimization_level": "0"}
"""Options that halve the time of compiling, and up to double that of running."""


RUNNING = threading.Lock()
"""Lock with which programs run one at a time, although they are compiled in parallel.

If two threads run programs at once, XLA's pool of threads on the CPU can wait for itself: two
vectorised Cholesky factorisations with n = 300 hung in 4 of 9 runs on two cores (jax 0.10.2).
"""


@dataclass(frozen=True, kw_only=True)
class CompiledFunction(AbstractFunction):
    """A compiled function.

    Attributes:
        compiled: The executable.
        jaxpr: The traced program.
        first: The seconds of the first call, after that call.
    """

    compiled: jax.stages.Compiled
    jaxpr: ClosedJaxpr
    first: list[float] = field(default_factory=list)

    @classmethod
    def build(cls, function: Function, args: tuple, *, hasty: bool = False) -> "CompiledFunction":
        """Compiles `function` for these arguments; `hasty` for a short total running time."""
        start = time.perf_counter()
        traced = jax.jit(function).trace(*args)
        compiled = traced.lower().compile(HASTY if hasty else None)
        seconds, jaxpr = time.perf_counter() - start, traced.jaxpr.jaxpr
        return cls(
            compiled=compiled,
            args=args,
            compile_seconds=seconds,
            epsilon=coarsest_epsilon(jaxpr),
            multiplies=multiplies_matrices(jaxpr),
            differentiates=differentiates(jaxpr),
            rules=custom_rules(jaxpr),
            captured_bytes=sum(getattr(constant, "nbytes", 0) for constant in traced.jaxpr.consts),
            jaxpr=traced.jaxpr,
        )

    def run(self, *args: PyTree) -> PyTree:
        """Runs the program and waits for its result."""
        with RUNNING:
            start = time.perf_counter()
            result = jax.block_until_ready(self.compiled(*args))
            if not self.first:
                self.first.append(time.perf_counter() - start)
            return result

    @cached_property
    def fingerprint(self) -> bytes:
        """A hash of the operations and of all constants, equal for equal programs."""
        return fingerprint(self.jaxpr)

    @property
    def flops(self) -> float | None:
        """Floating-point operations as counted by the compiler, if it counts them."""
        analysis = self.compiled.cost_analysis()
        return None if analysis is None else analysis.get("flops")

    @property
    def peak_bytes(self) -> int | None:
        """Temporary and output memory, if the compiler reports it."""
        memory = self.compiled.memory_analysis()
        if memory is None:
            return None
        return memory.temp_size_in_bytes + memory.output_size_in_bytes

    @property
    def first_seconds(self) -> float | None:
        """The seconds of the first call, which loads the program; None before it."""
        return self.first[0] if self.first else None
