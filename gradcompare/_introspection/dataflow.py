"""Dependencies in a program: a number for each value, propagated from operands to results."""

import abc
from collections.abc import Sequence

from jax.extend.core import Jaxpr, JaxprEqn, Literal

from .jax_internals import CALLS, programs_in
from .jaxprs import divided
from .rewriting.replacement import place_inside


class AbstractFlow(abc.ABC):
    """The propagation of a number for each value of a program; 0 means no dependency."""

    @abc.abstractmethod
    def operation(self, equation: JaxprEqn, operands: list[int], call: JaxprEqn) -> list[int]:
        """Returns the numbers of the results of one operation.

        Args:
            equation: The operation.
            operands: The numbers of its operands.
            call: The equation that carries its place in the user's code.
        """

    def through(
        self, jaxpr: Jaxpr, numbers: Sequence[int], call: JaxprEqn | None = None
    ) -> list[int]:
        """Returns the numbers of the results of a program.

        Args:
            jaxpr: The program.
            numbers: The numbers of its arguments.
            call: The call of a library's function whose inside the program is, if any.
        """
        by_variable = dict(zip(jaxpr.invars, numbers, strict=True))

        def read(v) -> int:
            return 0 if isinstance(v, Literal) else by_variable.get(v, 0)

        for equation in jaxpr.eqns:
            operands = [read(v) for v in equation.invars]
            name, opens = equation.primitive.name, bool(programs_in(equation))
            if opens and (name in CALLS or name == "cond"):
                results = self._once(equation, operands, call)
            elif opens and name == "scan":
                results = self._repeated(equation, operands, call)
            else:
                results = self.operation(equation, operands, call or equation)
            by_variable |= dict(zip(equation.outvars, results, strict=True))
        return [read(v) for v in jaxpr.outvars]

    def _once(self, equation: JaxprEqn, operands: list[int], call: JaxprEqn | None) -> list[int]:
        # A result of a `cond` depends on the number of the branch as well, its first operand.
        choice = operands[:1] if equation.primitive.name == "cond" else []
        arguments = operands[len(choice) :]
        runs = [
            self.through(inner.jaxpr, arguments, place_inside(equation, inner, call))
            for inner in programs_in(equation)
        ]
        return [max(*each, *choice, 0) for each in zip(*runs, strict=True)]

    def _repeated(
        self, equation: JaxprEqn, operands: list[int], call: JaxprEqn | None
    ) -> list[int]:
        """Repeats the body of a loop until the carried numbers no longer change."""
        fixed, carry, rows = divided(equation, operands)
        (body,) = programs_in(equation)
        while True:
            results = self.through(body.jaxpr, [*fixed, *carry, *rows], call)
            after = list(map(max, carry, results))
            if after == carry:
                return [*carry, *results[len(carry) :]]
            carry = after
