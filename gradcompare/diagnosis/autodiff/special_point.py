"""An operation whose rule gives a wrong derivative at a special point.

The program runs with the tangent of one coordinate. Beside each operation's own rule, a central
difference estimates its tangent; where the two differ, the difference replaces the rule. If the
last tangent then equals finite differences of the whole, the operations that differed are to
blame.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, Literal
from jaxtyping import Array

from ..._foundation.errors import outcome_of
from ..._foundation.user_code import Place
from ..._foundation.wording import short
from ..._introspection.jax_internals import BACKWARD, CALLS, inner_programs, programs_in
from ..._introspection.jaxprs import equations, is_float, place_of
from ..._introspection.rewriting.replacement import place_inside, run_one
from ..._model.estimate import EPS, SAFETY, Estimate
from ..._model.finding import Finding
from .trial import NoDerivativeError, Row

DIFFERENCE_STEP = 1e-5
"""Step of a difference relative to the operands, near the cube root of the rounding."""

APART = 1e-3
"""Relative difference from which tangents differ."""

AGREES = 1e-6
"""Relative tolerance between the tangent of the whole and finite differences."""


class Walk:
    """The operations with a tangent, in the order in which they run.

    Attributes:
        mended: Whether the difference may replace the rule of each.
        places: The place of each.
        apart: Whether the rule of each is wrong.
    """

    def __init__(self, mended: Array) -> None:
        self.mended = mended
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
        values = dict(zip(jaxpr.constvars, ((c, None) for c in closed.consts), strict=True))
        values |= dict(zip(jaxpr.invars, zip(args, tangents, strict=True), strict=True))

        def read(v) -> tuple[Any, Any]:
            return (v.val, None) if isinstance(v, Literal) else values[v]

        for equation in jaxpr.eqns:
            operands = [read(v) for v in equation.invars]
            inner = programs_in(equation) if equation.primitive.name in CALLS else []
            inside = place_inside(equation, inner[0], call) if inner else equation
            if inside is None:  # a compiled function of the user's own
                results = self.along(inner[0], [a for a, _ in operands], [t for _, t in operands])
            else:
                results = self._one(jaxpr, equation, operands, call or equation)
            values |= dict(zip(equation.outvars, results, strict=True))
        return [read(v) for v in jaxpr.outvars]

    def _one(
        self, jaxpr: Jaxpr, equation: JaxprEqn, operands: list[tuple[Any, Any]], call: JaxprEqn
    ) -> list[tuple[Any, Any]]:
        args = [value for value, _ in operands]
        moving = [i for i, (_, tangent) in enumerate(operands) if tangent is not None]
        results = run_one(jaxpr, equation, args)
        # Only real numbers have a tangent, and only if an operand moves.
        floats = [
            k
            for k, v in enumerate(equation.outvars)
            if is_float(v) and results[k] is not None and moving
        ]
        if not floats:
            return [(result, None) for result in results]

        def run(*moved):
            everything = list(args)
            for i, value in zip(moving, moved, strict=True):
                everything[i] = value
            outputs = run_one(jaxpr, equation, everything)
            return [outputs[k] for k in floats]

        x, t = tuple(args[i] for i in moving), tuple(operands[i][1] for i in moving)
        by_rule, measured = _tangent_by_rule(equation, run, x, t), _quotient(run, x, t)
        off = [_apart(a, *b) for a, b in zip(by_rule, measured, strict=True)]
        # Whether to mend is data of the program: one compilation serves all sets of operations.
        mend = self.mended[len(self.places)] > 0
        tangents = {
            k: jnp.where(mend & wrong, difference, tangent)
            for k, tangent, (difference, _), wrong in zip(
                floats, by_rule, measured, off, strict=True
            )
        }
        self.places.append(place_of(call))
        self.apart.append(jnp.any(jnp.stack([jnp.any(each) for each in off])))
        return [(result, tangents.get(k)) for k, result in enumerate(results)]


def _tangent_by_rule(equation: JaxprEqn, run: Callable, x: tuple, t: tuple) -> list[Array]:
    """Returns the tangent of an operation by its own rule, J t.

    Raises:
        NoDerivativeError: if the rule cannot be followed along a tangent.
    """

    def transposed() -> list[Array]:
        # A `custom_vjp` has only c ↦ Jᵀ c. This is linear in c, and its own transpose is t ↦ J t.
        results, pullback = jax.vjp(run, *x)
        (tangent,) = jax.vjp(pullback, jax.tree.map(jnp.ones_like, results))[1](t)
        return tangent

    tangent = outcome_of(transposed)
    if isinstance(tangent, Exception) and not _is_backward_only(equation):
        # A `while` cannot be transposed, and nobody has to where a stop_gradient follows.
        tangent = outcome_of(lambda: jax.jvp(run, x, t)[1])
    if isinstance(tangent, Exception):
        raise NoDerivativeError from tangent
    return tangent


def _is_backward_only(equation: JaxprEqn) -> bool:
    """Whether an operation is or contains a function with a rule for reverse mode alone."""
    inside = (getattr(each, "jaxpr", each) for each in inner_programs(equation))
    every = (equation, *(inner for jaxpr in inside for inner in equations(jaxpr)))
    return any(each.primitive.name == BACKWARD for each in every)


def _apart(by_rule: Array, measured: Array, bar: Array) -> Array:
    """Whether the tangent of a rule differs from the difference."""
    size = jnp.maximum(jnp.abs(by_rule), jnp.abs(measured))
    return jnp.abs(by_rule - measured) > APART * size + bar


def _quotient(run: Callable, x: tuple, t: tuple) -> list[tuple[Array, Array]]:
    """Returns the central difference of an operation along a tangent, and its rounding error."""
    size, speed = (
        jnp.max(jnp.stack([jnp.max(jnp.abs(each), initial=0) for each in trees]))
        for trees in (x, t)
    )
    # However long the tangent is, the operands move by this part of their size.
    h = DIFFERENCE_STEP * jnp.where(size > 0, size, 1) / jnp.where(speed > 0, speed, 1)
    above, below = (run(*(a + s * h * b for a, b in zip(x, t, strict=True))) for s in (1, -1))
    return [
        ((a - b) / (2 * h), 16 * EPS * jnp.max(jnp.abs(a), initial=0) / h)
        for a, b in zip(above, below, strict=True)
    ]


def special_point(closed: ClosedJaxpr, row: Row, i: int) -> Finding | None:
    """Returns which operation's derivative is wrong at a point, for one coordinate, if proven.

    Raises:
        NoDerivativeError: if an operation has a rule that cannot be followed along a tangent.
    """
    layout, places = row.evaluator.problem.layout, []
    unit = layout.unflatten(np.eye(1, layout.size, i)[0])
    most = sum(1 for _ in equations(closed.jaxpr))

    def along(params, data, direction, unit, mended):
        walk, args = Walk(mended), jax.tree.leaves((params, data))
        still = [None] * len(jax.tree.leaves(data))
        ((_, tangent),) = walk.along(closed, args, [*jax.tree.leaves(unit), *still])
        places[:] = walk.places
        return jnp.stack(walk.apart), tangent

    def mended(which: Sequence[int]) -> tuple[list[int], bool]:
        chosen = np.isin(np.arange(most), which).astype(np.float64)
        *apart, slope = row.evaluator.run("special point", along, unit, chosen, helper=True)
        return np.flatnonzero(apart).tolist(), _is_right(row, i, slope)

    # With every doubtful rule replaced, nothing else may be wrong. Then each is replaced alone: a
    # rule that differs may have no effect on the value, as behind a factor of 0.
    guilty, right = mended(range(most))
    alone = [k for k in guilty if mended([k])[1]] if len(guilty) > 1 else []
    causes = dict.fromkeys(places[k] for k in alone[:1] or guilty if places[k] is not None)
    return _finding(row, i, list(causes)) if causes and right else None


def _is_right(row: Row, i: int, slope: float) -> bool:
    """Whether finite differences agree with this slope in the declared convention."""
    problem, differences = row.evaluator.problem, row.votes["differences"]
    layout = problem.layout
    moved = Estimate(np.where(np.arange(layout.size) == i, slope, 0.0), np.zeros(layout.size))
    declared = problem.objective.convention.applied(moved, row.evaluator.x, layout).value[i]
    allowed = AGREES * abs(differences.value[i]) + SAFETY * differences.error[i]
    return bool(abs(declared - differences.value[i]) <= allowed)


def _finding(row: Row, i: int, places: Sequence[Place]) -> Finding:
    name, x = row.evaluator.problem.layout.name(i), short(float(row.evaluator.x[i]))
    return Finding(
        "special point",
        f"{name} is {x}: at this point, autodiff's derivative of {', '.join(map(str, places))} "
        "is wrong; with the right one, autodiff agrees with finite differences",
        0.0,
        "move the point, or write that function so that autodiff is right there",
        (i,),
        places[0].file,
        places[0].line,
    )
