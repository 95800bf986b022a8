"""The points at which derivatives are compared, and warnings about poor points.

One point shows little. If all entries are equal, swapped coordinates look correct; if the
gradient is zero, so does every factor. Of 24 wrong derivatives in public projects, five were
correct at such a nice point and seven at every ordinary one. So more points are drawn around
the user's, near it and far from it.
"""

import math
from collections.abc import Callable, Iterable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._foundation.wording import listed
from .._model.problem import Problem

ValueAt = Callable[[Problem], float]
"""Function that returns the objective at the point of a problem; NaN outside of its domain."""

NEAR_DISTANCE = 0.3
"""Distance of a near point from the user's, relative to each coordinate."""

TAIL_STREAM = 7
"""Number that keeps the random numbers of the tails apart from those of the points around."""

SHRINKS = 6
"""Number of times a point is moved back halfway if the objective is not finite, or too large."""

TOWERING = float(np.finfo(float).eps) ** -0.5
"""Ratio of the objective at a drawn point to that near the user's above which the point shows
little: one term (two atoms that nearly touch) rounds off half of the digits of all others."""

BESIDE = 0.03
"""Distance, relative to each coordinate, at which the objective has its ordinary size; at the
user's point itself it may be nearly zero."""


def around(
    problem: Problem, numbers: Iterable[int], seed: int, value_at: ValueAt
) -> Iterator[Problem]:
    """Draws points around the one of `problem`, near and far by turns, inside its bounds.

    Far points have mixed signs and sizes spread over a factor of about ten. If the objective is
    not finite at a point, or towers above its values nearby, the point is moved towards the
    user's until it does not.

    Args:
        problem: The user's point.
        numbers: The numbers of the points in the sequence, from 1; the odd ones are near.
        seed: The seed of the sequence.
        value_at: The objective at a point, NaN if undefined.
    """
    x = problem.layout.flatten(problem.params)
    typical = np.median(np.abs(x[x != 0])) if np.any(x) else problem.unit
    size = np.where(x == 0, typical, np.abs(x))
    beside = x + BESIDE * size * np.random.default_rng(seed).standard_normal(x.shape)
    sizes = [value_at(problem), value_at(problem.moved(inside(beside, *problem.bounds), ""))]
    ordinary = float(np.fmax.reduce(np.abs(sizes)))
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
            value = value_at(drawn)
            if math.isfinite(value) and not towers(value, ordinary):
                yield drawn
                break
            moved = (x + moved) / 2


def towers(value: float, ordinary: float) -> bool:
    """Whether the objective is so large at a point that one term rounds off all others."""
    return abs(value) > TOWERING * ordinary > 0


def tails_of(problem: Problem, seed: int, value_at: ValueAt) -> Iterator[Problem]:
    """Draws points far out, where exponentials saturate and limits replace series.

    Each is the point of `problem` with coordinates ten to a hundred times as large: with the same
    signs, with the opposite ones, and with mixed ones.
    """
    x = problem.layout.flatten(problem.params)
    size = np.where(x == 0, problem.unit, np.abs(x))
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
    """Returns sentences on what makes the point of `problem` poor for a comparison."""
    x, (lower, upper) = problem.layout.flatten(problem.params), problem.bounds
    sentences = []
    moves = problem.shifts or problem.retraction is not None
    if len(x) > 1 and np.all(x == x[0]) and not moves:
        sentences.append(
            f"all parameters equal {x[0] + 0.0:g}, so swapped coordinates cannot be noticed here"
        )
    at_bound = np.flatnonzero((x == lower) | (x == upper))
    if at_bound.size:
        names = [problem.layout.name(int(i)) for i in at_bound]
        sentences.append(f"at a bound: {listed(names)}")
    leaves = jax.tree.leaves(problem.data)
    numbers = [np.asarray(x) for x in leaves if jnp.issubdtype(jnp.result_type(x), jnp.floating)]
    if numbers and not any(np.any(array) for array in numbers):
        sentences.append("all data are zero, so errors in terms that they multiply are hidden")
    return tuple(sentences)


def inside(
    x: Float[np.ndarray, " d"], lower: Float[np.ndarray, " d"], upper: Float[np.ndarray, " d"]
) -> Float[np.ndarray, " d"]:
    """Mirrors coordinates outside at the bound that they cross; clips those still outside."""
    with np.errstate(invalid="ignore"):  # infinite bounds mirror nothing
        mirrored = np.where(x < lower, 2 * lower - x, np.where(x > upper, 2 * upper - x, x))
    return np.clip(mirrored, lower, upper)
