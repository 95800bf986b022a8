"""The first operation of a program that makes a non-finite result non-finite.

The program runs operation by operation; the search goes backwards from the non-finite results.
So a number that no `where` chooses, or that becomes zero again, is not blamed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, JaxprEqn, Literal, jaxpr_as_fun

from ..._foundation.user_code import Place
from ..._foundation.wording import short
from ..._introspection.jax_internals import (
    CALLS,
    CUSTOM,
    is_dropped,
    loop_of,
    part_of,
    programs_in,
)
from ..._introspection.jaxprs import divided, place_of
from ..._introspection.rewriting.replacement import place_inside
from .hidden import CHOOSES

LOOP_ROUNDS = 1000
"""Largest number of rounds of a loop that are searched."""


@dataclass(frozen=True)
class First:
    """The first operation with a result that is not finite and operands that are, on the way.

    Attributes:
        operation: Its primitive, with its operands if these are few.
        name: Its primitive.
        place: Its place in the user's code, if known.
    """

    operation: str
    name: str
    place: Place | None


def first_nonfinite(
    closed: ClosedJaxpr,
    args: Sequence[Any],
    call: JaxprEqn | None = None,
    wanted: Sequence[int] | None = None,
) -> tuple[First | None, list[int]]:
    """Runs a program, and goes back from non-finite results to the operation that made them.

    Args:
        closed: The program.
        args: Its arguments.
        call: The call of a library's function that the program is, if it is one.
        wanted: The results that are examined; all of them for None.

    Returns:
        The first operation, and the arguments that were non-finite already.
    """
    jaxpr, first = closed.jaxpr, None
    values = _run(closed, args)

    def read(v):
        return v.val if isinstance(v, Literal) else values[v]

    examined = jaxpr.outvars if wanted is None else [jaxpr.outvars[k] for k in wanted]
    broken = {v for v in examined if not isinstance(v, Literal) and not _finite(values[v])}
    for equation in reversed(jaxpr.eqns):
        results = [k for k, v in enumerate(equation.outvars) if v in broken]
        if not results:
            continue
        operands = [read(v) for v in equation.invars]
        deeper, guilty = _inside(equation, operands, call, results)
        broken.update(v for k in guilty if not isinstance(v := equation.invars[k], Literal))
        # No operand is to blame: the number arises here.
        if deeper is None and not guilty:
            words = _with_numbers(equation, operands, values[equation.outvars[results[0]]])
            deeper = First(words, equation.primitive.name, place_of(call or equation))
        # The loop runs backwards, so what is kept last runs first in the program.
        first = deeper or first
    return first, [k for k, v in enumerate(jaxpr.invars) if v in broken]


def _run(closed: ClosedJaxpr, args: Sequence[Any]) -> dict[Any, Any]:
    """Returns every number that a program computes, by its variable."""
    jaxpr = closed.jaxpr
    kept = [v for equation in jaxpr.eqns for v in equation.outvars if not is_dropped(v)]
    everything = ClosedJaxpr(part_of(jaxpr, outvars=kept), closed.consts)
    values: dict[Any, Any] = dict(zip(jaxpr.constvars, closed.consts, strict=True))
    values |= dict(zip(jaxpr.invars, args, strict=True))
    return values | dict(zip(kept, jaxpr_as_fun(everything)(*args), strict=True))


def _inside(
    equation: JaxprEqn, operands: Sequence[Any], call: JaxprEqn | None, results: Sequence[int]
) -> tuple[First | None, list[int]]:
    """Returns the same within one operation with non-finite results."""
    name = equation.primitive.name
    guilty = [k for k, value in enumerate(operands) if not _finite(value)]
    # A `where` passes on only what it chooses; the other case may be anything.
    if name == CHOOSES:
        return None, _chosen(operands)
    inner = programs_in(equation)
    # Operand 0 is the number of the branch; the arguments of the branch follow.
    if inner and name == "cond":
        branch = inner[int(np.asarray(operands[0]))]
        first, through = first_nonfinite(branch, operands[1:], call, results)
        return first, [k + 1 for k in through]
    if inner and name in (*CALLS, *CUSTOM):
        return first_nonfinite(inner[0], operands, place_inside(equation, inner[0], call), results)
    # With a non-finite operand the loop is not searched: that operand is followed instead.
    if inner and name == "scan" and not guilty:
        return _in_rounds(equation, operands, call, results), []
    return None, guilty


def _chosen(operands: Sequence[Any]) -> list[int]:
    """Returns the operands of a `where` with non-finite numbers that it chooses."""
    choice, *cases = map(np.asarray, operands)
    return [
        k + 1
        for k, case in enumerate(cases)
        if case.dtype.kind in "fc" and np.any(~np.isfinite(case) & (choice == k))
    ]


def _in_rounds(
    equation: JaxprEqn, operands: Sequence[Any], call: JaxprEqn | None, indices: Sequence[int]
) -> First | None:
    """Returns the same in a loop, from the first round with a non-finite result."""
    loop = loop_of(equation)
    assert loop is not None  # it has a program inside
    body, (fixed, carry, rows) = loop.body, divided(equation, operands)
    # A carried number may reach the results only rounds later, so all of them are examined.
    wanted, step = sorted({*range(len(carry)), *indices}), jax.jit(jaxpr_as_fun(body))
    order = range(loop.length)[:: -1 if loop.reverse else 1]
    for number in order[:LOOP_ROUNDS]:
        args = [*fixed, *carry, *(row[number] for row in rows)]
        results = step(*args)
        if not all(_finite(results[k]) for k in wanted):
            return first_nonfinite(body, args, call, wanted)[0]
        carry = results[: len(carry)]
    return None


def _with_numbers(equation: JaxprEqn, operands: Sequence[Any], result: Any) -> str:
    """Returns the operation with its operands at the first non-finite entry."""
    name, result = equation.primitive.name, np.asarray(result)
    shapes = {np.shape(each) for each in operands} - {()}
    if len(operands) > 2 or shapes - {result.shape}:
        return name
    at = np.unravel_index(np.flatnonzero(~np.isfinite(result))[0], result.shape)
    numbers = [np.asarray(each)[at] if np.shape(each) else np.asarray(each) for each in operands]
    return f"{name}({', '.join(short(float(number)) for number in numbers)})"


def _finite(value: Any) -> bool:
    array = np.asarray(value)
    return array.dtype.kind not in "fc" or bool(np.all(np.isfinite(array)))
