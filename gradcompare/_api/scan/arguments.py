"""The ways in which a function can be called: read from its signature, and found by trying."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..._foundation.errors import InputError, outcome_of
from ..._foundation.user_code import describe
from .points import SIDE
from .targets import Named

SCALAR, ORDER, VECTOR, MATRIX, LIST = "scalar", "order", "vector", "matrix", "list of vectors"

FAMILIES: tuple[tuple[str, dict[int, tuple[tuple[str, ...], ...]]], ...] = (
    (
        "scalars",
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

EXAMPLES: dict[str, Any] = {
    SCALAR: np.float64(0.71),
    VECTOR: np.linspace(0.2, 0.8, SIDE),
    MATRIX: np.eye(SIDE) + np.arange(SIDE * SIDE).reshape(SIDE, SIDE) / 10,
    LIST: [np.linspace(0.2, 0.8, SIDE), np.linspace(0.3, 0.9, SIDE)],
}


@dataclass(frozen=True)
class Call:
    """One way to call a function.

    Attributes:
        function: The function.
        names: The names of the arguments.
        kinds: The kinds of the arguments.
        order: The whole number in place of each argument of the kind `order`.
        family: `scalars`, `vectors` or `matrices`.
    """

    function: Callable[..., Any]
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    order: int
    family: str

    @property
    def moved(self) -> tuple[int, ...]:
        """The numbers of the arguments with a derivative."""
        return tuple(n for n, kind in enumerate(self.kinds) if kind != ORDER)

    @property
    def examples(self) -> tuple[Any, ...]:
        """Arguments of the right kinds, without the orders."""
        return tuple(EXAMPLES[self.kinds[n]] for n in self.moved)

    def whole(self, arguments: Sequence[Any]) -> list[Any]:
        """Returns all arguments, the orders included."""
        rest = iter(arguments)
        return [self.order if kind == ORDER else next(rest) for kind in self.kinds]

    def result(self, *arguments: Any) -> Any:
        """Returns what the function returns, for arguments without the orders."""
        result = self.function(*self.whole(arguments))
        for leaf in jax.tree.leaves(result):
            if not hasattr(leaf, "dtype") and not isinstance(leaf, (int, float, complex)):
                raise InputError(f"it returns a {type(leaf).__name__}")
        return result

    def value(self, *arguments: Any) -> Array:
        """Returns one number: the result, or a fixed sum of its entries with different weights."""
        leaves = [jnp.asarray(leaf) for leaf in jax.tree.leaves(self.result(*arguments))]
        parts = [leaf for leaf in leaves if jnp.issubdtype(leaf.dtype, jnp.inexact)]
        if len(parts) == 1 and not parts[0].ndim and jnp.isrealobj(parts[0]):
            return parts[0]
        y = jnp.concatenate([part.ravel() for part in parts])
        if jnp.iscomplexobj(y):
            y = jnp.concatenate([y.real, y.imag])
        return y @ (1 + np.cos(1 + np.arange(y.size)) / 2)

    @property
    def is_single(self) -> bool:
        """Whether the result is one real number."""
        leaves = jax.tree.leaves(jax.eval_shape(self.result, *self.examples))
        return (
            len(leaves) == 1
            and not leaves[0].shape
            and bool(jnp.issubdtype(leaves[0].dtype, jnp.floating))
        )


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


SCALARS = FAMILIES[0][0]


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
    numbers = tuple(range(len(call.moved)))
    gradient = outcome_of(
        lambda: jax.eval_shape(jax.grad(call.value, argnums=numbers), *call.examples)
    )
    if isinstance(gradient, Exception) and len(numbers) > 1:
        some = [n for n in numbers if _has_derivative(call, n)]
        return None if some else f"{REFUSED}: {describe(gradient)}"
    return f"{REFUSED}: {describe(gradient)}" if isinstance(gradient, Exception) else None


def _has_derivative(call: Call, number: int) -> bool:
    gradient = outcome_of(
        lambda: jax.eval_shape(jax.grad(call.value, argnums=number), *call.examples)
    )
    return not isinstance(gradient, Exception)


def differentiable(call: Call) -> dict[int, str]:
    """Returns, for each argument that is moved, why autodiff refuses it; empty if it does not."""
    reasons = {}
    for n in range(len(call.moved)):
        outcome = outcome_of(
            lambda n=n: jax.eval_shape(jax.grad(call.value, argnums=n), *call.examples)
        )
        reasons[n] = describe(outcome) if isinstance(outcome, Exception) else ""
    return reasons


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

    if len(vectors.moved) < len(scalars.moved):
        scalars = Call(
            scalars.function,
            vectors.names,
            scalars.kinds[: len(vectors.kinds)],
            scalars.order,
            SCALARS,
        )
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
