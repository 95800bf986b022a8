"""A hash of a traced program, which is equal for equal programs.

The text of a program contains its operations, but only the shapes of its arrays. Two functions of
the same form that captured different data have the same text, so the bytes of every constant are
part of the hash.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, Literal

from .jax_internals import arrays_in, inner_programs
from .jaxprs import equations


def fingerprint(program: ClosedJaxpr) -> bytes:
    """Returns a hash of the operations of a program and of its constants."""
    total = hashlib.sha256(str(program.jaxpr).encode())
    hashes: dict[int, bytes] = {}  # a large array may be captured more than once
    constants = list(_constants(program))  # all kept alive, so that no two have the same id
    for constant in constants:
        if id(constant) not in hashes:
            hashes[id(constant)] = _of_constant(constant)
        total.update(hashes[id(constant)])
    return total.digest()


def _constants(program: ClosedJaxpr) -> Iterator[Any]:
    """Yields all constants: captured arrays, literals, and those of inner programs."""
    yield from program.consts
    for equation in equations(program.jaxpr):
        yield from (v.val for v in equation.invars if isinstance(v, Literal))
        for inner in inner_programs(equation):
            yield from getattr(inner, "consts", ())
        yield from arrays_in(equation)
    yield from (v.val for v in program.jaxpr.outvars if isinstance(v, Literal))


def _of_constant(constant: Any) -> bytes:
    try:
        array = np.asarray(constant)
    except TypeError:  # the keys of random numbers have a dtype of their own
        array = np.asarray(jax.random.key_data(constant))
    kind = f"{array.dtype}{array.shape}".encode()
    return hashlib.sha256(kind + b" " + np.ascontiguousarray(array).tobytes()).digest()
