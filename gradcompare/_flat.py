"""A traced program as one list of operations: what is compiled by itself inside is written out.

Each operation knows the expression of the user's code that it comes from. JAX keeps the traced
program of a function of a library and uses it again, so that what stands inside of `jnp.where`
carries the place of its first call in the process; such operations get the place of this call.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, Literal, jaxpr_as_fun

from ._errors import is_users
from ._source import Place, place_of

INLINED = ("jit", "pjit", "closed_call", "core_call", "checkpoint", "remat", "remat2")
RULES = ("custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr")

DROPPED = "_"
"""What a result that nothing uses is called."""


@dataclass(frozen=True)
class Operation:
    """One primitive operation.

    Attributes:
        equation: As it was traced.
        operands: The numbers of its operands.
        results: The numbers of its results.
        place: The expression of the user's code that it comes from, if that is known.
    """

    equation: JaxprEqn
    operands: tuple[int, ...]
    results: tuple[int, ...]
    place: Place | None

    @property
    def name(self) -> str:
        """The name of the primitive."""
        return self.equation.primitive.name

    def run(self, operands: Sequence[Any]) -> list[Any]:
        """Returns the results for these operands."""
        equation = self.equation
        if self.name in RULES:
            return _run_rule(equation, operands)
        found = equation.primitive.bind(*operands, **equation.params)
        return list(found) if equation.primitive.multiple_results else [found]


@dataclass(frozen=True)
class Flat:
    """A program without programs inside, but for the bodies of loops and conditions.

    Attributes:
        operations: In the order in which they run.
        inputs: The numbers of the arguments.
        outputs: The numbers of the results.
        constants: The values that are known beforehand, by their numbers.
    """

    operations: tuple[Operation, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    constants: Mapping[int, Any]

    def active(self, inputs: Sequence[int]) -> frozenset[int]:
        """The numbers of the values through which derivatives with respect to `inputs` flow."""
        found = set(inputs)
        for operation in self.operations:
            if operation.name != "stop_gradient" and found.intersection(operation.operands):
                variables = zip(operation.results, operation.equation.outvars, strict=True)
                found.update(
                    number
                    for number, variable in variables
                    if jnp.issubdtype(getattr(variable.aval, "dtype", bool), jnp.floating)
                )
        return frozenset(found)


def flatten(traced: ClosedJaxpr) -> Flat:
    """Returns a traced program as one list of operations."""
    return _Flattening().flat(traced)


class _Flattening:
    """Gives every value a number while it walks through a program."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.constants: dict[int, Any] = {}
        self.count = 0

    def flat(self, traced: ClosedJaxpr) -> Flat:
        jaxpr = traced.jaxpr
        numbers = {v: self._new() for v in jaxpr.invars}
        outputs = self._walk(jaxpr, traced.consts, numbers, None)
        inputs = tuple(numbers[v] for v in jaxpr.invars)
        return Flat(tuple(self.operations), inputs, outputs, self.constants)

    def _new(self, *value: Any) -> int:
        self.count += 1
        if value:
            self.constants[self.count] = value[0]
        return self.count

    def _walk(self, jaxpr: Jaxpr, consts: Sequence[Any], numbers: dict, outer: Place | None):
        numbers |= {v: self._new(c) for v, c in zip(jaxpr.constvars, consts, strict=True)}

        def number(v: Any) -> int:
            if isinstance(v, Literal):
                return self._new(np.asarray(v.val, getattr(v.aval, "dtype", None)))
            return numbers[v]

        for equation in jaxpr.eqns:
            place = outer or place_of(equation)
            operands = tuple(map(number, equation.invars))
            inner = _inner(equation)
            if inner is None:
                results = tuple(self._new() for _ in equation.outvars)
                self.operations.append(Operation(equation, operands, results, place))
            else:
                known = dict(zip(inner.jaxpr.invars, operands, strict=True))
                within = outer or (None if _is_users(inner.jaxpr) else place)
                results = self._walk(inner.jaxpr, inner.consts, known, within)
            numbers |= zip(equation.outvars, results, strict=True)
        return tuple(map(number, jaxpr.outvars))


def _inner(equation: JaxprEqn) -> ClosedJaxpr | None:
    if equation.primitive.name not in INLINED:
        return None
    inner = equation.params.get("jaxpr", equation.params.get("call_jaxpr"))
    return ClosedJaxpr(inner, ()) if isinstance(inner, Jaxpr) else inner


def _is_users(jaxpr: Jaxpr) -> bool:
    """Whether it was traced from a function of the user's own."""
    _, _, place = (getattr(jaxpr.debug_info, "func_src_info", "") or "").partition(" at ")
    return bool(place) and is_users(place.rpartition(":")[0])


def _run_rule(equation: JaxprEqn, operands: Sequence[Any]) -> list[Any]:
    """Runs a function with a rule of its own for autodiff, which keeps its rule."""
    pairs = zip(equation.invars, operands, strict=True)
    given = {v: operand for v, operand in pairs if not isinstance(v, Literal)}
    kept = [v for v in equation.outvars if str(v) != DROPPED]
    inner = next(v.jaxpr for v in equation.params.values() if isinstance(v, ClosedJaxpr))
    program = inner.replace(
        constvars=[],
        invars=list(given),
        outvars=kept,
        eqns=[equation],
        debug_info=inner.debug_info.with_unknown_names(),
    )
    found = iter(jaxpr_as_fun(ClosedJaxpr(program, ()))(*given.values()))
    return [None if str(v) == DROPPED else next(found) for v in equation.outvars]
