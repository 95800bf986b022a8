"""The operands that divide the paths through a program, and their names.

They are the operands of an operation with several operands, and the uses of a value with several
uses; the derivative through any other operand is the same as through one of these. If the
objective is linear in an operand and in all that is computed from it, it is a term of a sum.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..._foundation.user_code import Place, within
from ..._introspection.flattening import Flat, Operation
from ..._introspection.jax_internals import summed_axes
from ..._introspection.jaxprs import is_float
from .graph import SHAPES, Graph
from .paths import Ways

SUMS = ("add", "sub", "add_any")


@dataclass(frozen=True)
class Edge:
    """An operand of an operation.

    Attributes:
        key: The number of the operation, and that of the operand.
        text: Its name in a sentence.
        place: The expression of the user's code, if it is known.
        term: Whether it is a term of a sum and not itself a sum.
        value: The number of the value, if this is one of several uses of it.
    """

    key: tuple[int, int]
    text: str
    place: Place | None
    term: bool
    value: int | None = None


@dataclass(frozen=True)
class Sum:
    """A sum over one axis of an array, or of a product of arrays.

    Attributes:
        gates: The keys of the operands, each with the number of axes after the summed axis.
        length: The length of the axis.
        place: The expression of the user's code, if it is known.
    """

    gates: tuple[tuple[tuple[int, int], int], ...]
    length: int
    place: Place | None


class Edges:
    """The operands of a program that can be multiplied or gated.

    Args:
        flat: The program.
        names: The names of the parameters, by their numbers.
    """

    def __init__(self, flat: Flat, names: Mapping[int, str]):
        self.graph = Graph(flat, tuple(names))
        self.ways = Ways(self.graph)
        self.names = names

    def dividing(self) -> list[Edge]:
        """Returns the operands that divide the paths: terms, then the others from the end."""
        keys = [
            (o, position) for o in self.graph.operations for position in self.graph.dividing(o)
        ]
        terms = [self._term(*key) for key in keys if self.graph.is_term(*key)]
        others = [key for key in reversed(keys) if not self.graph.is_term(*key)]
        numbered = [
            replace(term, text=f"term {number} of {len(terms)}{term.text}")
            for number, term in enumerate(_as_written(terms), 1)
        ]
        return numbered + [self._edge(*key) for key in others]

    def summands(self) -> list[Edge]:
        """Returns the operands of sums, except those that divide the paths as terms.

        Those of sums of data follow, such as y + 1/α in (y + 1/α) g(x).
        """
        sums = [each for each in reversed(self.graph.operations) if each.name in SUMS]
        active = [o for o in sums if self.graph.open(o) and not self.graph.is_pure(o)]
        beside = [o for o in sums if not self.graph.beside.isdisjoint(o.results) and o.place]
        fixed = [o for o in beside if is_float(o.equation.outvars[0])]
        return [
            self._operand(operation, position)
            for operation in (*active, *fixed)
            for position in range(len(operation.operands))
        ]

    def sums(self) -> list[Sum]:
        """Returns the sums over an axis through which derivatives flow."""
        return [
            Sum(tuple(gates), length, operation.place)
            for operation in self.graph.operations
            for gates, length in self._summed(operation)
            if gates
        ]

    def _summed(self, operation: Operation) -> Iterator[tuple[Any, Any]]:
        """Yields per summed axis the operand with the number of axes after it, and the length."""
        shapes = [getattr(v.aval, "shape", ()) for v in operation.equation.invars]
        inside = self.graph.open(operation)
        for each in summed_axes(operation.equation):
            gates = [
                ((operation.number, position), len(shapes[position]) - 1 - axis)
                for position, axis in enumerate(each)
                if operation.operands[position] in inside
            ]
            yield gates[:1], shapes[0][each[0]]

    def _term(self, operation: Operation, position: int) -> Edge:
        """Returns a term with the text that follows its number."""
        number = self._beneath(operation, operation.operands[position])
        maker, key = self.graph.makers.get(number), (operation.number, position)
        inside = within(maker.place, operation.place) if maker is not None else None
        place = inside or operation.place
        if place is None:
            return Edge(key, "", None, True)
        if number in self.names:
            place = replace(place, text=self.names[number])
        elif place == operation.place:  # a sum inside of the expression
            name = self._inside(maker, place)
            what = f"{name} inside of" if name else "a part of"
            return Edge(key, f", {what} {place},", place, True)
        return Edge(key, f", {place},", place, True)

    def _edge(self, operation: Operation, position: int) -> Edge:
        """Returns an operand that is not a term, with its name."""
        key = operation.number, position
        number = self._beneath(operation, operation.operands[position])
        maker, used = self.graph.makers.get(number), operation.place
        origin = maker.place if maker is not None else None
        # A value with several uses is told by the use, any other by the expression that made it.
        several = number in self.names or self.graph.uses[number] > 1
        if origin is not None and origin == used:
            name = "" if several else self._inside(maker, origin)
            return Edge(key, _through(origin, name, whole=False), origin, False)
        if several:
            what = self.names.get(number) or (f"`{origin.text}`" if origin else "a value")
            return Edge(key, self._use(what, number, operation), used, False, number)
        if origin is None:
            return Edge(key, "the derivative through an operation", None, False)
        return Edge(key, _through(origin, whole=self.ways.is_whole(origin)), origin, False)

    def _inside(self, maker: Operation | None, place: Place) -> str:
        """Returns the name of the last operation of an operand, if it has one and is there."""
        return self.ways.named(maker) if maker is not None and maker.place == place else ""

    def _use(self, what: str, number: int, operation: Operation) -> str:
        """Returns the words for one use of a value in an expression."""
        used = operation.place
        if used is None:
            return f"a use of {what}"
        if self.ways.using(number, used) <= 1:
            return f"the use of {what} in {used}"
        name = self.ways.named(operation)
        if name:
            return f"the use of {what} in {name} inside of {used}"
        return f"one use of {what} inside of {used}"

    def _operand(self, operation: Operation, position: int) -> Edge:
        """Returns the operand of a sum with its name."""
        number = self._beneath(operation, operation.operands[position])
        maker, place = self.graph.makers.get(number), operation.place
        origin = within(maker.place, place) if maker is not None else None
        constant = self.graph.flat.constants.get(number)
        what = self.names.get(number) or (origin.text if origin and origin != place else "")
        what = what or (f"{constant:g}" if constant is not None and np.ndim(constant) == 0 else "")
        what = what or _side(place, position)
        text = f"`{what}` in {place}" if what else f"operand {position + 1} of {place}"
        return Edge((operation.number, position), text, origin or place, False)

    def _beneath(self, operation: Operation, number: int) -> int:
        """Returns the value before it was reshaped for an operation, or entered a loop."""
        number = self.graph.outside(number)
        maker = self.graph.makers.get(number)
        while (
            maker is not None
            and maker.name in SHAPES
            and within(maker.place, operation.place) == operation.place
        ):
            number = self.graph.outside(maker.operands[0])
            maker = self.graph.makers.get(number)
        return number


def _side(place: Place | None, position: int) -> str:
    """Returns one side of an expression that is a sum or difference, or ""."""
    text = place.text if place else ""
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError:  # the text was cut
        return ""
    if not isinstance(tree, ast.BinOp) or not isinstance(tree.op, (ast.Add, ast.Sub)):
        return ""
    return ast.get_source_segment(text, (tree.left, tree.right)[position]) or ""


def _as_written(terms: list[Edge]) -> list[Edge]:
    """Returns the terms in the order of the source, if all places are known and in one file."""
    places = [term.place for term in terms if term.place is not None and term.place.column]
    if len(places) < len(terms) or len({place.file for place in places}) != 1:
        return terms
    written = sorted(zip(places, terms, strict=True), key=lambda p: (p[0].line, p[0].column))
    return [term for _, term in written]


def _through(place: Place, name: str = "", *, whole: bool) -> str:
    """Returns the words for the derivative through an expression, or a named part of it."""
    if name:
        return f"the derivative through {name} inside of {place}"
    return f"{'' if whole else 'a part of '}the derivative through {place}"
