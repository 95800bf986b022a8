"""The fundamental theorem of calculus: f(b) − f(a) is the integral of its gradient from a to b.

Nothing here depends on a step. So the check serves where differences do not: for an f with noise,
from a solver or in float32, as long as f moves by more than its noise over the polygon.
"""

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from tabulate import tabulate

from ..._foundation.serialization import Outcome
from ..._foundation.wording import short, with_bar
from ..._model.estimate import SAFETY
from .edges import Edge, corners, edge
from .field import Field

SLIGHT_ERROR = 1e-3
"""Largest relative error of a gradient that is called inexact: right to some digits."""

INTEGRAL_BLUNT = 0.1
"""Smallest relative error of a gradient that has to be seen, or nothing is said."""

SMALLER = 5
"""Number of times the radius is halved if f is not finite on the polygon."""


@dataclass(frozen=True, eq=False)
class LineIntegral(Outcome):
    """The line integrals of a gradient along the edges of a closed polygon; `str` tells all.

    Attributes:
        objective: The name of the function.
        d: The number of parameters.
        answer: `right`; `inexact` if the error is below 10⁻³ of the gradient; `wrong`; `jumps`
            if f moves by jumps that its gradient leaves out; `undecided` if even an error of a
            tenth of the gradient could not be seen.
        edges: The edges, from x0 over random points back to x0.
        radius: The distance of the points from x0, relative to each coordinate.
        accuracy: The relative error that is accepted, or None.

    Examples:
        >>> import numpy as np
        >>> import gradcompare
        >>> def value(x):
        ...     return float(np.float32(np.sum(np.float32(np.sin(x)))))
        >>> right = gradcompare.integral(value, np.cos, np.linspace(0.2, 1.0, 5))
        >>> right.ok, right.digits >= 4
        (True, True)
    """

    objective: str
    d: int
    answer: str
    edges: tuple[Edge, ...]
    radius: float
    accuracy: float | None = None

    _words: ClassVar[dict[str, str]] = {
        "right": "f is the integral of this gradient",
        "inexact": "the gradient is right to a few digits, and not further",
        "wrong": "f is not the integral of this gradient",
        "jumps": "f moves by jumps, and its gradient leaves them out",
        "undecided": "it cannot be told whether f is the integral of this gradient",
    }

    @property
    def ok(self) -> bool:
        """Whether the gradient is right as far as can be seen."""
        return self.answer == "right"

    @property
    def gaps(self) -> tuple[float, ...]:
        """f(b) − f(a) less the integral, for each edge."""
        return tuple(each.gap for each in self.edges)

    @property
    def bars(self) -> tuple[float, ...]:
        """The error bars of the gaps."""
        return tuple(each.bar for each in self.edges)

    @property
    def size(self) -> float:
        """The typical way of f along an edge, over the signs of its entries."""
        return _norm([each.size for each in self.edges])

    @property
    def error(self) -> float:
        """The relative error of the gradient in the norm of the polygon, as the gaps show it."""
        return _norm(self.gaps) / self.size if self.size > 0 else math.nan

    @property
    def bar(self) -> float:
        """The error bar of `error`."""
        return _norm(self.bars) / self.size if self.size > 0 else math.inf

    @property
    def digits(self) -> int:
        """The number of digits of the gradient that the gaps and their bars confirm."""
        bound = self.error + SAFETY * self.bar
        return 16 if bound == 0 else max(0, math.floor(-math.log10(min(bound, 1.0))))

    @property
    def loop(self) -> float:
        """The integral of the gradient once round the polygon: 0 for the gradient of anything."""
        return sum(each.integral for each in self.edges)

    @property
    def is_no_gradient(self) -> bool:
        """Whether the integral round the polygon shows that no function has this gradient."""
        bar = sum(each.quadrature for each in self.edges)
        return abs(self.loop) > SAFETY * bar + SLIGHT_ERROR * self.size

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data for JSON, with the error and its bar."""
        names = ("error", "bar", "digits", "loop")
        return super().to_dict() | {name: getattr(self, name) for name in names}

    @property
    def sentence(self) -> str:
        """The answer in one sentence, without the edges."""
        within = f"along {len(self.edges)} lines within {short(100 * self.radius)} % of x"
        size = f"{short(100 * self.error, 2)} % of its norm"
        match self.answer:
            case "right":
                digits = "1 digit" if self.digits == 1 else f"{self.digits} digits"
                return f"{within}, f is the integral of the gradient to {digits}"
            case "inexact" | "wrong":
                return f"{within}, the integral of the gradient is off by at least {size}"
            case "jumps":
                return f"{within}, f moves by jumps that its gradient leaves out"
        return (
            f"{within}, noise hides errors of the gradient up to "
            f"{short(100 * SAFETY * self.bar, 2)} % of its norm"
        )

    def __str__(self) -> str:
        lines = [f"{self.objective} (d = {self.d}): {self._words[self.answer]}", *_table(self)]
        lines.append(f"{self.sentence[0].upper()}{self.sentence[1:]}.")
        if self.answer == "wrong" and self.is_no_gradient:
            lines.append(
                f"Once round the polygon, the integral is {short(self.loop)}: no function has "
                "this gradient."
            )
        if self.answer == "undecided":
            lines.append("Give a larger radius=, so that f moves by more than its noise.")
        gradients, values = (
            sum(getattr(e, n) for e in self.edges) for n in ("gradients", "values")
        )
        lines.append(f"{gradients} gradients and {values} values of f")
        return "\n  ".join(lines)


def integral_of(
    field: Field,
    radius: float,
    count: int,
    seed: int,
    accuracy: float | None = None,
) -> LineIntegral:
    """Returns the line integrals along the edges of a random polygon through the point.

    Args:
        field: The function and its gradient.
        radius: The distance of the other corners, relative to each coordinate.
        count: The number of corners.
        seed: The seed of the corners.
        accuracy: The relative error that is accepted.
    """
    name, d = field.evaluator.problem.objective.name, len(field.evaluator.x)
    with np.errstate(all="ignore"):  # values that are not finite are part of the work
        edges = _edges(field, radius, count, seed)
        for _ in range(SMALLER):
            if all(math.isfinite(each.gap) for each in edges):
                break
            radius /= 2
            edges = _edges(field, radius, count, seed)
    result = LineIntegral(name, d, "", edges, radius, accuracy)
    return replace(result, answer=_answer(result))


def _edges(field: Field, radius: float, count: int, seed: int) -> tuple[Edge, ...]:
    points = corners(field, radius, count, seed)
    sides = zip(points, np.roll(points, -1, axis=0), strict=True)
    return tuple(edge(field.moved(a), b - a) for a, b in sides)


def _answer(result: LineIntegral) -> str:
    """Returns the answer that the gaps and their bars give."""
    accuracy = result.accuracy or 0.0
    shown = result.error + SAFETY * result.bar
    if not math.isfinite(shown):
        return "undecided"
    open_edges = [each for each in result.edges if each.open]
    if any(each.jumps for each in open_edges):
        return "jumps"
    if not open_edges or not result.error > SAFETY * result.bar:
        return "right" if shown <= max(INTEGRAL_BLUNT, accuracy) else "undecided"
    if shown <= accuracy:
        return "right"
    return "inexact" if result.error <= SLIGHT_ERROR else "wrong"


def _norm(numbers) -> float:
    return float(np.linalg.norm(np.array(numbers)))


def _table(result: LineIntegral) -> list[str]:
    rows = [
        [
            f"{number} → {(number + 1) % len(result.edges)}",
            f"{each.way:.8g}",
            f"{each.integral:.8g}",
            f"{with_bar(each.gap, each.bar)}{' ≠ 0' if each.open else ''}",
        ]
        for number, each in enumerate(result.edges)
    ]
    heads = ["corners", "f(b) − f(a)", "∫ g·dl", "gap"]
    return tabulate(rows, heads, "plain", disable_numparse=True).splitlines()
