"""Compiled functions that are made of the program of the value, and known by it.

The value is traced at every call, since a closure or a global may have changed. What is made of
its program need not be: where the program is one that is kept, so is what was made of it.
"""

import time
from dataclasses import dataclass

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun

from ..._foundation.errors import outcome_of
from ..._introspection.fingerprint import fingerprint
from ..compiled import HASTY, AbstractCompiled, CompiledFunction
from ..executables import KEPT, opened
from ..function import Cache, OfValue


@dataclass(frozen=True, kw_only=True)
class MadeOfValue(AbstractCompiled):
    """A compiled function that is made of the value."""


def made_of(cache: Cache, function: OfValue, args: tuple, *, hasty: bool) -> MadeOfValue | None:
    """Returns a function that is made of the value; None if the value is not known enough.

    Args:
        cache: The functions so far, with the value among them.
        function: The function.
        args: Its arguments on the device; the first are those of the value.
        hasty: Whether a short total time counts more than that of a run.
    """
    value = cache.functions["value"]
    if not isinstance(value, CompiledFunction) or value.narrow or value.executable.key is None:
        return None
    if not _is_traced_alike(cache, value):
        return None
    start, program = time.perf_counter(), opened(value.jaxpr)

    def made(*args):
        captured = args[0] if value.executable.captured else ()
        others = args[bool(captured) :]
        rest = jax.tree.leaves(others[2 : len(value.args)])

        def replayed(params, data):
            return jaxpr_as_fun(program)(*captured, *jax.tree.leaves((params, data)), *rest)[0]

        return function.make(replayed)(*others)

    hasty = hasty and not value.is_heavy
    options = HASTY if hasty else None
    executable = KEPT.made_of(value.executable, function.recipe, made, args, options)
    return MadeOfValue(
        executable=executable,
        args=args,
        epsilon=value.epsilon,
        multiplies=value.multiplies,
        compile_seconds=time.perf_counter() - start,
        hasty=hasty,
    )


def _is_traced_alike(cache: Cache, value: CompiledFunction) -> bool:
    """Whether another trace of the value gave the program that is compiled.

    It does not if numbers are drawn while it is traced. Then each function has a trace of its own,
    and the values that these give tell so.
    """
    if cache.alike is None:
        cache.alike = cache.traced is not None and _are_same(cache.traced, value.jaxpr)
        cache.traced = None
    return cache.alike


def _are_same(one: ClosedJaxpr, other: ClosedJaxpr) -> bool:
    """Whether two programs, and the arrays that they capture, are the same."""
    if len(one.consts) != len(other.consts):
        return False
    pairs = zip(one.consts, other.consts, strict=True)
    equal = outcome_of(lambda: all(np.array_equal(a, b) for a, b in pairs))
    return equal is True and fingerprint(opened(one)) == fingerprint(opened(other))
