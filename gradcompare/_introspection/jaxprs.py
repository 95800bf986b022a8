"""Properties of a traced program that are known before it runs."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Jaxpr, JaxprEqn, Literal

from .._foundation.user_code import Place, is_ours, is_users, place_in
from .jax_internals import CUSTOM, custom_rule, frames_of, inner_programs, loop_of, transforms_of
from .twin import arrays, substitutes

T = TypeVar("T")

DERIVATIONS = frozenset({"jvp", "transpose"})
"""Transformations that make up autodiff."""

JAX = Path(jax.__file__).parent

STANDING_IN = (arrays.__file__, substitutes.__file__)
"""Files of this package whose functions a user's line calls instead of those of NumPy."""

LINEAR_SOLVE = "custom_linear_solve"

MOVES = (
    *("transpose", "reshape", "broadcast_in_dim", "squeeze", "expand_dims", "rev", "copy"),
    *("slice", "dynamic_slice", "gather", "concatenate", "select_n", "neg", "abs"),
)
"""Operations that compute no new digits: narrow data stay as exact as they are."""


def equations(jaxpr: Jaxpr) -> Iterator[JaxprEqn]:
    """Yields every equation of a program, those of its inner programs included."""
    for equation in jaxpr.eqns:
        yield equation
        for inner in inner_programs(equation):
            yield from equations(getattr(inner, "jaxpr", inner))


def divided(scan: JaxprEqn, operands: Sequence[T]) -> tuple[Sequence[T], Sequence[T], Sequence[T]]:
    """Divides the operands of a loop, or values for them, into fixed, carried and row by row."""
    loop = loop_of(scan)
    assert loop is not None  # other operations have no inner programs
    end = loop.fixed + loop.carried
    return operands[: loop.fixed], operands[loop.fixed : end], operands[end:]


def multiplies_matrices(jaxpr: Jaxpr) -> bool:
    """Whether a program contains a product with a matrix, or a convolution."""
    return any(
        equation.primitive.name == "conv_general_dilated"
        or (
            equation.primitive.name == "dot_general"
            and any(getattr(operand.aval, "ndim", 0) > 1 for operand in equation.invars)
        )
        for equation in equations(jaxpr)
    )


def depends_on(jaxpr: Jaxpr, count: int) -> bool:
    """Whether a program uses any of its first arguments, so many of them."""
    # Literals cannot be hashed.
    used = [*jaxpr.outvars, *(v for equation in jaxpr.eqns for v in equation.invars)]
    arguments = set(jaxpr.invars[:count])
    return any(not isinstance(v, Literal) and v in arguments for v in used)


def dtype_of(variable: Any) -> Any:
    """Returns the dtype of a variable of a program; None for a token, which has none."""
    return getattr(variable.aval, "dtype", None)


def is_float(variable: Any) -> bool:
    """Whether a variable of a program holds real numbers."""
    dtype = dtype_of(variable)
    return dtype is not None and jnp.issubdtype(dtype, jnp.floating)


def coarsest_epsilon(jaxpr: Jaxpr) -> float:
    """Returns the unit of rounding of the narrowest floating type in which a program computes.

    Operations that only move data, such as a transpose, round nothing and do not count.
    """
    computing = [each for each in equations(jaxpr) if not is_exact(each)]
    dtypes = [dtype_of(v) for equation in computing for v in equation.outvars]
    inexact = {
        dtype for dtype in dtypes if dtype is not None and jnp.issubdtype(dtype, jnp.inexact)
    }
    return max((float(jnp.finfo(dtype).eps) for dtype in inexact), default=0.0)


def is_exact(equation: JaxprEqn) -> bool:
    """Whether an operation itself rounds nothing: 2 * X.T of narrow data is exact."""
    if equation.primitive.name == "mul":
        literals = [v.val for v in equation.invars if isinstance(v, Literal)]
        return any(map(_is_power_of_two, literals))
    return equation.primitive.name in MOVES or bool(inner_programs(equation))


def _is_power_of_two(number: Any) -> bool:
    """Whether a number is plus or minus a power of two, or i times one."""
    parts = np.real(number), np.imag(number)
    return any(
        np.abs(np.frexp(np.float64(one))[0]) == 0.5 and other == 0
        for one, other in (parts, parts[::-1])
    )


def differentiates(jaxpr: Jaxpr) -> bool:
    """Whether autodiff made a part of a program.

    A linear solve holds the transposed solve, which JAX makes for a derivative that may be taken.
    """
    return any(
        is_derived(equation)
        or any(differentiates(getattr(each, "jaxpr", each)) for each in inner_programs(equation))
        for equation in jaxpr.eqns
        if equation.primitive.name != LINEAR_SOLVE
    )


def is_derived(equation: JaxprEqn) -> bool:
    """Whether autodiff made an operation; a scope that the user named does not count."""
    return not DERIVATIONS.isdisjoint(transforms_of(equation))


def custom_rules(jaxpr: Jaxpr) -> tuple[str, ...]:
    """Returns the functions with rules of their own for autodiff that a program calls.

    Each has its file and line. Those of JAX itself are left out.
    """
    functions = {}
    for equation in equations(jaxpr):
        if equation.primitive.name in CUSTOM:
            origin = custom_rule(equation).origin
            if origin.file and JAX not in Path(origin.file).parents:
                functions[f"{origin.name} at {Path(origin.file).name}:{origin.line}"] = None
    return tuple(functions)


def place_of(equation: JaxprEqn) -> Place | None:
    """Returns the expression of the user's code that an operation comes from, if known.

    An operation inside of a compiled function of a library, such as `jnp.where`, may carry the
    place of the first call of that function; use the place of the present call there.
    """
    place = None
    for code, instruction in reversed(frames_of(equation)):
        if code.co_filename in STANDING_IN:
            continue  # what stands for a function of NumPy is called by the user's line
        if is_ours(code.co_filename):
            place = None  # the callers of this package are no part of the function
        elif is_users(code.co_filename):
            function = (code.co_qualname, code.co_firstlineno)
            place = replace(place_in(code, instruction), function=function, caller=place)
    return place
