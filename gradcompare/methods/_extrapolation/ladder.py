"""The ladder of steps: the search for the steps at which each line is best sampled.

For every line, f is sampled at x ± h for a window of steps, each about half of the one before,
and the differences are extrapolated. A line whose error bar is not small yet gets another
window: smaller steps if truncation dominates or a value is not finite, larger ones if rounding
does, and bisection once both have occurred. All lines that still need a window share one batch
of evaluations.

A line that can be followed to one side only, because the domain ends there or because f is
not finite on the other side, is sampled at twice as many steps on that side, and one-sided
differences are extrapolated.
"""

import numpy as np
from jaxtyping import Bool, Float, Int

from .best import Best
from .differences import extrapolate_window
from .features import constant, finite_side, jumps, last_digits, slopes
from .lines import RATIO, Derivatives, Lines
from .tableau import LEVELS
from .windows import FIRST_LEVEL, STRIDE, Bracket, Judged, Windows

MOST_WINDOWS = 12
"""Largest number of windows for one line."""

TARGET = 1e-9
"""Fraction of the derivative below which an error bar is small enough."""

CERTAIN = 1e-12
"""The same fraction where the error bar rests on corrections and not on noise."""

LAST_LEVEL = 52 - LEVELS
"""Start of the last window; its steps go down to about 10 units in the last place of x."""

KINK_CLEARANCE = 400.0
"""Factor in KINK_CLEARANCE · noise / gap, the step above which a kink stands out from noise."""

MOST_LEFT_OVER = 100.0
"""Largest multiple of left-over error that is carried to smaller steps."""

PROGRESS = 0.5
"""Fraction of the best error bar that a larger window must reach to be worth another."""

CONSTANT_REACH = 16.0
"""Number of scales of the line, and of usual lengths, up to which a constant f is the same."""

FAR, FAR_DOUBT = 4.0, 3.0
"""Number of scales of the line beyond which error bars are widened if f has fewer digits, and the
factor: corrections are small by chance there, and no window with smaller steps can tell (2 in
100 logits in float32)."""

UNCLEAR = 0.1
"""Fraction of the derivative above which an error bar may hide a jump."""

WIDER_SIDE = 2.0
"""Ratio of the room on both sides above which a line turns to the wider one."""


def derivatives_along(lines: Lines, record: list[Judged] | None = None) -> Derivatives:
    """Returns the derivative of f along each of the lines; `record` collects all windows."""
    return Ladder(lines, record).climb()


class Ladder:
    """The search for the best window of every line, with all its state."""

    def __init__(self, lines: Lines, record: list[Judged] | None = None):
        count = len(lines.scale)
        self._lines, self._record = lines, record
        self._windows = Windows(lines)
        self._best = Best(self._windows.level)
        self._bracket = Bracket(count)
        self._left_over = np.zeros(count)
        self._constant = np.ones(count, bool)
        self._least, self._most = np.full(count, np.inf), np.zeros(count)  # slopes of f so far
        self._digit = np.full(count, np.inf)

    def climb(self) -> Derivatives:
        """Evaluates windows until every line has a small error bar, or no other window is left."""
        active = np.arange(len(self._lines.scale))
        missing = np.ones((len(active), LEVELS), bool)
        for number in range(MOST_WINDOWS):
            self._windows.sample(active, missing)
            truncating, done = self._judge(active)
            active, truncating = active[~done], truncating[~done]
            turned = self._turn(active, truncating, number)
            # A line that has turned keeps its new window, which is sampled anew. The bracket
            # records this window with the outcome of the one before, so that the line soon leaves.
            shift = self._next_shift(active, truncating, STRIDE * 2**number)
            shift[turned] = 0
            # The search of a line ends when its window stays.
            moving = (shift != 0) | turned
            active, shift, turned = active[moving], shift[moving], turned[moving]
            if not active.size:
                break
            missing = self._windows.move(active, shift) | turned[:, None]
        # The best windows are known; now the cases in which an error bar alone misleads.
        self._confirm_kinks()
        self._best.widen_where_flat(self._lines, self._windows)
        self._best.widen_where_flat_at_first(self._lines, self._least, self._most)
        self._best.widen_to_last_digit(self._lines, self._digit)
        self._best.widen_on_stairs(self._lines, self._most)
        return self._derivatives()

    def _judge(
        self, active: Int[np.ndarray, " k"]
    ) -> tuple[Bool[np.ndarray, " k"], Bool[np.ndarray, " k"]]:
        """Keeps better estimates; returns which lines need smaller steps, and which are done."""
        window, level = self._windows.of(active), self._windows.level[active]
        value, error, truncating, left_over, _, gap = extrapolate_window(window)
        if self._record is not None:
            self._record.append(Judged(active, window, value, error, left_over, gap))
        far = self._windows.reaches(active, FAR * self._lines.scale[active])
        error = error * np.where(self._windows.fewer_digits[active] & far, FAR_DOUBT, 1.0)
        error = self._carry_left_over(active, error, left_over)
        stuck = error > PROGRESS * self._best.error[active]  # before `keep` changes the best
        flat = constant(window)
        contradicting = self._best.keep(active, level, value, error, gap, flat)
        # Whatever the larger part of the bar: smaller steps help where f is not smooth, where it
        # is not finite, and where they gave another derivative before.
        truncating = truncating | (left_over > 0) | ~window.finite | contradicting
        self._constant[active] &= flat
        least, most = slopes(window)
        self._least[active] = np.fmin(self._least[active], least)
        self._most[active] = np.fmax(self._most[active], most)
        self._digit[active] = np.fmin(self._digit[active], last_digits(window))
        done = self._is_small(active, truncating, value, error)
        # The search for larger steps ends when they do not help. Once some steps were too large,
        # the bisection ends by itself.
        done |= stuck & ~truncating & self._bracket.has_no_top(active)
        return truncating, window.finite & done

    def _carry_left_over(
        self,
        active: Int[np.ndarray, " k"],
        error: Float[np.ndarray, " k"],
        left_over: Float[np.ndarray, " k"],
    ) -> Float[np.ndarray, " k"]:
        """Returns wider bars where noise hides whether f is smooth; remembers the multiples.

        The multiple that one window showed for |x|^p holds for smaller steps too: p is the same,
        but the differences between the columns of the tableau drown in noise.
        """
        carried = np.minimum(self._left_over[active], MOST_LEFT_OVER)
        hidden = np.isnan(left_over)
        self._left_over[active] = np.where(hidden, carried, left_over)
        return np.where(hidden, error * (1 + carried), error)

    def _is_small(
        self,
        active: Int[np.ndarray, " k"],
        truncating: Bool[np.ndarray, " k"],
        value: Float[np.ndarray, " k"],
        error: Float[np.ndarray, " k"],
    ) -> Bool[np.ndarray, " k"]:
        """Whether a bar is so small that no other window is needed."""
        # A bar that rests on corrections needs a second window to confirm it: corrections can be
        # small by chance near a singularity (softplus; 55 times too small).
        limit = np.where(truncating, CERTAIN, TARGET) * np.abs(value)
        enough = np.broadcast_to(self._lines.enough, self._constant.shape)[active]
        largest = np.max(np.abs(self._best.value), initial=0.0, where=self._best.error < np.inf)
        limit = np.maximum(limit, self._lines.share * largest)
        small = error <= np.where(enough > 0, enough, limit)
        # No bar is small beside a derivative of 0. But if f is the same at all steps, none small:
        reach = CONSTANT_REACH * np.maximum(self._lines.scale[active], self._lines.usual)
        return np.where(self._constant[active], self._windows.reaches(active, reach), small)

    def _turn(
        self, active: Int[np.ndarray, " k"], truncating: Bool[np.ndarray, " k"], number: int
    ) -> Bool[np.ndarray, " k"]:
        """Follows lines to one side if the other one ends; returns which lines.

        Either f is not finite on the other side, at any step of a second window or a later one;
        or larger steps would be better and the domain has room for them on one side only.
        """
        level, least = self._windows.level[active], self._windows.least[active]
        above, below = self._lines.above[active], self._lines.below[active]
        stopped = ~truncating & (level == least)
        wider = (above > WIDER_SIDE * below).astype(int) - (below > WIDER_SIDE * above)
        # The first window may miss a value by chance, or reach beyond an end that is further off.
        ended = finite_side(self._windows.of(active)) * (number > 0)
        side = np.where(stopped, wider, ended)
        turned = (self._windows.side[active] == 0) & (side != 0)
        # A line that needs larger steps starts two strides up.
        start = np.where(stopped, level - 2 * STRIDE, FIRST_LEVEL)
        self._windows.turn(active[turned], side[turned], start[turned])
        self._bracket.forget(active[turned])
        return turned

    def _next_shift(
        self, active: Int[np.ndarray, " k"], truncating: Bool[np.ndarray, " k"], stride: int
    ) -> Int[np.ndarray, " k"]:
        """Returns by how many levels the window of each line moves; 0 if it stays."""
        level, least = self._windows.level[active], self._windows.least[active]
        self._bracket.narrow(active, level, truncating)
        target = self._bracket.next_level(active, level, truncating, stride)
        # Not beyond the domain, nor down to steps of a few units in the last place of x.
        target = np.clip(target, least, np.maximum(level, LAST_LEVEL))
        shift = target.astype(int) - level
        # Strides to larger steps are short, not to pass over the scale of f; not where f has not
        # changed at all so far.
        blind = self._constant[active] & (shift < 0)
        return np.where(blind, np.maximum(-stride, least - level), shift)

    def _confirm_kinks(self) -> None:
        """Tests kinks again with the smallest steps at which their gap exceeds the noise.

        A kink beside the point looks like one at the point as long as the steps reach it.
        """
        active = np.flatnonzero(self._best.gap)
        noise = np.max(self._windows.of(active).noise, axis=1)
        # At the last step of the window, gap · h is KINK_CLEARANCE times the noise, so that
        # h = KINK_CLEARANCE · noise / gap; the window starts LEVELS − 1 above.
        step = KINK_CLEARANCE * noise / np.abs(self._best.gap[active])
        last = np.floor(np.log(self._lines.scale[active] / step) / np.log(RATIO))
        start = last - LEVELS + 1
        target = np.clip(start, self._windows.least[active], LAST_LEVEL).astype(int)
        smaller = target > self._best.level[active]
        active, target = active[smaller], target[smaller]
        if not active.size:
            return
        missing = self._windows.move(active, target - self._windows.level[active])
        self._windows.sample(active, missing)
        gone = extrapolate_window(self._windows.of(active)).gap == 0
        self._best.forget_kinks(active[gone])
        self._judge(active)

    def _derivatives(self) -> Derivatives:
        best, windows = self._best, self._windows
        # Across a jump differences grow with 1/h: corrections are large in every window, and the
        # search goes on to smaller steps, so that the last window is the one closest to the point.
        unclear = ~(best.error <= UNCLEAR * np.abs(best.value))
        last = windows.of(np.arange(len(best.value)))
        jumping = unclear & (windows.side == 0) & jumps(last)
        return Derivatives(
            value=best.value,
            error=np.where(jumping, np.inf, best.error),
            gap=best.gap,
            jumps=jumping,
            constant=self._constant,
            side=windows.side,
            step=best.largest_step(self._lines),
            evaluations=windows.evaluations + best.evaluations,
        )
