"""The straight lines through a point along which an objective is sampled."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from ..._model.estimate import EPS, LEAST_NORMAL
from .._base import AbstractEvaluator, AbstractValues

RATIO = 1.9
"""Ratio of each step to the next one, a level further down.

Not 2: steps that are multiples of each other can all fall on the same phase of an oscillation,
and agree on a wrong derivative (3 in 100 for sin(1000 x)).
"""

FARTHEST_LEVEL = 100
"""Largest level: no step is shorter than scale · RATIO^−FARTHEST_LEVEL."""

LONGEST = 1e100
"""Longest step."""

RANGE = 1e300
"""Largest ratio of a step to the scale of its line."""

UNDERFLOW = 16 * LEAST_NORMAL**0.5
"""Length up to which squares, as of differences of coordinates, are hardly normal numbers."""

LEAST_SCALE = 1e-280
"""Shortest coordinate that is a scale of its own: its shortest step is a normal number."""

SHARPER = 10.0
"""Ratio of an accuracy that the user accepts to a bar that shows it."""

NARROW = 20
"""Level of the least room: a domain ends on a side with less than scale · RATIO^−NARROW."""

NOISY = 1000 * EPS
"""Fraction of f above which noise is more than the rounding of a long computation."""


@dataclass(frozen=True)
class Lines:
    """What the ladder needs to know about each line.

    Attributes:
        sample: `sample(lines, steps)`, the values of f that far along those lines.
        origin: The coordinate that moves on each line; 0 along a direction.
        scale: The unit of the steps on each line, a power of two.
        below: The distance backwards to the end of the domain.
        above: The distance forwards.
        centre: The value at the point of what is sampled on each line.
        noise: A bound of the noise in one such value, beside its rounding to float64.
        usual: The usual length of the parameters, at least 1.
        enough: An error bar that is small enough on each line; 0 where the derivative decides
            what is small.
        share: The fraction of the largest derivative at which a bar is small enough.
    """

    sample: Callable[[Int[np.ndarray, " k"], Float[np.ndarray, " k"]], Float[np.ndarray, " k"]]
    origin: Float[np.ndarray, " m"]
    scale: Float[np.ndarray, " m"]
    below: Float[np.ndarray, " m"]
    above: Float[np.ndarray, " m"]
    centre: Float[np.ndarray, " m"]
    noise: Float[np.ndarray, " m"]
    usual: float = 1.0
    enough: Float[np.ndarray, " m"] | float = 0.0
    share: float = 0.0

    def of(self, which: Int[np.ndarray, " k"]) -> "Lines":
        """Returns some of the lines."""

        def sample(lines, steps):
            return self.sample(which[lines], steps)

        names = ("origin", "scale", "below", "above", "centre", "noise")
        parts = {name: getattr(self, name)[which] for name in names}
        return replace(self, sample=sample, enough=0.0, **parts)


@dataclass(frozen=True)
class Derivatives:
    """The derivatives along all lines.

    Attributes:
        value: The derivative along each line.
        error: Its error bar; infinite where no window gave finite differences, or f jumps.
        gap: The derivative from the right less that from the left; 0 without a kink.
        jumps: Whether f jumps at the point.
        constant: Whether f did not change at all along the line.
        side: 1 or −1 for a line that was followed to one side only, else 0.
        step: The largest step of the window that gave the estimate.
        evaluations: The number of values of f.
    """

    value: Float[np.ndarray, " m"]
    error: Float[np.ndarray, " m"]
    gap: Float[np.ndarray, " m"]
    jumps: Bool[np.ndarray, " m"]
    constant: Bool[np.ndarray, " m"]
    side: Int[np.ndarray, " m"]
    step: Float[np.ndarray, " m"]
    evaluations: int


def coordinate_lines(
    evaluator: AbstractEvaluator, scale: Float[np.ndarray, " d"], centre: float, noise: float
) -> Lines:
    """Returns one line for each coordinate."""
    usual = usual_length(scale)
    ends, share = room(evaluator), sharpness(evaluator)
    centres, noises = (np.full(len(scale), each) for each in (centre, noise))
    sample, x = evaluator.perturbed, evaluator.x
    return Lines(sample, x, scale, *ends, centres, noises, usual, share=share)


def usual_length(scale: Float[np.ndarray, " d"]) -> float:
    """Returns the usual length of the parameters, at least 1."""
    return max(1.0, float(np.median(scale)))


def sharpness(evaluator: AbstractEvaluator) -> float:
    """Returns the share of the largest derivative at which a bar is small enough.

    Where the user accepts an accuracy, the widest steps that show it are the best ones: they are
    long beside the steps that a solver makes at its tolerance.
    """
    return (evaluator.problem.objective.accuracy or 0.0) / SHARPER


def direction_line(evaluator: AbstractEvaluator, centre: float, noise: float) -> Lines:
    """Returns the line x + t u, with a unit of t that makes t u about as long as x."""
    scale = unit_along(evaluator)

    def sample(_, steps):
        return evaluator.along(steps)

    ends, share = room(evaluator), sharpness(evaluator)
    centres, noises = (np.full(1, each) for each in (centre, noise))
    return Lines(sample, np.zeros(1), scale, *ends, centres, noises, share=share)


def unit_along(evaluator: AbstractEvaluator) -> Float[np.ndarray, " 1"]:
    """Returns the power of two as unit of t that makes t u about as long as x."""
    size = typical_size(evaluator)
    return np.exp2(np.floor(np.log2(np.where(size > 0, size, 1.0))))


def unit_of(x: Float[np.ndarray, " d"], u: Float[np.ndarray, " d"]) -> float:
    """Returns the power of two as unit of t that makes t u about as long as x."""
    size = float(np.linalg.norm(x) / np.linalg.norm(u)) or 1.0
    return float(np.exp2(np.floor(np.log2(size))))


def typical_size(evaluator: AbstractEvaluator) -> Float[np.ndarray, " k"]:
    """Returns |x| for each coordinate, or ‖x‖/‖u‖ along a direction u; 0 if x or u is 0."""
    problem, x = evaluator.problem, evaluator.x
    if problem.direction is None:
        return np.abs(x)
    x = x if problem.retraction is None else problem.unit
    length = np.linalg.norm(problem.layout.flatten(problem.direction))
    return np.array([np.linalg.norm(x) / length if length > 0 else 0.0])


def room(evaluator: AbstractEvaluator) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """Returns the distances backwards and forwards to the ends of the domain on each line."""
    problem, x, (lower, upper) = evaluator.problem, evaluator.x, evaluator.problem.bounds
    if problem.direction is None:
        return x - lower, upper - x
    below, above = room_along(x, lower, upper, problem.layout.flatten(problem.direction))
    return np.array([below]), np.array([above])


def room_along(
    x: Float[np.ndarray, " d"],
    lower: Float[np.ndarray, " d"],
    upper: Float[np.ndarray, " d"],
    u: Float[np.ndarray, " d"],
) -> tuple[float, float]:
    """Returns the distances from `x` backwards and forwards along `u` to the bounds."""
    moving = u != 0
    # Each moving coordinate meets its bounds at two values of t; the sign of u says which of them
    # lies behind. The nearest end over all coordinates counts.
    ends = np.stack([(lower - x)[moving] / u[moving], (upper - x)[moving] / u[moving]])
    inside = 1 - 4 * EPS  # x + t u is rounded
    below = -np.max(ends.min(axis=0), initial=-np.inf) * inside
    return float(below), float(np.min(ends.max(axis=0), initial=np.inf) * inside)


def coordinate_scale(evaluator: AbstractValues) -> Float[np.ndarray, " d"]:
    """Returns the power of two just below |x| for each coordinate.

    A coordinate at zero gets the median scale of the others in its own array, or the unit of the
    problem, which is 1 but for tangent vectors, and so does one that is shorter than LEAST_SCALE.
    """
    x, offsets, unit = evaluator.x, evaluator.problem.layout.offsets, evaluator.problem.unit
    scale = np.ones_like(x)
    for start, stop in itertools.pairwise(offsets):
        block = np.where(np.abs(x[start:stop]) < LEAST_SCALE, 0.0, np.abs(x[start:stop]))
        typical = np.median(block[block > 0]) if np.any(block > 0) else unit[start:stop]
        scale[start:stop] = np.where(block > 0, block, typical)
    return np.exp2(np.floor(np.log2(scale)))


def ended_sides(lines: Lines) -> Int[np.ndarray, " m"]:
    """Returns the only side on which each line has room; 0 for both sides."""
    narrower = np.minimum(lines.below, lines.above)
    sided = narrower < lines.scale * RATIO**-NARROW
    return np.where(sided, np.where(lines.above >= lines.below, 1, -1), 0)


def widest_level(lines: Lines, side: Int[np.ndarray, " m"]) -> Int[np.ndarray, " m"]:
    """Returns the level of the largest step that fits on that side, or on both."""
    both = np.minimum(lines.below, lines.above)
    room = np.where(side > 0, lines.above, np.where(side < 0, lines.below, both))
    # scale · RATIO⁻ⁿ ≤ room, solved for n; x + h is rounded, so a few units are kept free.
    least = np.ceil(np.log(lines.scale / (room * (1 - 4 * EPS))) / np.log(RATIO))
    farthest = np.minimum(np.log(LONGEST), np.log(lines.scale) + np.log(RANGE))
    longest = np.ceil((np.log(lines.scale) - farthest) / np.log(RATIO))
    return np.clip(least, np.minimum(longest, 0), FARTHEST_LEVEL).astype(int)
