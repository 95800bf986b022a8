"""Second derivatives of a scalar, as first derivatives of another function.

With two directions a and b,

    q(t) = (f(x + √t (a + b)) − f(x + √t (a − b)) − f(x − √t (a − b)) + f(x − √t (a + b))) / 4

is smooth in t, as it is even in √t, and q′(0) = aᵀ H b. Where a is b, f(x) stands for the two
terms in the middle. So the ladder of steps serves them as well, followed to one side only.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from ...._evaluation.evaluator import Evaluator
from ...._evaluation.near.vectors import Moves, VectorFunction
from ...._foundation.layout import Layout
from ...._model.estimate import EPS
from ...._model.matrix_layout import MatrixLayout
from ...._model.sparse.pattern import Pattern
from ..ladder import derivatives_along
from ..lines import Lines, coordinate_scale, unit_of
from ..noise.measurement import Noise, measure_noise
from .coloured import directions_of, joined, ordered
from .values import Counted, Slopes


def second_derivatives(evaluator: Evaluator) -> Slopes:
    """Returns the second derivatives of the value: by two coordinates, or by one and along u."""
    problem = evaluator.problem
    values = Counted(VectorFunction(evaluator, "value", problem.objective.value))
    noise = measure_noise(evaluator)
    if problem.sparsity is not None:
        return _sparse(values, noise, problem.sparsity)
    if problem.direction is None:
        return _second(values, noise, None)
    return _second(values, noise, problem.layout.flatten(problem.direction))


def _sparse(values: Counted, noise: Noise, pattern: Pattern) -> Slopes:
    """Returns the entries of a pattern, a colour at a time, and the products of all rows."""
    *directions, unit = directions_of(values.function.evaluator)
    colour, parts = pattern.colours[pattern.column], []
    order = np.argsort(colour, kind="stable")
    for c in range(pattern.count):
        rows = pattern.row[order][colour[order] == c]
        parts.append(_second(values, noise, np.where(pattern.colours == c, unit, 0.0), rows))
    entries = ordered(joined([part.along for part in parts]), np.argsort(order))
    own = unit[pattern.column]
    entries = replace(entries, value=entries.value / own, error=entries.error / own)
    along = joined([entries, *(_second(values, noise, u).along for u in directions)])
    return Slopes(along, (noise,), np.zeros(len(along.value), int), values.evaluations)


def _second(
    values: Counted,
    noise: Noise,
    u: Float[np.ndarray, " d"] | None,
    rows: Int[np.ndarray, " k"] | None = None,
) -> Slopes:
    function, evaluator = values.function, values.function.evaluator
    scale = coordinate_scale(evaluator)
    if u is None:
        first, second, place = _upper_pairs(evaluator.problem.output)
        other = scale
    else:
        first = np.arange(len(scale)) if rows is None else rows
        place = np.arange(len(first))
        second, other = np.zeros(len(first), int), np.array([unit_of(evaluator.x, u)])
    room_of = _room_for_pairs(evaluator, first, second, scale, other, u)
    count, centre = len(first), float(function.centre[0])
    sample = _second_sampler(values, first, second, scale, other, centre, u)
    # Four values, a quarter of each.
    bound = np.full(count, noise.bound + EPS * abs(centre))
    # As a value beside f(x), so that noise is judged by the size of f: q(0) is 0.
    lines = Lines(
        lambda which, t: centre + sample(which, t),
        np.zeros(count),
        np.ones(count),
        np.zeros(count),
        room_of,
        np.full(count, centre),
        bound,
    )
    along = derivatives_along(lines)
    unit = scale[first] * other[second]
    along = replace(
        along,
        value=(along.value / unit)[place],
        error=(along.error / unit)[place],
        gap=np.zeros(len(place)),
        jumps=np.zeros(len(place), bool),
        constant=np.zeros(len(place), bool),
        side=np.zeros(len(place), int),
        step=(np.sqrt(along.step) * scale[first])[place],
    )
    return Slopes(along, (noise,), np.zeros(len(place), int), values.evaluations)


def _upper_pairs(output: Layout) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the pairs i ≤ j, and the number of the pair of each entry of a Hessian."""
    assert isinstance(output, MatrixLayout)
    row, column = output.places
    low, high = np.minimum(row, column), np.maximum(row, column)
    pairs, place = np.unique(np.stack([low, high]), axis=1, return_inverse=True)
    return pairs[0], pairs[1], np.reshape(place, -1)


def _room_for_pairs(evaluator, first, second, scale, other, u) -> Float[np.ndarray, " k"]:
    """Returns the largest t at which both moves together stay within the bounds."""
    x, (lower, upper) = evaluator.x, evaluator.problem.bounds
    narrow = np.minimum(x - lower, upper - x)
    if u is None:
        # A coordinate that is moved twice moves twice as far.
        steps = np.where(first == second, 2.0, 1.0)
        ends = np.minimum(
            narrow[first] / (steps * scale[first]), narrow[second] / (steps * other[second])
        )
    else:
        u = np.abs(u) * other[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = np.full(len(first), np.min(np.where(u > 0, narrow / (2 * u), np.inf)))
        ends = np.minimum(ends, narrow[first] / (2 * scale[first]))
    return ends**2


def _second_sampler(
    values: Counted,
    first: Int[np.ndarray, " k"],
    second: Int[np.ndarray, " k"],
    scale: Float[np.ndarray, " d"],
    other: Float[np.ndarray, " e"],
    centre: float,
    u: Float[np.ndarray, " d"] | None,
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Returns q(t) along pairs of directions, each t in units of the two scales."""
    evaluator = values.function.evaluator
    d = len(evaluator.x)

    def moved(i, j, a, b):
        if u is None:
            return Moves.of(d, i, a, j, b)
        return Moves.of(d, i, a, shifts=b)

    def sample(lines, t):
        i, j, root = first[lines], second[lines], np.sqrt(np.abs(t))
        wanted = a, b = root * scale[i], root * other[j]
        a = (evaluator.x[i] + a) - evaluator.x[i]  # as x + a is rounded
        b = b if u is not None else (evaluator.x[j] + b) - evaluator.x[j]
        signs = ((1, 1), (1, -1), (-1, 1), (-1, -1))
        ends = [values.function.at(moved(i, j, p * a, q * b), u)[:, 0] for p, q in signs]
        values.evaluations += 4 * len(t)
        plus, mixed, crossed, minus = ends
        same = (i == j) if u is None else np.zeros(len(i), bool)
        middle = np.where(same, 2 * centre, mixed + crossed)
        return (plus - middle + minus) / 4 * (wanted[0] / a) * (wanted[1] / b)

    return sample
