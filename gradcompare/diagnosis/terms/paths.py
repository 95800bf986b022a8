"""Whether an operand is the only way through an expression, or one of several inside it.

All operations of a library function carry the place of its call, so that one edge inside
`jax.nn.softmax(w)` must not get the name of the whole.
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
"""Names of operations that a reader finds in a formula."""


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
        while len(alive) > before:  # round after round of a loop, until the set no longer grows
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
        members = defaultdict(list)
        for operation in self.graph.operations:
            if self._passes(operation, self._alive) and self.graph.open(operation):
                members[operation.place].append(operation)
        return members

    @cached_property
    def _leaving(self) -> dict[Place | None, int]:
        """Number of operands elsewhere that each expression is."""
        counts = defaultdict(int)
        for place, members in self._members.items():
            for operation in members:
                for number in self.graph.open(operation):
                    maker = self.graph.makers.get(self.graph.outside(number))
                    if maker is not None and maker.place != place:
                        counts[maker.place] += 1
        return counts

    def is_whole(self, place: Place | None) -> bool:
        """Whether all derivatives through an expression leave it at one operand elsewhere."""
        return self._leaving[place] <= 1

    def using(self, number: int, place: Place | None) -> int:
        """Returns the number of operands of an expression that a value is."""
        operands = [n for o in self._members[place] for n in self.graph.open(o)]
        return sum(self.graph.outside(n) == number for n in operands)

    def named(self, operation: Operation | None) -> str:
        """Returns the name of an operation in an expression, such as `the sum`, or ""."""
        name = "" if operation is None else NAMES.get(operation.name, "")
        if operation is None or not name:
            return ""
        alike = sum(other.name == operation.name for other in self._members[operation.place])
        return f"the {name}" if alike == 1 else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
