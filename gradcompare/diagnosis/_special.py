"""The operation whose derivative is not that of the function, as at a special point.

The program runs with the tangent of one coordinate. Beside each operation's own rule, a central
difference says what its tangent should be; where the two differ, the difference is taken and
goes on from there. If the last tangent is then what finite differences found of the whole, the
operations that differed are at fault.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, Literal
from jaxtyping import Array

from .._estimate import Estimate
from .._finding import Finding
from .._numbers import short
from .._rewrite import OPENED, place_inside, programs_in, run_one
from .._source import Place, place_of
from ._trial import Row

STEP = 1e-5
"""The step of a difference, relative to the operands: near the cube root of the rounding."""

APART = 1e-3
"""Tangents that differ by this fraction of themselves are not the same."""

AGREES = 1e-6
"""The tangent of the whole has to be that of finite differences to this fraction."""


class Walk:
    """The operations with a tangent, in the order in which they run.

    Attributes:
        places: Where each of them stands.
        apart: By which fraction its rule is off.
    """

    def __init__(self) -> None:
        self.places: list[Place | None] = []
        self.apart: list[Array] = []

    def along(
        self,
        closed: ClosedJaxpr,
        args: Sequence[Any],
        tangents: Sequence[Any],
        call: JaxprEqn | None = None,
    ) -> list[tuple[Any, Any]]:
        """Returns the results with their tangents, None for a tangent that is zero."""
        jaxpr = closed.jaxpr
        known = dict(zip(jaxpr.constvars, ((c, None) for c in closed.consts), strict=True))
        known |= dict(zip(jaxpr.invars, zip(args, tangents, strict=True), strict=True))

        def read(v) -> tuple[Any, Any]:
            return (v.val, None) if isinstance(v, Literal) else known[v]

        for equation in jaxpr.eqns:
            given = [read(v) for v in equation.invars]
            inner = programs_in(equation) if equation.primitive.name in OPENED else []
            inside = place_inside(equation, inner[0], call) if inner else equation
            if inside is None:  # a compiled function of the user's own
                found = self.along(inner[0], [a for a, _ in given], [t for _, t in given])
            else:
                found = self._one(jaxpr, equation, given, call)
            known |= dict(zip(equation.outvars, found, strict=True))
        return [read(v) for v in jaxpr.outvars]

    def _one(
        self, jaxpr: Jaxpr, equation: JaxprEqn, given: list[tuple[Any, Any]], call: Any
    ) -> list[tuple[Any, Any]]:
        args, moving = (
            [a for a, _ in given],
            [i for i, (_, t) in enumerate(given) if t is not None],
        )
        if not moving:
            return [(result, None) for result in run_one(jaxpr, equation, args)]

        def run(*moved):
            everything = list(args)
            for i, value in zip(moving, moved, strict=True):
                everything[i] = value
            return [r for r in run_one(jaxpr, equation, everything) if _smooth(r)]

        x, t = tuple(args[i] for i in moving), tuple(given[i][1] for i in moving)
        _, by_rule = jax.jvp(run, x, t)
        found = iter(
            [self._better(a, b) for a, b in zip(by_rule, _quotient(run, x, t), strict=True)]
        )
        if by_rule:
            self.places.append(place_of(call or equation))
        results = run_one(jaxpr, equation, args)
        tangents = [next(found) if _smooth(r) else (None, jnp.zeros(())) for r in results]
        if by_rule:
            self.apart.append(jnp.max(jnp.stack([off for _, off in tangents])))
        return list(zip(results, (t for t, _ in tangents), strict=True))

    def _better(self, by_rule: Array, quotient: tuple[Array, Array]) -> tuple[Array, Array]:
        """The tangent to go on with, and how far the rule is off, relative to it."""
        measured, bar = quotient
        size = jnp.maximum(jnp.abs(by_rule), jnp.abs(measured))
        off = jnp.abs(by_rule - measured) > APART * size + bar
        return jnp.where(off, measured, by_rule), jnp.any(off).astype(float)


def _quotient(run, x: tuple, t: tuple) -> list[tuple[Array, Array]]:
    """The central difference of an operation along a tangent, with its rounding error."""
    size = jnp.max(jnp.stack([jnp.max(jnp.abs(each), initial=0) for each in x]))
    speed = jnp.max(jnp.stack([jnp.max(jnp.abs(each), initial=0) for each in t]))
    h = STEP * jnp.where(size > 0, size, 1) / jnp.where(speed > 0, speed, 1)
    above, below = (run(*(a + s * h * b for a, b in zip(x, t, strict=True))) for s in (1, -1))
    epsilon = float(jnp.finfo(jnp.float64).eps)
    return [
        ((a - b) / (2 * h), 16 * epsilon * jnp.max(jnp.abs(a), initial=0) / h)
        for a, b in zip(above, below, strict=True)
    ]


def special_point(closed: ClosedJaxpr, row: Row, i: int) -> Finding | None:
    """Returns which operation's derivative is wrong at a point, for one coordinate, if proven."""
    programs, walk = row.programs, Walk()
    layout = programs.problem.layout

    def along(params, data, direction, unit):
        walk.places, walk.apart = [], []
        still = [None] * len(jax.tree.leaves(data))
        moves = [t if _smooth(t) else None for t in jax.tree.leaves(unit)]
        ((_, tangent),) = walk.along(closed, jax.tree.leaves((params, data)), [*moves, *still])
        return jnp.stack(walk.apart), tangent

    unit = layout.unflatten(np.eye(1, layout.size, i)[0])
    *apart, slope = programs.run("special point", along, unit, helper=True)
    moved = Estimate(np.where(np.arange(layout.size) == i, slope, 0.0), np.zeros(layout.size))
    convention = programs.problem.objective.convention
    slope = convention.applied(moved, programs.x, layout).value[i]
    differences = row.votes["differences"]
    right = differences.value[i]
    if not abs(slope - right) <= AGREES * abs(right) + 3 * differences.error[i]:
        return None
    places = dict.fromkeys(p for p, off in zip(walk.places, apart, strict=True) if off and p)
    if not places:
        return None
    place = next(iter(places))
    said = ", ".join(map(str, places))
    return Finding(
        "special point",
        f"{layout.name(i)} is {short(float(programs.x[i]))}: there, autodiff's derivative of "
        f"{said} is not that of the function; with the right one, it agrees with "
        "finite differences",
        0.0,
        "move the point, or write that function out for it",
        (i,),
        place.file,
        place.line,
    )


def _smooth(value: Any) -> bool:
    return jnp.issubdtype(jnp.asarray(value).dtype, jnp.floating)
