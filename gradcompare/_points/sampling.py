"""The points at which derivatives are compared, and what is wrong with some of them.

One point shows little. Where all entries are equal, swapped coordinates look right; where the
gradient is zero, so does every factor. Of 24 derivatives that public projects shipped wrong,
five were right at such a nice point and seven at every ordinary one. So more points are drawn
around the one that is given, near it and far from it.
"""

import math
from collections.abc import Callable, Iterable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._foundation.wording import listed
from .._model.objective import Problem

ValueAt = Callable[[Problem], float]
"""The objective at the point of a problem, NaN where it raises an error: outside of its domain."""

NEAR_DISTANCE = 0.3
"""How far a near point lies from the given one, relative to each coordinate."""

TAIL_STREAM = 7
"""Keeps the random numbers of the tails apart from those of the points around."""

SHRINKS = 6
"""How often a point at which the objective is not finite, or towers, is moved back halfway."""

TOWERING = 1 / float(np.finfo(float).eps)
"""A far point at which the objective is so many times as large as near the given one says nothing:
one term of it is left (a projection whose depth is nearly 0), and rounds off all others."""


def around(
    problem: Problem, numbers: Iterable[int], seed: int, value_at: ValueAt
) -> Iterator[Problem]:
    """Draws points around the one of `problem`, near and far by turns, inside its bounds.

    Far points have mixed signs and sizes spread over a factor of about ten. A point at which
    the objective is not finite, or a far one at which it towers above what it is near the given
    one, is moved towards the given one until it is not so.

    Args:
        problem: The given point.
        numbers: Which points of the sequence, counted from 1; the odd ones are near.
        seed: Of the sequence.
        value_at: The objective at a point, NaN where it is not defined.
    """
    x = problem.layout.flatten(problem.params)
    typical = np.median(np.abs(x[x != 0])) if np.any(x) else 1.0
    size = np.where(x == 0, typical, np.abs(x))
    ordinary = abs(value_at(problem))
    for number in numbers:
        rng = np.random.default_rng([seed, number])
        near = number % 2 == 1
        if near:
            label, moved = "near", x + NEAR_DISTANCE * size * rng.standard_normal(x.shape)
        else:
            signs = rng.choice([-1.0, 1.0], size=x.shape)
            label, moved = "far from", signs * size * np.exp(rng.standard_normal(x.shape))
        label = f"{label} {problem.label}" + (f" (draw {number})" if number > 2 else "")
        moved = inside(moved, *problem.bounds)
        for _ in range(SHRINKS):
            drawn = problem.moved(moved, label)
            value = abs(value_at(drawn))
            if math.isfinite(value) and (near or not value > TOWERING * ordinary > 0):
                ordinary = max(ordinary, value) if near else ordinary
                yield drawn
                break
            moved = (x + moved) / 2


def tails_of(problem: Problem, seed: int, value_at: ValueAt) -> Iterator[Problem]:
    """Draws points far out, where exponentials saturate and series give way to limits.

    Each is the point of `problem` with its coordinates ten to a hundred times as large, of the
    same signs, of the opposite ones, and of mixed ones.
    """
    x = problem.layout.flatten(problem.params)
    size = np.where(x == 0, 1.0, np.abs(x))
    for number, signs in enumerate(("same", "opposite", "mixed")):
        rng = np.random.default_rng([seed, number, TAIL_STREAM])
        way = {"same": 1.0, "opposite": -1.0, "mixed": rng.choice([-1.0, 1.0], size=x.shape)}[
            signs
        ]
        far = way * np.where(x < 0, -1.0, 1.0) * size * 10 ** rng.uniform(1, 2, x.shape)
        drawn = problem.moved(
            inside(far, *problem.bounds), f"tail of {problem.label}, {signs} signs"
        )
        if math.isfinite(value_at(drawn)):
            yield drawn


def lint(problem: Problem) -> tuple[str, ...]:
    """Says in sentences what makes the point of `problem` a poor place for a comparison."""
    x, (lower, upper) = problem.layout.flatten(problem.params), problem.bounds
    sentences = []
    if len(x) > 1 and np.all(x == x[0]):
        sentences.append(
            f"all parameters are {x[0] + 0.0:g}: coordinates that are confused look right here"
        )
    at_bound = np.flatnonzero((x == lower) | (x == upper))
    if at_bound.size:
        names = [problem.layout.name(int(i)) for i in at_bound]
        sentences.append(f"at a bound: {listed(names)}")
    leaves = jax.tree.leaves(problem.data)
    numbers = [np.asarray(x) for x in leaves if jnp.issubdtype(jnp.result_type(x), jnp.floating)]
    if numbers and not any(np.any(array) for array in numbers):
        sentences.append("all data are zero: terms that they multiply cannot be seen")
    return tuple(sentences)


def inside(
    x: Float[np.ndarray, " d"], lower: Float[np.ndarray, " d"], upper: Float[np.ndarray, " d"]
) -> Float[np.ndarray, " d"]:
    """Mirrors coordinates at the bound they lie beyond; between two, clips what is left."""
    with np.errstate(invalid="ignore"):  # of infinite bounds, where nothing is mirrored
        mirrored = np.where(x < lower, 2 * lower - x, np.where(x > upper, 2 * upper - x, x))
    return np.clip(mirrored, lower, upper)
