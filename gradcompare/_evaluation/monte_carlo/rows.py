"""The rounding error of a function on the host, as far as it shows from outside.

A sum over the rows of the data does not depend on their order, but for rounding. So the rows of
all arrays of the same length are shuffled alike, and if the value stays the same, the spread of
the results is the error of such sums.
"""

import dataclasses
from collections import Counter
from collections.abc import Hashable

import jax
import numpy as np
from jaxtyping import Float, PyTree

from ..._foundation.errors import outcome_of
from ..._foundation.limits.silence import without_warnings
from ..._model.estimate import EPS, Estimate
from ..._model.problem import Problem
from ..evaluator import Evaluator
from ..rounding import NUDGES, moved_by
from .spread import spread

SHUFFLES = 4
"""Number of orders of the rows."""

SHUFFLED = 2.0
"""Ratio of the error bar to the largest of `SHUFFLES` displacements."""

INDIFFERENT = 1e-6
"""Largest relative change of the value if its rows have no order."""

FEWEST_ROWS = 8
"""Least number of rows that are shuffled."""

MORE_NUDGES = 8
"""Number of further moves of parameters and data by a few units in the last place."""


def estimate_with_shuffled_rows(evaluator: Evaluator, key: Hashable) -> Estimate:
    """Returns the result of the function under `key`, with the rounding error of its sums."""
    function = evaluator.problem.objective.value
    value = evaluator.run(key, function)
    with without_warnings():
        samples = _of_shuffled(evaluator, key, value)
    for seed in range(NUDGES, NUDGES + MORE_NUDGES):
        moved = moved_by(seed, evaluator, key, function, size=len(value))
        samples.append(2 * (moved - value))
    terms = max(np.size(leaf) for leaf in [*jax.tree.leaves(evaluator.problem.data), evaluator.x])
    least = EPS * np.sqrt(terms) * np.abs(value)
    return Estimate(value, np.fmax(least, spread(value, value + np.stack(samples))))


def _of_shuffled(
    evaluator: Evaluator, key: Hashable, result: Float[np.ndarray, " k"]
) -> list[Float[np.ndarray, " k"]]:
    """Returns how far results move with the rows in other orders, if the value does not."""
    problem, samples = evaluator.problem, []
    leaves = jax.tree.leaves(_rows_of(problem))
    lengths = Counter(np.shape(x)[0] for x in leaves if np.ndim(x))
    rows = max((n for n in lengths if n >= FEWEST_ROWS), key=lambda n: lengths[n], default=0)
    if not rows:
        return []
    value = evaluator.value()
    for seed in range(SHUFFLES):
        order = np.random.default_rng(seed).permutation(rows)
        other = evaluator.at(_with_rows(problem, rows, order))
        changed = outcome_of(other.value)
        alike = not isinstance(changed, Exception) and _is_near(changed, value)
        if not alike:
            return []
        samples.append(SHUFFLED * (other.run(key, problem.objective.value) - result))
    return samples


def _is_near(a: float, b: float) -> bool:
    return bool(abs(a - b) <= INDIFFERENT * abs(b))


def _with_rows(problem: Problem, rows: int, order: np.ndarray) -> Problem:
    def shuffled(x: PyTree) -> PyTree:
        has_rows = np.ndim(x) and np.shape(x)[0] == rows
        return np.asarray(x)[order] if has_rows else x

    mixed = jax.tree.map(shuffled, _rows_of(problem))
    data = (mixed, *problem.data[1:]) if problem.shifts else mixed
    return dataclasses.replace(problem, data=data)


def _rows_of(problem: Problem) -> PyTree:
    """Returns the data that may have rows: not the point from which parameters are shifted."""
    return problem.data[0] if problem.shifts else problem.data
