"""The constants as which a factor may be recognised, and their meanings."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..._foundation.user_code import Place
from ..._foundation.wording import short, with_bar
from .data import Evidence, Leaf

SIMPLE_WIDTH = 1e-3
"""Largest relative uncertainty of a factor that is called 1, −1, 2 or 1/2."""

NAME_WIDTH = 1e-5
"""The same for all other names, which are so many that some name is near any number."""

SHOWN_DIGITS = 0.01
"""Largest relative error of the digits of a factor in its distance from 1."""

INEXACT = 1e-4
"""Least distance of a factor from 1; a gradient that is nearer is right, but inexact."""

MISTYPED = 1e-3
"""Largest relative distance of a number in the code from the constant that it stands for."""

COMMON = 2
"""Largest number that is not taken for a count: squares and symmetric pairs give it too."""

MEANINGS = 3
"""Longest list of meanings of one number."""


@dataclass(frozen=True)
class Constant:
    """A number with a name.

    Attributes:
        value: The number.
        text: How it is written, such as `1/2` or `2π`.
        meaning: What it is, such as `the number of rows of X`; empty if obvious.
        width: Largest relative uncertainty of a factor with this name.
        level: How far-fetched it is; only meanings of the lowest level are reported.
        scalar: Whether the meaning is a scalar of the data.
        uncertainty: Error bar of a number without a name.
        barred: Whether it is written with its error bar.
    """

    value: float
    text: str
    meaning: str = ""
    width: float = NAME_WIDTH
    level: int = 1
    scalar: bool = False
    uncertainty: float = 0.0
    barred: bool = False

    def is_one_of(self, *numbers: float) -> bool:
        """Whether it is one of these numbers itself, and not one that is printed like it."""
        return self.uncertainty == 0 and self.value in numbers

    @property
    def inexact(self) -> bool:
        """Whether it is nearly 1, and no number in the code explains by how much."""
        return self.uncertainty > 0 and abs(self.value - 1) <= INEXACT

    def fits(self, low: float, high: float) -> bool:
        """Whether its size lies in this interval, and the interval distinguishes it from 1."""
        size, width = self.value, high - low
        apart = size == 1 or width < abs(size - 1)
        return apart and low <= size <= high and width <= self.width * size

    @property
    def words(self) -> str:
        """The number and its meaning."""
        return f"{self.text} ({self.meaning})" if self.meaning else self.text

    @property
    def undone(self) -> str:
        """The instruction that removes the factor, such as `divide by 2`."""
        return self.undone_in("")

    def undone_in(self, what: str) -> str:
        """Returns the same with an object, such as `divide that term by 2`."""
        if self.value < 0:
            verb, number = "multiply", _reciprocal(self.size)
        elif self.text.startswith("1/"):
            verb, number = "multiply", self.text[2:].strip("()")
        else:
            verb, number = "divide", self.size
        return " ".join(filter(None, [verb, what, "by", number]))

    @property
    def size(self) -> str:
        """Its text without sign and error bar."""
        return self.text.removeprefix("-").partition(" ±")[0]


def _reciprocal(bare: str) -> str:
    if bare == "1":
        return "-1"
    return f"-{bare[2:].strip('()')}" if bare.startswith("1/") else f"-1/{bare}"


SIMPLE_NUMBERS = (
    Constant(2.0, "2", width=SIMPLE_WIDTH, level=0),
    Constant(0.5, "1/2", width=SIMPLE_WIDTH, level=0),
    *(Constant(float(n), f"{n}", level=0) for n in range(3, 11)),
    *(Constant(1 / n, f"1/{n}", level=0) for n in range(3, 11)),
    Constant(2 / 3, "2/3", level=0),
    Constant(1.5, "3/2", level=0),
)

SYMBOLS = tuple(
    constant
    for value, text in (
        (math.pi, "π"),
        (2 * math.pi, "2π"),
        (4 * math.pi, "4π"),
        (math.sqrt(2), "√2"),
        (math.sqrt(math.pi), "√π"),
        (math.sqrt(2 * math.pi), "√(2π)"),
        (math.log(2), "ln 2"),
        (math.log(10), "ln 10"),
        (180 / math.pi, "(180/π)"),
    )
    for constant in (Constant(value, text), Constant(1 / value, f"1/{text}"))
)


def recognise(low: float, high: float, evidence: Evidence, *, of_data=False) -> Constant | None:
    """Returns the constant that lies in an interval, if the interval is narrow enough.

    Args:
        low: The least number that it may be.
        high: The largest.
        evidence: The source of sizes and scalars.
        of_data: Whether a scalar of the data is the likeliest meaning, reported by name.
    """
    middle = (low + high) / 2
    if not (np.isfinite(middle) and middle):
        return None
    sign = "-" if middle < 0 else ""
    sizes = (low, high) if middle > 0 else (-high, -low)
    inside = [constant for constant in _candidates(evidence) if constant.fits(*sizes)]
    scalars = [constant for constant in inside if constant.scalar]
    if of_data and scalars:
        best = min(scalars, key=lambda constant: constant.level)
        value = math.copysign(best.value, middle)
        meaning = f"{best.meaning} is {best.text}"
        return Constant(value, sign + best.meaning, meaning, best.width)
    if not inside:
        return None
    level = min(constant.level for constant in inside)
    # A plain number also counts something; but scalars are dropped, since one is always near.
    meant = [k for k in inside if k.level == max(level, 1) and not (k.scalar and level == 0)]
    best = min(inside, key=lambda constant: constant.level)
    meanings = list(dict.fromkeys(k.meaning for k in meant if k.meaning))[:MEANINGS]
    value = math.copysign(best.value, middle)
    return Constant(value, sign + best.text, ", or ".join(meanings), best.width)


def unnamed(low: float, high: float) -> Constant:
    """Returns a factor that is no known constant, with all digits that are known."""
    middle, half = (low + high) / 2, (high - low) / 2
    if half <= min(1e-6 * abs(middle), SHOWN_DIGITS * abs(abs(middle) - 1)):
        return Constant(middle, _written(middle), uncertainty=half)
    return Constant(middle, with_bar(middle, half), uncertainty=half, barred=True)


def _written(value: float) -> str:
    """Returns a number in six digits; if they hide its distance from 1, as 1 ± that distance."""
    text, beyond = short(value, 6), abs(value) - 1
    if abs(abs(float(text)) - abs(value)) <= SHOWN_DIGITS * abs(beyond):
        return text
    sign = "-" if value < 0 else ""
    return f"{sign}(1 {'+' if beyond > 0 else '-'} {short(abs(beyond))})"


def _candidates(evidence: Evidence) -> Iterator[Constant]:
    yield Constant(1.0, "1", width=SIMPLE_WIDTH, level=0)
    yield from SIMPLE_NUMBERS
    yield from SYMBOLS
    for number, place in evidence.literals.items():
        yield from _of_literal(number, place)
    yield from _dimensions(evidence)
    for leaf in evidence.data:
        if leaf.values is not None and leaf.values.size == 1:
            yield from _of_scalar(leaf.name, abs(float(leaf.values.reshape(-1)[0])))


def _dimensions(evidence: Evidence) -> Iterator[Constant]:
    sizes = list(
        itertools.chain.from_iterable(_sizes(leaf) for leaf in (*evidence.data, *evidence.leaves))
    )
    if len(evidence.leaves) > 1:
        sizes.append((evidence.d, "the number of parameters"))
    for n, meaning in sizes:
        if n <= COMMON:
            continue
        size = f"{n} is {meaning}"
        yield Constant(n, f"{n}", meaning)
        yield Constant(1 / n, f"1/{n}", size)
        further = ((2 / n, f"2/{n}"), (2 * n, f"{2 * n}"), (math.sqrt(n), f"√{n}"))
        rarer = ((1 / math.sqrt(n), f"1/√{n}"), (n / (n - 1), f"{n}/{n - 1}"))
        for value, text in (*further, *rarer, ((n - 1) / n, f"{n - 1}/{n}")):
            yield Constant(value, text, size, level=2)


def _sizes(leaf: Leaf) -> Iterator[tuple[int, str]]:
    if len(leaf.shape) == 1:
        yield leaf.shape[0], f"the length of {leaf.name}"
    elif len(leaf.shape) == 2:
        yield leaf.shape[0], f"the number of rows of {leaf.name}"
        yield leaf.shape[1], f"the number of columns of {leaf.name}"
    else:
        for axis, n in enumerate(leaf.shape):
            yield n, f"the length of axis {axis} of {leaf.name}"
    if len(leaf.shape) > 1:
        yield math.prod(leaf.shape), f"the number of entries of {leaf.name}"


def _of_literal(number: float, place: Place) -> Iterator[Constant]:
    if number in (0.0, 1.0, *(plain.value for plain in SIMPLE_NUMBERS)):
        return
    literal = f"the {short(number, 6)} in {place.where}"
    below = f"1/{number:g}" if number.is_integer() else _written(1 / number)
    yield Constant(number, _written(number), literal)
    yield Constant(1 / number, below, f"1 over {literal}")
    yield Constant(number / 2, _written(number / 2), f"half {literal}", level=2)
    yield Constant(2 * number, _written(2 * number), f"twice {literal}", level=2)
    for symbol in SYMBOLS:
        off = number / symbol.value
        if 0 < abs(off - 1) <= MISTYPED:
            for value in (off, 1 / off):
                yield Constant(value, _written(value), f"{literal} is not {symbol.text}")


def _of_scalar(name: str, s: float) -> Iterator[Constant]:
    if s in (0.0, 1.0):
        return
    near = ((s, name), (1 / s, f"1/{name}"), (s / 2, f"{name}/2"), (2 * s, f"2 {name}"))
    square = np.square(np.float64(s))  # Python's numbers raise an error where they overflow
    squares = (float(square), f"{name}²"), (float(1 / square), f"1/{name}²")
    others = (2 / s, f"2/{name}"), (s**0.5, f"√{name}"), (s**-0.5, f"1/√{name}")
    for level, ways in ((1, near), (2, (*squares, *others))):
        for value, text in ways:
            yield Constant(value, _written(value), text, level=level, scalar=True)
