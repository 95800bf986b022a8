"""Executables of traced programs, kept in the process so that each is compiled once.

A program is known by what a fresh trace gives: its operations, the shapes and types of its
arguments, the devices and the options of the compiler. It is never known by the function, which
may read a closure or a global that changes between two calls. Captured arrays become arguments
of the executable: they are the same to it whatever they hold, and it keeps none of them alive.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr, JaxprEqn, jaxpr_as_fun
from jax.sharding import Mesh, Sharding

from .._foundation.errors import outcome_of
from .._foundation.layout import PyTree
from .._introspection.fingerprint import fingerprint
from .._introspection.jax_internals import arrays_in, inner_programs
from .._introspection.jaxprs import equations
from .._introspection.narrow.widening import CLOSED

MOST_KEPT = 192
"""Number of executables that are kept; one takes about 0.4 MiB of memory on the CPU."""


@dataclass(frozen=True)
class Compilation:
    """What is kept of a program.

    Attributes:
        run: The executable.
        seconds: The seconds of lowering and compiling.
        first: The seconds of the first call, after that call.
        chunks: The numbers of points evaluated together that were chosen for it, by what the
            choice depends on.
    """

    run: jax.stages.Compiled
    seconds: float
    first: list[float] = field(default_factory=list)
    chunks: dict[Hashable, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Executable:
    """A compiled program with its captured arrays.

    Attributes:
        compilation: The executable, which takes these arrays first if there are any.
        captured: The arrays, on the device.
        key: What it is kept by; None if it is not.
    """

    compilation: Compilation
    captured: tuple = ()
    key: Hashable = None

    def __call__(self, *args: PyTree) -> PyTree:
        """Runs the program, and waits for its result."""
        start = time.perf_counter()
        first = (self.captured,) if self.captured else ()
        result = jax.block_until_ready(self.compilation.run(*first, *args))
        if not self.compilation.first:
            self.compilation.first.append(time.perf_counter() - start)
        return result


class Executables:
    """The executables of the process, the least recently used ones given up first."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self.most = most
        self._kept: OrderedDict[Hashable, Compilation] = OrderedDict()
        self._lock = threading.Lock()

    def of(
        self, traced: Any, args: tuple, options: dict[str, str | bool] | None, *, timed: bool
    ) -> Executable:
        """Returns the executable of a traced function.

        Args:
            traced: The function as `jax.jit(function).trace(*args)` gives it.
            args: Its arguments, on the device.
            options: Options of the compiler.
            timed: Whether its time counts, so that captured arrays remain its constants.
        """
        program, captured = opened(traced.jaxpr), tuple(traced.jaxpr.consts)
        if (timed and captured) or not _is_known(program):
            return Executable(_compile(traced, options))
        key = outcome_of(lambda: _key(traced, program, args, options))
        if isinstance(key, Exception):
            return Executable(_compile(traced, options))
        if captured:
            captured = jax.device_put(captured, _device_of(args))

        def compiled() -> Compilation:
            whole = _function_of(program, traced).trace(captured, *args) if captured else traced
            return _compile(whole, options)

        return Executable(self._kept_or(key, compiled), captured, key)

    def made_of(
        self,
        origin: Executable,
        recipe: Hashable,
        function: Callable[..., PyTree],
        args: tuple,
        options: dict[str, str | bool] | None,
    ) -> Executable:
        """Returns the executable of a function that is made of another program.

        It is traced only if it is not kept.

        Args:
            origin: The other program, which is kept.
            recipe: All that the function depends on beside that program.
            function: The function; it takes the captured arrays of the other one first, if any.
            args: Its arguments, on the device.
            options: Options of the compiler.
        """
        captured = (origin.captured,) if origin.captured else ()

        def compiled() -> Compilation:
            return _compile(jax.jit(function).trace(*captured, *args), options)

        key = (origin.key, recipe, tuple(sorted((options or {}).items())))
        return Executable(self._kept_or(key, compiled), origin.captured, key)

    def clear(self) -> None:
        """Forgets all executables."""
        with self._lock:
            self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)

    def _kept_or(self, key: Hashable, compiled: Callable[[], Compilation]) -> Compilation:
        """Returns what is kept by a key, after it has been compiled if nothing is."""
        with self._lock:
            compilation = self._kept.get(key)
            if compilation is not None:
                self._kept.move_to_end(key)
                return compilation
        compilation = compiled()
        with self._lock:
            self._kept[key] = compilation
            while len(self._kept) > self.most:
                self._kept.popitem(last=False)
        return compilation


KEPT = Executables()
"""The executables of this process."""


def clear_cache() -> None:
    """Forgets the compiled programs that are kept between calls, and frees their memory.

    A program that is needed again is compiled anew. Results do not depend on it.

    Example:
        >>> import gradcompare, numpy as np
        >>> gradcompare.check(lambda x: (x**2).sum(), lambda x: 2 * x, np.ones(3)).ok
        True
        >>> gradcompare.clear_cache()
    """
    KEPT.clear()


def _key(
    traced: Any, program: ClosedJaxpr, args: tuple, options: dict[str, str | bool] | None
) -> Hashable:
    parameters = jax.tree.leaves([e.params for e in equations(program.jaxpr)])
    key = (
        fingerprint(program),
        tuple(program.in_avals),
        jax.tree.structure(args),
        jax.tree.structure(traced.out_info),
        tuple(getattr(leaf, "sharding", None) for leaf in jax.tree.leaves(args)),
        tuple(filter(_names_devices, parameters)),
        tuple(sorted((options or {}).items())),
        getattr(jax.config, "jax_default_matmul_precision", None),
    )
    hash(key)
    return key


def _names_devices(parameter: object) -> bool:
    """Whether it tells devices apart, of which the text of a program has the number only."""
    return isinstance(parameter, (Mesh, Sharding))


def _device_of(args: tuple) -> Any:
    shardings = [leaf.sharding for leaf in jax.tree.leaves(args) if isinstance(leaf, jax.Array)]
    return shardings[0] if shardings else None


def opened(closed: ClosedJaxpr) -> ClosedJaxpr:
    """Returns the program with its captured arrays as first arguments."""
    jaxpr = closed.jaxpr
    invars = [*jaxpr.constvars, *jaxpr.invars]
    return ClosedJaxpr(jaxpr.replace(constvars=[], invars=invars), ())


def _function_of(program: ClosedJaxpr, traced: Any) -> Any:
    structure, run = jax.tree.structure(traced.out_info), jaxpr_as_fun(program)
    return jax.jit(lambda *args: structure.unflatten(run(*jax.tree.leaves(args))))


def _is_known(program: ClosedJaxpr) -> bool:
    """Whether the hash of a program tells it from all others, and nothing of it is captured."""
    return not program.effects and all(map(_is_known_operation, equations(program.jaxpr)))


def _is_known_operation(equation: JaxprEqn) -> bool:
    if equation.primitive.name in CLOSED or arrays_in(equation):
        return False
    return not any(getattr(inner, "consts", ()) for inner in inner_programs(equation))


def _compile(traced: Any, options: dict[str, str | bool] | None) -> Compilation:
    start = time.perf_counter()
    run = traced.lower().compile(options)
    return Compilation(run, time.perf_counter() - start)
