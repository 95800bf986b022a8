"""The window of steps of every line, and the values of f in it.

A step has a *level*: the step of level n is scale · RATIO⁻ⁿ. A window holds the steps of LEVELS
levels in succession, the largest step first, on both sides of the point. On a line that is
followed to one side only, a step between two levels replaces the step backwards.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from ..._model.estimate import EPS, LEAST_NORMAL
from .lines import NOISY, RATIO, UNDERFLOW, Lines, ended_sides, widest_level
from .tableau import LEVELS

FIRST_LEVEL = 2
"""Level at which the first window starts."""

FEWER_DIGITS = 1e-4
"""Fraction of f up to which noise above NOISY is that of fewer digits, as with float32, and grows
with f: least squares in float32 were 1e4 times as large at large steps, and error bars up to 7
times too small. Larger noise has another cause, or f is nearly 0 at the point."""


STRIDE = 3
"""Number of levels from the first window down to the next; later strides double each time.

A stride up never doubles: a wide jump could pass over the scale of f.
"""


class Window(NamedTuple):
    """The values of f at the steps of a window, for each of k lines.

    Attributes:
        plus: f(x + h), the largest step first; f(x ± h) on a line that is followed to one side.
        minus: f(x − h); f at the steps in between, to the same side, on such a line.
        steps: h.
        noise: A bound of the noise in each pair of values.
        centre: f(x).
        origin: The coordinate that moves on each line; 0 along a direction.
        side: 1 or −1 for a line that is followed to one side only, else 0.
    """

    plus: Float[np.ndarray, "k l"]
    minus: Float[np.ndarray, "k l"]
    steps: Float[np.ndarray, "k l"]
    noise: Float[np.ndarray, "k l"]
    centre: Float[np.ndarray, "k 1"]
    origin: Float[np.ndarray, " k"]
    side: Int[np.ndarray, " k"]

    def of(self, which: Bool[np.ndarray, " k"]) -> "Window":
        """Returns the windows of some of the lines."""
        return Window(*(array[which] for array in self))

    @property
    def finite(self) -> Bool[np.ndarray, " k"]:
        """Which lines have a number at every step."""
        return np.all(np.isfinite(self.plus) & np.isfinite(self.minus), axis=1)


class Judged(NamedTuple):
    """Windows, and what the extrapolation in each of them says, for k lines.

    Attributes:
        lines: The numbers of the lines.
        window: Their windows.
        value: The derivatives.
        error: Their error bars.
        left_over: The error that is left where f is not smooth, as a multiple of the visible one.
        gap: The derivative from the right less that from the left; 0 without a kink.
    """

    lines: Int[np.ndarray, " k"]
    window: Window
    value: Float[np.ndarray, " k"]
    error: Float[np.ndarray, " k"]
    left_over: Float[np.ndarray, " k"]
    gap: Float[np.ndarray, " k"]

    @property
    def broken(self) -> Bool[np.ndarray, " k"]:
        """Where f is not smooth within the window, as far as its differences show."""
        return (self.gap != 0) | (self.left_over > 0) | ~self.window.finite


class Windows:
    """The window of each line. Only its own methods change it.

    Attributes:
        lines: The lines.
        side: 1 or −1 for a line that is followed to one side only, else 0.
        least: The level of the largest step that fits into the domain.
        level: The level of the first step of the window.
        evaluations: The number of values of f so far.
        fewer_digits: Whether the noise on each line is that of fewer digits than float64 has.
    """

    def __init__(self, lines: Lines):
        count = len(lines.scale)
        self.lines = lines
        self.side = ended_sides(lines)
        self.least = widest_level(lines, self.side)
        self.level = np.maximum(self.least, FIRST_LEVEL)
        self.evaluations = 0
        self._plus = np.full((count, LEVELS), np.nan)
        self._minus = np.full((count, LEVELS), np.nan)
        self._unit = noise_unit(lines)
        self.fewer_digits = self._unit > EPS / 2

    def sample(self, active: Int[np.ndarray, " k"], missing: Bool[np.ndarray, "k l"]) -> None:
        """Evaluates f at the missing steps of the windows of some lines, all in one batch."""
        rows, levels = np.nonzero(missing)
        lines = active[rows]
        first, second = signed_steps(self._steps(active), self.side[active])
        steps = np.concatenate([first[rows, levels], second[rows, levels]])
        values = self.lines.sample(np.tile(lines, 2), steps)
        self._plus[lines, levels], self._minus[lines, levels] = np.split(values, 2)
        self.evaluations += len(values)

    def move(
        self, active: Int[np.ndarray, " k"], shift: Int[np.ndarray, " k"]
    ) -> Bool[np.ndarray, "k l"]:
        """Moves windows by some levels; returns which of their values are missing."""
        # Entry j of the moved window is entry j + shift of the old one, if the old one had it: a
        # window that moves by less than its width keeps the values of the levels it still holds.
        source = np.arange(LEVELS) + shift[:, None]
        inside = (source >= 0) & (source < LEVELS)
        for values in (self._plus, self._minus):
            kept = np.take_along_axis(values[active], np.clip(source, 0, LEVELS - 1), axis=1)
            values[active] = np.where(inside, kept, np.nan)
        self.level[active] += shift
        return ~inside

    def turn(
        self,
        active: Int[np.ndarray, " k"],
        side: Int[np.ndarray, " k"],
        start: Int[np.ndarray, " k"],
    ) -> None:
        """Follows lines to one side from now on, starting at a level that fits into the domain."""
        self.side[active] = side
        # The end on the other side no longer bounds the steps.
        self.least[active] = widest_level(self.lines, self.side)[active]
        self.level[active] = np.maximum(self.least[active], start)

    def of(self, active: Int[np.ndarray, " k"]) -> Window:
        """Returns the windows of some lines, as last sampled."""
        plus, minus = self._plus[active], self._minus[active]
        # Noise was measured at the point; the rounding of a value grows with the value.
        largest = np.maximum(np.abs(plus), np.abs(minus))
        lost = (np.minimum(np.abs(plus), np.abs(minus)) < LEAST_NORMAL) & (
            self._steps(active) < UNDERFLOW
        )
        least = np.where(lost, LEAST_NORMAL, 0.0)
        noise = np.maximum(
            np.maximum(self.lines.noise[active, None], least), self._unit[active, None] * largest
        )
        origin, centre = self.lines.origin[active], self.lines.centre[active, None]
        return Window(plus, minus, self._steps(active), noise, centre, origin, self.side[active])

    def reaches(
        self, active: Int[np.ndarray, " k"], lengths: Float[np.ndarray, " k"]
    ) -> Bool[np.ndarray, " k"]:
        """Whether the largest step of each window is longer than `lengths`, or the longest."""
        longest = self.level[active] == self.least[active]
        return (self._steps(active)[:, 0] > lengths) | longest

    def _steps(self, active: Int[np.ndarray, " k"]) -> Float[np.ndarray, "k l"]:
        exponent = (self.level[active, None] + np.arange(LEVELS)).astype(float)
        return self.lines.scale[active, None] * RATIO**-exponent


class Bracket:
    """The levels that enclose the best window of each line. Only its own methods change it."""

    def __init__(self, count: int):
        self._too_large = np.full(count, np.nan)
        self._too_small = np.full(count, np.nan)

    def narrow(
        self,
        lines: Int[np.ndarray, " k"],
        level: Int[np.ndarray, " k"],
        truncating: Bool[np.ndarray, " k"],
    ) -> None:
        """Records that the steps of the windows at these levels are too large, or too small."""
        self._too_large[lines[truncating]] = level[truncating]
        self._too_small[lines[~truncating]] = level[~truncating]

    def forget(self, lines: Int[np.ndarray, " k"]) -> None:
        """Opens both ends again."""
        self._too_large[lines] = self._too_small[lines] = np.nan

    def has_no_top(self, lines: Int[np.ndarray, " k"]) -> Bool[np.ndarray, " k"]:
        """Whether each line has had no window yet whose steps were too large."""
        return np.isnan(self._too_large[lines])

    def next_level(
        self,
        lines: Int[np.ndarray, " k"],
        level: Int[np.ndarray, " k"],
        truncating: Bool[np.ndarray, " k"],
        stride: int,
    ) -> Float[np.ndarray, " k"]:
        """Returns the levels of the next windows; those of the present ones once it is narrow."""
        large, small = self._too_large[lines], self._too_small[lines]
        middle = np.floor((large + small) / 2)  # NaN while one end is open
        # While one end is open, step towards it; then halve the interval.
        outward = level + np.where(truncating, stride, -STRIDE)
        narrow = np.abs(large - small) <= STRIDE - 1
        return np.where(narrow, level, np.where(np.isnan(middle), outward, middle))


def signed_steps(
    steps: Float[np.ndarray, "k l"], side: Int[np.ndarray, " k"]
) -> tuple[Float[np.ndarray, "k l"], Float[np.ndarray, "k l"]]:
    """Returns two steps of each level: h and −h, or h and h/√RATIO to the same side."""
    side = side[:, None]
    first = np.where(side < 0, -steps, steps)
    # Half a level on is the geometric mean of a step and the next: the ratios stay equal.
    return first, np.where(side, side * steps / RATIO**0.5, -steps)


def noise_unit(lines: Lines) -> Float[np.ndarray, " m"]:
    """Returns the bound of the noise in a value on each line, as a fraction of the value."""
    size = np.abs(lines.centre)
    relative = np.divide(lines.noise, size, out=np.full(len(size), np.inf), where=size > 0)
    return np.where((relative > NOISY) & (relative < FEWER_DIGITS), relative, EPS / 2)
