"""One compiled program, and its costs."""

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cached_property, partial

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr
from jaxtyping import Float

from .._foundation.errors import outcome_of
from .._foundation.layout import PyTree
from .._foundation.limits.clock import check_time
from .._foundation.user_code import describe
from .._introspection.fingerprint import fingerprint
from .._introspection.jaxprs import (
    coarsest_epsilon,
    custom_rules,
    differentiates,
    multiplies_matrices,
)
from .._introspection.narrow.types import narrowest
from .._introspection.narrow.widening import Widening
from .._model.estimate import EPS
from .executables import KEPT, Executable
from .function import AbstractFunction, Function
from .narrow.stand_in import bound, in_float64, variants

HASTY: dict[str, str | bool] = {"xla_backend_optimization_level": "0"}
"""Options that halve the time of compiling, and up to double that of running."""

HEAVY_OPERATIONS = 4e6
"""Number of operations of f, times d, above which it pays to compile for a short run: the judge
takes about 30 values a coordinate, and the optimiser some 50 ms."""

RUNNING = threading.Lock()
"""Lock with which programs run one at a time, although they are compiled in parallel.

If two threads run programs at once, XLA's pool of threads on the CPU can wait for itself: two
vectorised Cholesky factorisations with n = 300 hung in 4 of 9 runs on two cores (jax 0.10.2).
"""


@dataclass(frozen=True, kw_only=True)
class AbstractCompiled(AbstractFunction):
    """A function that was compiled.

    Attributes:
        executable: The compiled program.
    """

    executable: Executable

    def run(self, *args: PyTree) -> PyTree:
        """Runs the program and waits for its result."""
        check_time()
        with RUNNING:
            return self.executable(*args)

    @property
    def flops(self) -> float | None:
        """Floating-point operations as counted by the compiler, if it counts them."""
        analysis = self.executable.compilation.run.cost_analysis()
        return None if analysis is None else analysis.get("flops")

    @property
    def is_heavy(self) -> bool:
        """Whether many values of it take longer than the compiler."""
        d = sum(np.size(leaf) for leaf in jax.tree.leaves(self.args[0]))
        return d * (self.flops or 0.0) > HEAVY_OPERATIONS

    @property
    def peak_bytes(self) -> int | None:
        """Temporary and output memory, if the compiler reports it."""
        memory = self.executable.compilation.run.memory_analysis()
        if memory is None:
            return None
        return memory.temp_size_in_bytes + memory.output_size_in_bytes

    @property
    def first_seconds(self) -> float | None:
        """The seconds of the first call, which loads the program; None before it."""
        first = self.executable.compilation.first
        return first[0] if first else None


@dataclass(frozen=True, kw_only=True)
class CompiledFunction(AbstractCompiled):
    """A compiled function with its program.

    Attributes:
        function: The function, if its types were widened.
        jaxpr: The traced program, as the user wrote it.
        moved: The functions with some literals moved, by these literals.
    """

    function: Function | None = None
    jaxpr: ClosedJaxpr
    moved: dict[frozenset[complex], Callable] = field(default_factory=dict)

    @classmethod
    def build(
        cls,
        function: Function,
        args: tuple,
        *,
        hasty: bool = False,
        timed: bool = False,
        widens: Callable[[], bool] = lambda: False,
    ) -> "CompiledFunction":
        """Compiles `function` for these arguments.

        Args:
            function: The function.
            args: Its arguments.
            hasty: Whether a short total time counts more than that of a run.
            timed: Whether the time of a run is measured.
            widens: Tells whether a function that computes in a narrower type is to compute in
                float64; asked only for such a function.
        """
        start, options = time.perf_counter(), HASTY if hasty else None
        keep = partial(KEPT.of, args=args, options=options, timed=timed)
        traced = jax.jit(function).trace(*args)
        seconds = time.perf_counter() - start  # what follows is timed where it is compiled
        jaxpr, narrow = traced.jaxpr.jaxpr, narrowest(traced.jaxpr.jaxpr)
        wide, refusal = None, ""
        if narrow is not None and widens():
            wide = outcome_of(lambda: keep(in_float64(traced, args)))
        if isinstance(wide, Exception):
            wide, refusal = None, describe(wide)
        executable = wide or keep(traced)
        return cls(
            executable=executable,
            args=args,
            compile_seconds=seconds + executable.compilation.seconds,
            epsilon=coarsest_epsilon(jaxpr) if wide is None else EPS,
            multiplies=multiplies_matrices(jaxpr),
            differentiates=differentiates(jaxpr),
            rules=custom_rules(jaxpr),
            captured_bytes=sum(getattr(constant, "nbytes", 0) for constant in traced.jaxpr.consts),
            jaxpr=traced.jaxpr,
            narrow=narrow,
            widened=wide is not None,
            refusal=refusal,
            # A function of float64 is not needed any more, and refers to its evaluator.
            function=None if wide is None else function,
            hasty=hasty,
        )

    @cached_property
    def written(self) -> "CompiledFunction":
        """The program in the types that the user wrote."""
        if self.function is None:
            return self
        return CompiledFunction.build(self.function, self.args, hasty=self.hasty)

    @cached_property
    def computed(self) -> ClosedJaxpr:
        """The traced program in the types in which it computes."""
        return Widening().of(self.jaxpr) if self.widened else self.jaxpr

    def spread(
        self, literals: Collection[complex], *args: PyTree
    ) -> Float[np.ndarray, " k"] | float:
        """Returns how far these literals of narrow types can move the results.

        Each of them may be off by half a unit in the last place of its type, and no more.
        """
        key = frozenset(literals)
        if not key:
            return 0.0
        if key not in self.moved:
            self.moved[key] = variants(self.jaxpr, key)
        with RUNNING:
            rows = np.asarray(self.moved[key](*args))
        return bound(rows)

    @cached_property
    def fingerprint(self) -> bytes:
        """A hash of the operations and of all constants, equal for equal programs."""
        return fingerprint(self.jaxpr)
