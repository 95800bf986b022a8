"""The ladder of steps: which windows of steps each line gets, and its best estimate so far.

For every line, f is sampled at x ± h for a window of steps, each about half of the one before,
and the differences are extrapolated (`_tableau`). A line whose bar is not small yet gets
another window: smaller steps where truncation dominates or a value was not finite, larger
ones where rounding does, and bisection once both were seen. All lines that still need it
share one batch of evaluations.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from ._tableau import LEVELS, extrapolate

RATIO = 1.9
"""Each step over the next. Not 2: steps that are multiples of each other can all fall on the
same phase of an oscillation, and agree on a wrong derivative (3 in 100 for sin(1000 x))."""

FIRST = 2
"""The first window starts at the step scale · RATIO^−FIRST."""

STRIDE = 3
"""The next window starts so many levels further down, further ones twice as many each time.

A larger one always starts so many levels up: a wide jump could pass over the scale of f.
"""

ROUNDS = 12
"""At most this many windows for one line."""

TARGET = 1e-10
"""A bar below this fraction of the derivative is small enough."""

SMALLEST = 52
"""No step below scale · RATIO^−SMALLEST, about 10 units in the last place of the coordinate."""

PROGRESS = 0.5
"""A larger window must bring the bar below this fraction of the best one to be worth another."""

KINK_FACTOR = 10.0
"""How far above its doubt a gap must be to count as a kink."""

EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Lines:
    """The straight lines through the point along which f is sampled.

    Attributes:
        sample: `sample(lines, steps)`, the values of f that far along those lines.
        origin: The coordinate that moves on each line; 0 along a direction.
        scale: The unit of the steps on each line, a power of two.
        centre: The value of f at the point.
        noise: A bound of the noise in one value of f, beside its rounding to float64.
    """

    sample: Callable[[Int[np.ndarray, " k"], Float[np.ndarray, " k"]], Float[np.ndarray, " k"]]
    origin: Float[np.ndarray, " m"]
    scale: Float[np.ndarray, " m"]
    centre: float
    noise: float


class Ladder:
    """The windows of all lines, and the best estimate of each line so far.

    Attributes:
        value: The derivative along each line.
        error: Its error bar; infinite where no window gave finite differences.
        evaluations: How many values of f were taken.
    """

    def __init__(self, lines: Lines):
        count = len(lines.scale)
        self._lines = lines
        self._offset = np.full(count, FIRST)
        self._too_large = np.full(count, np.nan)
        self._too_small = np.full(count, np.nan)
        self._plus = np.full((count, LEVELS), np.nan)
        self._minus = np.full((count, LEVELS), np.nan)
        self._best_offset = np.full(count, FIRST)
        self._gap = np.zeros(count)
        self._doubt = np.full(count, np.inf)
        self.value = np.full(count, np.nan)
        self.error = np.full(count, np.inf)
        self.evaluations = 0

    def climb(self) -> None:
        """Evaluates windows until every line has a small bar, or no other window is left."""
        active = np.arange(len(self.value))
        missing = np.ones((len(active), LEVELS), bool)
        for number in range(ROUNDS):
            self._sample(active, missing)
            truncating, done = self._judge(active)
            active, truncating = active[~done], truncating[~done]
            shift = self._next_offset(active, truncating, STRIDE * 2**number)
            active, shift = active[shift != 0], shift[shift != 0]
            if not active.size:
                return
            missing = self._move(active, shift)

    def one_sided(self) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
        """Returns the derivatives from the left and from the right along each line.

        They differ from `value` only at a kink, where the gap between them stands well
        above the doubt about it.
        """
        half = np.where(np.abs(self._gap) > KINK_FACTOR * self._doubt, self._gap / 2, 0.0)
        return self.value - half, self.value + half

    def _sample(self, active: Int[np.ndarray, " k"], missing: Bool[np.ndarray, "k l"]) -> None:
        rows, levels = np.nonzero(missing)
        lines = active[rows]
        steps = self._steps(active)[rows, levels]
        values = self._lines.sample(np.tile(lines, 2), np.concatenate([steps, -steps]))
        self._plus[lines, levels], self._minus[lines, levels] = np.split(values, 2)
        self.evaluations += len(values)

    def _judge(
        self, active: Int[np.ndarray, " k"]
    ) -> tuple[Bool[np.ndarray, " k"], Bool[np.ndarray, " k"]]:
        """Keeps better estimates; says which lines want smaller steps, and which are done."""
        plus, minus = self._plus[active], self._minus[active]
        value, error, truncating = extrapolate(*self._differences(active))
        stuck = error > PROGRESS * self.error[active]
        contradicting = self._keep(active, value, error)
        finite = np.all(np.isfinite(plus) & np.isfinite(minus), axis=1)
        centre = self._lines.centre
        constant = np.all((plus == centre) & (minus == centre), axis=1)
        truncating = ~finite | contradicting | truncating
        small = error <= TARGET * np.abs(value)
        searching = np.isnan(self._too_large[active])
        done = finite & (small | constant | (stuck & searching & ~truncating))
        return truncating, done

    def _keep(
        self,
        active: Int[np.ndarray, " k"],
        value: Float[np.ndarray, " k"],
        error: Float[np.ndarray, " k"],
    ) -> Bool[np.ndarray, " k"]:
        """Keeps better estimates; returns which ones contradict one from smaller steps.

        Far above the scale on which f varies, its variation looks like noise, and a window
        can find the derivative of the trend with a small bar. So where two windows
        contradict each other, the one with the smaller steps is believed.
        """
        apart = np.abs(value - self.value[active]) > error + self.error[active]
        smaller = self._offset[active] > self._best_offset[active]
        better = np.where(
            smaller, apart | (error < self.error[active]), error < self.error[active]
        )
        better &= smaller | ~apart
        chosen = active[better]
        self.value[chosen], self.error[chosen] = value[better], error[better]
        self._best_offset[chosen] = self._offset[chosen]
        self._gap[chosen], self._doubt[chosen] = self._kinks(chosen)
        return apart & ~smaller

    def _kinks(
        self, active: Int[np.ndarray, " k"]
    ) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
        """Returns the gap between the one-sided derivatives, and the doubt about it.

        (f(x+h) + f(x−h) − 2f(x)) / h is the gap plus odd powers of h. Extrapolated once, it
        falls with h³ where there is no gap, and stays where there is one.
        """
        steps = self._steps(active)
        bend = (self._plus + self._minus - 2 * self._lines.centre)[active] / steps
        gap = bend[:, 1:] + (bend[:, 1:] - bend[:, :-1]) / (RATIO - 1)
        noise = 4 * self._noise_of(active)[:, -1] / steps[:, -1] * (RATIO + 1) / (RATIO - 1)
        return gap[:, -1], np.abs(gap[:, -1] - gap[:, -2]) + noise

    def _differences(
        self, active: Int[np.ndarray, " k"]
    ) -> tuple[Float[np.ndarray, "k l"], Float[np.ndarray, "k l"], Float[np.ndarray, "k l"]]:
        """Returns the central differences, the steps really taken, and the rounding errors."""
        plus, minus = self._plus[active], self._minus[active]
        steps = self._steps(active)
        origin = self._lines.origin[active, None]
        forward, backward = (origin + steps) - origin, origin - (origin - steps)
        width = forward + backward
        # f″/2 · (forward − backward) is what unequal steps add to the difference.
        bend = np.abs(plus + minus - 2 * self._lines.centre) / steps**2
        rounding = 2 * self._noise_of(active) / width + np.abs(forward - backward) * bend / 2
        return (plus - minus) / width, width / 2, rounding

    def _noise_of(self, active: Int[np.ndarray, " k"]) -> Float[np.ndarray, "k l"]:
        largest = np.maximum(np.abs(self._plus[active]), np.abs(self._minus[active]))
        return np.maximum(self._lines.noise, EPS / 2 * largest)

    def _steps(self, active: Int[np.ndarray, " k"]) -> Float[np.ndarray, "k l"]:
        exponent = (self._offset[active, None] + np.arange(LEVELS)).astype(float)
        return self._lines.scale[active, None] * RATIO**-exponent

    def _next_offset(
        self, active: Int[np.ndarray, " k"], truncating: Bool[np.ndarray, " k"], stride: int
    ) -> Int[np.ndarray, " k"]:
        """Returns by how many levels the window of each line moves; 0 where it is to stay."""
        offset = self._offset[active]
        self._too_large[active[truncating]] = offset[truncating]
        self._too_small[active[~truncating]] = offset[~truncating]
        between = np.floor((self._too_large[active] + self._too_small[active]) / 2)
        outward = offset + np.where(truncating, stride, -STRIDE)
        target = np.where(np.isnan(between), outward, between)
        narrow = np.abs(self._too_large[active] - self._too_small[active]) <= STRIDE - 1
        target = np.where(narrow, offset, np.minimum(target, SMALLEST - LEVELS + 1))
        return target.astype(int) - offset

    def _move(
        self, active: Int[np.ndarray, " k"], shift: Int[np.ndarray, " k"]
    ) -> Bool[np.ndarray, "k l"]:
        """Moves the windows; returns which of their values are still to be sampled."""
        level = np.arange(LEVELS) + shift[:, None]
        known = (level >= 0) & (level < LEVELS)
        for values in (self._plus, self._minus):
            kept = np.take_along_axis(values[active], np.clip(level, 0, LEVELS - 1), axis=1)
            values[active] = np.where(known, kept, np.nan)
        self._offset[active] += shift
        return ~known
