"""The lines of a rule: where it computes a cotangent, and where it uses an operand."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr, JaxprEqn, Literal

from ..._foundation.errors import outcome_of
from ..._foundation.layout import PyTree
from ..._foundation.user_code import Place
from ..._introspection.jaxprs import place_of
from .primals import Named
from .rule import AbstractRule, JaxRule

Arguments = tuple[Named, Named, PyTree]
"""Some primals, the others, and the cotangent of the result."""


def place_of_cotangent(rule: AbstractRule, arguments: Arguments, name: str) -> Place | None:
    """Returns the expression that gives the cotangent of a primal, or the rule that does."""
    if not isinstance(rule, JaxRule) or rule.written is None:
        return rule.place
    some, others, u = arguments
    if rule.tangent is None:
        one = {name: some[name]}
        closed = _traced(lambda u: rule.rerun(one, {**others, **some}, u, {}), u)
        made = [] if closed is None else _behind(closed, closed.jaxpr.outvars)
        outputs = () if closed is None else closed.jaxpr.outvars
        last = [e for e in made if any(v in outputs for v in e.outvars)]
        return _first(rule, last[::-1])
    closed = _traced(lambda t: rule.moved({**some, **others}, {name: t}), some[name])
    return rule.place if closed is None else _first(rule, _users(closed, closed.jaxpr.invars))


def place_of_operand(rule: AbstractRule, arguments: Arguments, number: int) -> Place | None:
    """Returns the expression that uses an operand of the rule."""
    if not isinstance(rule, JaxRule):
        return rule.place
    some, others, u = arguments
    operand = rule.operands(some, others)[number]
    if rule.tangent is None:
        closed = _traced(lambda new: rule.rerun(some, others, u, {number: new}), operand)
    else:
        closed = _traced(lambda new: rule.moved({**some, **others}, some, {number: new}), operand)
    # Where it enters the result is what counts, and not where f is called with it.
    uses = [] if closed is None else _users(closed, closed.jaxpr.invars)
    return _first(rule, uses[::-1])


def _traced(function: Callable[..., Any], argument: PyTree) -> ClosedJaxpr | None:
    closed = outcome_of(lambda: jax.make_jaxpr(function)(argument))
    return None if isinstance(closed, Exception) else closed


def _behind(closed: ClosedJaxpr, results: Sequence[Any]) -> list[JaxprEqn]:
    """Returns the operations that results depend on, in their order."""
    needed = {v for v in results if not isinstance(v, Literal)}
    kept = []
    for equation in reversed(closed.jaxpr.eqns):
        if needed.intersection(equation.outvars):
            kept.append(equation)
            needed.update(v for v in equation.invars if not isinstance(v, Literal))
    return kept[::-1]


def _users(closed: ClosedJaxpr, variables: Sequence[Any]) -> list[JaxprEqn]:
    """Returns the operations on some variables that the results depend on."""
    operations = _behind(closed, closed.jaxpr.outvars)
    return [e for e in operations if any(v in variables for v in e.invars if _is_variable(v))]


def _is_variable(operand: Any) -> bool:
    return not isinstance(operand, Literal)


def _first(rule: AbstractRule, operations: Sequence[JaxprEqn]) -> Place | None:
    """Returns the first place of operations in the file of the rule, or the rule itself."""
    home = rule.place
    places = [place_of(each) for each in operations]
    inside = [p for p in places if p is not None and home is not None and p.file == home.file]
    return inside[0] if inside else home
