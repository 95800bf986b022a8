"""The ladder of steps: which windows of steps each line gets, and its best estimate so far.

For every line, f is sampled at x ± h for a window of steps, each about half of the one before,
and the differences are extrapolated (`_tableau`). A line whose bar is not small yet gets
another window: smaller steps where truncation dominates or a value was not finite, larger
ones where rounding does, and bisection once both were seen. All lines that still need it
share one batch of evaluations.

A line that can be followed to one side only, because the domain ends there or because f is
not finite on the other side, is sampled at twice as many steps on that side, and one-sided
differences are extrapolated.
"""

import numpy as np
from jaxtyping import Bool, Float, Int

from .lines import RATIO, Lines, widest_window
from .shapes import constant, jumps, kink
from .tableau import LEVELS
from .windows import FIRST, Windows

STRIDE = 3
"""The next window starts so many levels further down, further ones twice as many each time.

A larger one always starts so many levels up: a wide jump could pass over the scale of f.
"""

ROUNDS = 12
"""At most this many windows for one line."""

TARGET = 1e-9
"""A bar below this fraction of the derivative is small enough."""

CERTAIN = 1e-12
"""The same where the bar rests on corrections and not on noise."""

SMALLEST = 52 - LEVELS
"""The last window's start; its steps go down to about 10 units in the last place of x."""

CLEAR = 400.0
"""A kink's gap stands out from noise at steps above CLEAR · noise / gap."""

CARRIED = 100.0
"""At most so much left-over error is carried to smaller steps."""

DOUBT = 3.0
"""A window with smaller steps that differs widens the bar of a larger one, up to so many times."""

PROGRESS = 0.5
"""A larger window must bring the bar below this fraction of the best one to be worth another."""


class Ladder:
    """The windows of all lines, and the best estimate of each line so far.

    Attributes:
        value: The derivative along each line.
        error: Its error bar; infinite where no window gave finite differences.
        gap: The derivative from the right less that from the left; 0 but for kinks.
        constant: Whether f did not change at all along a line.
    """

    def __init__(self, lines: Lines):
        count = len(lines.scale)
        self._windows = Windows(lines)
        self._too_large = np.full(count, np.nan)
        self._too_small = np.full(count, np.nan)
        self._best_offset = self._windows.offset.copy()
        self._left_over = np.zeros(count)
        self._enough = np.broadcast_to(lines.enough, count)
        self.value = np.full(count, np.nan)
        self.error = np.full(count, np.inf)
        self.gap = np.zeros(count)
        self.constant = np.ones(count, bool)

    @property
    def side(self) -> Int[np.ndarray, " m"]:
        """1 or −1 for a line that is followed to one side only, else 0."""
        return self._windows.side

    @property
    def evaluations(self) -> int:
        """How many values of f were taken."""
        return self._windows.evaluations

    @property
    def step(self) -> Float[np.ndarray, " m"]:
        """The largest step of the window that gave the estimate of each line."""
        return self._windows.lines.scale * RATIO ** -self._best_offset.astype(float)

    def climb(self) -> None:
        """Evaluates windows until every line has a small bar, or no other window is left."""
        active = np.arange(len(self.value))
        missing = np.ones((len(active), LEVELS), bool)
        for number in range(ROUNDS):
            self._windows.sample(active, missing)
            truncating, done = self._judge(active)
            active, truncating = active[~done], truncating[~done]
            turned = self._turn(active, truncating, number)
            shift = self._next_offset(active, truncating, STRIDE * 2**number)
            shift[turned] = 0
            going = (shift != 0) | turned
            active, shift, turned = active[going], shift[going], turned[going]
            if not active.size:
                break
            missing = self._windows.move(active, shift) | turned[:, None]
        self._confirm_kinks()
        self._widen_where_flat()

    def _widen_where_flat(self) -> None:
        """Has no bar rest on steps beyond the scale of the line where f shows no slope.

        Far away, f is flat for other reasons than near the point: at a Gaussian mixture with
        a derivative of 1e-18, steps of 4e8 said 0 ± 1.5e-21.
        """
        lines = self._windows.lines
        where = (np.abs(self.value) <= self.error) & (self.step > lines.scale)
        noise = max(lines.noise, np.finfo(np.float64).eps * abs(lines.centre))
        self.error[where] = np.maximum(self.error[where], noise / lines.scale[where])

    def _confirm_kinks(self) -> None:
        """Looks at kinks with the smallest steps at which their gap exceeds the noise.

        A kink beside the point looks like one at the point as long as the steps reach it.
        """
        active = np.flatnonzero(self.gap)
        if not active.size:
            return
        window, gap = self._windows.values(active), np.abs(self.gap[active])
        step = CLEAR * np.max(window.noise, axis=1) / gap
        level = (
            np.floor(np.log(self._windows.lines.scale[active] / step) / np.log(RATIO)) - LEVELS + 1
        )
        target = np.clip(level, self._windows.least[active], SMALLEST).astype(int)
        smaller = target > self._best_offset[active]
        active, target = active[smaller], target[smaller]
        missing = self._windows.move(active, target - self._windows.offset[active])
        self._windows.sample(active, missing)
        self._judge(active)
        gone = kink(self._windows.values(active))[0] == 0
        self.gap[active[gone]] = 0.0

    def jumps(self) -> Bool[np.ndarray, " m"]:
        """Which lines cross a jump of f at the point, as the last window of each shows."""
        unclear = ~(self.error <= 0.1 * np.abs(self.value))
        return (
            unclear
            & (self._windows.side == 0)
            & jumps(self._windows.values(np.arange(len(self.value))))
        )

    def _judge(
        self, active: Int[np.ndarray, " k"]
    ) -> tuple[Bool[np.ndarray, " k"], Bool[np.ndarray, " k"]]:
        """Keeps better estimates; says which lines want smaller steps, and which are done."""
        window = self._windows.values(active)
        value, error, truncating, left_over = self._windows.extrapolated(active)
        # What one window showed holds for smaller steps, where noise may hide it.
        carried = np.minimum(self._left_over[active], CARRIED)
        error = np.where(np.isnan(left_over), error * (1 + carried), error)
        self._left_over[active] = np.where(np.isnan(left_over), carried, left_over)
        truncating |= left_over > 0
        stuck = error > PROGRESS * self.error[active]
        contradicting = self._keep(active, value, error)
        finite = np.all(np.isfinite(window.plus) & np.isfinite(window.minus), axis=1)
        self.constant[active] &= constant(window)
        far = self._windows.steps(active)[0][:, 0] >= self._windows.lines.scale[active] / 16
        truncating = ~finite | contradicting | truncating
        # A bar that rests on corrections is believed when a second window confirms it: they
        # can be small by chance where a singularity is near (softplus; 55 times too small).
        limit = np.where(truncating, CERTAIN, TARGET)
        enough = self._enough[active]
        small = error <= np.where(enough > 0, enough, limit * np.abs(value))
        small |= self.constant[active] & far
        searching = np.isnan(self._too_large[active])
        return truncating, finite & (small | (stuck & searching & ~truncating))

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
        smaller = self._windows.offset[active] > self._best_offset[active]
        better = np.where(smaller, apart, False) | ((error < self.error[active]) & ~apart)
        better |= np.isnan(self.value[active]) & (error < np.inf)
        # Corrections can be small by chance. The window that is to confirm them, though it is
        # noisier, then lies further off than they say (skip-gram, tail: 3.2 bars).
        unlike = active[smaller & ~better & ~apart]
        difference = np.abs(value - self.value[active])[smaller & ~better & ~apart]
        bar = self.error[unlike]
        self.error[unlike] = np.fmax(bar, np.fmin(difference, DOUBT * bar))
        chosen = active[better]
        self.value[chosen], self.error[chosen] = value[better], error[better]
        self._best_offset[chosen] = self._windows.offset[chosen]
        self.gap[chosen], doubt = np.where(
            self._windows.side[chosen] == 0, kink(self._windows.values(chosen)), 0.0
        )
        self.error[chosen] += doubt
        return apart & ~smaller

    def _turn(
        self, active: Int[np.ndarray, " k"], truncating: Bool[np.ndarray, " k"], number: int
    ) -> Bool[np.ndarray, " k"]:
        """Follows lines to one side only where the other one ends; returns which.

        Either f is not finite there, at any step of a second window or a later one; or
        larger steps would be better and the domain has room for them on one side only.
        """
        window = self._windows.values(active)
        right, left = np.isfinite(window.plus), np.isfinite(window.minus)
        no_left = np.all(right, axis=1) & ~np.any(left, axis=1) & (number > 0)
        no_right = np.all(left, axis=1) & ~np.any(right, axis=1) & (number > 0)
        stopped = ~truncating & (self._windows.offset[active] == self._windows.least[active])
        above, below = self._windows.lines.above[active], self._windows.lines.below[active]
        no_left |= stopped & (above > 2 * below)
        no_right |= stopped & (below > 2 * above)
        turned = (self._windows.side[active] == 0) & (no_left | no_right)
        self._windows.side[active[turned]] = np.where(no_left[turned], 1, -1)
        self._windows.least[active[turned]] = widest_window(
            self._windows.lines, self._windows.side
        )[active[turned]]
        for state in (self._too_large, self._too_small):
            state[active[turned]] = np.nan
        start = np.where(stopped, self._windows.offset[active] - 2 * STRIDE, FIRST)
        self._windows.offset[active[turned]] = np.maximum(self._windows.least[active], start)[
            turned
        ]
        return turned

    def _next_offset(
        self, active: Int[np.ndarray, " k"], truncating: Bool[np.ndarray, " k"], stride: int
    ) -> Int[np.ndarray, " k"]:
        """Returns by how many levels the window of each line moves; 0 where it is to stay."""
        offset = self._windows.offset[active]
        self._too_large[active[truncating]] = offset[truncating]
        self._too_small[active[~truncating]] = offset[~truncating]
        between = np.floor((self._too_large[active] + self._too_small[active]) / 2)
        outward = offset + np.where(truncating, stride, -STRIDE)
        target = np.where(np.isnan(between), outward, between)
        narrow = np.abs(self._too_large[active] - self._too_small[active]) <= STRIDE - 1
        target = np.clip(target, self._windows.least[active], np.maximum(offset, SMALLEST))
        return np.where(narrow, offset, target).astype(int) - offset
