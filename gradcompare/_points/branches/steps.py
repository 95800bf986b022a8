"""Operations whose results change in steps: rounding, and whole numbers made of inexact ones.

Between its steps such an operation is constant, so that each is a branch. There are too many to
seek a point for each; they are only named, so that nobody takes the function for one without any.
"""

from collections.abc import Iterable

import jax.numpy as jnp
from jax.extend.core import Jaxpr, JaxprEqn

from ..._foundation.wording import listed
from ..._introspection.jax_internals import is_dropped
from ..._introspection.jaxprs import dtype_of, equations, is_float

STEPS = frozenset({"floor", "ceil", "round", "rem", "argmax", "argmin", "top_k", "approx_top_k"})
"""Operations of inexact numbers that change in steps, or at steps."""

SEEN = frozenset({"sort", "lu"})
"""Operations with whole numbers beside their results: a choice, and pivots, which change none."""


def is_step(equation: JaxprEqn) -> bool:
    """Whether the result of an operation of inexact numbers changes in steps."""
    if not any(map(is_float, equation.invars)):
        return False
    whole = (not is_dropped(v) and _is_whole(v) for v in equation.outvars)
    name = equation.primitive.name
    return name in STEPS or (name not in SEEN and any(whole))


def holds_step(jaxpr: Jaxpr) -> bool:
    """Whether an operation of a library's program changes in steps."""
    return any(map(is_step, equations(jaxpr)))


def unfollowed(places: Iterable[str]) -> str:
    """Returns the end of a sentence about all steps; empty if there are none."""
    names = list(dict.fromkeys(places))
    if not names:
        return ""
    return f"{listed(names)} change{'s' * (len(names) == 1)} in steps, which are not followed"


def _is_whole(variable: object) -> bool:
    dtype = dtype_of(variable)
    return dtype is not None and bool(jnp.issubdtype(dtype, jnp.integer))
