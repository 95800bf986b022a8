"""What each row of a sum, and each step of a loop, gives to the gradient.

A family is a number s_t for each t: the factor of the t-th thing that a sum adds up, or a gate
in step t before a value that goes into the step. The gradient g(s) is linear in each s_t alone.
So the derivative of uᵀg by s, one run of reverse mode, gives at once what uᵀg loses with each
s_t = 0.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ..._foundation.user_code import Place
from ..._introspection.flattening import Flat, Operation
from ..._introspection.jax_internals import loop_of
from ..._introspection.jaxprs import divided, is_float
from .parts import Key, Traced, gate, run_changed, times

FEWEST_STEPS = 3
"""Least number of steps of a loop."""

MOST_FAMILIES = 40
"""Largest number of families; each makes the program larger."""


@dataclass(frozen=True)
class Family:
    """Numbers for the rows of a sum or the steps of a loop.

    Attributes:
        kind: The factors of a `sum`; the gates of what a step takes from the one before (`carry`),
            or of a value that is the same in all steps (`use`).
        length: How many there are.
        place: The expression of the user's code, if it is known.
        gates: For a sum, the operands with the number of axes behind the summed one; for a loop
            that Python unrolled, the operand of each step.
        loop: For a `scan`, its number and the position of the operand.
        reverse: Whether the last row is that of the first step.
    """

    kind: Literal["sum", "carry", "use"]
    length: int
    place: Place | None
    gates: tuple[tuple[Key, int], ...] = ()
    loop: Key | None = None
    reverse: bool = False


@dataclass(frozen=True, eq=False)
class Steps:
    """The gradient by autodiff, row by row and step by step.

    Attributes:
        traced: The objective.
    """

    traced: Traced

    @cached_property
    def families(self) -> list[Family]:
        """All families: sums over rows of the data, loops, and loops that Python unrolled."""
        flat = self.traced.flat
        flow = flat.active(flat.inputs[: len(self.traced.evaluators[0].problem.layout.paths)])
        sums = [Family("sum", s.length, s.place, s.gates) for s in self.traced.sums]
        loops = [family for o in flat.operations for family in _of_scan(o, flow)]
        return [*sums, *loops, *_unrolled(flat, flow)][:MOST_FAMILIES]

    def shares(self, u: Float[np.ndarray, " d"]) -> list[Float[np.ndarray, "p n"]]:
        """Returns per family what the derivative along u loses with each of its numbers at 0."""
        ones = tuple(np.ones(family.length) for family in self.families)
        layout = self.traced.evaluators[0].problem.layout

        def slopes(params: Any, data: Any, direction: Any, numbers: Any, u: Any) -> Any:
            def along(numbers: Any) -> Any:
                return jnp.vdot(u, layout.ravel(self._gradient(params, data, numbers)))

            return jax.grad(along)(numbers)

        ends = np.cumsum([family.length for family in self.families])[:-1]
        rows = [
            each.run("shares", slopes, ones, u, helper=True) for each in self.traced.evaluators
        ]
        return np.split(np.stack(rows), ends, axis=1)

    def with_numbers(self, numbers: Mapping[int, np.ndarray]) -> Float[np.ndarray, "p d"]:
        """Returns the gradient at every point with other numbers in some of the families."""
        every = tuple(
            numbers.get(k, np.ones(family.length)) for k, family in enumerate(self.families)
        )

        def gradient(params: Any, data: Any, direction: Any, numbers: Any) -> Any:
            return self._gradient(params, data, numbers)

        each_point = self.traced.evaluators
        return np.stack([e.run("steps", gradient, every, helper=True) for e in each_point])

    def _gradient(self, params: Any, data: Any, numbers: Sequence[Any]) -> Any:
        changes, gated = {}, defaultdict(dict)
        for family, s in zip(self.families, numbers, strict=True):
            if family.loop is not None:
                gated[family.loop[0]][family.loop[1]] = s
            elif family.kind == "sum":
                for key, behind in family.gates:
                    changes[key] = partial(times, s=_widened(s, behind))
            else:
                for t, (key, _) in enumerate(family.gates):
                    changes[key] = partial(gate, s=s[t])
        operations = {o.number: o for o in self.traced.flat.operations}
        loops = {n: partial(_scan, operations[n], s, changes) for n, s in gated.items()}

        def value(params: Any) -> Any:
            inputs = jax.tree.leaves((params, data))
            return run_changed(self.traced.flat, changes, _apply, *inputs, loops=loops)[0]

        return jax.grad(value)(params)


def _apply(x: Any, change: Callable[[Any], Any]) -> Any:
    return change(x)


def _widened(s: Any, behind: int) -> Any:
    return jnp.expand_dims(s, tuple(range(1, 1 + behind)))


def _scan(
    operation: Operation, gates: Mapping[int, Any], changes: Mapping, operands: Sequence[Any]
) -> list[Any]:
    """Runs a loop with gates before some operands in each step."""
    loop = loop_of(operation.equation)
    assert loop is not None  # otherwise it has no families
    fixed, start, rows = divided(operation.equation, operands)
    (body,) = operation.inner

    def step(carry: Sequence[Any], row: Any) -> Any:
        values, s = [*fixed, *carry], row[-1]
        for position, gate_of in s.items():
            values[position] = gate(values[position], gate_of)
        results = run_changed(body, changes, _apply, *values, *row[:-1])
        return results[: len(carry)], results[len(carry) :]

    last, stacked = jax.lax.scan(
        step, list(start), [*rows, dict(gates)], length=loop.length, reverse=loop.reverse
    )
    return [*last, *stacked]


def _of_scan(operation: Operation, flow: frozenset[int]) -> Iterator[Family]:
    loop = loop_of(operation.equation)
    if loop is None or not operation.inner or loop.length < FEWEST_STEPS:
        return
    for position in range(loop.fixed + loop.carried):
        variable, inside = operation.equation.invars[position], operation.inner[0].inputs[position]
        if inside in flow and is_float(variable):
            kind = "use" if position < loop.fixed else "carry"
            key = operation.number, position
            yield Family(kind, loop.length, operation.place, (), key, loop.reverse)


def _unrolled(flat: Flat, flow: frozenset[int]) -> Iterator[Family]:
    """Yields the operands of operations that Python ran again and again for one expression."""
    groups = defaultdict(list)
    for operation in flat.operations:
        if operation.place is not None and not operation.inner:
            groups[operation.place, operation.name].append(operation)
    for (place, _), operations in groups.items():
        if len(operations) < FEWEST_STEPS:
            continue
        for position in range(len(operations[0].operands)):
            members = [o for o in operations if o.operands[position] in flow]
            if len(members) < FEWEST_STEPS:
                continue
            gates = tuple(((o.number, position), 0) for o in members)
            yield Family("use", len(members), place, gates)
