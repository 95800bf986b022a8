"""The entries of a sparse Jacobian, and its products with random directions.

The columns of one colour move together, each by its own step and only where one of its lines asks
for it: near a bound, a line goes to one side alone.
"""

from collections.abc import Sequence
from dataclasses import fields, replace

import jax
import numpy as np
from jaxtyping import Float, Int

from ...._evaluation.evaluator import Evaluator
from ...._model.sparse.pattern import Pattern
from ..ladder import derivatives_along
from ..lines import Derivatives, Lines, room_along, unit_of, usual_length
from ..noise.measurement import Noise
from .values import Counted, Slopes

ARRAYS = [field.name for field in fields(Derivatives) if field.name != "evaluations"]
"""The fields of derivatives that have an entry for each line."""


def sparse_derivatives(values: Counted, noises: Sequence[Noise]) -> Slopes:
    """Returns the entries of the pattern, and then the products with the directions."""
    function, pattern = values.function, values.function.evaluator.problem.sparsity
    assert pattern is not None
    bound = np.array([noise.bound for noise in noises])
    *directions, unit = directions_of(function.evaluator)
    parts = [derivatives_along(_coloured_lines(values, pattern, unit, bound))]
    parts += [derivatives_along(_line(values, u, bound)) for u in directions]
    rows = np.arange(len(noises))
    noise_of = np.concatenate([pattern.row, *[rows] * len(directions)])
    return Slopes(joined(parts), tuple(noises), noise_of, values.evaluations)


def directions_of(evaluator: Evaluator) -> Float[np.ndarray, "p n"]:
    """Returns the random directions of a sparse problem, and the units of the coordinates."""
    leaves = jax.tree.leaves(evaluator.problem.direction)
    return np.concatenate([np.reshape(leaf, (len(leaf), -1)) for leaf in leaves], axis=1)


def joined(parts: Sequence[Derivatives]) -> Derivatives:
    """Returns the derivatives on all lines, one part after another."""
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in ARRAYS}
    return Derivatives(**arrays, evaluations=sum(part.evaluations for part in parts))


def ordered(along: Derivatives, order: Int[np.ndarray, " k"]) -> Derivatives:
    """Returns the derivatives on the lines in another order."""
    return replace(along, **{name: getattr(along, name)[order] for name in ARRAYS})


def _coloured_lines(
    values: Counted,
    pattern: Pattern,
    scale: Float[np.ndarray, " n"],
    bound: Float[np.ndarray, " m"],
) -> Lines:
    evaluator, centre = values.function.evaluator, values.function.centre
    row, column = pattern.row, pattern.column
    x, (lower, upper) = evaluator.x, evaluator.problem.bounds

    def sample(lines: Int[np.ndarray, " k"], steps: Float[np.ndarray, " k"]):
        moved = column[lines]
        # Scales are powers of two, so that equal steps in their units are equal numbers.
        pairs = np.stack([pattern.colours[moved].astype(float), steps / scale[moved]])
        every, number = np.unique(pairs, axis=1, return_inverse=True)
        number = np.reshape(number, -1)  # NumPy 2.0.0 keeps an axis
        points = np.tile(x, (every.shape[1], 1))
        points[number, moved] = x[moved] + steps
        near = values.at_points(points)
        return near[number, row[lines]]

    return Lines(
        sample,
        x[column],
        scale[column],
        (x - lower)[column],
        (upper - x)[column],
        centre[row],
        bound[row],
        usual_length(scale),
    )


def _line(values: Counted, u: Float[np.ndarray, " n"], bound: Float[np.ndarray, " m"]) -> Lines:
    """Returns one line along u for each result."""
    evaluator, centre = values.function.evaluator, values.function.centre
    below, above = room_along(evaluator.x, *evaluator.problem.bounds, u)

    def sample(lines: Int[np.ndarray, " k"], steps: Float[np.ndarray, " k"]):
        every, number = np.unique(steps, return_inverse=True)
        return values.along(every, u)[np.reshape(number, -1), lines]

    zero = np.zeros(len(centre))
    scale = zero + unit_of(evaluator.x, u)
    return Lines(sample, zero, scale, zero + below, zero + above, centre, bound)
