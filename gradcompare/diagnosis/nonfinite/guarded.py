"""The trial of a guard before it is advised: the rewritten program has to run.

A guard replaces the argument of an expression by 1 where a `where` does not choose its result. The
program runs once to see what the `where` chooses, and once more with the argument replaced. The
derivative has to be finite then, and the value the same.
"""

from collections.abc import Collection, Sequence
from typing import Any, Literal, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr
from jaxtyping import Bool

from ..._evaluation.evaluator import Evaluator
from ..._foundation.errors import outcome_of
from ..._foundation.user_code import Place
from ..._introspection.jax_internals import CUSTOM, is_traced
from ..._introspection.jaxprs import place_of
from ..._introspection.rewriting.replacement import Replace, Step, rewritten
from .hidden import CHOOSES, Behind

Outcome: TypeAlias = Literal["works", "not finite", "other value", "not tried"]

KEPT_VALUE = 1e-12
"""Relative rounding of a value in a program that runs operation by operation."""


def trial(
    evaluator: Evaluator,
    closed: ClosedJaxpr,
    source: Place,
    chosen: Behind,
    names: Collection[str],
) -> Outcome:
    """Returns what becomes of the value and the derivative with a guard.

    Args:
        evaluator: The point.
        closed: The program of the value.
        source: The expression whose argument is guarded.
        chosen: The `where` that chooses its result.
        names: The primitives of the expression.
    """
    params, data, _ = evaluator.args
    conditions = _conditions(closed, chosen, jax.tree.leaves((params, data)))
    if not conditions:
        return "not tried"

    def guarded(params: Any) -> Any:
        replace = _guard(source, chosen, conditions)
        run = rewritten(closed, replace, (*names, *CUSTOM, CHOOSES))
        return run(*jax.tree.leaves((params, data)))[0]

    outcome = outcome_of(lambda: jax.value_and_grad(guarded)(params))
    before = outcome_of(lambda: evaluator.problem.objective.value(params, data))
    if isinstance(outcome, Exception) or isinstance(before, Exception):
        return "not tried"
    value, slope = outcome
    if not np.allclose(value, before, rtol=KEPT_VALUE, atol=0, equal_nan=True):
        return "other value"
    finite = all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(slope))
    return "works" if finite else "not finite"


def _conditions(
    closed: ClosedJaxpr, chosen: Behind, args: list[Any]
) -> list[Bool[np.ndarray, "..."]]:
    """Returns the conditions of the `where`; none inside of a loop.

    A function such as `nan_to_num` has several, and takes what each of them takes.
    """
    conditions: list[Any] = []

    def see(step: Step) -> None:
        if place_of(step.call) == chosen.place:
            conditions.append(step.args[0])

    outcome = outcome_of(lambda: rewritten(closed, see, (CHOOSES,))(*args))
    traced = any(map(is_traced, conditions))
    if isinstance(outcome, Exception) or traced or len({np.shape(c) for c in conditions}) != 1:
        return []
    return [np.asarray(condition) for condition in conditions]


def _guard(source: Place, chosen: Behind, conditions: Sequence[np.ndarray]) -> Replace:
    """Returns what guards the operands of the source, and keeps the conditions of the `where`.

    A condition that is computed from the guarded number is to be written with its argument.
    """
    mask = np.all([c.astype(bool) == chosen.taken_if for c in conditions], axis=0)
    kept = iter(conditions)

    def guarded(operand: Any) -> Any:
        fits = np.broadcast_shapes(np.shape(operand), mask.shape) == np.shape(operand)
        if not fits or not jnp.issubdtype(jnp.result_type(operand), jnp.floating):
            return operand
        return jnp.where(mask, operand, jnp.ones_like(operand))

    def replace(step: Step) -> list[Any] | None:
        place = place_of(step.call)
        if place == chosen.place and step.equation.primitive.name == CHOOSES:
            return step.run([next(kept), *step.args[1:]])
        return step.run([guarded(operand) for operand in step.args]) if place == source else None

    return replace
