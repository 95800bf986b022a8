"""The cost of one run of a program, counted in operations and not in seconds.

The count decides how many hypotheses a diagnosis can afford, so that it finds the same on a busy
machine as on a quiet one.
"""

import math
from typing import Any

import numpy as np
from jax.extend.core import Jaxpr, JaxprEqn

from ..._introspection.jax_internals import inner_programs, loop_of

TURNS = 100
"""Assumed number of turns of a `while` loop, which the program does not contain."""


def operation_count(jaxpr: Jaxpr) -> float:
    """Returns about how many operations on single numbers one run of a program takes."""
    return sum(_count(equation) for equation in jaxpr.eqns)


def _count(equation: JaxprEqn) -> float:
    inner = [operation_count(getattr(each, "jaxpr", each)) for each in inner_programs(equation)]
    if inner:
        return _turns(equation) * sum(inner)
    sizes = [_size(variable) for variable in (*equation.invars, *equation.outvars)]
    if equation.primitive.name == "dot_general":
        # An m × k matrix times a k × n one: m k n products, the root of (m k)(k n)(m n).
        return math.sqrt(math.prod(sizes))
    return max(sizes, default=1.0)


def _turns(equation: JaxprEqn) -> float:
    loop = loop_of(equation)
    if loop is not None:
        return float(loop.length)
    return float(TURNS) if equation.primitive.name in ("scan", "while") else 1.0


def _size(variable: Any) -> float:
    return float(np.prod(getattr(variable.aval, "shape", ()), dtype=float))
