"""The edges of a random polygon: f(b) − f(a) against the integral of the gradient from a to b.

The gap between both is zero for a right gradient, up to the error of the quadrature and the noise
of f at both ends. The noise is not asked for at some spacing, which a solver that stops at a
tolerance would escape. It is what the gap becomes where the line is halved again and again, each
time towards the larger part of the gap: the gap of a smooth error vanishes with the length, noise
stays, and so does a jump of f.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from ..._model.estimate import EPS, SAFETY
from ...methods._extrapolation.lines import coordinate_scale
from .field import Field, Vector
from .quadrature import NODES, PIECES, Piece, integrate, up_to

EDGE_HALVINGS = 18
"""Number of halvings of a piece, down to 10⁻⁷ of x at a radius of a tenth."""

LAST = 4
"""Number of the last halvings, of which the largest gap is the noise."""

STAIRS = 8
"""Number of jumps on the short line on which a staircase is told from noise."""

EDGE_PARTS = 64
"""Number of parts of that line."""

MEDIAN_GAP = 0.1
"""Ratio of the median gap of these parts to the mean one below which f moves by jumps alone."""

PEAKS = 6
"""Largest number of pieces of one line that are integrated anew."""

UNEVEN = 0.25
"""Share of the gap of a line in one of its pieces from which that is integrated anew."""

Part = tuple[float, float, float, float]
"""A part of a line: where it starts, f there, where it ends, and f there."""

QUADRATURE_ERROR = 1e-12
"""An error of the quadrature, relative to the way of f, that is small enough."""


@dataclass(frozen=True)
class Edge:
    """One edge of the polygon.

    Attributes:
        way: f(b) − f(a).
        integral: The integral of the gradient from a to b.
        size: The typical way of f over the signs of the entries of b − a: the root of the integral
            of Σ gᵢ² (b − a)ᵢ².
        quadrature: The error bar of the integral.
        noise: The error bar of the way.
        jumps: Whether f moves by jumps that the gradient leaves out.
        gradients: The number of gradients.
        values: The number of values of f.
    """

    way: float
    integral: float
    size: float
    quadrature: float
    noise: float
    jumps: bool
    gradients: int
    values: int

    @property
    def gap(self) -> float:
        """f(b) − f(a) less the integral."""
        return self.way - self.integral

    @property
    def bar(self) -> float:
        """The error bar of the gap."""
        return self.quadrature + self.noise

    @property
    def open(self) -> bool:
        """Whether the gap is larger than its error bar allows."""
        return abs(self.gap) > SAFETY * self.bar


def corners(field: Field, radius: float, count: int, seed: int) -> Float[np.ndarray, "n d"]:
    """Returns random points around that of the field and inside of its bounds; it comes first."""
    x, (lower, upper) = field.evaluator.x, field.evaluator.problem.bounds
    rng = np.random.default_rng([seed, len(x)])
    size = np.maximum(np.abs(x), coordinate_scale(field.evaluator))
    moves = radius * size * rng.choice([-1.0, 1.0], (count - 1, len(x)))
    moves *= rng.uniform(0.5, 1.0, moves.shape)
    room = np.where(moves > 0, upper - x, x - lower) / 2
    return np.concatenate([x[None], x + np.sign(moves) * np.minimum(np.abs(moves), room)])


def edge(field: Field, u: Vector) -> Edge:
    """Returns the edge from the point of a field to that point plus u."""
    return _Line(field, u).edge()


class _Line:
    """A line, with the numbers of gradients and values along it."""

    def __init__(self, field: Field, u: Vector) -> None:
        self.field, self.u = field, u
        self.gradients = self.values = 0
        self.squares: list[float] = []

    def edge(self) -> Edge:
        ends = np.linspace(0, 1, PIECES + 1)
        f = self._f(ends)
        # f is rounded, and so are the points at which it is asked.
        rounding = self.field.noise + 4 * EPS * float(np.max(np.abs(f)))
        pieces = integrate(self._slopes, QUADRATURE_ERROR * float(np.ptp(f)) + rounding / SAFETY)
        size = float(np.sqrt(np.mean(self.squares)))
        integrals = np.diff(up_to(pieces, ends))
        errors = np.array(
            [sum(p.error for p in pieces if a <= p.start < b) for a, b in pairwise(ends)]
        )
        noise, jumps = rounding, False
        way = float(f[-1] - f[0])
        if abs(way - np.sum(integrals)) > np.sum(errors) + rounding:
            left = self._left(ends, f, integrals)
            noise = 2 * max(rounding, left)
            if abs(way - np.sum(integrals)) > SAFETY * (np.sum(errors) + noise):
                self._correct(ends, f, integrals, errors)
            gap = abs(way - float(np.sum(integrals)))
            jumps = left > rounding and self._is_staircase(left, gap)
        integral, quadrature = float(np.sum(integrals)), float(np.sum(errors))
        return Edge(way, integral, size, quadrature, noise, jumps, self.gradients, self.values)

    def _left(self, ends: np.ndarray, f: np.ndarray, integrals: np.ndarray) -> float:
        """Returns what is left of the largest gap where its piece is halved again and again."""
        worst = int(np.nanargmax(np.abs(np.diff(f) - integrals)))
        part = (ends[worst], f[worst], ends[worst + 1], f[worst + 1])
        gaps = []
        for _ in range(EDGE_HALVINGS):
            parts = self._halves(part)
            middles = self._slopes(np.array([(a + b) / 2 for a, _, b, _ in parts]))
            left = [
                abs(d - c - (b - a) * slope)
                for (a, c, b, d), slope in zip(parts, middles, strict=True)
            ]
            part = parts[int(np.argmax(left))]
            gaps.append(max(left))
        return float(np.max(gaps[-LAST:]))

    def _correct(
        self, ends: np.ndarray, f: np.ndarray, integrals: np.ndarray, errors: np.ndarray
    ) -> None:
        """Integrates pieces anew that hold most of the gap: a narrow peak lies between the nodes.

        The integrals and their errors are changed in place.
        """
        for _ in range(PEAKS):
            gaps = np.abs(np.diff(f) - integrals)
            worst = int(np.argmax(gaps))
            if not gaps[worst] > UNEVEN * np.sum(gaps):
                return
            integral, error = self._integral(
                (ends[worst], f[worst], ends[worst + 1], f[worst + 1])
            )
            closer = abs(f[worst + 1] - f[worst] - integral) < gaps[worst] / 2
            integrals[worst], errors[worst] = integral, error
            if not closer:
                return

    def _integral(self, part: Part) -> tuple[float, float]:
        """Returns the integral over a part, halved where f does not go as the gradient says."""
        total = error = 0.0
        pieces = [Piece.of(self._slopes, part[0], part[2])]
        for _ in range(EDGE_HALVINGS):
            parts = self._halves(part)
            pieces = [Piece.of(self._slopes, a, b) for a, _, b, _ in parts]
            gaps = [abs(p[3] - p[1] - each.value) for p, each in zip(parts, pieces, strict=True)]
            worst = int(np.argmax(gaps))
            part, other = parts[worst], pieces.pop(1 - worst)
            total, error = total + other.value, error + other.error
        return total + pieces[0].value, error + pieces[0].error

    def _halves(self, part: Part) -> tuple[Part, Part]:
        start, before, stop, after = part
        middle = (start + stop) / 2
        here = float(self._f(np.array([middle]))[0])
        return (start, before, middle, here), (middle, here, stop, after)

    def _f(self, t: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
        self.values += len(t)
        return self.field.values(self.u, t)

    def _slopes(self, t: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
        self.gradients += len(t)
        products = np.array([self.field.gradient(self.u, each) * self.u for each in t])
        if len(self.squares) < PIECES * len(NODES):  # the first ones lie everywhere
            self.squares += np.sum(products**2, axis=1).tolist()
        return np.sum(products, axis=1)

    def _is_staircase(self, jump: float, gap: float) -> bool:
        """Whether f moves by jumps of this height and, between them, as its gradient says."""
        length = min(1.0, STAIRS * jump / gap)
        t = 0.5 + length * np.linspace(-0.5, 0.5, EDGE_PARTS + 1)
        slopes = self._slopes(t)
        by_gradient = np.diff(t) * (slopes[1:] + slopes[:-1]) / 2
        gaps = np.abs(np.diff(self._f(t)) - by_gradient)
        return bool(np.median(gaps) < MEDIAN_GAP * np.mean(gaps))
