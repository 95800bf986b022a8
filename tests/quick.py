"""Programs that are compiled in a hurry, for they run a few times, and once for all tests."""

import functools
from collections.abc import Callable

import jax

QUICK = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
"""Compiles a large gradient in a quarter less time or better."""


@functools.cache
def quick(function: Callable) -> Callable:
    """A function compiled at its first call for arguments of these shapes."""
    return jax.jit(function, compiler_options=QUICK)
