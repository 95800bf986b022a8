"""A program whose `while` loops run on after their condition has failed.

A loop that iterates to a tolerance comes closer to its limit with each further turn. So the error
that its tolerance leaves shrinks, and that of a wrong formula stays.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun

from ..jax_internals import CUSTOM, closed, inner_programs, programs_in
from ..jaxprs import equations
from .replacement import Step, rewritten

WHILE = "while"

TURNS = 60
"""Number of further turns: Newton's method needs one, and a contraction by 0.8 gains 6 digits."""


def has_loops(program: ClosedJaxpr) -> bool:
    """Whether a program has a `while` loop."""
    return any(equation.primitive.name == WHILE for equation in equations(program.jaxpr))


def with_longer_loops(program: ClosedJaxpr) -> Callable[..., list[Any]]:
    """Returns the program as a function of its flat arguments, with loops that run on."""
    return rewritten(program, _longer, (WHILE, *CUSTOM))


def _longer(step: Step) -> list[Any] | None:
    """Runs a loop for `TURNS` more turns; leaves one alone whose parts are unknown.

    A function with a rule of its own is opened: what it computes is run, and not differentiated.
    """
    if step.equation.primitive.name in CUSTOM:
        return next((with_longer_loops(p)(*step.args) for p in programs_in(step.equation)), None)
    inside = list(map(closed, inner_programs(step.equation)))
    carried = len(step.equation.outvars)
    if len(inside) != 2:
        return None
    asks = [p for p in inside if len(p.jaxpr.outvars) == 1 and _is_boolean(p)]
    if len(asks) != 1 or (carried == 1 and asks[0] is inside[0] and _is_boolean(inside[1])):
        return None
    condition, body = asks[0], next(p for p in inside if p is not asks[0])
    # The constants of the condition come first, then those of the body, then what is carried.
    first = len(condition.jaxpr.invars) - carried
    asked, used = step.args[:first], step.args[first : len(step.args) - carried]
    goes_on, turn = jaxpr_as_fun(condition), with_longer_loops(body)

    def runs(state: tuple[Any, ...]) -> Any:
        left, *values = state
        return goes_on(*asked, *values)[0] | (left > 0)

    def once(state: tuple[Any, ...]) -> tuple[Any, ...]:
        left, *values = state
        further = jnp.where(goes_on(*asked, *values)[0], left, left - 1)
        return (further, *turn(*used, *values))

    start = (jnp.int32(TURNS), *step.args[len(step.args) - carried :])
    return list(jax.lax.while_loop(runs, once, start)[1:])


def _is_boolean(program: ClosedJaxpr) -> bool:
    (*_, last) = program.jaxpr.outvars
    return last.aval.dtype == bool and last.aval.shape == ()
