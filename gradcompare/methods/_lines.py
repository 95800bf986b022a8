"""The straight lines through a point along which an objective is sampled."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from .._programs import Programs


@dataclass(frozen=True)
class Lines:
    """What the ladder needs to know about each line.

    Attributes:
        sample: `sample(lines, steps)`, the values of f that far along those lines.
        origin: The coordinate that moves on each line; 0 along a direction.
        scale: The unit of the steps on each line, a power of two.
        below: How far one can go backwards without leaving the domain.
        above: How far one can go forwards.
        centre: The value of f at the point.
        noise: A bound of the noise in one value of f, beside its rounding to float64.
    """

    sample: Callable[[Int[np.ndarray, " k"], Float[np.ndarray, " k"]], Float[np.ndarray, " k"]]
    origin: Float[np.ndarray, " m"]
    scale: Float[np.ndarray, " m"]
    below: Float[np.ndarray, " m"]
    above: Float[np.ndarray, " m"]
    centre: float
    noise: float


def coordinate_lines(
    programs: Programs, scale: Float[np.ndarray, " d"], centre: float, noise: float
) -> Lines:
    """One line for each coordinate."""
    x, (lower, upper) = programs.x, programs.problem.bounds
    return Lines(programs.perturbed, x, scale, x - lower, upper - x, centre, noise)


def direction_line(programs: Programs, centre: float, noise: float) -> Lines:
    """The line x + t u, its unit of t such that t u is about as long as x."""
    problem, x = programs.problem, programs.x
    u = problem.layout.flatten(problem.direction)
    length, size = np.linalg.norm(u), np.linalg.norm(x) or 1.0
    scale = np.exp2(np.floor(np.log2(size / length))) if length > 0 else 1.0
    lower, upper = problem.bounds
    ends = np.stack([(lower - x) / u, (upper - x) / u])[:, u != 0]
    below = -np.max(np.minimum(*ends), initial=-np.inf)
    above = np.min(np.maximum(*ends), initial=np.inf)

    def sample(_, steps):
        return programs.along(steps)

    rooms = np.full(1, below), np.full(1, above)
    return Lines(sample, np.zeros(1), np.full(1, scale), *rooms, centre, noise)


def coordinate_scale(programs: Programs) -> Float[np.ndarray, " d"]:
    """The power of two just below |x| for each coordinate.

    A coordinate at zero takes the median scale of the others in its own array, or 1.
    """
    x, offsets = programs.x, programs.problem.layout.offsets
    scale = np.ones_like(x)
    for start, stop in itertools.pairwise(offsets):
        block = np.abs(x[start:stop])
        typical = np.median(block[block > 0]) if np.any(block > 0) else 1.0
        scale[start:stop] = np.where(block > 0, block, typical)
    return np.exp2(np.floor(np.log2(scale)))
