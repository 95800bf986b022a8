"""A row of a matrix as the gradient of a scalar, with everything that is found about gradients."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
from jaxtyping import PyTree

from ..._evaluation.function import Cache
from ..._model.estimate import Estimate
from ..._model.finding import Finding
from ..._model.matrix_layout import MatrixLayout
from ..._model.objective import Objective
from ..._model.problem import Problem
from ..._points.examination import Examination
from ..diagnose import gradient_findings
from .evidence import Matrices

MOST_WRONG_ROWS = 3
"""Largest number of rows that are examined, the worst first."""


@dataclass(frozen=True)
class OneRow:
    """One result of a function, or its derivative along a direction.

    Attributes:
        function: The function, `function(params, data)`.
        row: The number of the result.
    """

    function: Callable[[PyTree, PyTree], PyTree]
    row: int

    def __call__(self, params: PyTree, data: PyTree) -> Any:
        number = self.row
        for leaf in jax.tree.leaves(self.function(params, data)):
            if number < np.size(leaf):
                return leaf.reshape(-1)[number]
            number -= np.size(leaf)
        raise IndexError("there is no such row")


def row_findings(points: Sequence[Examination], matrices: Matrices) -> tuple[Finding, ...]:
    """Returns what is wrong with the worst rows, each as the gradient of a scalar."""
    off = np.where(matrices.wrong, np.abs(matrices.tested - matrices.reference), 0.0)
    worst = np.argsort(-np.max(off, axis=(0, 2)), kind="stable")
    rows = [int(i) for i in worst if matrices.wrong_rows[i]]
    found: dict[str, list[int]] = {}
    kept: dict[str, Finding] = {}
    for i in rows[:MOST_WRONG_ROWS]:
        for finding in _of_row(points, matrices.layout, i):
            found.setdefault(str(finding), []).append(i)
            kept.setdefault(str(finding), finding)
    return tuple(_named(kept[words], matrices, numbers) for words, numbers in found.items())


def _named(finding: Finding, matrices: Matrices, rows: list[int]) -> Finding:
    where = ", ".join(matrices.row(i) for i in rows)
    layout = matrices.layout
    row, column = layout.places
    explained = np.isin(row, rows) & np.isin(column, finding.coordinates)
    return replace(
        finding,
        sentence=f"{where}: {finding.sentence}",
        coordinates=tuple(np.flatnonzero(explained).tolist()),
    )


def _of_row(points: Sequence[Examination], layout: MatrixLayout, i: int) -> tuple[Finding, ...]:
    problem = points[0].evaluator.problem
    value, by_hand = problem.objective.value, getattr(problem.objective, problem.quantity)
    function = problem.function
    if function is None and not points[0].evaluator.cache.opaque:
        function = jax.grad(value)
    if function is None or by_hand is None:
        return ()
    objective = Objective(
        name=problem.objective.name,
        value=OneRow(function, i),
        gradient=None,
        make=problem.objective.make,
        lower=problem.objective.lower,
        upper=problem.objective.upper,
    )
    row, column = layout.places
    entries = np.empty(layout.columns.size, int)
    entries[column[row == i]] = np.flatnonzero(row == i)
    cache = Cache()
    cache.opaque = "value" in points[0].evaluator.cache.untraceable
    return gradient_findings([_restricted(point, objective, entries, cache) for point in points])


def _restricted(
    point: Examination, objective: Objective, entries: np.ndarray, cache: Cache
) -> Examination:
    """Returns an examination of some entries, as those of a gradient."""
    old, result = point.evaluator.problem, point.result
    problem = Problem(objective, old.params, old.data, old.layout, old.label)
    estimates = {name: _part(each, entries) for name, each in result.estimates.items()}
    return Examination(
        replace(point.evaluator, problem=problem, cache=cache),
        replace(result, estimates=estimates, pairs=()),
    )


def _part(estimate: Estimate, entries: np.ndarray) -> Estimate:
    arrays = ("value", "error", "left", "right", "jumps", "step", "around")
    parts = {name: getattr(estimate, name) for name in arrays}
    chosen = {name: part[entries] for name, part in parts.items() if part is not None}
    return replace(estimate, **chosen)
