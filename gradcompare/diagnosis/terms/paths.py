"""Whether an operand is the only way through an expression, or one of several inside of it.

All operations of a function of a library carry the place of its call, so that one edge inside of
`jax.nn.softmax(w)` must not be called by the name of the whole.
"""

from collections import defaultdict
from functools import cached_property

from ..._foundation.user_code import Place
from ..._introspection.flattening import Operation
from .graph import Graph

SILENT = ("sign", "floor", "ceil", "round")
"""Operations whose derivative is zero."""

NAMES = {
    "reduce_sum": "sum",
    "reduce_max": "maximum",
    "reduce_min": "minimum",
    "reduce_prod": "product",
    "log": "logarithm",
    "exp": "exponential",
    "sqrt": "root",
    "logistic": "sigmoid",
}
"""The operations that a reader finds in a formula."""


class Ways:
    """The ways of derivatives through the expressions of a program.

    Args:
        graph: The values through which derivatives flow.
    """

    def __init__(self, graph: Graph):
        self.graph = graph

    @cached_property
    def _alive(self) -> set[int]:
        """The values whose derivatives reach the objective."""
        alive, before = {self.graph.flat.outputs[0]}, -1
        while len(alive) > before:  # round after round of a loop, until nothing more is found
            before = len(alive)
            for operation in reversed(self.graph.operations):
                for inner in operation.inner:
                    pairs = (*operation.exits(inner), *operation.carried(inner))
                    alive.update(one for one, other in pairs if other in alive)
                    entries = operation.entries(inner)
                    alive.update(outside for outside, one in entries if one in alive)
                if self._passes(operation, alive):
                    alive.update(self.graph.open(operation))
        return alive

    def _passes(self, operation: Operation, alive: set[int]) -> bool:
        plain = not operation.inner and operation.name not in SILENT
        return plain and not alive.isdisjoint(operation.results)

    @cached_property
    def _members(self) -> dict[Place | None, list[Operation]]:
        """The operations of each expression that pass derivatives on to the objective."""
        found = defaultdict(list)
        for operation in self.graph.operations:
            if self._passes(operation, self._alive) and self.graph.open(operation):
                found[operation.place].append(operation)
        return found

    @cached_property
    def _leaving(self) -> dict[Place | None, int]:
        """How many operands elsewhere each expression is."""
        found = defaultdict(int)
        for place, members in self._members.items():
            for operation in members:
                for number in self.graph.open(operation):
                    maker = self.graph.makers.get(self.graph.outside(number))
                    if maker is not None and maker.place != place:
                        found[maker.place] += 1
        return found

    def is_whole(self, place: Place | None) -> bool:
        """Whether all derivatives through an expression leave it at one operand elsewhere."""
        return self._leaving[place] <= 1

    def using(self, number: int, place: Place | None) -> int:
        """How many operands of the operations of an expression a value is."""
        operands = [n for o in self._members[place] for n in self.graph.open(o)]
        return sum(self.graph.outside(n) == number for n in operands)

    def named(self, operation: Operation | None) -> str:
        """What an operation of an expression is called, as `the sum`; nothing without a name."""
        name = "" if operation is None else NAMES.get(operation.name, "")
        if operation is None or not name:
            return ""
        alike = sum(other.name == operation.name for other in self._members[operation.place])
        return f"the {name}" if alike == 1 else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
