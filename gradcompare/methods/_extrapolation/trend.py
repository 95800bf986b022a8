"""The derivative of the trend of f, over steps that are long beside those of a solver.

A solver that stops at a tolerance follows the true function at a small distance, but its slope can
be off by far more within a short piece: conjugate gradients stopped at 1e-4 were off by 0.03. An
odd polynomial is fitted to the differences f(x + h) − f(x − h), by least squares, and what it
leaves over bounds its error.
"""

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from ..._model.estimate import Estimate
from .._base import AbstractEvaluator
from .lines import Lines, coordinate_lines, coordinate_scale

NODES = 16
"""Number of steps on each side."""

SPANS = (0.5, 0.25)
"""Longest steps, as fractions of the scale of a coordinate. Shorter ones lie within a piece."""

POWERS = (1, 3, 5, 7, 9)
"""Powers of the polynomials."""


def trends(
    evaluator: AbstractEvaluator, differences: Estimate, entries: Int[np.ndarray, " k"]
) -> Estimate:
    """Returns the differences with the trend of f in some entries, each with its error bar.

    An entry at the end of its domain, or where f is not finite, keeps its derivative.
    """
    lines = coordinate_lines(evaluator, coordinate_scale(evaluator), evaluator.value(), 0.0)
    value, error = _along(lines.of(entries))
    finite = np.isfinite(error)
    number, value, error = entries[finite], value[finite], error[finite]
    values, errors = differences.value.copy(), differences.error.copy()
    values[number], errors[number] = value, error
    return replace(differences, value=values, error=errors, left=values, right=values)


def _along(lines: Lines) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """Returns the slopes with the smallest bars over all spans and powers."""
    count = len(lines.scale)
    room = np.minimum(lines.below, lines.above)
    best, bar = np.zeros(count), np.full(count, np.inf)
    nodes = np.cos(np.pi * (np.arange(NODES) + 0.5) / (2 * NODES))
    for span in SPANS:
        longest = np.minimum(span * lines.scale, room)
        steps = longest[:, None] * nodes
        which = np.repeat(np.arange(count), NODES)
        ends = [lines.sample(which, sign * steps.ravel()) for sign in (1, -1)]
        odd = (ends[0] - ends[1]).reshape(count, NODES) / 2
        for value, error in _fits(nodes, odd):
            with np.errstate(invalid="ignore", divide="ignore"):
                slope, error = value / longest, error / longest
            better = error < bar
            best[better], bar[better] = slope[better], error[better]
    return best, bar


def _fits(
    nodes: Float[np.ndarray, " n"], odd: Float[np.ndarray, "k n"]
) -> Iterator[tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]]:
    """Yields the slope at 0 of each polynomial but the last, with its bar.

    What is left over may have any sign at any step. The next polynomial shows what a power that
    is missing does.
    """
    fits = []
    for terms in range(1, len(POWERS) + 1):
        columns = nodes[:, None] ** np.array(POWERS[:terms])
        inverse = np.linalg.pinv(columns)
        coefficients = odd @ inverse.T
        left_over = np.max(np.abs(odd - coefficients @ columns.T), axis=1)
        fits.append((coefficients[:, 0], left_over * np.sum(np.abs(inverse[0]))))
    for (slope, bar), (after, _) in itertools.pairwise(fits):
        yield slope, bar + np.abs(after - slope)
