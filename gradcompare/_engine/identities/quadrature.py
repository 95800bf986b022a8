"""The integral of a gradient along a straight line, by adaptive quadrature with an error bar.

Each piece of the line is integrated by Gauss's rule with three nodes and its extension by Kronrod
(Nodes and Weights of Quadrature Formulas, 1965) with seven; the distance of both is the error,
sharpened as in QUADPACK (Piessens et al., 1983, section 2.2.4.1). The pieces with the largest
errors are halved until the integral has as many digits as f, or halving does not help, as with a
gradient that a solver computes, whose noise no quadrature removes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float

NODES = np.array([0.960491268708020283, 0.774596669241483377, 0.434243749346802558])
NODES = np.concatenate([-NODES, [0.0], NODES[::-1]])
KRONROD = np.array([0.104656226026467265, 0.268488089868333441, 0.401397414775962223])
KRONROD = np.concatenate([KRONROD, [0.450916538658474142], KRONROD[::-1]])
GAUSS = np.array([0, 5, 0, 8, 0, 5, 0]) / 9

PIECES = 8
"""Number of pieces at the start; f is asked at their ends."""

HALVED_AT_A_TIME = 4
"""Largest number of pieces that are halved in one round."""

MOST_ROUNDS = 12
"""Largest number of rounds."""

STILL = 0.75
"""Ratio of the error after a halving to that before from which halving does not help."""

FUTILE = 2
"""Number of rounds that do not help after which there is no further one."""

Slopes = Callable[[Float[np.ndarray, " k"]], Float[np.ndarray, " k"]]
"""The derivative along the line at some places of it."""


@dataclass(frozen=True)
class Piece:
    """The integral over a part of the line.

    Attributes:
        start: Where it begins, from 0 to 1.
        stop: Where it ends.
        value: The integral.
        error: Its error bar.
    """

    start: float
    stop: float
    value: float
    error: float

    @classmethod
    def of(cls, slopes: Slopes, start: float, stop: float) -> "Piece":
        half = (stop - start) / 2
        values = slopes((start + stop) / 2 + half * NODES)
        value = half * float(KRONROD @ values)
        error = abs(value - half * float(GAUSS @ values))
        spread = half * float(KRONROD @ np.abs(values - value / (2 * half)))
        if spread > 0:
            error = spread * min(1.0, (200 * error / spread) ** 1.5)
        return cls(start, stop, value, error)

    def halves(self, slopes: Slopes) -> tuple["Piece", "Piece"]:
        middle = (self.start + self.stop) / 2
        return Piece.of(slopes, self.start, middle), Piece.of(slopes, middle, self.stop)


def integrate(slopes: Slopes, enough: float) -> list[Piece]:
    """Returns the integrals over the pieces of a line, from 0 to 1.

    Args:
        slopes: The derivative along the line.
        enough: An error bar of the whole that is small enough.
    """
    ends = np.linspace(0, 1, PIECES + 1)
    pieces = [Piece.of(slopes, a, b) for a, b in pairwise(ends)]
    futile = 0
    for _ in range(MOST_ROUNDS):
        error = sum(piece.error for piece in pieces)
        if not error > enough or futile == FUTILE:
            break
        pieces.sort(key=lambda piece: -piece.error)
        worst, others = pieces[:HALVED_AT_A_TIME], pieces[HALVED_AT_A_TIME:]
        halves = [half for piece in worst for half in piece.halves(slopes)]
        before, after = (sum(piece.error for piece in part) for part in (worst, halves))
        futile = futile + 1 if after > STILL * before else 0
        pieces = others + halves
    return sorted(pieces, key=lambda piece: piece.start)


def up_to(pieces: list[Piece], ends: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
    """Returns the integrals from 0 to ends of pieces."""
    sums = np.cumsum([piece.value for piece in pieces])
    stops = np.array([piece.stop for piece in pieces])
    return np.array([0.0 if end == 0 else sums[np.searchsorted(stops, end)] for end in ends])
