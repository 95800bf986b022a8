"""The choices that a program makes between its branches, by the lines of the user's code.

`where`, `select`, `piecewise`, `cond`, `switch`, `maximum`, `minimum`, `clip`, `relu`, `abs` and
their like take one of several arms, and a gradient that is right on one may be wrong on another.
They are read off the traced program. What a library chooses by itself is not the user's choice:
the guards inside of `logaddexp`, indices below zero, the largest entry of an array. Products with
a comparison, `(x > 0) * x`, are no choices here, and what stands in the body of a `while_loop` is
not seen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, Literal, Var

from ..._foundation.user_code import Place, is_users
from ..._introspection.jax_internals import loop_of, made_from, programs_in
from ..._introspection.jaxprs import divided, place_of
from ..._results.arm import Arm
from .kinds import DATA, KINDS, PARAMETERS, SELECTS, Facts, arms, holds, strongest

# fmt: off
CHOOSERS = frozenset({
    "where", "select", "select_n", "piecewise", "cond", "switch",
    "maximum", "minimum", "fmax", "fmin", "max", "min", "clip", "clamp",
    "relu", "relu6", "leaky_relu", "elu", "celu", "selu", "hard_tanh", "hard_sigmoid",
    "abs", "absolute", "fabs",
})
"""Functions that someone calls in order to choose."""

REMAT = frozenset({"remat", "remat2", "checkpoint"})
CALLS = REMAT | {
    "jit", "pjit", "closed_call", "core_call", "custom_jvp_call", "custom_vjp_call",
}
"""Operations that hand their operands to an inner program one by one."""

PASSES = frozenset({
    "convert_element_type", "broadcast_in_dim", "reshape", "squeeze", "transpose", "copy",
})
"""Operations after which a number is the same number, in another place or type."""
# fmt: on


@dataclass(frozen=True, eq=False)
class Choice:
    """An operation that chooses.

    Attributes:
        equation: The operation.
        arms: Its arms, in the order of its cases.
        shape: The shape of what is chosen with, the loops around it as axes in front.
    """

    equation: JaxprEqn
    arms: tuple[Arm, ...]
    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Nest:
    """An operation with inner programs that contain choices.

    Attributes:
        equation: The operation.
        inner: The choices of each of its programs.
    """

    equation: JaxprEqn
    inner: tuple[tuple["Choice | Nest", ...], ...]


Node = Choice | Nest


@dataclass(frozen=True)
class Surroundings:
    """What is around a part of a program.

    Attributes:
        library: The call of a function of a library that it is the inside of, if it is.
        loops: The lengths of the loops around it.
    """

    library: Place | None = None
    loops: tuple[int, ...] = ()


def choices(program: ClosedJaxpr, parameters: int) -> tuple[Node, ...]:
    """Returns the choices of a program whose first so many arguments are parameters."""
    count = len(program.jaxpr.invars)
    facts = [Facts(PARAMETERS if number < parameters else DATA) for number in range(count)]
    return tuple(_walk(program.jaxpr, facts, Surroundings()))


def each(nodes: Sequence[Node]) -> Iterator[Choice]:
    """Yields the choices in the order in which they are found."""
    for node in nodes:
        if isinstance(node, Choice):
            yield node
        else:
            for inner in node.inner:
                yield from each(inner)


def _walk(jaxpr: Jaxpr, facts: Sequence[Facts], around: Surroundings) -> Iterator[Node]:
    known: dict[Var, Facts] = dict(zip(jaxpr.invars, facts, strict=True))
    for equation in jaxpr.eqns:
        given = [_facts(operand, known) for operand in equation.invars]
        if equation.primitive.name in KINDS:
            yield from _choice(equation, given, around)
        inner = tuple(_inside(equation, given, around))
        if any(inner):
            yield Nest(equation, inner)
        known |= dict.fromkeys(equation.outvars, _result(equation, given, around))


def _facts(operand: Var | Literal, known: dict[Var, Facts]) -> Facts:
    if not isinstance(operand, Literal):
        return known.get(operand, Facts())  # an array that was captured is constant
    return Facts(literal=float(operand.val) if np.ndim(operand.val) == 0 else None)


def _result(equation: JaxprEqn, given: Sequence[Facts], around: Surroundings) -> Facts:
    """What is known of what an operation makes."""
    if equation.primitive.name in PASSES:
        return given[0]
    boolean = bool(equation.outvars) and holds(equation.outvars[0], jnp.bool_)
    return Facts(strongest(given), equation if boolean and around.library is None else None)


def _choice(equation: JaxprEqn, given: Sequence[Facts], around: Surroundings) -> Iterator[Choice]:
    place = around.library or place_of(equation)
    if place is None or place.calls not in CHOOSERS:
        return
    if equation.primitive.name == "cond" and not programs_in(equation):  # it cannot be read
        return
    found = arms(equation, given, place)
    if found:
        selects = equation.primitive.name in SELECTS
        shaped = (equation.invars if selects else equation.outvars)[0].aval
        yield Choice(equation, found, (*around.loops, *getattr(shaped, "shape", ())))


def _inside(
    equation: JaxprEqn, given: list[Facts], around: Surroundings
) -> Iterator[tuple[Node, ...]]:
    """Yields the choices of each inner program, for operations that are looked into."""
    name = equation.primitive.name
    if name in CALLS:
        for program in programs_in(equation):
            deeper = _entered(equation, program, around)
            if deeper is not None:
                yield tuple(_walk(program.jaxpr, given, deeper))
    elif name == "scan" and (loop := loop_of(equation)) is not None:
        loops, body = (*around.loops, loop.length), loop.body.jaxpr
        yield tuple(_walk(body, _in_loop(equation, given), replace(around, loops=loops)))
    elif name == "cond":
        for branch in programs_in(equation):
            yield tuple(_walk(branch.jaxpr, given[1:], around))


def _entered(
    equation: JaxprEqn, program: ClosedJaxpr, around: Surroundings
) -> Surroundings | None:
    """What is around the inside of a call; None if nothing in it is chosen by the user.

    JAX keeps the programs of compiled functions: what is inside of `jnp.where` may carry the
    line of another `jnp.where`, traced before. So the line of the call is taken.
    """
    if around.library is not None or equation.primitive.name in REMAT:
        return around
    file = made_from(program.jaxpr).file
    if file and is_users(file):
        return around
    place = place_of(equation)
    calls = "" if place is None else place.calls
    return replace(around, library=place) if calls in CHOOSERS else None


def _in_loop(equation: JaxprEqn, given: list[Facts]) -> list[Facts]:
    """What is known in the body of a loop: what it carries may depend on everything."""
    fixed, carry, rows = divided(equation, given)
    through = Facts(strongest(given))
    rest = [replace(facts, made_by=None) for facts in rows]
    return [*fixed, *[through] * len(carry), *rest]
