"""A traced program with some of its operations replaced.

The program runs operation by operation. Each operation of certain kinds is offered to a function,
which replaces it or declines; operations that contain none of them run unchanged. Compiled
functions are opened, as are `scan` and `cond`; `while` loops are not, since autodiff does not run
backwards through them.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import jax
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, Literal, jaxpr_as_fun

from ..._foundation.user_code import is_users
from ..jax_internals import CALLS, is_dropped, loop_of, origin_of, part_of, programs_in
from ..jaxprs import divided, equations


@dataclass(frozen=True)
class Step:
    """One operation about to run.

    Attributes:
        equation: The operation.
        call: The equation that carries its place in the user's code: itself, or the call of the
            library's compiled function that it is a part of.
        args: The values of its operands.
        run: Runs it unchanged, with its own rule for autodiff, on such values.
    """

    equation: JaxprEqn
    call: JaxprEqn
    args: list[Any]
    run: Callable[[Sequence[Any]], list[Any]]


Replace: TypeAlias = Callable[[Step], Sequence[Any] | None]
"""Function that returns the results of an operation, or None to leave it unchanged."""


def rewritten(
    closed: ClosedJaxpr, replace: Replace, names: Collection[str], call: JaxprEqn | None = None
) -> Callable[..., list[Any]]:
    """Returns the program as a function of its flat arguments, with operations replaced.

    Args:
        closed: The program.
        replace: Replaces an operation, or declines.
        names: The primitives that are offered to it.
        call: The call of a library's function whose inside the program is, if any.
    """
    jaxpr = closed.jaxpr

    def evaluate(*args: Any) -> list[Any]:
        values: dict[Any, Any] = dict(zip(jaxpr.constvars, closed.consts, strict=True))
        values |= dict(zip(jaxpr.invars, args, strict=True))

        def read(v):
            return v.val if isinstance(v, Literal) else values[v]

        for equation in jaxpr.eqns:
            operands, results = [read(v) for v in equation.invars], None
            run = partial(run_one, jaxpr, equation)
            if equation.primitive.name in names:
                results = replace(Step(equation, call or equation, operands, run))
            elif _holds(equation, names):
                inside = [
                    rewritten(inner, replace, names, place_inside(equation, inner, call))
                    for inner in programs_in(equation)
                ]
                results = run_opened(equation, inside, operands)
            if results is None:
                results = run(operands)
            values |= dict(zip(equation.outvars, results, strict=True))
        return [read(v) for v in jaxpr.outvars]

    return evaluate


def offered(
    jaxpr: Jaxpr, names: Collection[str], call: JaxprEqn | None = None
) -> Iterator[tuple[JaxprEqn, JaxprEqn]]:
    """Yields the operations that `rewritten` would offer, each with the carrier of its place."""
    for equation in jaxpr.eqns:
        if equation.primitive.name in names:
            yield equation, call or equation
        if equation.primitive.name in (*CALLS, *_LOOPS, *names):
            for inner in programs_in(equation):
                yield from offered(inner.jaxpr, names, place_inside(equation, inner, call))


def _holds(equation: JaxprEqn, names: Collection[str]) -> bool:
    """Whether an operation that can be opened contains some of these primitives."""
    return equation.primitive.name in (*CALLS, *_LOOPS) and any(
        inner.primitive.name in names
        for program in programs_in(equation)
        for inner in equations(program.jaxpr)
    )


def run_one(jaxpr: Jaxpr, equation: JaxprEqn, args: Sequence[Any]) -> list[Any]:
    """Runs one operation of a program, with its own rule for autodiff."""
    pairs = zip(equation.invars, args, strict=True)
    arguments = {v: value for v, value in pairs if not isinstance(v, Literal)}
    outputs = [v for v in equation.outvars if not is_dropped(v)]
    alone = part_of(jaxpr, constvars=[], invars=list(arguments), outvars=outputs, eqns=[equation])
    results = iter(jaxpr_as_fun(ClosedJaxpr(alone, ()))(*arguments.values()))
    return [next(results) if v in outputs else None for v in equation.outvars]


def run_opened(equation: JaxprEqn, run: Sequence[Callable], args: Sequence[Any]) -> list[Any]:
    """Runs an operation with functions in place of its inner programs."""
    return _LOOPS.get(equation.primitive.name, _once)(equation, run, args)


def _once(equation: JaxprEqn, run: Sequence[Callable], args: Sequence[Any]) -> list[Any]:
    return run[0](*args)


def _scan(equation: JaxprEqn, run: Sequence[Callable], args: Sequence[Any]) -> list[Any]:
    fixed, start, rows = divided(equation, args)

    def step(carry, row):
        results = run[0](*fixed, *carry, *row)
        return results[: len(carry)], results[len(carry) :]

    loop = loop_of(equation)
    assert loop is not None  # otherwise it has no inner programs to replace
    last, stacked = jax.lax.scan(
        step, start, rows, length=loop.length, reverse=loop.reverse, unroll=loop.unroll
    )
    return [*last, *stacked]


def _cond(equation: JaxprEqn, run: Sequence[Callable], args: Sequence[Any]) -> list[Any]:
    return jax.lax.switch(args[0], run, *args[1:])


_LOOPS = {"scan": _scan, "cond": _cond}


def place_inside(equation: JaxprEqn, inner: ClosedJaxpr, call: JaxprEqn | None) -> JaxprEqn | None:
    """Returns the equation that carries the places of inner operations; None for themselves.

    JAX keeps the first trace of a library's compiled function, with the place of its first call.
    A function of the user's has places of its own.
    """
    if equation.primitive.name not in CALLS:
        return call
    origin = origin_of(inner.jaxpr)
    return None if origin.file and is_users(origin.file) else call or equation
