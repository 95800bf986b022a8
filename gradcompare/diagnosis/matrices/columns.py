"""The matrix behind a product with a vector, from its products with the unit vectors.

A product is linear in its vector. So a wrong one, which is a few numbers, is diagnosed as the
matrix that it multiplies by: that shows which of its rows, columns or blocks are wrong. A product
with a vector from the left, a pullback, gives rows instead of columns.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from ..._evaluation.function import Cache
from ..._model.arguments.several import Combination, Pullback
from ..._model.estimate import SAFETY, Estimate
from ..._model.finding import DIAGNOSED_COORDINATES
from ..._model.matrix_layout import MatrixLayout
from ..._model.problem import Problem
from ..._points.examination import Examination
from ...methods._base import AbstractMethod
from ...methods._registry import find_method
from ..evidence.gather import comparable

MOST_PRODUCTS = 32
"""Largest number of unit vectors up to which a product is diagnosed as a matrix: each costs a
product by hand, and one by autodiff."""

QUANTITIES = {"jvp": "jacobian", "hvp": "hessian"}
"""The matrix that each product multiplies by."""


def as_matrices(points: Sequence[Examination]) -> list[Examination]:
    """Returns the points with estimates of the whole matrix; none where there is no such matrix.

    There is none if a product is not linear in its vector.
    """
    kept = comparable(points)[0]
    problem = points[0].evaluator.problem
    by_hand, make = problem.objective.gradient, _by_columns
    products, length = problem.layout.size, problem.output.size
    if isinstance(by_hand, Pullback):
        make, products = _by_rows, by_hand.results.size
    if products > MOST_PRODUCTS or products * length > DIAGNOSED_COORDINATES:
        return []
    cache = points[0].evaluator.cache.emptied()  # its programs take a direction
    examined = [make(point, cache) for point in kept]
    return [point for point in examined if point is not None] if all(examined) else []


def _by_rows(point: Examination, cache: Cache) -> Examination | None:
    # A twin is of the value, and not of its results one by one.
    problem, sources = point.evaluator.problem, _sources(point, not point.evaluator.cache.twins)
    pullback, combination = problem.objective.gradient, problem.objective.value
    assert isinstance(pullback, Pullback)
    assert isinstance(combination, Combination)
    objective = replace(
        problem.objective,
        gradient=None,
        jacobian=pullback.jacobian,
        residuals=combination.function,
    )
    matrix = replace(problem, objective=objective, quantity="jacobian", results=pullback.results)
    layout = matrix.output
    assert isinstance(layout, MatrixLayout)
    evaluator = replace(point.evaluator, problem=matrix, cache=cache)
    estimates = {name: find_method(name).estimate(evaluator) for name in sources.values()}
    for source, name in sources.items():
        whole = estimates[name]
        rows = list(map(Estimate, layout.matrix(whole.value), layout.matrix(whole.error)))
        if not _is_linear(rows, point.result.votes[source], combination.weights):
            return None
    result = replace(point.result, estimates=estimates, sources=sources, pairs=())
    return Examination(evaluator, result)


def _sources(point: Examination, differentiates: bool = True) -> dict[str, str]:
    """Returns the methods of the derivative by hand and of the sharper of the others."""
    result = point.result
    sharper = "autodiff" if differentiates and "autodiff" in result.votes else "differences"
    return {source: result.sources[source] for source in ("analytic", sharper)}


def _by_columns(point: Examination, cache: Cache) -> Examination | None:
    problem, result = point.evaluator.problem, point.result
    matrix = _problem(problem)
    layout = matrix.output
    assert isinstance(layout, MatrixLayout)
    sources, estimates = _sources(point), {}
    for source, name in sources.items():
        columns = _columns(point, find_method(name))
        product = result.votes[source]
        if not _is_linear(columns, product, problem.layout.flatten(problem.direction)):
            return None
        row, column = layout.places
        value, error = (
            np.stack([getattr(each, part) for each in columns], axis=1)[row, column]
            for part in ("value", "error")
        )
        estimates[name] = Estimate(value, error)
    return Examination(
        replace(point.evaluator, problem=matrix, cache=cache),
        replace(result, estimates=estimates, sources=sources, pairs=()),
    )


def _problem(problem: Problem) -> Problem:
    """Returns the problem of the matrix; the product stands for the matrix by hand."""
    quantity = QUANTITIES[problem.quantity]
    by_hand = getattr(problem.objective, problem.quantity)
    objective = replace(problem.objective, **{quantity: by_hand})
    return replace(problem, objective=objective, quantity=quantity, direction=None)


def _columns(point: Examination, method: AbstractMethod) -> list[Estimate]:
    evaluator, problem = point.evaluator, point.evaluator.problem
    units = map(problem.layout.unflatten, np.eye(problem.layout.size))
    return [method.estimate(evaluator.at(replace(problem, direction=unit))) for unit in units]


def _is_linear(columns: Sequence[Estimate], product: Estimate, v: Float[np.ndarray, " n"]) -> bool:
    sums = sum(each.value * u for each, u in zip(columns, v, strict=True))
    bars = sum(each.error * abs(u) for each, u in zip(columns, v, strict=True))
    return bool(np.all(np.abs(sums - product.value) <= SAFETY * (bars + product.error)))
