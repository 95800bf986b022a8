"""Where a NaN comes from: the first operation that makes one of finite numbers.

A value may be finite and its derivative not: `where` keeps a NaN of the branch that is not taken
out of the value, and the chain rule multiplies it by zero, which is NaN. So the program of
autodiff is run operation by operation.
"""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, Literal, jaxpr_as_fun

from ._jaxprs import equations
from ._numbers import short
from ._program import RUNNING
from ._programs import Programs
from ._source import place_of

CHOOSES = "select_n"
"""What `where` is called in a program."""

GUARD = (
    "; autodiff goes through both branches of a where, so guard the argument of the branch that "
    "is not taken too: where(ok, f(where(ok, x, 1)), other)"
)


def first_nonfinite(programs: Programs, entries: Sequence[int]) -> str:
    """Returns in a sentence which operation of autodiff it is, and where it stands.

    Args:
        programs: Of an objective that can be traced.
        entries: The coordinates whose derivatives are not finite.
    """
    params, data, _ = programs.args
    traced = jax.make_jaxpr(jax.grad(programs.problem.objective.value))(params, data)
    with RUNNING:
        found = _first(traced.jaxpr, traced.consts, jax.tree.leaves((params, data)))
    if found is None:
        return ""
    operation, place = found
    layout, i = programs.problem.layout, entries[0]
    said = (
        f"{layout.name(i)} is {short(float(programs.x[i]))}: the first number that is not finite "
        f"comes from {operation}{place}"
    )
    chooses = any(e.primitive.name == CHOOSES for e in equations(traced.jaxpr))
    return said + (GUARD if chooses else "")


def _first(jaxpr: Jaxpr, consts: Sequence[Any], args: Sequence[Any]) -> tuple[str, str] | None:
    """The first operation with a result that is not finite and operands that are, and where."""
    kept = [v for equation in jaxpr.eqns for v in equation.outvars if str(v) != "_"]
    names = jaxpr.debug_info.with_unknown_names()
    everything = ClosedJaxpr(jaxpr.replace(outvars=kept, debug_info=names), consts)
    known: dict[Any, Any] = dict(zip(jaxpr.constvars, consts, strict=True))
    known |= dict(zip(jaxpr.invars, args, strict=True))
    known |= dict(zip(kept, jaxpr_as_fun(everything)(*args), strict=True))
    for equation in jaxpr.eqns:
        given = [v.val if isinstance(v, Literal) else known[v] for v in equation.invars]
        found = [known[v] for v in equation.outvars if v in known]
        if all(map(_finite, given)) and not all(map(_finite, found)):
            inner, deeper = equation.params.get("jaxpr", equation.params.get("call_jaxpr")), None
            if isinstance(inner, ClosedJaxpr) and len(inner.jaxpr.invars) == len(given):
                deeper = _first(inner.jaxpr, inner.consts, given)
            operation, place = deeper or (equation.primitive.name, "")
            return operation, place or _place(equation)
    return None


def _finite(value: Any) -> bool:
    array = np.asarray(value)
    return array.dtype.kind not in "fc" or bool(np.all(np.isfinite(array)))


def _place(equation: JaxprEqn) -> str:
    """The line of the user's code, as ` at file:line`."""
    place = place_of(equation)
    return "" if place is None else f" at {place.where}"
