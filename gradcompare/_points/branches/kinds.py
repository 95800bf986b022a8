"""The arms of one choice in words, each as the end of a sentence: "`x > 20` is true"."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from jax.extend.core import JaxprEqn

from ..._foundation.user_code import Place
from ..._foundation.wording import short
from ..._introspection.jaxprs import dtype_of, place_of
from ..._introspection.library import Chooser
from ..._results.arm import Arm

CONSTANT, DATA, PARAMETERS = range(3)
"""What a number depends on, the strongest last."""

OF_DATA = "that depends on the data alone; give data that reach it"
THIN = "single points reach it; give one as x0 if it matters"


@dataclass(frozen=True, eq=False)
class Facts:
    """What is known of a number in a program before it runs.

    Attributes:
        source: What it depends on.
        made_by: The operation of the user's that made it, where it is true or false.
        literal: The number itself, if it stands in the program.
    """

    source: int = CONSTANT
    made_by: JaxprEqn | None = None
    literal: float | None = None


def strongest(given: Sequence[Facts]) -> int:
    """What a number depends on that is made of these."""
    return max((facts.source for facts in given), default=CONSTANT)


def holds(variable: Any, kind: type) -> bool:
    """Whether a variable of a program is of such a dtype; one without any, as a token, is not."""
    dtype = dtype_of(variable)
    return dtype is not None and bool(jnp.issubdtype(dtype, kind))


@dataclass(frozen=True, eq=False)
class Call:
    """What a line of the user's calls that contains an operation.

    Attributes:
        place: Where; None if that is not known.
        direct: Whether the line asks for this operation and nothing more.
        chooser: How the function called chooses, if it is called in order to choose.
    """

    place: Place | None
    direct: bool = False
    chooser: Chooser | None = None


def chooses_by(equation: JaxprEqn) -> int | None:
    """Returns which operand an operation chooses by: true or false, or the number of a branch.

    None for one that compares numbers by itself, such as `max`, and for what does not choose.
    """
    if equation.primitive.name in SELECTS:
        return 0
    masked = equation.primitive.name in MASKED and not holds(equation.outvars[0], jnp.bool_)
    masks = [number for number, v in enumerate(equation.invars) if holds(v, jnp.bool_)]
    return masks[0] if masked and masks else None


def arms(equation: JaxprEqn, given: Sequence[Facts], call: Call) -> tuple[Arm, ...]:
    """Returns the arms of a choice in the order of its cases; none if it is no choice.

    Args:
        equation: An operation whose name is among `KINDS`, or the call of a function that
            chooses by the sign of its first argument.
        given: What is known of its operands.
        call: What the user called that contains it.
    """
    name, number = equation.primitive.name, chooses_by(equation)
    by_first = name == "sort" or name not in KINDS
    chooses = strongest(given[:1] if by_first else given if number is None else [given[number]])
    if chooses == CONSTANT or (name == "sort" and chooses == DATA):
        return ()
    source = "data" if chooses == DATA else "parameters"
    return tuple(
        Arm(words, there.file, there.line, source, note=OF_DATA if chooses == DATA else note)
        for words, there, note in KINDS.get(name, _signed)(equation, given, call)
    )


Described = Iterator[tuple[str, Place, str]]
"""The words of each arm, where it stands, and why it is not sought."""


def _selected(equation: JaxprEqn, given: Sequence[Facts], call: Call) -> Described:
    place, operand = call.place, chooses_by(equation)
    assert place is not None
    assert operand is not None
    made_by = given[operand].made_by
    if made_by is None and not holds(equation.invars[operand], jnp.bool_):
        yield from _numbered(equation, call)
        return
    made = None if made_by is None else place_of(made_by)
    if call.chooser is not None and call.chooser.numbered and made in (None, place):
        return  # a guard that goes with the number of the branch
    condition, there = f"the condition of `{place.text}`", place
    if made is not None and made.text and made != place:
        condition, there = f"`{made.text}`", made
    for answer, thin in (("false", "ne"), ("true", "eq")):
        single = made_by is not None and made_by.primitive.name == thin
        floating = made_by is not None and holds(made_by.invars[0], jnp.floating)
        yield f"{condition} is {answer}", there, THIN if single and floating else ""


def _numbered(equation: JaxprEqn, call: Call) -> Described:
    place, branches = call.place, equation.params.get("branches", equation.invars[1:])
    assert place is not None
    for number in range(len(branches)):
        words = f"takes branch {number}"
        if call.chooser is not None and call.chooser.default_first:
            words = f"takes choice {number}" if number else "takes its default"
        yield f"`{place.text}` {words}", place, ""


def _extreme(equation: JaxprEqn, given: Sequence[Facts], call: Call) -> Described:
    """Of `max(a, b)` and `min(a, b)`: the first number is taken, or the second."""
    place, name = call.place, equation.primitive.name
    assert place is not None
    literals = [facts.literal for facts in given]
    words = extreme(name, place, *literals)
    bounded = call.chooser is not None and call.chooser.bounded
    if literals == [None, None] and bounded:  # JAX puts the bound first
        side, end = ("above", "lower") if name == "max" else ("below", "upper")
        words = [f"`{place.text}` is {each} {end} bound" for each in ("at its", f"{side} its")]
    for each in words:
        yield each, place, ""


def _clamped(equation: JaxprEqn, given: Sequence[Facts], call: Call) -> Described:
    assert call.place is not None
    for each in bounded(call.place):
        yield each, call.place, ""


def _signed(equation: JaxprEqn, given: Sequence[Facts], call: Call) -> Described:
    assert call.place is not None
    for each in signed(call.place):
        yield each, call.place, ""


def _ordered(equation: JaxprEqn, given: Sequence[Facts], call: Call) -> Described:
    """Of what sorts: the order at the first point is taken, or another one."""
    assert call.place is not None
    shape: tuple[int, ...] = getattr(equation.invars[0].aval, "shape", ())
    for each in ordered(call.place, shape[int(equation.params["dimension"])]):
        yield each, call.place, ""


def conditional(place: Place) -> list[str]:
    """The arms of what asks whether an expression is true."""
    return [f"`{place.text}` is {answer}" for answer in ("false", "true")]


def extreme(
    name: str, place: Place, first: float | None = None, second: float | None = None
) -> list[str]:
    """The arms of a maximum or minimum of two numbers, which may be literals."""
    limit = second if first is None else first
    if limit is None:
        return [f"`{place.text}` takes its {which} argument" for which in ("first", "second")]
    side = "above" if "max" in name else "below"
    words = [f"`{place.text}` is {each}{short(limit)}" for each in ("", f"{side} ")]
    return words[::-1] if first is None else words


def bounded(place: Place) -> list[str]:
    """The arms of what keeps a number between two others."""
    where = ("at its lower bound", "between its bounds", "at its upper bound")
    return [f"`{place.text}` is {each}" for each in where]


PLACES = 8
"""With more numbers than that in order, it is not told which place another one has taken."""


def ordered(place: Place, count: int) -> list[str]:
    """The arms of what sorts so many numbers.

    There are too many orders to test each. What comes of an order is often one place in it, as
    the middle or the end, so that where there are few, another number has to take each place.
    """
    order = f"the order in `{place.text}`"
    others = [f"another entry has place {number + 1} of {order}" for number in range(count)]
    if count > PLACES:
        others = [f"{order} is another one"]
    return [f"{order} is that of the first point", *others]


def places(order: Any, count: int) -> list[Any]:
    """What the arms are told by, which is compared with the first point: orders, or places."""
    each = [order[..., number] for number in range(count)] if count <= PLACES else [order]
    return [order, *each]


def signed(place: Place) -> list[str]:
    """The arms of an absolute value."""
    return [f"the argument of `{place.text}` is {side} 0" for side in ("below", "above")]


SELECTS = frozenset({"select_n", "cond"})
"""They choose between their other operands, or programs, with their first one."""

MASKED = frozenset({"convert_element_type", "dot_general"})
"""They take what is true or false for a number, 1 or 0."""

KINDS = {
    **dict.fromkeys(SELECTS | MASKED, _selected),
    "max": _extreme,
    "min": _extreme,
    "clamp": _clamped,
    "abs": _signed,
    "sign": _signed,
    "sort": _ordered,
}
"""The operations that choose, and what their arms are called."""
