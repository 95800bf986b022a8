"""The branches of one choice in words, each as the end of a sentence: "`x > 20` is true"."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from jax.extend.core import JaxprEqn

from ..._foundation.user_code import Place
from ..._foundation.wording import short
from ..._introspection.jax_internals import programs_in, sorted_axis
from ..._introspection.jaxprs import dtype_of, place_of
from ..._introspection.library import Chooser
from ..._results.branch import Branch

CONSTANT, DATA, PARAMETERS = range(3)
"""Kinds of dependency of a number, the strongest last."""

OF_DATA = "that depends on the data alone; give data that reach it"
THIN = "single points reach it; give one as x0 if it matters"


@dataclass(frozen=True, eq=False)
class Facts:
    """The facts about a number in a program that are known before it runs.

    Attributes:
        source: The kind of its dependency.
        maker: The operation of the user's that made it, if it is a boolean.
        literal: The number itself, if it is a literal of the program.
    """

    source: int = CONSTANT
    maker: JaxprEqn | None = None
    literal: float | None = None


def strongest(operands: Sequence[Facts]) -> int:
    """Returns the kind of dependency of a number that is computed from these."""
    return max((facts.source for facts in operands), default=CONSTANT)


def holds(variable: Any, kind: type) -> bool:
    """Whether a variable of a program has this kind of dtype; a token has none."""
    dtype = dtype_of(variable)
    return dtype is not None and bool(jnp.issubdtype(dtype, kind))


@dataclass(frozen=True, eq=False)
class Call:
    """The call in a line of the user's that contains an operation.

    Attributes:
        place: The place of the call; None if unknown.
        direct: Whether the line is this operation and nothing more.
        chooser: The way in which the called function chooses, if it is called to choose.
    """

    place: Place | None
    direct: bool = False
    chooser: Chooser | None = None


def chooses_by(equation: JaxprEqn) -> int | None:
    """Returns the number of the operand by which an operation chooses: a boolean or a branch.

    None for one that compares numbers by itself, such as `max`, and for others.
    """
    if equation.primitive.name in SELECTS:
        return 0
    masked = equation.primitive.name in MASKED and not holds(equation.outvars[0], jnp.bool_)
    masks = [number for number, v in enumerate(equation.invars) if holds(v, jnp.bool_)]
    return masks[0] if masked and masks else None


def branches(equation: JaxprEqn, operands: Sequence[Facts], call: Call) -> tuple[Branch, ...]:
    """Returns the branches of a choice in the order of its cases; none if it is no choice.

    Args:
        equation: An operation whose name is among `KINDS`, or the call of a function that
            chooses by the sign of its first argument.
        operands: The facts about its operands.
        call: The user's call that contains it.
    """
    name, number = equation.primitive.name, chooses_by(equation)
    by_first = name == "sort" or name not in KINDS
    chooses = strongest(
        operands[:1] if by_first else operands if number is None else [operands[number]]
    )
    if chooses == CONSTANT or (name == "sort" and chooses == DATA):
        return ()
    source = "data" if chooses == DATA else "parameters"
    return tuple(
        Branch(words, there.file, there.line, source, note=OF_DATA if chooses == DATA else note)
        for words, there, note in KINDS.get(name, _signed)(equation, operands, call)
    )


Described = Iterator[tuple[str, Place, str]]
"""Words of each branch, its place, and the reason why it is not sought."""


def _selected(equation: JaxprEqn, operands: Sequence[Facts], call: Call) -> Described:
    place, operand = call.place, chooses_by(equation)
    assert place is not None
    assert operand is not None
    maker = operands[operand].maker
    if maker is None and not holds(equation.invars[operand], jnp.bool_):
        yield from _numbered(equation, call)
        return
    origin = None if maker is None else place_of(maker)
    if call.chooser is not None and call.chooser.numbered and origin in (None, place):
        return  # a guard of the number of the branch
    condition, there = f"the condition of `{place.text}`", place
    if origin is not None and origin.text and origin != place:
        condition, there = f"`{origin.text}`", origin
    for answer, thin in (("false", "ne"), ("true", "eq")):
        single = maker is not None and maker.primitive.name == thin
        floating = maker is not None and holds(maker.invars[0], jnp.floating)
        yield f"{condition} is {answer}", there, THIN if single and floating else ""


def _numbered(equation: JaxprEqn, call: Call) -> Described:
    place, cases = call.place, programs_in(equation) or equation.invars[1:]
    assert place is not None
    for number in range(len(cases)):
        words = f"takes branch {number}"
        if call.chooser is not None and call.chooser.default_first:
            words = f"takes choice {number}" if number else "takes its default"
        yield f"`{place.text}` {words}", place, ""


def _extreme(equation: JaxprEqn, operands: Sequence[Facts], call: Call) -> Described:
    """Yields the branches of `max(a, b)` and `min(a, b)`: the first number, or the second."""
    place, name = call.place, equation.primitive.name
    assert place is not None
    literals = [facts.literal for facts in operands]
    if any(number is not None and math.isinf(number) for number in literals):
        return  # a bound at infinity
    words = extreme(name, place, *literals)
    bounded = call.chooser is not None and call.chooser.bounded
    if literals == [None, None] and bounded:  # JAX puts the bound first
        side, end = ("above", "lower") if name == "max" else ("below", "upper")
        words = [f"`{place.text}` is {each} {end} bound" for each in ("at its", f"{side} its")]
    for each in words:
        yield each, place, ""


def _clamped(equation: JaxprEqn, operands: Sequence[Facts], call: Call) -> Described:
    assert call.place is not None
    for each in bounded(call.place):
        yield each, call.place, ""


def _signed(equation: JaxprEqn, operands: Sequence[Facts], call: Call) -> Described:
    assert call.place is not None
    if not holds(equation.invars[0], jnp.complexfloating):  # a complex number has no sign
        for each in signed(call.place):
            yield each, call.place, ""


def _ordered(equation: JaxprEqn, operands: Sequence[Facts], call: Call) -> Described:
    """Yields the branches of a sort: the order at the first point, or another one."""
    assert call.place is not None
    shape: tuple[int, ...] = getattr(equation.invars[0].aval, "shape", ())
    count = shape[sorted_axis(equation)]
    for each in ordered(call.place, count):
        yield each, call.place, ""


def bounds(name: str, operands: Sequence[Facts]) -> dict[int, tuple[int, int]]:
    """Returns the bounds among the operands of an operation; see `Choice`."""
    pairs = {"max": {0: (0, 1), 1: (1, 0)}, "clamp": {0: (0, 1), 2: (2, 1)}}
    pairs["min"] = pairs["max"]
    return {
        branch: (bound, number)
        for branch, (bound, number) in pairs.get(name, {}).items()
        if operands[bound].source != PARAMETERS
    }


def conditional(place: Place) -> list[str]:
    """Returns the branches of a condition: an expression is false, or true."""
    return [f"`{place.text}` is {answer}" for answer in ("false", "true")]


def extreme(
    name: str, place: Place, first: float | None = None, second: float | None = None
) -> list[str]:
    """Returns the branches of a maximum or minimum of two numbers, which may be literals."""
    limit = second if first is None else first
    if limit is None:
        return [f"`{place.text}` takes its {which} argument" for which in ("first", "second")]
    side = "above" if "max" in name else "below"
    words = [f"`{place.text}` is {each}{short(limit)}" for each in ("", f"{side} ")]
    return words[::-1] if first is None else words


def bounded(place: Place) -> list[str]:
    """Returns the branches of a function that keeps a number between two others."""
    where = ("at its lower bound", "between its bounds", "at its upper bound")
    return [f"`{place.text}` is {each}" for each in where]


PLACES = 8
"""Largest count of sorted numbers of which each place is a branch."""


def ordered(place: Place, count: int) -> list[str]:
    """The branches of an operation that sorts `count` numbers.

    There are too many orders to test each. What comes of an order is often one place in it, as
    the middle or the end, so that where there are few, another number has to take each place.
    """
    order = f"the order in `{place.text}`"
    others = [f"another entry has place {number + 1} of {order}" for number in range(count)]
    if count > PLACES:
        others = [f"{order} is another one"]
    return [f"{order} is that of the first point", *others]


def places(order: Any, count: int) -> list[Any]:
    """What the branches are told by, which is compared with the first point: orders, or places."""
    each = [order[..., number] for number in range(count)] if count <= PLACES else [order]
    return [order, *each]


def signed(place: Place) -> list[str]:
    """Returns the branches of an absolute value."""
    return [f"the argument of `{place.text}` is {side} 0" for side in ("below", "above")]


SELECTS = frozenset({"select_n", "cond"})
"""Operations whose first operand chooses between the other ones, or between programs."""

MASKED = frozenset({"convert_element_type", "dot_general"})
"""Operations that use a boolean as a number, 1 or 0."""

KINDS = {
    **dict.fromkeys(SELECTS | MASKED, _selected),
    "max": _extreme,
    "min": _extreme,
    "clamp": _clamped,
    "abs": _signed,
    "sign": _signed,
    "sort": _ordered,
}
"""Operations that choose, and the functions that describe their branches."""
