"""The rounding error of a derivative by the numbers that its functions capture.

A function of one data set has it in its closure, where no program sees that it is data: NumPy may
have solved a system with it before JAX traced anything. So the functions are copied, and what the
copies capture is moved by a few units in the last place, as arguments are.
"""

from dataclasses import replace
from functools import partial

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ..._evaluation.evaluator import Evaluator
from ..._evaluation.rounding import NUDGES, nudge_data, rounding_bar
from ..._evaluation.twin import JaxTwin
from ..._foundation.errors import outcome_of
from ..._foundation.limits.silence import without_warnings
from ..._introspection.twin.moved import Move, with_moved_numbers
from ..._model.estimate import EPS, FIRST_ORDER, Estimate
from ...methods._base import AbstractMethod, estimate_as_declared


def error_of_captured(
    evaluator: Evaluator, method: AbstractMethod, before: Estimate
) -> Float[np.ndarray, " k"]:
    """Returns the error bars of an exact derivative by what its functions capture.

    They are 0 where the functions capture no numbers, or a copy of them gives something else.
    """
    nothing = np.zeros(len(before.value))
    plain = _copied(evaluator, method, np.array)
    if plain is None or np.any(np.abs(plain - before.value) > before.error):
        return nothing
    moves = [partial(nudge_data, seed=seed, epsilon=EPS) for seed in range(NUDGES)]
    moved = [_copied(evaluator, method, move) for move in moves]
    rows = [row for row in moved if row is not None]
    bar = rounding_bar(plain, np.stack(rows), EPS) if rows else nothing
    narrow = evaluator.functions["value"].narrow if "value" in evaluator.functions else None
    cast = None if narrow is None else _copied(evaluator, method, partial(_rounded, narrow.dtype))
    # The value may have rounded to its type what the derivative under test has not.
    return bar if cast is None else np.fmax(bar, FIRST_ORDER * np.abs(cast - plain))


def _rounded(name: str, x: np.ndarray | float) -> np.ndarray:
    """Returns numbers that a narrow type can hold."""
    with np.errstate(over="ignore"):
        return np.asarray(x).astype(jnp.dtype(name)).astype(np.float64)


def _copied(
    evaluator: Evaluator, method: AbstractMethod, move: Move
) -> Float[np.ndarray, " k"] | None:
    """Returns the derivative by copies of the functions with moved numbers, if there is one."""
    problem, cache = evaluator.problem, evaluator.cache.emptied().begun()
    objective = outcome_of(lambda: with_moved_numbers(problem.objective, move))
    if objective is None or isinstance(objective, Exception):
        return None
    cache.twins = {
        name: replace(twin, function=getattr(objective, name))
        for name, twin in cache.twins.items()
        if isinstance(twin, JaxTwin)
    }
    there = replace(evaluator, problem=replace(problem, objective=objective), cache=cache)
    with without_warnings():
        estimate = outcome_of(lambda: estimate_as_declared(method, there))
    return estimate.value if isinstance(estimate, Estimate) else None
