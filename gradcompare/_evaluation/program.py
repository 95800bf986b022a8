"""One compiled program, and what it costs."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import jax
from jax.extend.core import ClosedJaxpr

from .._foundation.layout import PyTree
from .._introspection.jaxprs import (
    coarsest_epsilon,
    custom_rules,
    differentiates,
    multiplies_matrices,
)

Function = Callable[..., PyTree]
"""`function(params, data, direction, *extra)` in JAX operations; `direction` may be None."""


HASTY: dict[str, str | bool] = {"xla_backend_optimization_level": "0"}
"""Compiles in half the time, and what is compiled takes up to twice as long."""


RUNNING = threading.Lock()
"""Programs are compiled in parallel and run one at a time.

Where two threads run programs at once, XLA's pool of threads on the CPU can wait for itself: two
vectorised Cholesky factorisations with n = 300 hung in 4 of 9 runs on two cores (jax 0.10.2).
"""


@dataclass(frozen=True)
class CompiledFunction:
    """A compiled function.

    Attributes:
        compiled: What can be called.
        args: The arguments it was compiled for.
        compile_seconds: How long tracing, lowering and compiling took.
        epsilon: The unit of rounding of the narrowest floating type it computes in.
        multiplies: Whether it contains a product with a matrix.
        text: The hash of the program as it was traced; equal programs have equal ones.
        differentiates: Whether autodiff made a part of it.
        rules: The functions with rules of the user's own for autodiff that it calls.
        captured_bytes: The size of the arrays that it captured instead of taking them as
            arguments; they are written into the program.
        jaxpr: The program as it was traced.
        first: The seconds of the first call, once it was made.
    """

    compiled: jax.stages.Compiled
    args: tuple
    compile_seconds: float
    epsilon: float
    multiplies: bool
    text: int
    differentiates: bool
    rules: tuple[str, ...]
    captured_bytes: int
    jaxpr: ClosedJaxpr
    first: list[float] = field(default_factory=list)

    @classmethod
    def build(cls, function: Function, args: tuple, *, hasty: bool = False) -> "CompiledFunction":
        """Compiles `function` for these arguments; `hasty` for one that will not run for long."""
        start = time.perf_counter()
        traced = jax.jit(function).trace(*args)
        compiled = traced.lower().compile(HASTY if hasty else None)
        seconds, jaxpr = time.perf_counter() - start, traced.jaxpr.jaxpr
        return cls(
            compiled,
            args,
            seconds,
            coarsest_epsilon(jaxpr),
            multiplies_matrices(jaxpr),
            hash(str(jaxpr)),
            differentiates(jaxpr),
            custom_rules(jaxpr),
            sum(getattr(constant, "nbytes", 0) for constant in traced.jaxpr.consts),
            traced.jaxpr,
        )

    def run(self, *args: PyTree) -> PyTree:
        """Runs the program and waits for its result."""
        with RUNNING:
            start = time.perf_counter()
            result = jax.block_until_ready(self.compiled(*args))
            if not self.first:
                self.first.append(time.perf_counter() - start)
            return result

    def __call__(self) -> object:
        """One call with the arguments it was compiled for, waiting for the result."""
        return self.run(*self.args)

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
