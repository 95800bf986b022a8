"""The types in which a program computes, and those that stand in for them."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, Literal

from ..._foundation.user_code import Place
from ..jaxprs import dtype_of, equations, is_exact, place_of

OF_RULES = (2 / math.sqrt(math.pi), math.sqrt(math.pi) / 2, math.log(2))
"""Irrational numbers in the rules of JAX for the derivatives of `erf`, `erf_inv` and `exp2`."""


def wide(dtype: Any) -> Any:
    """Returns float64 for a narrower floating dtype, complex128 likewise, other dtypes as is."""
    if dtype is None or not jnp.issubdtype(dtype, jnp.inexact):
        return dtype
    if jnp.issubdtype(dtype, jnp.complexfloating):
        return np.dtype(np.complex128)
    return dtype if jnp.finfo(dtype).bits >= 64 else np.dtype(np.float64)


def is_narrow(dtype: Any) -> bool:
    """Whether a dtype holds real or complex numbers with fewer digits than float64."""
    return wide(dtype) != dtype


@dataclass(frozen=True)
class Narrow:
    """The narrowest type in which a program computes.

    Attributes:
        dtype: The type, as `bfloat16`.
        epsilon: Its unit of rounding.
        place: The expression that first computes in it, if known.
    """

    dtype: str
    epsilon: float
    place: Place | None

    def __str__(self) -> str:
        return self.dtype if self.place is None else f"{self.dtype} ({self.place.where})"


def narrowest(jaxpr: Jaxpr) -> Narrow | None:
    """Returns the narrowest floating type in which a program computes; None for float64."""
    narrow = [(dtype, equation) for dtype, equation in _computed(jaxpr) if is_narrow(dtype)]
    if not narrow:
        return None
    coarsest = max(float(jnp.finfo(dtype).eps) for dtype, _ in narrow)
    inside = [(d, equation) for d, equation in narrow if float(jnp.finfo(d).eps) == coarsest]
    places = (place_of(equation) for _, equation in inside)
    place = next((place for place in places if place is not None), None)
    return Narrow(np.dtype(inside[0][0]).name, coarsest, place)


def _computed(jaxpr: Jaxpr) -> Iterator[tuple[Any, JaxprEqn]]:
    for equation in equations(jaxpr):
        if not is_exact(equation):
            yield from ((dtype_of(v), equation) for v in equation.outvars)


def rounded_literals(program: ClosedJaxpr) -> frozenset[complex]:
    """Returns the numbers in the code of a program that a narrow type may have rounded.

    Whole numbers, and those with few digits, as 1.5, are what the user wrote; 0.1 is not.
    """
    return frozenset(number_of(v) for v in _literals(program) if may_be_rounded(v))


def irrational_literals(program: ClosedJaxpr) -> frozenset[complex]:
    """Returns those that are the rounding of a number of `OF_RULES`."""
    rounded = (v for v in _literals(program) if may_be_rounded(v))
    return frozenset(number_of(v) for v in rounded if exact_literal(v) is not None)


def _literals(program: ClosedJaxpr) -> Iterator[Literal]:
    """Yields the literals of a program; a captured number, as `jnp.complex64(1j)`, is one too."""
    for variable, constant in zip(program.jaxpr.constvars, program.consts, strict=True):
        if np.ndim(constant) == 0:
            yield Literal(constant, variable.aval)
    for each in equations(program.jaxpr):
        yield from (v for v in each.invars if isinstance(v, Literal))


def number_of(literal: Literal) -> complex:
    """Returns a literal as a number of Python."""
    return complex(np.asarray(literal.val))


def may_be_rounded(literal: Literal) -> bool:
    """Whether a literal of a narrow type may be the rounding of another number."""
    dtype = dtype_of(literal)
    if not is_narrow(dtype) or np.ndim(literal.val) != 0:
        return False
    number, bits = number_of(literal), jnp.finfo(dtype).nmant
    return any(_has_many_digits(part, bits) for part in (number.real, number.imag))


def _has_many_digits(number: float, bits: int) -> bool:
    if not math.isfinite(number) or (number == round(number) and abs(number) <= 2.0**bits):
        return False
    mantissa = math.frexp(number)[0] * 2.0 ** (bits // 2)
    return mantissa != round(mantissa)


def exact_literal(literal: Literal) -> float | None:
    """Returns the number of `OF_RULES` that a literal of a narrow type is the rounding of."""
    number, dtype = number_of(literal), dtype_of(literal)
    if number.imag or jnp.issubdtype(dtype, jnp.complexfloating):
        return None
    signed = (math.copysign(each, number.real) for each in OF_RULES)
    return next((s for s in signed if float(np.asarray(s).astype(dtype)) == number.real), None)
