"""A non-finite number that a `where` keeps out of the value, but not out of the derivative.

The chain rule multiplies it by zero, which is NaN. So the argument must be guarded as well.
"""

import ast
from dataclasses import dataclass

from jax.extend.core import ClosedJaxpr, JaxprEqn

from ..._foundation.user_code import Place
from ..._introspection.dataflow import AbstractFlow
from ..._introspection.jaxprs import place_of

CHOOSES = "select_n"
"""The primitive of `where`."""

GUARD = "guard the argument of the untaken branch too: where(ok, f(where(ok, x, 1)), other)"

CIRCULAR = (
    "write the condition with the argument instead of the result, and guard the argument with it: "
    "where(ok, f(where(ok, x, 1)), other)"
)
"""Advice where the condition is computed from the number: it cannot guard its own argument."""


@dataclass(frozen=True)
class Behind:
    """A `where` that chooses between a number and another one.

    Attributes:
        place: Its place in the user's code.
        taken_if: Whether the number is chosen where the condition holds.
        circular: Whether the condition is computed from the number that it guards.
    """

    place: Place
    taken_if: bool
    circular: bool = False


class _Trace(AbstractFlow):
    """Follows the results of an expression to each `where` that may choose something else."""

    def __init__(self, source: Place) -> None:
        self.source = source
        self.names: set[str] = set()
        self.choices: list[Behind] = []

    def operation(self, equation: JaxprEqn, operands: list[int], call: JaxprEqn) -> list[int]:
        place, name = place_of(call), equation.primitive.name
        if name == CHOOSES and place is not None and any(operands[1:]) and place != self.source:
            self.choices.append(Behind(place, bool(operands[-1]), bool(operands[0])))
        if place == self.source:
            self.names.add(name)
            return [1] * len(equation.outvars)
        return [max(operands, default=0)] * len(equation.outvars)


def behind(closed: ClosedJaxpr, source: Place) -> tuple[frozenset[str], Behind | None]:
    """Returns the primitives of an expression, and the first `where` that may hide it.

    Args:
        closed: The program of the value.
        source: The expression in the user's code.
    """
    trace = _Trace(source)
    trace.through(closed.jaxpr, [0] * len(closed.jaxpr.invars))
    return frozenset(trace.names), trace.choices[0] if trace.choices else None


def guard(source: Place, chosen: Behind) -> str:
    """Returns what to write instead, as precisely as the code can be parsed."""
    if chosen.circular:
        return CIRCULAR
    whole, where = _call(source.text), _call(chosen.place.text)
    if where is None or chosen.place.calls != "where" or len(where.args) != 3:
        return GUARD
    condition = ast.unparse(where.args[0])
    if whole is None or len(whole.args) != 1 or whole.keywords:
        return f"guard its argument with a where({condition}, …) of its own"
    argument = ast.unparse(whole.args[0])
    pair = f"{argument}, 1" if chosen.taken_if else f"1, {argument}"
    safe = f"{ast.unparse(where.func)}({condition}, {pair})"
    return f"guard its argument too: {ast.unparse(whole.func)}({safe})"


def _call(text: str) -> ast.Call | None:
    try:
        expression = ast.parse(text, mode="eval").body
    except SyntaxError:
        return None
    return expression if isinstance(expression, ast.Call) else None
