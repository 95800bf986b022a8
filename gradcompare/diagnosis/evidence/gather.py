"""The evidence of a diagnosis from the results of the points."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..._foundation.user_code import Place
from ..._introspection.closures import captured, literals, own
from ..._model.arguments.complex_parts import imaginary
from ..._model.estimate import SAFETY, Estimate
from ..._model.problem import Problem
from ..._model.verdict import Verdict
from ..._points.branches.combined import Choices
from ..._points.examination import Examination
from ..._results.data import PointResult
from ..terms.other_data import OtherData, leaves_of, named
from ..terms.parts import Traced
from .data import Evidence, Leaf
from .regions import regions

COMPARABLE = (
    Verdict.AGREE,
    Verdict.ANALYTIC_WRONG,
    Verdict.VALID_SUBGRADIENT,
    Verdict.AUTODIFF_WRONG,
    Verdict.VALUE_DIFFERS,
)
"""Verdicts of points that have a reference to compare with."""


def gather(points: Sequence[Examination], choices: Choices | None = None) -> Evidence | None:
    """Returns the evidence of all points that have any, or None.

    Args:
        points: Every point that was examined.
        choices: The choices of the objective.
    """
    kept, rows = comparable(points)
    if not kept:
        return None
    problem = kept[0].evaluator.problem
    # Autodiff may run on a value that cannot be traced as a whole, as with branches of Python.
    # The parts are told apart in reverse mode.
    traced = [
        point.evaluator
        for point in kept
        if "autodiff" in point.result.votes
        and point.evaluator.has_program
        and not point.evaluator.cache.forward
    ]
    return Evidence(
        tuple(point.result.label for point in kept),
        np.stack([point.result.x for point in kept]),
        *rows,
        paths=problem.layout.paths,
        shapes=problem.layout.shapes,
        data=data_leaves(problem),
        literals=_literals(problem),
        declarable=problem.objective.convention.plain,
        traced=Traced(traced) if len(traced) == len(kept) else None,
        regions=() if choices is None else regions(choices, kept),
        imaginary=imaginary(problem.params),
        other_data=OtherData([point.evaluator for point in kept]),
    )


def comparable(
    points: Sequence[Examination],
) -> tuple[list[Examination], list[np.ndarray]]:
    """Returns the points with a reference, and what `_row` gives for them, stacked."""
    kept = [point for point in points if _is_comparable(point.result)]
    if not kept:
        return [], []
    objective = kept[0].evaluator.problem.objective
    bound, accuracy = objective.convention.intent == "upper_bound", objective.accuracy or 0.0
    rows = [_row(_accepted(point.result.votes, accuracy), bound) for point in kept]
    return kept, [np.stack(column) for column in zip(*rows, strict=True)]


def _is_comparable(point: PointResult) -> bool:
    """Whether there is a gradient under test, and something to compare it with."""
    votes = point.votes
    return point.judgement.verdict in COMPARABLE and "analytic" in votes and len(votes) > 1


def _accepted(votes: Mapping[str, Estimate], accuracy: float) -> Mapping[str, Estimate]:
    """Returns the estimates with bars that hold half of the error that the user accepts."""
    largest = next(iter(votes.values())).largest
    room = accuracy * largest / (2 * SAFETY) if np.isfinite(largest) else 0.0
    return {s: replace(e, error=e.error + room) for s, e in votes.items()}


def _row(mine: Mapping[str, Estimate], bound: bool) -> tuple[np.ndarray, ...]:
    """Returns analytic with bar, reference with bar, the usable entries, the slight ones.

    The reference is autodiff, the sharper source, except where finite differences contradict it
    and agree with the analytic derivative.
    """
    analytic = mine["analytic"]
    autodiff, differences = mine.get("autodiff"), mine.get("differences")
    exact = differences if autodiff is None else autodiff
    other = autodiff if differences is None else differences
    assert exact is not None
    assert other is not None

    def apart(a: Estimate, b: Estimate):
        return ~(np.abs(a.value - b.value) <= SAFETY * (a.error + b.error))

    disputed = apart(exact, other) & np.isfinite(other.value) & np.isfinite(other.error)
    # Two against autodiff: the reference is what these two agree on.
    instead = disputed & ~apart(analytic, other)
    reference = np.where(instead, other.value, exact.value)
    bar = np.where(instead, other.error, exact.error)
    # Where no two agree, there is no reference; at a kink, there is more than one derivative.
    usable = ~(disputed & apart(analytic, exact) & apart(analytic, other)) & ~other.kinked
    if other.jumps is not None:
        usable &= ~other.jumps
    if bound:
        # An upper bound may be larger than the derivative.
        usable &= analytic.value <= reference
    slight = ~apart(analytic, other) & ~apart(exact, other)
    numbers = (analytic.value, analytic.error, reference, bar)
    usable &= np.all(np.isfinite(numbers), axis=0)
    return (*numbers, usable, slight)


def data_leaves(problem: Problem) -> tuple[Leaf, ...]:
    """Returns the numeric data, by their names in the user's code.

    The data are the arguments of the objective beside its parameters, and captured variables.
    """
    value = problem.objective.value
    leaves = leaves_of(problem)
    for name, tree in captured(own(value)).items():
        leaves += named(tree, name)
    return tuple(
        Leaf(leaf.name, leaf.values.shape, values=leaf.values.astype(np.float64))
        for leaf in leaves
        if leaf.numeric
    )


def _literals(problem: Problem) -> dict[float, Place]:
    """Returns the numbers in the code of value and gradient, with their places."""
    value, gradient = problem.objective.value, problem.objective.gradient
    return (literals(own(gradient)) if gradient else {}) | literals(own(value))
