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


@dataclass(frozen=True)
class Along:
    """The derivative along a direction, of which a gradient is the function.

    Attributes:
        function: The gradient, `function(params, data)`.
        direction: The direction.
    """

    function: Callable[[PyTree, PyTree], PyTree]
    direction: PyTree

    def __call__(self, params: PyTree, data: PyTree) -> Any:
        gradient, v = self.function(params, data), self.direction
        return sum(jax.tree.leaves(jax.tree.map(lambda g, u: (g * u).sum(), gradient, v)))


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
    function = _function(points[0])
    if function is None:
        return ()
    row, column = layout.places
    entries = np.empty(layout.columns.size, int)
    entries[column[row == i]] = np.flatnonzero(row == i)
    return _as_gradient(points, OneRow(function, i), entries)


def gradient_along(points: Sequence[Examination]) -> tuple[Finding, ...]:
    """Returns what is wrong with a Hessian times v, as the gradient of the derivative along v."""
    function, direction = _function(points[0]), points[0].evaluator.problem.direction
    if function is None:
        return ()
    entries = np.arange(points[0].evaluator.problem.layout.size)
    found = _as_gradient(points, Along(function, direction), entries)
    # A sum over a row of the matrix may look like much else: only what explains all is believed.
    return found if len(found) == 1 and found[0].residual == 0 else ()


def _function(point: Examination) -> Callable[[PyTree, PyTree], PyTree] | None:
    """Returns the function of which the matrix is the derivative; None if it is not to be had."""
    problem = point.evaluator.problem
    if getattr(problem.objective, problem.quantity) is None:
        return None
    if problem.function is None and not point.evaluator.cache.opaque:
        return jax.grad(problem.objective.value)
    return problem.function


def _as_gradient(
    points: Sequence[Examination], value: Callable, entries: np.ndarray
) -> tuple[Finding, ...]:
    problem = points[0].evaluator.problem
    objective = Objective(
        name=problem.objective.name,
        value=value,
        gradient=None,
        make=problem.objective.make,
        lower=problem.objective.lower,
        upper=problem.objective.upper,
    )
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
