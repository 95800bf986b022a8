"""The values of f at a window of steps on every line, and the differences made of them."""

import numpy as np
from jaxtyping import Bool, Float, Int

from .lines import EPS, NOISY, RATIO, Lines, ended_sides, widest_window
from .shapes import Window
from .tableau import LEVELS, Extrapolation, extrapolate

FIRST = 2
"""The first window starts at the step scale · RATIO^−FIRST."""

FEWER_DIGITS = (NOISY, 1e-4)
"""Noise of that part of f is that of fewer digits, as with float32, and grows with f: least
squares in float32 were 1e4 times as large at large steps, and bars up to 7 times too small. What
is larger has another cause, or f is nearly 0 at the point."""

FAR, DOUBT = 4.0, 3.0
"""With such noise, beyond so many scales of x, bars are taken so many times: corrections are small
by chance, and no window with smaller steps can tell (2 in 100 logits in float32)."""


class Windows:
    """One window of steps for each line: where it starts, and the values of f in it.

    Attributes:
        lines: The lines.
        side: 1 or −1 for a line that is followed to one side only, else 0.
        least: The level of the largest step for which there is room.
        offset: The level of the first step of the window.
        evaluations: How many values of f were taken.
    """

    def __init__(self, lines: Lines):
        count = len(lines.scale)
        self.lines = lines
        self.side = ended_sides(lines)
        self.least = widest_window(lines, self.side)
        self.offset = np.maximum(self.least, FIRST)
        self._plus = np.full((count, LEVELS), np.nan)
        self._minus = np.full((count, LEVELS), np.nan)
        self.evaluations = 0
        self._unit = _unit(lines)

    def sample(self, active: Int[np.ndarray, " k"], missing: Bool[np.ndarray, "k l"]) -> None:
        """Takes the missing values of the windows of some lines, all in one batch."""
        rows, levels = np.nonzero(missing)
        lines = active[rows]
        first, second = (step[rows, levels] for step in self.steps(active))
        values = self.lines.sample(np.tile(lines, 2), np.concatenate([first, second]))
        self._plus[lines, levels], self._minus[lines, levels] = np.split(values, 2)
        self.evaluations += len(values)

    def extrapolated(self, active: Int[np.ndarray, " k"]) -> Extrapolation:
        found = extrapolate(*self._central(active), power=2)
        sided = self.side[active] != 0
        if sided.any():
            one_sided = extrapolate(*self._one_sided(active[sided]), power=1)
            for both, part in zip(found, one_sided, strict=True):
                both[sided] = part
        far = self.steps(active)[0][:, 0] > FAR * self.lines.scale[active]
        doubt = np.where(far & (self._unit > EPS / 2), DOUBT, 1.0)
        return found._replace(error=doubt * found.error)

    def _central(self, active: Int[np.ndarray, " k"]) -> tuple[np.ndarray, ...]:
        """Returns central differences, the steps really taken, and the rounding errors."""
        plus, minus, steps, noise, centre = self.values(active)
        origin = self.lines.origin[active, None]
        forward, backward = (origin + steps) - origin, origin - (origin - steps)
        width = forward + backward
        # f″/2 · (forward − backward) is what unequal steps add to the difference.
        bend = np.abs(plus + minus - 2 * centre) / steps**2
        rounding = 2 * noise / width + np.abs(forward - backward) * bend / 2
        return (plus - minus) / width, width / 2, rounding

    def _one_sided(self, active: Int[np.ndarray, " k"]) -> tuple[np.ndarray, ...]:
        """The same for one-sided differences, which have twice as many steps."""
        plus, minus, _, noise, centre = self.values(active)
        origin = self.lines.origin[active, None, None]
        steps = np.stack(self.steps(active), axis=2)
        taken = ((origin + steps) - origin).reshape(len(active), -1)
        values = np.stack([plus, minus], axis=2).reshape(len(active), -1)
        rounding = 2 * np.repeat(noise, 2, axis=1) / np.abs(taken)
        return (values - centre) / taken, np.abs(taken), rounding

    def values(self, active: Int[np.ndarray, " k"]) -> Window:
        plus, minus = self._plus[active], self._minus[active]
        largest = np.maximum(np.abs(plus), np.abs(minus))
        noise = np.maximum(self.lines.noise, self._unit * largest)
        return Window(plus, minus, np.abs(self.steps(active)[0]), noise, self.lines.centre)

    def steps(
        self, active: Int[np.ndarray, " k"]
    ) -> tuple[Float[np.ndarray, "k l"], Float[np.ndarray, "k l"]]:
        """The two steps of each level: h and −h, or two of the same sign on a one-sided line."""
        exponent = (self.offset[active, None] + np.arange(LEVELS)).astype(float)
        steps = self.lines.scale[active, None] * RATIO**-exponent
        side = self.side[active, None]
        return np.where(side < 0, -steps, steps), np.where(side, side * steps / RATIO**0.5, -steps)

    def move(
        self, active: Int[np.ndarray, " k"], shift: Int[np.ndarray, " k"]
    ) -> Bool[np.ndarray, "k l"]:
        """Moves the windows; returns which of their values are still to be sampled."""
        level = np.arange(LEVELS) + shift[:, None]
        known = (level >= 0) & (level < LEVELS)
        for values in (self._plus, self._minus):
            kept = np.take_along_axis(values[active], np.clip(level, 0, LEVELS - 1), axis=1)
            values[active] = np.where(known, kept, np.nan)
        self.offset[active] += shift
        return ~known


def _unit(lines: Lines) -> float:
    """The bound of the noise in a value, as a part of the value."""
    relative = lines.noise / abs(lines.centre) if lines.centre else np.inf
    low, high = FEWER_DIGITS
    return relative if low < relative < high else EPS / 2
