"""A program that runs operation by operation, plainly and with random rounding at once."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend.core import ClosedJaxpr, JaxprEqn, Literal
from jaxtyping import Array

from ..._foundation.user_code import Place
from ..._introspection.jax_internals import CALLS, CUSTOM, inner_programs, loop_of, programs_in
from ..._introspection.jaxprs import divided, dtype_of, place_of
from ..._introspection.rewriting.replacement import place_inside
from .noise import Noise, is_inexact
from .operations import Twin, run_twice

OPENED = ("scan", "while", "cond", *CALLS, *CUSTOM)
"""Operations whose inner programs run operation by operation as well."""

Digits = dict[int, Array]
"""For each operation, the relative rounding errors of its operands and of its results."""


@dataclass
class Rerun:
    """A run of a program with random rounding.

    Attributes:
        watched: Whether the rounding errors of every operation are recorded.
        healed: For each operation, whether its results are those of the plain run, if watched.
        places: The place of each operation in the user's code, if watched.
    """

    watched: bool = False
    healed: Array | None = None
    places: dict[int, Place | None] = field(default_factory=dict)

    def run(
        self,
        closed: ClosedJaxpr,
        twins: Sequence[Twin],
        noise: Noise,
        first: int = 0,
        call: JaxprEqn | None = None,
    ) -> tuple[list[Twin], Digits]:
        """Returns the results of a program, and the records of its operations.

        Args:
            closed: The program.
            twins: Its arguments.
            noise: The random rounding.
            first: The number of its first operation.
            call: The call of a library's function whose inside the program is, if any.
        """
        jaxpr, digits = closed.jaxpr, {}
        known = {v: Twin(c, c) for v, c in zip(jaxpr.constvars, closed.consts, strict=True)}
        known |= dict(zip(jaxpr.invars, twins, strict=True))

        def read(v: Any) -> Twin:
            if not isinstance(v, Literal):
                return known[v]
            literal = np.asarray(v.val, dtype_of(v))
            return Twin(literal, literal)

        number = first
        for equation in jaxpr.eqns:
            operands = [read(v) for v in equation.invars]
            bodies = _bodies(equation)
            if bodies:
                inside = place_inside(equation, bodies[0], call)
                step = _Opened(self, equation, bodies, noise.prepared(), number, inside)
                results, inner = step.run(operands)
                digits |= inner
            else:
                results = run_twice(jaxpr, equation, operands, noise, number)
                if self.watched:
                    results = self._watch(equation, call, operands, results, number, digits)
            known |= dict(zip(equation.outvars, results, strict=True))
            number += 1 + sum(map(size_of, bodies))
        return [read(v) for v in jaxpr.outvars], digits

    def _watch(
        self,
        equation: JaxprEqn,
        call: JaxprEqn | None,
        operands: Sequence[Twin],
        results: Sequence[Twin],
        number: int,
        digits: Digits,
    ) -> list[Twin]:
        assert self.healed is not None
        if not any(is_inexact(dtype_of(v)) for v in equation.outvars):
            return list(results)
        self.places[number] = place_of(call or equation)
        digits[number] = jnp.stack([_relative(operands), _relative(results)])
        healed = self.healed[number]
        return [Twin(t.plain, jnp.where(healed, t.plain, t.moved)) for t in results]


def size_of(closed: ClosedJaxpr) -> int:
    """Returns the number of operations of a program, those inside of others included."""
    return sum(1 + sum(map(size_of, _bodies(each))) for each in closed.jaxpr.eqns)


def largest_of(closed: ClosedJaxpr) -> int:
    """Returns the number of entries of the largest array in a program."""
    jaxpr = closed.jaxpr
    results = (v for each in jaxpr.eqns for v in (*each.invars, *each.outvars))
    own = max((math.prod(getattr(v.aval, "shape", ())) for v in results), default=0)
    bodies = (body for each in jaxpr.eqns for body in _bodies(each))
    return max([own, *map(largest_of, bodies)])


def _bodies(equation: JaxprEqn) -> list[ClosedJaxpr]:
    """Returns the inner programs of an operation that is opened; of a `while`, its test last."""
    name = equation.primitive.name
    if name not in OPENED:
        return []
    return programs_in(equation) if name != "while" else inner_programs(equation)


def _relative(twins: Sequence[Twin]) -> Array:
    """Returns the largest relative error among numbers; 1 where no digit is right."""
    largest = [jnp.zeros((), jnp.float32)]
    for plain, moved in twins:
        if not is_inexact(jnp.asarray(plain).dtype) or jnp.asarray(plain).size == 0:
            continue
        apart, size = jnp.abs(jnp.asarray(moved) - plain), jnp.abs(jnp.asarray(plain))
        share = jnp.where(apart > 0, jnp.minimum(apart / size, 1.0), 0.0)
        largest.append(jnp.max(jnp.nan_to_num(share)).astype(jnp.float32))
    return jnp.max(jnp.stack(largest))


@dataclass
class _Opened:
    """An operation with inner programs that run operation by operation."""

    rerun: Rerun
    equation: JaxprEqn
    bodies: list[ClosedJaxpr]
    noise: Noise
    number: int
    call: JaxprEqn | None

    def run(self, twins: Sequence[Twin]) -> tuple[list[Twin], Digits]:
        run: Callable = {"scan": self._scan, "while": self._while, "cond": self._cond}.get(
            self.equation.primitive.name, self._once
        )
        return run(twins)

    def _body(
        self, which: int, twins: Sequence[Twin], turn: Array | None = None
    ) -> tuple[list[Twin], Digits]:
        first = self.number + 1 + sum(map(size_of, self.bodies[:which]))
        once = self.equation.primitive.name not in ("scan", "while", "cond")
        noise = self.noise if once else self.noise.inside(turn)
        return self.rerun.run(self.bodies[which], twins, noise, first, self.call)

    def _once(self, twins: Sequence[Twin]) -> tuple[list[Twin], Digits]:
        return self._body(0, twins)

    def _cond(self, twins: Sequence[Twin]) -> tuple[list[Twin], Digits]:
        # Every branch returns the records of all, so that their structures are the same.
        total = sum(map(size_of, self.bodies))
        numbers = range(self.number + 1, self.number + 1 + total) if self.rerun.watched else ()

        def branch(which: int) -> Callable:
            def run(operands):
                results, digits = self._body(which, _unpacked(operands))
                return _packed(results), {n: digits.get(n, _none()) for n in numbers}

            return run

        choices = [branch(which) for which in range(len(self.bodies))]
        results, digits = lax.switch(twins[0].plain, choices, _packed(twins[1:]))
        return _unpacked(results), {n: each for n, each in digits.items() if n in self._seen()}

    def _seen(self) -> dict[int, Place | None]:
        return self.rerun.places

    def _scan(self, twins: Sequence[Twin]) -> tuple[list[Twin], Digits]:
        loop = loop_of(self.equation)
        assert loop is not None  # otherwise it has no inner program
        fixed, start, rows = divided(self.equation, twins)

        def step(carry, row):
            turn, carried = carry
            operands = [*fixed, *_unpacked(carried), *_unpacked(row)]
            results, digits = self._body(0, operands, turn)
            after = _packed(results[: loop.carried])
            return (turn + jnp.uint32(1), after), (_packed(results[loop.carried :]), digits)

        (_, last), (stacked, digits) = lax.scan(
            step,
            (jnp.uint32(0), _packed(start)),
            _packed(rows),
            length=loop.length,
            reverse=loop.reverse,
        )
        largest = {n: jnp.max(each, axis=0, initial=0) for n, each in digits.items()}
        return [*_unpacked(last), *_unpacked(stacked)], largest

    def _while(self, twins: Sequence[Twin]) -> tuple[list[Twin], Digits]:
        body, test = self.bodies
        carried = len(self.equation.outvars)
        tested = len(test.jaxpr.invars) - carried
        fixed = len(body.jaxpr.invars) - carried
        of_test, of_body = list(twins[:tested]), list(twins[tested : tested + fixed])
        numbers = range(self.number + 1, self.number + 1 + size_of(body))
        numbers = numbers if self.rerun.watched else ()

        def goes_on(state):
            (going,), _ = self._body(1, [*of_test, *_unpacked(state[1])])
            return going.plain

        def step(state):
            turn, carry, before = state
            results, digits = self._body(0, [*of_body, *_unpacked(carry)], turn)
            digits = {n: jnp.maximum(before[n], digits.get(n, _none())) for n in numbers}
            return turn + jnp.uint32(1), _packed(results), digits

        start = (
            jnp.uint32(0),
            _packed(twins[tested + fixed :]),
            {n: _none() for n in numbers},
        )
        _, last, digits = lax.while_loop(goes_on, step, start)
        return _unpacked(last), {n: each for n, each in digits.items() if n in self._seen()}


def _none() -> Array:
    return jnp.zeros(2, jnp.float32)


def _packed(twins: Sequence[Twin]) -> list[Twin]:
    """Drops the moved numbers of those that are never moved."""
    arrays = [Twin(jnp.asarray(t.plain), t.moved) for t in twins]
    return [Twin(p, jnp.asarray(m, p.dtype) if is_inexact(p.dtype) else None) for p, m in arrays]


def _unpacked(twins: Sequence[Twin]) -> list[Twin]:
    return [Twin(t.plain, t.plain if t.moved is None else t.moved) for t in twins]
