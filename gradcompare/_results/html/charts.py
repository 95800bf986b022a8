"""Pictures of the estimates as SVG: where their marks are, for the template.

They are drawn here and not by matplotlib: a page of a hundred results stays small, and the colours
are those of the page, in dark mode too.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..._foundation.wording import LISTED, short
from ..._model.estimate import SAFETY, Estimate
from ..._model.verdict import ACCUSED
from ..data import PointResult, ResultData

WIDTH, LABELS, ROW, TOP = 340, 92, 26, 8
"""In pixels: the width, that of the names, the height of a coordinate, the margin above."""

MARGIN, APART = 12, 40
"""In pixels: the room at both ends of an axis, and the least distance of two texts on it."""

SMALLEST = 1e-17
"""Left end of an axis of relative errors; zero is drawn there."""

DISTANCES = {
    "allowed": "what their error bars allow",
    "apart": "their distance",
    "beyond": "beyond what the bars allow",
}
"""The marks in the picture of distances."""

VISIBLE = 1.0
"""Shortest half of an error bar that is drawn, in pixels."""


@dataclass(frozen=True)
class Mark:
    """One number in a picture.

    Attributes:
        kind: The source, or what the mark stands for.
        x: Its place, as of `y`, in pixels.
        y: From above.
        low: Left end of the error bar; None if it is too short to be seen.
        high: Right end of it.
        text: The number, for the reader who points at it.
    """

    kind: str
    x: float
    y: float
    low: float | None = None
    high: float | None = None
    text: str = ""


@dataclass(frozen=True)
class Chart:
    """A picture with a row for each coordinate.

    Attributes:
        title: The sentence below it.
        names: The names of the coordinates.
        marks: The numbers.
        ticks: Places on the axis, with their texts.
        odd: The source at fault, if the verdict names one.
        legend: The kinds of marks, with their names.
    """

    title: str
    names: tuple[str, ...]
    marks: tuple[Mark, ...]
    ticks: tuple[tuple[float, str], ...]
    odd: str
    legend: tuple[tuple[str, str], ...]

    width, labels, row, top = WIDTH, LABELS, ROW, TOP

    @property
    def bottom(self) -> int:
        """Where the axis is."""
        return TOP + ROW * len(self.names)


def charts(result: ResultData) -> list[Chart]:
    """Returns the pictures of the point that gave the verdict; none without an estimate."""
    point = result.worst
    if point is None or not point.votes or result.message:
        return []
    chosen = coordinates(point)
    accused = ACCUSED.get(result.verdict, "")
    names = tuple(result.name(i) for i in chosen)
    found = [_values(point, chosen, names, accused), _errors(point, chosen, names, accused)]
    return [chart for chart in found if chart is not None]


def coordinates(point: PointResult) -> list[int]:
    """Returns the wrong coordinates, or those with the largest derivatives."""
    chosen = list(point.judgement.faulty[:LISTED])
    if not chosen and point.votes:
        size = np.abs(next(iter(point.votes.values())).value)
        chosen = np.argsort(-size, kind="stable")[:LISTED].tolist()
    return sorted(chosen)


@dataclass(frozen=True)
class Axis:
    """Where numbers are on an axis.

    Attributes:
        low: The number at the left end.
        high: The number at the right end.
        unit: Numbers are divided by it first, as the distance of two large ones may overflow.
    """

    low: float
    high: float
    unit: float = 1.0

    def place(self, number: float) -> float:
        """Returns the place of a number in pixels."""
        low, high = self.low / self.unit, self.high / self.unit
        share = (number / self.unit - low) / ((high - low) or 1.0)
        return LABELS + MARGIN + (WIDTH - LABELS - 2 * MARGIN) * share

    def bar(self, value: float, error: float) -> tuple[float | None, float | None]:
        """Returns the ends of an error bar inside of the picture, if it can be seen."""
        ends = [self.place(value - error), self.place(value + error)]
        if not all(map(math.isfinite, ends)) or ends[1] - ends[0] < 2 * VISIBLE:
            return None, None
        return max(LABELS, ends[0]), min(WIDTH, ends[1])


def _values(
    point: PointResult, chosen: Sequence[int], names: tuple[str, ...], accused: str
) -> Chart | None:
    """The derivatives by each source side by side, with their error bars."""
    ends = [v for e in point.votes.values() for i in chosen for v in _interval(e, i)]
    finite = [end for end in ends if math.isfinite(end)]
    if not finite:
        return None
    low, high = min(*finite, 0.0), max(*finite, 0.0)
    axis = Axis(low, high, max(abs(low), abs(high)) or 1.0)
    marks = []
    for number, (source, estimate) in enumerate(point.votes.items()):
        below = 7 * (number - (len(point.votes) - 1) / 2)
        for row, i in enumerate(chosen):
            value, error = float(estimate.value[i]), float(estimate.error[i])
            if math.isfinite(value):
                y = TOP + ROW * (row + 0.5) + below
                ends = axis.bar(value, error)
                marks.append(Mark(source, axis.place(value), y, *ends, short(value, 6)))
    ticks = {axis.place(value): short(value, 2) for value in (low, 0.0, high)}
    zero = axis.place(0.0)
    apart = [(x, text) for x, text in ticks.items() if x == zero or abs(x - zero) > APART]
    title = f"The derivative at {point.label} by each source, with error bars"
    legend = tuple(point.sources.items())
    return Chart(title, names, tuple(marks), tuple(apart), accused, legend)


def _interval(estimate: Estimate, i: int) -> tuple[float, ...]:
    """A value and the ends of its error bar; it alone if the bar is longer than it is large."""
    value, error = float(estimate.value[i]), float(estimate.error[i])
    return (value, value - error, value + error) if error <= abs(value) else (value,)


def _errors(
    point: PointResult, chosen: Sequence[int], names: tuple[str, ...], accused: str
) -> Chart | None:
    """How far two sources are apart in each coordinate, and how far their bars let them be."""
    votes = point.votes
    tested = accused or next(iter(votes))
    others = [s for s in ("differences", "autodiff", "other") if s in votes and s != tested]
    if not others or tested not in votes:
        return None
    apart, allowed = _distance(votes[tested], votes[others[0]])
    numbers = [n for i in chosen for n in (apart[i], allowed[i]) if SMALLEST < n < math.inf]
    if not numbers:
        return None
    first = math.floor(math.log10(min(*numbers, 1e-15)))
    last = max(math.ceil(math.log10(max(numbers))), first + 1)
    axis = Axis(first, last)

    def place(number: float) -> float:
        return axis.place(math.log10(max(number, 10.0**first)))

    marks = []
    for row, i in enumerate(chosen):
        y = TOP + ROW * (row + 0.5)
        if math.isfinite(allowed[i]):
            end = place(allowed[i])
            marks.append(Mark("allowed", end, y, axis.place(first), end, short(allowed[i], 2)))
        if math.isfinite(apart[i]):
            kind = "apart" if apart[i] <= allowed[i] else "beyond"
            marks.append(Mark(kind, place(apart[i]), y, text=short(apart[i], 2)))
    step = max(1, math.ceil((last - first) / 5))
    ticks = tuple((axis.place(n), f"1e{n}") for n in range(first, last + 1, step))
    kinds = {mark.kind for mark in marks}
    legend = tuple((kind, text) for kind, text in DISTANCES.items() if kind in kinds)
    methods = f"{point.sources[tested]} and {point.sources[others[0]]}"
    title = f"Distance of {methods}, relative to the largest entry"
    return Chart(title, names, tuple(marks), ticks, "", legend)


def _distance(a: Estimate, b: Estimate) -> tuple[list[float], list[float]]:
    """The distance of each entry, and what the bars allow, relative to the largest entry."""
    with np.errstate(all="ignore"):
        finite = np.abs(b.value[np.isfinite(b.value)])
        scale = float(np.max(finite, initial=0.0)) or 1.0
        apart = np.abs(a.value / scale - b.value / scale)
        allowed = SAFETY * (a.error / scale + b.error / scale)
    return apart.tolist(), allowed.tolist()
