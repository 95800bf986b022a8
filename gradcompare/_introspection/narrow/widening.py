"""The same program with float64 in place of narrower floating types.

A program in bfloat16 is a staircase: its differences show the stairs, and not the derivative of
the formula. In float64 the same operations, in the same order, show whether the derivation is
right. Integers stay integers, and what rounds on purpose, such as `floor`, stays as it is.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, Literal

from ..jaxprs import dtype_of, place_of
from .parameters import with_wide_parameters
from .types import exact_literal, is_narrow, may_be_rounded, number_of, wide

CLOSED = ("pure_callback", "io_callback", "pallas_call", "ffi_call", "custom_partitioning")
"""Operations that run code in which types cannot be changed."""

BITS = "bitcast_convert_type"
"""Operation that takes the bits of a number for another."""

ROUNDS = "reduce_precision"
"""Operation that rounds to a narrower type without a change of type."""


class CannotWidenError(Exception):
    """A program has an operation without a meaning in float64."""


class Widening:
    """The change of programs to float64.

    Literals keep the value that they have in the narrow type, except the irrational ones of JAX's
    own rules for derivatives.

    Attributes:
        moved: The direction, 1 or -1, in which to move a narrow literal by half a unit in the
            last place; the others stay.
    """

    def __init__(self, moved: Mapping[complex, float] = MappingProxyType({})) -> None:
        self.moved = moved
        self._programs: dict[int, tuple[Any, Any]] = {}

    def of(self, program: Any) -> Any:
        """Returns a program in float64.

        Raises:
            CannotWidenError: if it has an operation without a meaning in float64.
        """
        # Programs that occur twice stay one. The original is kept, so that its id stays its own.
        if id(program) not in self._programs:
            closed = isinstance(program, ClosedJaxpr)
            result = self._closed(program) if closed else self._open(program)
            self._programs[id(program)] = (program, result)
        return self._programs[id(program)][1]

    def _closed(self, program: ClosedJaxpr) -> ClosedJaxpr:
        pairs = zip(program.jaxpr.constvars, program.consts, strict=True)
        consts = [self._constant(variable, constant) for variable, constant in pairs]
        # Not `of`: in JAX 0.12 a program that has its constants is its own `jaxpr`.
        return ClosedJaxpr(self._open(program.jaxpr), consts)

    def _open(self, jaxpr: Jaxpr) -> Jaxpr:
        atoms: dict[Any, Any] = {}

        def new(v: Any) -> Any:
            atoms[v] = _wide_variable(v)
            return atoms[v]

        def read(v: Any) -> Any:
            return self._literal(v) if isinstance(v, Literal) else atoms[v]

        constvars, invars = [new(v) for v in jaxpr.constvars], [new(v) for v in jaxpr.invars]
        operations: list[JaxprEqn] = []
        for equation in jaxpr.eqns:
            operands = [read(v) for v in equation.invars]
            if equation.primitive.name == ROUNDS:
                atoms[equation.outvars[0]] = operands[0]
            elif equation.primitive.name == BITS:
                operations += _from_bits(equation, operands, new(equation.outvars[0]))
            else:
                _require_open(equation)
                results = [new(v) for v in equation.outvars]
                changes = {"invars": operands, "outvars": results}
                operations.append(with_wide_parameters(equation, self.of, **changes))
        outvars = [read(v) for v in jaxpr.outvars]
        return jaxpr.replace(constvars=constvars, invars=invars, outvars=outvars, eqns=operations)

    def _constant(self, variable: Any, constant: Any) -> Any:
        dtype = dtype_of(variable)
        if not is_narrow(dtype):
            return constant
        if np.ndim(constant) == 0:
            return self._literal(Literal(constant, variable.aval)).val
        return np.asarray(constant).astype(wide(dtype))

    def _literal(self, literal: Literal) -> Literal:
        dtype = dtype_of(literal)
        if not is_narrow(dtype):
            return literal
        number, exact = np.asarray(literal.val).astype(wide(dtype))[()], exact_literal(literal)
        if may_be_rounded(literal) and number_of(literal) in self.moved:
            info, least = jnp.finfo(dtype), 0.0
            if not np.iscomplexobj(number):
                least = float(info.smallest_subnormal) / abs(number)
            number *= 1 + self.moved[number_of(literal)] * max(float(info.eps), least) / 2
        elif exact is not None:
            number = np.float64(exact)
        return Literal(number, _wide_aval(literal.aval))


def _require_open(equation: JaxprEqn) -> None:
    """Raises an error for an operation whose types cannot be changed."""
    variables = (*equation.invars, *equation.outvars)
    if equation.primitive.name in CLOSED and any(is_narrow(dtype_of(v)) for v in variables):
        raise CannotWidenError(_refusal(equation))


def _refusal(equation: JaxprEqn) -> str:
    place = place_of(equation)
    where = equation.primitive.name if place is None else str(place)
    return f"{where} has no meaning in another type"


def _from_bits(equation: JaxprEqn, operands: list[Any], result: Any) -> list[JaxprEqn]:
    """Returns the operations that make a wide number of bits: the same number, then converted.

    Random numbers are made so.
    """
    (before,), (after,) = equation.invars, equation.outvars
    if is_narrow(dtype_of(before)):
        raise CannotWidenError(_refusal(equation))
    if not is_narrow(dtype_of(after)):
        return [equation.replace(invars=operands, outvars=[result])]
    shape = jax.ShapeDtypeStruct(getattr(after.aval, "shape", ()), dtype_of(after))
    dtype = wide(dtype_of(after))
    (convert,) = jax.make_jaxpr(lambda bits: jax.lax.convert_element_type(bits, dtype))(shape).eqns
    return [
        equation.replace(invars=operands),
        convert.replace(invars=[after], outvars=[result]),
    ]


def _wide_variable(variable: Any) -> Any:
    return type(variable)(_wide_aval(variable.aval))


def _wide_aval(aval: Any) -> Any:
    dtype = getattr(aval, "dtype", None)
    return aval.update(dtype=wide(dtype)) if is_narrow(dtype) else aval
