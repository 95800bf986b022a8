"""What of a program depends on what: one number for each result, followed through it."""

import abc
from collections.abc import Sequence

from jax.extend.core import Jaxpr, JaxprEqn, Literal

from .jax_internals import CALLS, programs_in
from .jaxprs import divided
from .rewriting import place_inside


class AbstractFlow(abc.ABC):
    """Follows a number for each value of a program, 0 where there is nothing to follow."""

    @abc.abstractmethod
    def operation(self, equation: JaxprEqn, given: list[int], call: JaxprEqn) -> list[int]:
        """Returns the numbers of the results of one operation.

        Args:
            equation: The operation.
            given: The numbers of its operands.
            call: What to ask for its place in the user's code.
        """

    def through(
        self, jaxpr: Jaxpr, given: Sequence[int], call: JaxprEqn | None = None
    ) -> list[int]:
        """Returns the numbers of the results of a program.

        Args:
            jaxpr: The program.
            given: The numbers of its arguments.
            call: The call of a library's function that the program is, if it is one.
        """
        known = dict(zip(jaxpr.invars, given, strict=True))

        def read(v) -> int:
            return 0 if isinstance(v, Literal) else known.get(v, 0)

        for equation in jaxpr.eqns:
            operands = [read(v) for v in equation.invars]
            name, opens = equation.primitive.name, bool(programs_in(equation))
            if opens and (name in CALLS or name == "cond"):
                results = self._once(equation, operands, call)
            elif opens and name == "scan":
                results = self._repeated(equation, operands, call)
            else:
                results = self.operation(equation, operands, call or equation)
            known |= dict(zip(equation.outvars, results, strict=True))
        return [read(v) for v in jaxpr.outvars]

    def _once(self, equation: JaxprEqn, given: list[int], call: JaxprEqn | None) -> list[int]:
        choice = given[:1] if equation.primitive.name == "cond" else []
        runs = [
            self.through(inner.jaxpr, given[len(choice) :], place_inside(equation, inner, call))
            for inner in programs_in(equation)
        ]
        return [max(*each, *choice, 0) for each in zip(*runs, strict=True)]

    def _repeated(self, equation: JaxprEqn, given: list[int], call: JaxprEqn | None) -> list[int]:
        """A loop, until nothing more is carried from one round to the next."""
        fixed, carry, rows = divided(equation, given)
        (body,) = programs_in(equation)
        while True:
            results = self.through(body.jaxpr, [*fixed, *carry, *rows], call)
            after = list(map(max, carry, results))
            if after == carry:
                return [*carry, *results[len(carry) :]]
            carry = after
