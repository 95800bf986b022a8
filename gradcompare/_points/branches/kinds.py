"""The arms of one choice in words, each as the end of a sentence: "`x > 20` is true"."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from jax.extend.core import JaxprEqn

from ..._foundation.user_code import Place
from ..._foundation.wording import short
from ..._introspection.jax_internals import programs_in
from ..._introspection.jaxprs import dtype_of, place_of
from ..._results.arm import Arm

CONSTANT, DATA, PARAMETERS = range(3)
"""What a number depends on, the strongest last."""

OF_DATA = "that depends on the data alone; give data that reach it"
THIN = "single points reach it; give one as x0 if it matters"

BOUND = frozenset({"clip", "clamp"})
"""Functions that keep a number between two others."""

DEFAULT_FIRST = frozenset({"select", "piecewise"})
"""Functions with a list of choices, whose default is the first branch of the program."""

NUMBERED = DEFAULT_FIRST | {"cond", "switch"}
"""Functions that choose by the number of a branch."""


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


def arms(equation: JaxprEqn, given: Sequence[Facts], place: Place) -> tuple[Arm, ...]:
    """Returns the arms of a choice in the order of its cases; none if it is no choice.

    Args:
        equation: An operation whose name is among `KINDS`.
        given: What is known of its operands.
        place: Where the user called what contains it.
    """
    name = equation.primitive.name
    chooses = strongest(given[:1] if name in SELECTS else given)
    if chooses == CONSTANT or (name == "clamp" and place.calls not in BOUND):
        return ()  # the index of a switch is kept between its branches by a clamp
    source = "data" if chooses == DATA else "parameters"
    return tuple(
        Arm(words, there.file, there.line, source, note=OF_DATA if chooses == DATA else note)
        for words, there, note in KINDS[name](equation, given, place)
    )


Described = Iterator[tuple[str, Place, str]]
"""The words of each arm, where it stands, and why it is not sought."""


def _selected(equation: JaxprEqn, given: Sequence[Facts], place: Place) -> Described:
    made_by = given[0].made_by
    if made_by is None and not holds(equation.invars[0], jnp.bool_):
        yield from _numbered(equation, place)
        return
    made = None if made_by is None else place_of(made_by)
    if place.calls in NUMBERED and made in (None, place):
        return  # a guard that goes with the number of the branch
    condition, there = f"the condition of `{place.text}`", place
    if made is not None and made.text and made != place:
        condition, there = f"`{made.text}`", made
    for answer, thin in (("false", "ne"), ("true", "eq")):
        single = made_by is not None and made_by.primitive.name == thin
        floating = made_by is not None and holds(made_by.invars[0], jnp.floating)
        yield f"{condition} is {answer}", there, THIN if single and floating else ""


def _numbered(equation: JaxprEqn, place: Place) -> Described:
    branches = programs_in(equation) or equation.invars[1:]
    for number in range(len(branches)):
        words = f"takes branch {number}"
        if place.calls in DEFAULT_FIRST:
            words = f"takes choice {number}" if number else "takes its default"
        yield f"`{place.text}` {words}", place, ""


def _extreme(equation: JaxprEqn, given: Sequence[Facts], place: Place) -> Described:
    """Of `max(a, b)` and `min(a, b)`: the first number is taken, or the second."""
    name, literals = equation.primitive.name, [facts.literal for facts in given]
    words = extreme(name, place, *literals)
    if literals == [None, None] and place.calls in BOUND:  # JAX puts the bound first
        side, end = ("above", "lower") if name == "max" else ("below", "upper")
        words = [f"`{place.text}` is {each} {end} bound" for each in ("at its", f"{side} its")]
    for each in words:
        yield each, place, ""


def _clamped(equation: JaxprEqn, given: Sequence[Facts], place: Place) -> Described:
    for each in bounded(place):
        yield each, place, ""


def _absolute(equation: JaxprEqn, given: Sequence[Facts], place: Place) -> Described:
    for each in signed(place):
        yield each, place, ""


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


def signed(place: Place) -> list[str]:
    """The arms of an absolute value."""
    return [f"the argument of `{place.text}` is {side} 0" for side in ("below", "above")]


SELECTS = frozenset({"select_n", "cond"})
"""They choose with their first operand."""

KINDS = {
    "select_n": _selected,
    "cond": _selected,
    "max": _extreme,
    "min": _extreme,
    "clamp": _clamped,
    "abs": _absolute,
}
"""The operations that choose, and what their arms are called."""
