"""A traced program as one list of operations, with compiled functions inside of it expanded.

The bodies of loops and the branches of conditions are lists of their own.

Each operation knows the expression of the user's code that it comes from. JAX reuses the traced
program of a library's function, so that operations inside of `jnp.where` carry the place of its
first call in the process; such operations get the place of the present call.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, Literal

from .._foundation.user_code import Place
from .jax_internals import CALLS, CUSTOM, bind, programs_in
from .jaxprs import divided, dtype_of, is_float, place_of
from .rewriting.replacement import place_inside, run_one

ENTERED = ("scan", "cond")

Pairs = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Operation:
    """One primitive operation.

    Attributes:
        number: The position of the operation in the order of tracing.
        equation: The traced equation.
        program: The traced program that contains it.
        operands: The numbers of its operands.
        results: The numbers of its results.
        place: The expression of the user's code that it comes from, if known.
        inner: The body of a loop, or the branches of a condition.
    """

    number: int
    equation: JaxprEqn
    program: Jaxpr
    operands: tuple[int, ...]
    results: tuple[int, ...]
    place: Place | None
    inner: tuple["Flat", ...] = ()

    @property
    def name(self) -> str:
        """The name of the primitive."""
        return self.equation.primitive.name

    def run(self, operands: Sequence[Any]) -> list[Any]:
        """Returns the results for these operands."""
        if self.name in CUSTOM:  # `bind` expects the rule in another form than the program's
            return run_one(self.program, self.equation, operands)
        return bind(self.equation, operands)

    def entries(self, inner: "Flat") -> Pairs:
        """Pairs each operand with an argument of the inner program."""
        # A `cond` has one operand more, the first: the number of its branch.
        operands = self.operands[len(self.operands) - len(inner.inputs) :]
        return tuple(zip(operands, inner.inputs, strict=True))

    def exits(self, inner: "Flat") -> Pairs:
        """Pairs each result of the inner program with a result of the operation."""
        return tuple(zip(inner.outputs, self.results, strict=True))

    def carried(self, inner: "Flat") -> Pairs:
        """Pairs results of the body of a loop with its arguments in the next round."""
        if self.name != "scan":
            return ()
        return tuple(zip(inner.outputs, divided(self.equation, inner.inputs)[1], strict=False))


@dataclass(frozen=True)
class Flat:
    """A program in which only loops and conditions have inner programs.

    Attributes:
        operations: The operations in the order in which they run.
        inputs: The numbers of the arguments.
        outputs: The numbers of the results.
        constants: The constants of all programs, by their numbers.
    """

    operations: tuple[Operation, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    constants: Mapping[int, Any]

    def active(self, inputs: Sequence[int]) -> frozenset[int]:
        """Returns the numbers of the values through which derivatives by `inputs` flow."""
        active, before = set(inputs), -1
        # Loops carry values from round to round, so the sets grow until nothing is new.
        while len(active) > before:
            before = len(active)
            for operation in self.every():
                for inner in operation.inner:
                    for pairs in (operation.entries, operation.carried, operation.exits):
                        active.update(other for one, other in pairs(inner) if one in active)
                plain = not operation.inner and operation.name != "stop_gradient"
                if plain and active.intersection(operation.operands):
                    variables = zip(operation.results, operation.equation.outvars, strict=True)
                    active.update(number for number, variable in variables if is_float(variable))
        return frozenset(active)

    def every(self) -> Iterator[Operation]:
        """Yields every operation, each followed by those inside of it."""
        for operation in self.operations:
            yield operation
            for inner in operation.inner:
                yield from inner.every()


def flatten(traced: ClosedJaxpr) -> Flat:
    """Returns a traced program as one list of operations."""
    return _Flattening().flat(traced)


class _Flattening:
    """A walk through a program that gives every value a number."""

    def __init__(self) -> None:
        self.constants: dict[int, Any] = {}
        self.count = 0

    def flat(self, traced: ClosedJaxpr, call: JaxprEqn | None = None) -> Flat:
        jaxpr, operations = traced.jaxpr, []
        numbers = {v: self._new() for v in jaxpr.invars}
        inputs = tuple(numbers.values())
        outputs = self._walk(jaxpr, traced.consts, numbers, call, operations)
        return Flat(tuple(operations), inputs, outputs, self.constants)

    def _new(self, *value: Any) -> int:
        self.count += 1
        if value:
            self.constants[self.count] = value[0]
        return self.count

    def _walk(
        self,
        jaxpr: Jaxpr,
        consts: Sequence[Any],
        numbers: dict[Any, int],
        call: JaxprEqn | None,
        operations: list[Operation],
    ) -> tuple[int, ...]:
        numbers |= {v: self._new(c) for v, c in zip(jaxpr.constvars, consts, strict=True)}

        def number(v: Any) -> int:
            if isinstance(v, Literal):
                return self._new(np.asarray(v.val, dtype_of(v)))
            return numbers[v]

        for equation in jaxpr.eqns:
            operands = tuple(map(number, equation.invars))
            name, bodies = equation.primitive.name, programs_in(equation)
            if name in CALLS and bodies:
                (inner,) = bodies
                arguments = dict(zip(inner.jaxpr.invars, operands, strict=True))
                within = place_inside(equation, inner, call)
                results = self._walk(inner.jaxpr, inner.consts, arguments, within, operations)
            else:
                results = tuple(self._new() for _ in equation.outvars)
                place = place_of(call or equation)
                entered = bodies if name in ENTERED else ()
                inner = tuple(self.flat(body, call) for body in entered)
                count = self._new()
                operation = Operation(count, equation, jaxpr, operands, results, place, inner)
                operations.append(operation)
            numbers |= zip(equation.outvars, results, strict=True)
        return tuple(map(number, jaxpr.outvars))
