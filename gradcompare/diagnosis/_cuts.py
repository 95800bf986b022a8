"""Where a program stops depending on its parameters in a way that has a derivative.

A comparison, an integer, a rounded number: each depends on the parameters, and its derivative is
zero or none. If everything goes through such operations, autodiff finds no derivative at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import jax.numpy as jnp
from jax.extend.core import Jaxpr, JaxprEqn, Literal

from .._rewrite import OPENED, place_inside, programs_in
from .._source import Place, place_of
from .._suspects import ROUNDS, STOPS

FLAT = (*ROUNDS, "sign", STOPS)
"""Numbers with a derivative of zero."""

DEPENDS, SMOOTH = 1, 2
"""That a result depends on the parameters at all, and that it has a derivative as well."""


@dataclass
class Cuts:
    """The operations where the derivative ends, in the order in which they run.

    Attributes:
        found: The primitive of each, and where it stands.
    """

    found: dict[tuple[str, Place], None] = field(default_factory=dict)

    def through(
        self, jaxpr: Jaxpr, given: Sequence[int], call: JaxprEqn | None = None
    ) -> list[int]:
        """Returns how each result of a program depends on the parameters, and notes the cuts.

        Args:
            jaxpr: The program.
            given: How each of its arguments does: 0, `DEPENDS` or `SMOOTH`.
            call: The call of a library's function that the program is, if it is one.
        """
        known = dict(zip(jaxpr.invars, given, strict=True))

        def read(v) -> int:
            return 0 if isinstance(v, Literal) else known.get(v, 0)

        for equation in jaxpr.eqns:
            operands = [read(v) for v in equation.invars]
            results = self._results(equation, operands, call)
            known |= dict(zip(equation.outvars, results, strict=True))
        return [read(v) for v in jaxpr.outvars]

    def _results(self, equation: JaxprEqn, given: list[int], call: JaxprEqn | None) -> list[int]:
        name = equation.primitive.name
        if not any(given):
            return [0] * len(equation.outvars)
        if name in OPENED or name == "cond":
            return self._inner(equation, given, call)
        if name == "scan":
            return self._repeated(equation, given, call)
        results = [
            min(max(given), SMOOTH if _has_derivative(name, v) else DEPENDS)
            for v in equation.outvars
        ]
        if max(given) == SMOOTH and SMOOTH not in results:
            self._note(equation, call)
        return results

    def _note(self, equation: JaxprEqn, call: JaxprEqn | None) -> None:
        place = place_of(call or equation)
        if place is not None:
            self.found[equation.primitive.name, place] = None

    def _inner(self, equation: JaxprEqn, given: list[int], call: JaxprEqn | None) -> list[int]:
        chosen = given[:1] if equation.primitive.name == "cond" else []
        runs = [
            self.through(inner.jaxpr, given[len(chosen) :], place_inside(equation, inner, call))
            for inner in programs_in(equation)
        ]
        return [max(*each, *chosen, 0) for each in zip(*runs, strict=True)]

    def _repeated(self, equation: JaxprEqn, given: list[int], call: JaxprEqn | None) -> list[int]:
        fixed, carried = equation.params["num_consts"], equation.params["num_carry"]
        (body,) = programs_in(equation)
        for _ in range(2 * carried + 1):  # each round raises one of them, or is the last
            results = self.through(body.jaxpr, given, call)
            after = list(map(max, given[fixed : fixed + carried], results))
            if after == given[fixed : fixed + carried]:
                break
            given = [*given[:fixed], *after, *given[fixed + carried :]]
        return [*after, *results[carried:]]


def cuts(jaxpr: Jaxpr, given: Sequence[int]) -> tuple[tuple[str, Place], ...]:
    """Returns where the derivative ends, if none of it arrives and the value depends all the same.

    Args:
        jaxpr: The program of a value.
        given: For each of its arguments `SMOOTH` or 0.
    """
    noted = Cuts()
    return tuple(noted.found) if noted.through(jaxpr, given)[0] == DEPENDS else ()


def _has_derivative(name: str, result) -> bool:
    return name not in FLAT and jnp.issubdtype(result.aval.dtype, jnp.floating)
