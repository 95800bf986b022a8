"""Whether f breaks as much as a difference asks for, over the steps of finite differences.

A solver that stops at a tolerance leaves pieces of f that are smooth, each with a slope of its
own. Finite differences find the slope of one piece, with a bar that knows nothing of the others.
So f is interpolated at Chebyshev points of a longer line: of a smooth f, the last coefficients are
rounding (Trefethen, Approximation Theory and Approximation Practice, 2013, chapter 8), and of one
with breaks they are not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ..._evaluation.compiled import CompiledFunction
from ..._evaluation.evaluator import Evaluator
from ..._foundation.errors import optional
from ..._foundation.wording import short
from ..._introspection.rewriting.longer_loops import has_loops
from ..._model.verdict import ACCUSED, DISPUTED, EXACT
from ..._points.examination import Examination
from ..._results.data import PointResult
from ..._results.judgement.excess import distance
from ..._results.judgement.settlement import LARGEST_OF_ROUGH, is_slight
from ...methods._extrapolation.lines import NOISY
from ..point.second_opinion.taylor import sized_direction

HALF_LENGTHS = (0.05, 0.2)
"""Half lengths of the line, relative to x: about those of the steps of finite differences."""

CHEBYSHEV_POINTS = 33
"""Number of points on the line."""

LAST_ORDERS = CHEBYSHEV_POINTS // 3
"""Number of the last coefficients: the others follow a smooth f."""

KINK = 5800.0
"""Ratio of a change of slope, over a half length, to the roughness that it leaves: the largest of
99.5 % of all places on the line. A jump leaves more."""


@dataclass(frozen=True)
class _Line:
    """A line through one point.

    Attributes:
        span: Its half length, relative to x.
        rough: What no smooth curve follows on it, as the standard deviation of white noise.
        explains: The change of slope that leaves as much, relative to the derivative.
    """

    span: float
    rough: float
    explains: float


def roughness(points: Sequence[Examination]) -> str:
    """Returns a sentence on the breaks of f, if they explain every difference; empty if not.

    They are those of f near all points: a break lies within the reach of some of them. Nothing is
    asked where a difference is larger than what a tolerance leaves, where an accuracy decides, or
    where f has a program without a loop that may stop early.
    """
    evaluator = points[0].evaluator
    value, objective = evaluator.functions.get("value"), evaluator.problem.objective
    iterates = not evaluator.has_program
    iterates |= isinstance(value, CompiledFunction) and has_loops(value.jaxpr)
    plain = objective.convention.plain and evaluator.problem.quantity == "gradient"
    if not iterates or not plain or objective.accuracy is not None:
        return ""
    doubted = [
        p for p in points if p.result.judgement.verdict in DISPUTED and not p.result.abstains
    ]
    if not doubted or not all(is_slight(p.result, LARGEST_OF_ROUGH) for p in doubted):
        return ""
    return optional("the roughness of f", lambda: _explanation(doubted), "")


def _explanation(doubted: Sequence[Examination]) -> str:
    directions = [_direction(point.evaluator) for point in doubted]
    gap = max(map(_gap, [point.result for point in doubted], directions))
    lines = [
        line
        for span in HALF_LENGTHS
        for point, u in zip(doubted, directions, strict=True)
        if (line := _line(point, u, span)) is not None
    ]
    worst = max(lines, key=lambda line: line.explains, default=None)
    if worst is None or gap > worst.explains:
        return ""
    return (
        f"f is rough: over {short(100 * worst.span)} % of x it departs from a smooth curve by "
        f"about {short(worst.rough, 2)}, as a solver does that stops at a tolerance; its pieces "
        "have slopes that differ by as much as the derivatives do"
    )


def _gap(point: PointResult, u: Float[np.ndarray, " d"]) -> float:
    """Returns the largest difference over the length that the line moves an entry, relative."""
    accused, differences = ACCUSED.get(point.judgement.verdict), point.votes["differences"]
    sources = [s for s in EXACT if s in point.votes and accused in (s, None)]
    off = [np.max(distance(point.votes[s], differences) * np.abs(u)) for s in sources]
    return float(max(off) / _largest(point, u))


def _largest(point: PointResult, u: Float[np.ndarray, " d"]) -> float:
    return float(np.max(np.abs(point.votes["differences"].value * u)))


def _line(point: Examination, u: Float[np.ndarray, " d"], span: float) -> _Line | None:
    """Returns what f leaves on a line; None if it is smooth there, or is no smooth curve at all.

    What a tolerance leaves is small beside the change of f on the line; an oscillation is not.
    """
    angles = np.pi * (np.arange(CHEBYSHEV_POINTS) + 0.5) / CHEBYSHEV_POINTS
    evaluator = point.evaluator
    line = evaluator.problem.layout.unflatten(span * u)
    values = evaluator.along(np.cos(angles), line)
    orders = np.arange(CHEBYSHEV_POINTS - LAST_ORDERS, CHEBYSHEV_POINTS)
    with np.errstate(all="ignore"):
        last = 2 / CHEBYSHEV_POINTS * np.cos(np.outer(orders, angles)) @ values
        rough = float(np.sqrt(CHEBYSHEV_POINTS / 2 * np.mean(last**2)))
        least = NOISY * float(np.max(np.abs(values)))
        if not least < rough <= LARGEST_OF_ROUGH * float(np.ptp(values)):
            return None
        return _Line(span, rough, KINK * rough / span / _largest(point.result, u))


def _direction(evaluator: Evaluator) -> Float[np.ndarray, " d"]:
    """Returns a direction along which the longest line stays inside of the bounds."""
    (lower, upper), u = evaluator.problem.bounds, sized_direction(evaluator)
    room = np.minimum(upper - evaluator.x, evaluator.x - lower) / max(HALF_LENGTHS)
    return np.sign(u) * np.minimum(np.abs(u), room)
