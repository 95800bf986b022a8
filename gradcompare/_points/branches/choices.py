"""The choices that a program makes between its branches, by the lines of the user's code.

A choice is an operation that takes one of several branches: `select_n`, `cond`, `max`, `min`,
`clamp`, `abs`, `sign`, `sort`, or a comparison that becomes a number, as in `(x > 0) * x`. A
gradient that is correct on one branch may be wrong on another. This module reads choices from the
traced program, whatever the names of the functions in the user's code. A library's own choices
are not the user's: the guards inside of `logaddexp`, indices below zero, the largest entry of an
array. The body of a `while_loop` and calls on the host are not examined; the report says so.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, Literal, Var

from ..._foundation.user_code import Place, is_users
from ..._introspection.jax_internals import loop_of, origin_of, programs_in
from ..._introspection.jaxprs import divided, is_derived, place_of
from ..._introspection.library import chooser, library_function
from .kinds import (
    DATA,
    KINDS,
    MASKED,
    PARAMETERS,
    Call,
    Facts,
    bounds,
    branches,
    chooses_by,
    holds,
    strongest,
)
from .nodes import Choice, Nest, Node, Unseen, divided_up
from .steps import holds_step, is_step, unfollowed

REMAT = frozenset({"remat", "remat2", "checkpoint"})
CALLS = REMAT | {
    *("jit", "pjit", "closed_call", "core_call", "custom_jvp_call", "custom_vjp_call"),
}
"""Operations that hand their operands to an inner program one by one."""

PASSES = frozenset(
    {
        *("convert_element_type", "broadcast_in_dim", "reshape", "squeeze", "transpose", "copy"),
        "stop_gradient",
    }
)
"""Operations that keep a number, in another place or type."""

OPENED = CALLS | {"scan", "cond", "while"}
"""Operations with inner programs, which are examined themselves or not at all."""

CLOSED = {
    "while": "a loop whose length is not known",
    "pure_callback": "a call on the host",
    "io_callback": "a call on the host",
    "ffi_call": "a call of compiled code",
    "pallas_call": "a kernel",
}
"""Operations whose inside is not examined, with descriptions."""


@dataclass(frozen=True)
class Surroundings:
    """The context of a part of a program.

    Attributes:
        call: The call of a library's function that contains it, if any.
        loops: The lengths of the loops around it.
        derived: Whether autodiff made it.
        unplaced: Number of operations of each name so far without a known line.
    """

    call: Call | None = None
    loops: tuple[int, ...] = ()
    derived: bool = False
    unplaced: Counter[str] = field(default_factory=Counter)


def choices(program: ClosedJaxpr, parameters: int) -> tuple[tuple[Node, ...], tuple[str, ...]]:
    """Returns the choices of a program, and descriptions of unexamined parts.

    Only parts that the parameters reach are described. The first `parameters` arguments of the
    program are parameters, the others data.
    """
    count = len(program.jaxpr.invars)
    facts = [Facts(PARAMETERS if number < parameters else DATA) for number in range(count)]
    nodes, unseen = divided_up(_walk(program.jaxpr, facts, Surroundings()))
    steps = unfollowed(each.words for each in unseen if each.steps)
    closed = dict.fromkeys(each.words for each in unseen if not each.steps)
    return nodes, (*closed, *filter(None, [steps]))


def _walk(jaxpr: Jaxpr, facts: Sequence[Facts], around: Surroundings) -> Iterator[Node | Unseen]:
    by_variable: dict[Var, Facts] = dict(zip(jaxpr.invars, facts, strict=True))
    for equation in jaxpr.eqns:
        here = replace(around, derived=True) if is_derived(equation) else around
        operands = [_facts(operand, by_variable) for operand in equation.invars]
        yield from _choice(equation, operands, here)
        yield from _closed(equation, operands, here)
        if equation.primitive.name not in OPENED and is_step(equation):
            yield from _stepping(equation, operands, here)
        inside = [divided_up(part) for part in _inside(equation, operands, here)]
        for _, unseen in inside:
            yield from unseen
        inner = tuple(nodes for nodes, _ in inside)
        if any(inner):
            yield Nest(equation, inner)
        by_variable |= dict.fromkeys(equation.outvars, _result(equation, operands, here))


def _facts(operand: Var | Literal, by_variable: dict[Var, Facts]) -> Facts:
    if not isinstance(operand, Literal):
        return by_variable.get(operand, Facts())  # an array that was captured is constant
    real = np.ndim(operand.val) == 0 and not np.iscomplexobj(operand.val)
    return Facts(literal=float(operand.val) if real else None)


def _result(equation: JaxprEqn, operands: Sequence[Facts], around: Surroundings) -> Facts:
    """Returns the facts about the results of an operation."""
    if equation.primitive.name in PASSES:
        return operands[0]
    boolean = bool(equation.outvars) and holds(equation.outvars[0], jnp.bool_)
    return Facts(strongest(operands), equation if boolean and around.call is None else None)


def _choice(
    equation: JaxprEqn, operands: Sequence[Facts], around: Surroundings
) -> Iterator[Choice]:
    name = equation.primitive.name
    if name not in KINDS and name not in CALLS:
        return
    if equation.primitive.name == "cond" and not programs_in(equation):  # it cannot be read
        return
    call = around.call or _called(equation)
    if name in CALLS:
        # A function that chooses by the sign of its first argument is one choice as a whole.
        chooses = around.call is None and call.chooser is not None and call.chooser.signed
    else:
        chooses = _is_users(equation, operands, call, around)
    if not chooses:
        return
    if call.place is None:
        around.unplaced[name] += 1
        text = f"{name} no. {around.unplaced[name]}"
        call = replace(call, place=Place("", 0, text=text))
    cases = branches(equation, operands, call)
    if cases:
        operand = chooses_by(equation)
        chosen = equation.outvars[0] if operand is None else equation.invars[operand]
        shape = () if name == "sort" else (*around.loops, *getattr(chosen.aval, "shape", ()))
        yield Choice(equation, cases, shape, bounds(name, operands), around.derived)


def _called(equation: JaxprEqn) -> Call:
    """Returns the call in the user's line that made an operation."""
    function = library_function(equation)
    return Call(place_of(equation), function is None, chooser(function))


def _is_users(
    equation: JaxprEqn, operands: Sequence[Facts], call: Call, around: Surroundings
) -> bool:
    """Whether an operation that chooses is the user's choice.

    It is if the line is this operation, or calls a function that chooses by it; and if the
    condition is an expression of the user's, whatever function receives it. Autodiff's version of
    a choice has a condition of its own, with the place of that choice.
    """
    name, operand = equation.primitive.name, chooses_by(equation)
    maker = None if operand is None else operands[operand].maker
    origin = None if maker is None else place_of(maker)
    own = origin is not None and origin != call.place
    if call.chooser is not None and name not in call.chooser.primitives:
        return False
    if name in MASKED or (operand is not None and around.derived):
        return own
    return own or call.direct or call.chooser is not None


def _closed(
    equation: JaxprEqn, operands: Sequence[Facts], around: Surroundings
) -> Iterator[Unseen]:
    """Yields an unexamined operation of the user's that the parameters reach."""
    name = equation.primitive.name
    if name not in CLOSED or strongest(operands) != PARAMETERS or around.call is not None:
        return
    place = place_of(equation)
    if place is not None:
        yield Unseen(f"there is {CLOSED[name]}, {place}, which is not looked into")


def _stepping(
    equation: JaxprEqn, operands: Sequence[Facts], around: Surroundings
) -> Iterator[Unseen]:
    """Yields a step that the parameters reach, but for those of autodiff."""
    place = place_of(equation) if around.call is None else around.call.place
    if place is not None and strongest(operands) == PARAMETERS and not around.derived:
        yield Unseen(str(place), steps=True)


def _inside(
    equation: JaxprEqn, operands: list[Facts], around: Surroundings
) -> Iterator[Iterator[Node | Unseen]]:
    """Yields the choices of each inner program, for operations that are examined."""
    name = equation.primitive.name
    if name in CALLS:
        for program in programs_in(equation):
            deeper = _entered(equation, program, around)
            masked = any(facts.maker is not None for facts in operands)
            if deeper.call is None or deeper.call.chooser is not None or masked:
                yield _walk(program.jaxpr, operands, deeper)
            elif holds_step(program.jaxpr):
                yield _stepping(equation, operands, deeper)
    elif name == "scan" and (loop := loop_of(equation)) is not None:
        loops, body = (*around.loops, loop.length), loop.body.jaxpr
        yield _walk(body, _in_loop(equation, operands), replace(around, loops=loops))
    elif name == "cond":
        for branch in programs_in(equation):
            yield _walk(branch.jaxpr, operands[1:], around)


def _entered(equation: JaxprEqn, program: ClosedJaxpr, around: Surroundings) -> Surroundings:
    """Returns the context of the inside of a call.

    JAX keeps the programs of compiled functions: operations inside of `jnp.where` may carry the
    line of another `jnp.where`, traced before. So the line of the call replaces theirs.
    """
    if around.call is not None or equation.primitive.name in REMAT:
        return around
    file = origin_of(program.jaxpr).file
    if file and is_users(file):
        return around
    return replace(around, call=_called(equation))


def _in_loop(equation: JaxprEqn, operands: list[Facts]) -> list[Facts]:
    """Returns the facts in the body of a loop; carried values may depend on all operands."""
    fixed, carry, rows = divided(equation, operands)
    through = Facts(strongest(operands))
    rest = [replace(facts, maker=None) for facts in rows]
    return [*fixed, *[through] * len(carry), *rest]
