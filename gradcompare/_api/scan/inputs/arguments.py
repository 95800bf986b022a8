"""The ways in which a function can be called: read from its signature, and found by trying."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...._foundation.errors import outcome_of
from ...._foundation.user_code import describe
from .call import EXAMPLES, LIST, MATRIX, ORDER, SCALAR, SCALARS, VECTOR, Call, differentiable
from .targets import Named

FAMILIES: tuple[tuple[str, dict[int, tuple[tuple[str, ...], ...]]], ...] = (
    (
        SCALARS,
        {
            1: ((SCALAR,),),
            2: ((SCALAR, SCALAR), (ORDER, SCALAR), (SCALAR, ORDER)),
            3: ((SCALAR,) * 3, (ORDER, SCALAR, SCALAR), (ORDER, ORDER, SCALAR)),
            4: ((SCALAR,) * 4, (ORDER, SCALAR, SCALAR, SCALAR)),
            5: ((SCALAR,) * 5,),
        },
    ),
    (
        "vectors",
        {
            1: ((VECTOR,), (LIST,)),
            2: ((VECTOR, VECTOR), (VECTOR, ORDER), (ORDER, VECTOR), (SCALAR, VECTOR)),
            3: ((VECTOR,) * 3, (VECTOR, ORDER, ORDER)),
        },
    ),
    (
        "matrices",
        {
            1: ((MATRIX,),),
            2: ((MATRIX, MATRIX), (MATRIX, VECTOR), (MATRIX, ORDER)),
            3: ((VECTOR, VECTOR, MATRIX), (MATRIX, MATRIX, MATRIX), (MATRIX, ORDER, ORDER)),
        },
    ),
)
"""Kinds of the arguments, by the number of arguments, in the order in which they are tried."""

REFUSED = "no derivative"

ORDERS = (1, 2)
"""Whole numbers for the arguments that take no others."""


def calls_of(named: Named) -> list[Call] | str:
    """Returns the ways in which a function can be called, one a family; or why there is none."""
    names = _names(named.function)
    if isinstance(names, str):
        return names
    found: list[Call] = []
    reasons: list[str] = []
    for family, kinds in FAMILIES:
        outcome = _first(named.function, family, names, kinds)
        if isinstance(outcome, Call):
            found.append(outcome)
        else:
            reasons += outcome
    if len(found) > 1 and _is_entrywise(found[0], found[1]):
        return found[:1]
    if found and found[0].family == SCALARS and len(found) > 1 and _reduces(found[1]):
        return found[1:]
    return found or _summary(reasons)


def _summary(reasons: Sequence[str]) -> str:
    """Returns the reason of the call that came furthest: the last one, or that of autodiff."""
    if not reasons:
        return "it has more arguments than are tried"
    return next((r for r in reasons if r.startswith(REFUSED)), reasons[-1])


def _names(function: Callable[..., Any]) -> tuple[tuple[str, ...], int] | str:
    """Returns the names of the arguments that may be numbers, and how many are required."""
    count = getattr(function, "nin", None)
    signature = outcome_of(lambda: inspect.signature(function))
    if isinstance(count, int) and count:
        return ("x", "y", "z")[:count], count
    if isinstance(signature, Exception):
        return f"its signature cannot be read: {describe(signature)}"
    required, optional = [], []
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL and not required:
            required.append(parameter.name)
        if parameter.kind not in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            if parameter.kind is parameter.KEYWORD_ONLY and parameter.default is parameter.empty:
                return f"it requires the keyword {parameter.name}"
            continue
        if parameter.default is parameter.empty:
            required.append(parameter.name)
        elif _is_number(parameter.default):
            optional.append(parameter.name)
        else:
            break
    if not required and not optional:
        return "it has no argument that could be a number"
    return (*required, *optional), len(required)


def _is_number(default: Any) -> bool:
    return isinstance(default, (int, float)) and not isinstance(default, bool)


def _first(
    function: Callable[..., Any],
    family: str,
    names: tuple[tuple[str, ...], int],
    kinds: dict[int, tuple[tuple[str, ...], ...]],
) -> Call | list[str]:
    """Returns the first call of a family that works; else the reasons why none does."""
    reasons = []
    for call in _tried(function, family, names, kinds):
        reason = _failure(call)
        if reason is None:
            return call
        reasons.append(reason)
    return reasons


def _tried(function, family, names, kinds) -> Iterator[Call]:
    every, required = names
    counts = [len(every)] if family == SCALARS else []
    counts += [n for n in (required, max(required, 1)) if n not in counts]
    for count in counts:
        for each in kinds.get(count, ()):
            orders = ORDERS if ORDER in each else (0,)
            for order in orders:
                yield Call(function, every[:count], each, order, family)


def _failure(call: Call) -> str | None:
    """Returns why a call does not work or has no derivative; None if it has one."""
    result = outcome_of(lambda: jax.eval_shape(call.result, *call.examples))
    if isinstance(result, Exception):
        return describe(result)
    leaves = jax.tree.leaves(result)
    kinds = [getattr(leaf, "dtype", np.dtype(object)) for leaf in leaves]
    if not any(jnp.issubdtype(kind, jnp.inexact) for kind in kinds):
        return "its result holds no floating-point number"
    refusals = list(differentiable(call).values())
    return f"{REFUSED}: {refusals[0]}" if all(refusals) else None


def _is_entrywise(scalars: Call, vectors: Call) -> bool:
    """Whether a function of vectors does to each entry what the one of scalars does."""
    if scalars.family != SCALARS or set(vectors.kinds) - {VECTOR, ORDER}:
        return False
    if len(vectors.moved) > len(scalars.moved):
        return False

    def of_entries(*vectors: Any) -> Any:
        rest = EXAMPLES[SCALAR]
        missing = [rest] * (len(scalars.moved) - len(vectors))
        return jax.vmap(lambda *x: scalars.result(*x, *missing))(*vectors)

    together = outcome_of(lambda: vectors.result(*vectors.examples))
    apart = outcome_of(lambda: of_entries(*vectors.examples))
    if isinstance(together, Exception) or isinstance(apart, Exception):
        return False
    pairs = list(zip(jax.tree.leaves(together), jax.tree.leaves(apart), strict=False))
    return bool(pairs) and all(
        np.shape(a) == np.shape(b) and np.allclose(a, b, equal_nan=True) for a, b in pairs
    )


def _reduces(vectors: Call) -> bool:
    """Whether a function of vectors returns one number, so that it says nothing of one scalar."""
    shapes = jax.tree.leaves(jax.eval_shape(vectors.result, *vectors.examples))
    return all(not leaf.shape for leaf in shapes)
