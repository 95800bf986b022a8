"""The operands that divide the paths through a program, and what they are called.

They are the operands of an operation that has several, and the uses of a value that has several;
the derivative through any other operand is the same as through one of these. Where the objective
is linear in an operand, and in all that is made of it, the operand is a term of a sum.
"""

import functools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._flat import Flat, Operation
from .._source import Place, within

SHAPES = ("convert_element_type", "copy", "broadcast_in_dim", "reshape", "squeeze", "expand_dims")
LINEAR = (
    *("add", "sub", "add_any", "neg", "reduce_sum", "cumsum", "transpose", "rev", "real"),
    *SHAPES,
    *("slice", "dynamic_slice", "gather", "pad", "concatenate"),
)
"""Linear in all operands through which derivatives flow."""

SUMS = ("add", "sub", "add_any")

PRODUCTS = ("mul", "div", "dot_general", "conv_general_dilated")
"""Linear in one operand, if no derivatives flow through the other one."""


@dataclass(frozen=True)
class Edge:
    """An operand of an operation.

    Attributes:
        key: The number of the operation, and that of the operand.
        text: What it is, in words.
        place: The expression of the user's code, if it is known.
        term: Whether it is a term of a sum, and itself no sum.
    """

    key: tuple[int, int]
    text: str
    place: Place | None
    term: bool


@dataclass(frozen=True)
class Sum:
    """A sum over one axis of an array, or of a product of arrays.

    Attributes:
        gates: The keys of the operands that it sums over, and how many axes follow the axis.
        length: Of the axis.
        place: The expression of the user's code, if it is known.
    """

    gates: tuple[tuple[tuple[int, int], int], ...]
    length: int
    place: Place | None


class Graph:
    """What depends on what, among the values through which derivatives flow."""

    def __init__(self, flat: Flat, names: Mapping[int, str]):
        self.flat = flat
        self.names = names
        self.operations = flat.operations
        self.flow = flat.active(tuple(names))
        self.makers = {n: o for o in flat.operations for n in o.results}
        self.uses = Counter(n for o in flat.operations for n in self.open(o))
        self.pure = {flat.outputs[0]: True}
        self._purify()
        self.splits = functools.cache(self._splits)

    def open(self, operation: Operation) -> list[int]:
        """The operands through which derivatives flow, if they flow on through a result."""
        if not self.flow.intersection(operation.results):
            return []
        return [number for number in operation.operands if number in self.flow]

    def edges(self) -> list[Edge]:
        """The operands that divide the paths: terms first, then what is near the end."""
        keys = [
            (k, position)
            for k, operation in enumerate(self.operations)
            for position in self._dividing(operation)
        ]
        terms = [key for key in keys if self._is_term(*key)]
        others = [key for key in reversed(keys) if not self._is_term(*key)]
        numbered = [f"term {number} of {len(terms)}" for number in range(1, len(terms) + 1)]
        first = [self._edge(*key, text) for key, text in zip(terms, numbered, strict=True)]
        return first + [self._edge(*key) for key in others]

    def operands(self) -> list[Edge]:
        """The operands of sums, but for those that divide the paths as terms."""
        return [
            self._operand(k, position)
            for k, operation in reversed(list(enumerate(self.operations)))
            if operation.name in SUMS and self.open(operation) and not self._is_pure(operation)
            for position in range(len(operation.operands))
        ]

    def sums(self) -> list[Sum]:
        """The sums over an axis through which derivatives flow."""
        return [
            Sum(tuple(gates), length, operation.place)
            for k, operation in enumerate(self.operations)
            for gates, length in self._summed(k, operation)
            if gates
        ]

    def _summed(self, k: int, operation: Operation) -> Iterator[tuple[Any, Any]]:
        """For each axis summed over: the operand, with how many axes follow, and its length."""
        given = operation.equation.params
        axes = []
        if operation.name == "reduce_sum":
            axes = [(axis,) for axis in given["axes"]]
        elif operation.name == "dot_general":
            axes = list(zip(*given["dimension_numbers"][0], strict=True))
        shapes = [getattr(v.aval, "shape", ()) for v in operation.equation.invars]
        inside = self.open(operation)
        for each in axes:
            gates = [
                ((k, position), len(shapes[position]) - 1 - axis)
                for position, axis in enumerate(each)
                if operation.operands[position] in inside
            ]
            yield gates[:1], shapes[0][each[0]]

    def _dividing(self, operation: Operation) -> list[int]:
        """The positions of the operands that are not the only way through a value."""
        count = len(self.open(operation))
        return [
            position
            for position, number in enumerate(operation.operands)
            if count and number in self.flow and (count > 1 or self.uses[number] > 1)
        ]

    def _is_term(self, k: int, position: int) -> bool:
        """Whether an operand is a term of a sum, and itself no sum."""
        operation = self.operations[k]
        number = operation.operands[position]
        alone = len(self.open(operation)) == 1
        return self._is_pure(operation) and not alone and not self.splits(number)

    def _edge(self, k: int, position: int, term: str = "") -> Edge:
        """The operand with what it is called."""
        operation = self.operations[k]
        number = self._beneath(operation, operation.operands[position])
        maker = self.makers.get(number)
        made = maker.place if maker is not None else None
        if term:
            place = within(made, operation.place) or operation.place
            if place is not None and number in self.names:
                place = replace(place, text=self.names[number])
            return Edge((k, position), f"{term}, {place}," if place else term, place, True)
        used = operation.place
        if number in self.names or self.uses[number] > 1:
            what = self.names.get(number) or (f"`{made.text}`" if made else "a value")
            text = f"the use of {what} in {used}" if used else f"a use of {what}"
            return Edge((k, position), text, used, False)
        text = f"the derivative through {made}" if made else "the derivative through an operation"
        return Edge((k, position), text, made, False)

    def _operand(self, k: int, position: int) -> Edge:
        """The operand of a sum with what it is called."""
        operation = self.operations[k]
        number = self._beneath(operation, operation.operands[position])
        maker, place = self.makers.get(number), operation.place
        made = within(maker.place, place) if maker is not None else None
        known = self.flat.constants.get(number)
        what = self.names.get(number) or (made.text if made else "")
        what = what or (f"{known:g}" if known is not None and np.ndim(known) == 0 else "")
        text = f"`{what}` in {place}" if what else f"operand {position + 1} of {place}"
        return Edge((k, position), text, made or place, False)

    def _beneath(self, operation: Operation, number: int) -> int:
        """The value before its shape was changed for an operation."""
        maker = self.makers.get(number)
        while (
            maker is not None
            and maker.name in SHAPES
            and within(maker.place, operation.place) == operation.place
        ):
            number = maker.operands[0]
            maker = self.makers.get(number)
        return number

    def _is_linear(self, operation: Operation) -> bool:
        inside = self.open(operation)
        if operation.name in PRODUCTS:
            return len(inside) == 1 and not (
                operation.name == "div" and inside[0] == operation.operands[1]
            )
        return operation.name in LINEAR

    def _is_pure(self, operation: Operation) -> bool:
        """Whether the objective is linear in the operands."""
        return self._is_linear(operation) and all(self.pure.get(n) for n in operation.results)

    def _purify(self) -> None:
        """Finds in which values the objective is linear: in every use of them."""
        for operation in reversed(self.operations):
            here = self._is_pure(operation)
            for number in self.open(operation):
                self.pure[number] = self.pure.get(number, True) and here

    def _splits(self, number: int) -> bool:
        """Whether a value is a sum of several things, through linear operations."""
        maker = self.makers.get(number)
        if maker is None or not self._is_linear(maker):
            return False
        inside = self.open(maker)
        return len(inside) > 1 or any(map(self.splits, inside))
