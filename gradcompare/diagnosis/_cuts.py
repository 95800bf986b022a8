"""Where a program stops depending on its parameters in a way that has a derivative.

A comparison, an integer, a rounded number: each depends on the parameters, and its derivative is
zero or none. If everything goes through such operations, autodiff finds no derivative at all.
"""

from collections.abc import Sequence

from jax.extend.core import Jaxpr, JaxprEqn

from .._jaxprs import is_float
from .._source import Place, place_of
from .._suspects import ROUNDS, STOPS
from ._flow import AbstractFlow

FLAT = (*ROUNDS, "sign", STOPS)
"""Numbers with a derivative of zero."""

DEPENDS, SMOOTH = 1, 2
"""That a result depends on the parameters at all, and that it has a derivative as well."""


class Cuts(AbstractFlow):
    """Notes the operations where the derivative ends, in the order in which they run.

    Attributes:
        found: The primitive of each, and where it stands.
    """

    def __init__(self) -> None:
        self.found: dict[tuple[str, Place], None] = {}

    def operation(self, equation: JaxprEqn, given: list[int], call: JaxprEqn) -> list[int]:
        """A result has a derivative if an operand has one, and it is a number that varies."""
        most, name = max(given, default=0), equation.primitive.name
        results = [
            min(most, SMOOTH if is_float(v) and name not in FLAT else DEPENDS)
            for v in equation.outvars
        ]
        if most == SMOOTH and SMOOTH not in results:
            place = place_of(call)
            if place is not None:
                self.found[name, place] = None
        return results


def cuts(jaxpr: Jaxpr, given: Sequence[int]) -> tuple[tuple[str, Place], ...]:
    """Returns where the derivative ends, if none of it arrives and the value depends all the same.

    Args:
        jaxpr: The program of a value.
        given: For each of its arguments `SMOOTH` or 0.
    """
    noted = Cuts()
    return tuple(noted.found) if noted.through(jaxpr, given)[0] == DEPENDS else ()
