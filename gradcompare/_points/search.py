"""The search for points that reach a branch of a choice that no other point reaches.

The search tries a fixed list of points around the user's, inside its bounds: other scales and
signs, shifts, single coordinates moved, random steps that grow. It evaluates only the branches
that a point takes, and whether the objective is finite there. On the way to the first point that
takes a branch, it stops a little behind the threshold: there, a wrong tail is already large enough
to be detected.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
from jaxtyping import Float

from .._evaluation.evaluator import Evaluator
from .._foundation.errors import outcome_of
from .._model.problem import Problem
from .branches.bounds import GUARD
from .branches.combined import Choices
from .sampling import inside

Vector = Float[np.ndarray, " d"]

FACTORS = (10.0, 0.1, -1.0, -10.0, 100.0, -100.0, 1e-3, 1e3, -1e3, 1e-8)
SHIFTS = (1.0, -1.0, 10.0, -10.0, 100.0, -100.0)

MOVED_COORDINATES = 16
"""Largest number of coordinates that are moved one by one."""

LENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0)
"""Lengths of the random steps, relative to each coordinate; a round of them at a time."""

MOST_TRIALS, FIRST_TRIALS, TRIALS_FOR_EACH = 200, 30, 10
"""Limits of the number of points tried: the first, and the second plus the third for each
parameter, so that the search costs less than finite differences."""

PATIENCE = len(FACTORS) + len(SHIFTS)
"""Number of points in succession that may take the branches of an earlier one before the search
stops: all points on a line with it, and some more."""

REFUSALS = 5
"""Number of points with an objective that is not finite after which a branch is given up."""

THRESHOLD_HALVINGS = 14
"""Number of bisections of the way to a point; they locate a threshold to 1/16000 of it."""

MARGINS = (0.1, 0.01)
"""Distances behind the threshold, relative to the way there."""

SEARCH_STREAM = 11
"""Number that keeps these random numbers apart from those of other points."""


def seek(
    evaluator: Evaluator,
    choices: Choices,
    missing: set[int],
    seed: int,
    usable: Callable[[Problem], bool],
) -> Iterator[Problem]:
    """Yields points that take one of the missing branches; the user's point takes none of them.

    Args:
        evaluator: The evaluator at the user's point, which has run the program of the choices.
        choices: The choices.
        missing: The numbers of the branches. The caller removes settled ones before it takes the
            next point; points that take other branches come first.
        seed: The seed of the random steps.
        usable: Whether the objective is finite at a point.
    """
    problem, labels = evaluator.problem, Counter[str]()
    guards = np.array([branch.note == GUARD for branch in choices.branches])
    guards &= ~choices.taken(evaluator).branches
    seen: set[frozenset[int]] = set()
    refused, skipped, raised = Counter[int](), 0, list[Exception]()

    def taken(x: Vector) -> frozenset[int]:
        there = outcome_of(lambda: choices.taken(evaluator, x))
        if isinstance(there, Exception):  # a solver may refuse to go on so far out
            raised.append(there)
            return frozenset()
        branches = there.branches
        if np.any(branches & guards):  # behind a guard, nothing else is to be seen
            return frozenset()
        return frozenset(n for n in missing if branches[n] and refused[n] < REFUSALS)

    for candidate in _candidates(evaluator.x, seed):
        if all(refused[number] >= REFUSALS for number in missing) or len(raised) >= REFUSALS:
            return
        y = inside(candidate, *problem.bounds)
        while taken(y):
            z = _behind(evaluator.x, y, taken, problem.bounds)
            branches = taken(z)
            name = f"a point where {choices.branches[min(branches)]}"
            moved = problem.moved(z, name + f" (no. {labels[name] + 1})" * (name in labels))
            # Points with other branches come first, until PATIENCE points brought nothing new.
            if branches in seen and skipped < PATIENCE:
                skipped += 1
                break
            if not usable(moved):
                refused.update(branches)
                break
            seen.add(branches)
            labels[name] += 1
            yield moved
            # If the caller settled one of these branches, the way to y may hold a further one.
            if branches <= missing:
                break


def _candidates(x: Vector, seed: int) -> Iterator[Vector]:
    return islice(
        _all_candidates(x, seed), min(MOST_TRIALS, FIRST_TRIALS + TRIALS_FOR_EACH * len(x))
    )


def _all_candidates(x: Vector, seed: int) -> Iterator[Vector]:
    typical = np.median(np.abs(x[x != 0])) if np.any(x) else 1.0
    size = np.where(x == 0, typical, np.abs(x))
    rng = np.random.default_rng([seed, SEARCH_STREAM])
    yield from (factor * x for factor in FACTORS)
    yield from (x + shift for shift in SHIFTS)
    for length in LENGTHS:
        yield x + length * size * rng.standard_normal(x.shape)
    for i in rng.permutation(len(x))[:MOVED_COORDINATES]:
        for length in (10.0, -10.0, 100.0, -100.0):
            moved = x.copy()
            moved[i] += length * size[i]
            yield moved
    while True:
        for length in LENGTHS:
            yield x + length * size * rng.standard_normal(x.shape)


def _behind(
    x: Vector, y: Vector, takes: Callable[[Vector], object], bounds: tuple[Vector, Vector]
) -> Vector:
    """Returns a point a little behind the threshold on the way from x to y.

    x takes no missing branch, y takes one. The point may lie beyond y, if y is on the threshold.
    """

    def at(part: float) -> Vector:
        return x + part * (y - x)

    # Bisection: at(low) takes no missing branch, at(high) takes one.
    low, high = 0.0, 1.0
    for _ in range(THRESHOLD_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if takes(at(middle)) else (middle, high)
    for margin in MARGINS:
        z = inside(at(high * (1 + margin)), *bounds)
        if takes(z):
            return z
    return y
