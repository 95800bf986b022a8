"""The operations that autodiff does not differentiate itself, and how to undo that.

Where a function has a rule of its own, JAX follows the rule; at a `stop_gradient` and where
numbers are rounded, it sets the derivative to zero. Here the program is changed so that the
derivative of each such operation is

    rule · (that of JAX)  +  plain · (that of the operation as it is written),

with a pair of weights (rule, plain) for each argument. (1, 0) is that of JAX, (0, 1) undoes it,
(0, 0) cuts the path. The values do not change. For a rounding, plain is the derivative
of the identity.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, JaxprEqn
from jaxtyping import Array, Float

from ..._foundation.user_code import Place, is_users
from ..._introspection.jax_internals import CUSTOM, custom_rule
from ..._introspection.jaxprs import dtype_of, is_float, place_of
from ..._introspection.library import asks_for
from ..._introspection.rewriting.replacement import Step, offered, rewritten

STOPS, CASTS = "stop_gradient", "convert_element_type"
ROUNDS = ("round", "floor", "ceil")
NAMES = (*CUSTOM, STOPS, *ROUNDS, CASTS)
"""The primitives that are examined."""

RULE, PLAIN, CUT = (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)


@dataclass(frozen=True)
class Suspect:
    """An operation, or all calls of a function with a rule, that autodiff may be wrong about.

    Attributes:
        kind: `custom rule`, `stop_gradient` or `rounding`.
        key: Its identity among its kind: the place of the function or the operation.
        place: The place of the user's own rule, or of the first call of the operation.
        name: The function that has the rule, or the primitive.
        rule: The name of the rule, if it has one.
        own: Whether the user wrote it; libraries have rules and stopped gradients too.
        arguments: The names of the arguments, as far as they are known.
    """

    kind: str
    key: str
    place: Place | None = field(compare=False)
    name: str
    rule: str = ""
    own: bool = True
    arguments: tuple[str, ...] = ("",)


def suspects(closed: ClosedJaxpr) -> tuple[Suspect, ...]:
    """Returns the suspects of a program, the user's own rules first."""
    candidates = [_suspect(*each) for each in offered(closed.jaxpr, NAMES)]
    kinds = {"custom rule": 0, STOPS: 1, "rounding": 2}
    unique = dict.fromkeys(s for s in candidates if s is not None)
    return tuple(sorted(unique, key=lambda s: (not s.own, kinds[s.kind])))


class Switches:
    """A pair of weights for each argument of each suspect.

    Attributes:
        suspects: The suspects.
        start: The row of the first argument of each.
    """

    def __init__(self, suspects: Sequence[Suspect]):
        self.suspects = tuple(suspects)
        counts = [len(suspect.arguments) for suspect in self.suspects]
        self.start = dict(zip(self.suspects, np.cumsum([0, *counts]).tolist(), strict=False))
        self.size = sum(counts)

    def rows(self, suspect: Suspect) -> range:
        """Returns the rows of a suspect, one for each argument."""
        first = self.start[suspect]
        return range(first, first + len(suspect.arguments))

    def set(self, rows: Sequence[int], pair: tuple[float, float]) -> Float[np.ndarray, "n 2"]:
        """Returns the weights of JAX with these rows replaced."""
        weights = np.tile(np.array(RULE), (self.size, 1))
        weights[list(rows)] = pair
        return weights

    def applied(
        self, closed: ClosedJaxpr, weights: Float[Array, "n 2"]
    ) -> Callable[..., list[Any]]:
        """Returns the program with the weighted derivatives."""
        whole: list[tuple[Any, Any, Any]] = []  # integers, what they were cut from, the weight

        def replace(step: Step) -> list[Any] | None:
            name, (first, *_) = step.equation.primitive.name, step.args
            if name == CASTS:
                for cut, origin, weight in whole:
                    if cut is first and is_float(step.equation.outvars[0]):
                        return [through(step.run(step.args)[0], origin, weight)]
            suspect = _suspect(step.equation, step.call)
            if suspect is None or suspect not in self.start:
                return None
            pairs = [weights[row] for row in self.rows(suspect)]
            if name in CUSTOM:
                function = custom_rule(step.equation).function
                assert function is not None  # else there is no suspect
                return _blend(step, rewritten(function, replace, NAMES), pairs)
            results = step.run(step.args)
            if name == CASTS:
                whole.append((results[0], first, pairs[0][1]))
                return results
            return [through(results[0], first, pairs[0][1])]

        return rewritten(closed, replace, NAMES)


def _blend(step: Step, plain: Callable[..., list[Any]], pairs: list[Array]) -> list[Any]:
    """Returns the results of a function with the weighted sum of both derivatives."""
    behind = [
        [through(a, a, pair[side]) for a, pair in zip(step.args, pairs, strict=True)]
        for side in (0, 1)
    ]
    by_rule, as_written = step.run(behind[0]), plain(*behind[1])
    return [joined(a, b) for a, b in zip(as_written, by_rule, strict=True)]


def through(value: Any, origin: Any, weight: Array) -> Any:
    """Returns a value with `weight` times the derivative of another one."""
    return _through(value, origin, weight) if _floating(value) else value


@jax.custom_jvp
def _through(value, origin, weight):
    return value


@_through.defjvp
def _through_rule(primals, tangents):
    value, _, weight = primals
    # Not weight times the tangent, which may be 0 times infinity where a path is cut.
    moved = tangents[1].astype(value.dtype)
    return value, jnp.where(weight == 0, 0, weight.astype(value.dtype) * moved)


def joined(value: Any, other: Any) -> Any:
    """Returns the first of two values that are equal, with the sum of their derivatives."""
    return _joined(value, other) if _floating(value) else value


@jax.custom_jvp
def _joined(value, other):
    return value


@_joined.defjvp
def _joined_rule(primals, tangents):
    return primals[0], tangents[0] + tangents[1]


def _floating(value: Any) -> bool:
    return jnp.issubdtype(value.dtype, jnp.floating)


def _suspect(equation: JaxprEqn, call: JaxprEqn) -> Suspect | None:
    name = equation.primitive.name
    if name in CUSTOM:
        return _custom(equation, call)
    if name == CASTS and not (
        is_float(equation.invars[0]) and jnp.issubdtype(dtype_of(equation.outvars[0]), jnp.integer)
    ):
        return None
    place = place_of(call)
    words = "a cast to integers" if name == CASTS else name
    kind = name if name == STOPS else "rounding"
    own = place is not None and asks_for(call, name)
    return Suspect(kind, _key(place), place, words, own=own)


def _key(place: Place | None) -> str:
    return f"{place.file}:{place.line}:{place.column}" if place else ""


def _custom(equation: JaxprEqn, call: JaxprEqn) -> Suspect | None:
    function, origin, rule, arguments = custom_rule(equation)
    if function is None:  # nothing can replace the rule
        return None
    own = bool(origin.file) and is_users(origin.file)
    written = rule if rule.file and is_users(rule.file) else origin
    place = Place(written.file, written.line) if own else place_of(call)
    key, named = f"{origin.file}:{origin.line}", rule.name if written is rule else ""
    return Suspect("custom rule", key, place, origin.name, named, own, arguments)
