"""The dependences in a program, the values that divide the paths, and the terms of sums.

An argument of the body of a loop is the argument of the loop, except for values carried from round
to round; a result of the body is the result of the loop. The same holds for branches.
"""

import functools
from collections import Counter
from collections.abc import Iterable, Sequence

from ..._introspection.flattening import Flat, Operation

SHAPES = ("convert_element_type", "copy", "broadcast_in_dim", "reshape", "squeeze", "expand_dims")
LINEAR = (
    *("add", "sub", "add_any", "neg", "reduce_sum", "cumsum", "transpose", "rev", "real"),
    *SHAPES,
    *("slice", "dynamic_slice", "gather", "pad", "concatenate"),
)
"""Operations that are linear in all operands through which derivatives flow."""

PRODUCTS = ("mul", "div", "dot_general", "conv_general_dilated")
"""Operations that are linear in one operand, if no derivatives flow through the other."""


class Graph:
    """The values of a program through which derivatives flow, by their numbers.

    Attributes:
        flat: The program.
        operations: All operations, including those inside loops and conditions.
        flow: The values through which derivatives flow.
        makers: The operation of which each value is a result.
        uses: Number of times that each value is an operand, or a result of a body or branch.
    """

    def __init__(self, flat: Flat, parameters: Sequence[int]):
        self.flat = flat
        self.operations = tuple(flat.every())
        self.flow = flat.active(parameters)
        self.makers = {n: o for o in self.operations for n in o.results}
        self.uses = Counter(n for o in self.operations for n in self.open(o))
        self._entries: dict[int, int] = {}
        self._exits: dict[int, list[int]] = {}
        self._carried: set[int] = set()
        self._enter()
        self._pure = {flat.outputs[0]: True}
        self._purify(flat)
        self._splits = functools.cache(self._is_sum)

    @functools.cached_property
    def beside(self) -> set[int]:
        """The values without derivatives from which those with derivatives are computed."""
        values: set[int] = set()
        for operation in reversed(self.operations):
            if self.open(operation) or not values.isdisjoint(operation.results):
                values.update(n for n in operation.operands if n not in self.flow)
        return values

    def open(self, operation: Operation) -> list[int]:
        """Returns the operands through which derivatives flow into a result."""
        if not self.flow.intersection(operation.results):
            return []
        return [number for number in operation.operands if number in self.flow]

    def dividing(self, operation: Operation) -> list[int]:
        """Returns the positions of the operands that are not the only way through a value."""
        count = len(self.open(operation))
        return [
            position
            for position, number in enumerate(operation.operands)
            if count and number in self.flow and (count > 1 or self.uses[number] > 1)
        ]

    def is_term(self, operation: Operation, position: int) -> bool:
        """Whether an operand is a term of a sum and not itself a sum."""
        number = operation.operands[position]
        alone = len(self.open(operation)) == 1
        return self.is_pure(operation) and not alone and not self._splits(number)

    def _is_linear(self, operation: Operation) -> bool:
        inside = self.open(operation)
        # x y is not linear in x and y together, nor is 1/y in y.
        if operation.name in PRODUCTS:
            return len(inside) == 1 and not (
                operation.name == "div" and inside[0] == operation.operands[1]
            )
        return operation.name in LINEAR

    def is_pure(self, operation: Operation) -> bool:
        """Whether the objective is linear in the operands."""
        return self._is_linear(operation) and all(self._pure.get(n) for n in operation.results)

    def _enter(self) -> None:
        """Finds which values are the same inside and outside of loops and conditions."""
        for operation in self.operations:
            for inner in operation.inner:
                self._carried.update(number for _, number in operation.carried(inner))
                self._entries.update(
                    (number, outside) for outside, number in operation.entries(inner)
                )
                for number, outside in operation.exits(inner):
                    self._exits.setdefault(outside, []).append(number)
                self.uses.update(self.flow.intersection(inner.outputs))
        for number in self._carried:
            del self._entries[number]

    def outside(self, number: int) -> int:
        """Returns the value outside of loops and conditions that equals an argument inside."""
        while number in self._entries:
            number = self._entries[number]
        return number

    def _purify(self, flat: Flat) -> None:
        """Finds in which values the objective is linear: in every use of them."""
        # Backwards, so that all uses of a value are known before the operation that made it.
        for operation in reversed(flat.operations):
            for inner in operation.inner:
                self._purify_inside(operation, inner)
            if not operation.inner:
                here = self.is_pure(operation)
                self._restrict((number, here) for number in self.open(operation))

    def _purify_inside(self, operation: Operation, inner: Flat) -> None:
        before = None
        while before != (before := dict(self._pure)):  # round after round, last ones first
            for pairs in (operation.exits(inner), operation.carried(inner)):
                self._restrict((one, self._pure.get(other, True)) for one, other in pairs)
            self._purify(inner)
        entries = operation.entries(inner)
        self._restrict((one, self._pure.get(other, True)) for one, other in entries)

    def _restrict(self, pairs: Iterable[tuple[int, bool]]) -> None:
        for number, pure in pairs:
            self._pure[number] = self._pure.get(number, True) and pure

    def _is_sum(self, number: int) -> bool:
        """Whether a value is a sum of several things, through linear operations."""
        number = self.outside(number)
        # Each round of a loop may add to what it carries.
        if number in self._carried:
            return True
        if number in self._exits:
            return any(map(self._splits, self._exits[number]))
        maker = self.makers.get(number)
        if maker is None or not self._is_linear(maker):
            return False
        inside = self.open(maker)
        return len(inside) > 1 or any(map(self._splits, inside))
