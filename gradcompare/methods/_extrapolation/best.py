"""The best estimate of each line so far, and the rule by which a better one replaces it."""

import numpy as np
from jaxtyping import Bool, Float, Int

from ..._model.estimate import EPS
from .lines import NOISY, RATIO, UNDERFLOW, Lines
from .noise.stairs import stairs_beyond
from .windows import Windows

DROWNED = 20.0
"""Ratio of the changes of f to its noise below which f is nothing but noise."""

SATURATED = 1e-6
"""Ratio of the least slope of f to its largest below which it was flat for lack of digits."""

DISAGREEMENT = 3.0
"""Largest factor by which a differing window with smaller steps widens an error bar."""


class Best:
    """The best estimate of each line so far. Only its own methods change it.

    Attributes:
        value: The derivative along each line; NaN where no window gave one.
        error: Its error bar; infinite where no window gave finite differences.
        gap: The derivative from the right less that from the left; 0 without a kink.
        level: The level of the first step of the window that gave the estimate.
        flat: Whether f had the same value at every step of that window.
        evaluations: The number of values of f beside those of the windows.
    """

    def __init__(self, level: Int[np.ndarray, " m"]):
        self.value = np.full(len(level), np.nan)
        self.error = np.full(len(level), np.inf)
        self.gap = np.zeros(len(level))
        self.level = level.copy()
        self.flat = np.zeros(len(level), bool)
        self.evaluations = 0

    def keep(
        self,
        active: Int[np.ndarray, " k"],
        level: Int[np.ndarray, " k"],
        value: Float[np.ndarray, " k"],
        error: Float[np.ndarray, " k"],
        gap: Float[np.ndarray, " k"],
        flat: Bool[np.ndarray, " k"],
    ) -> Bool[np.ndarray, " k"]:
        """Keeps better estimates; returns which lines contradict a window with smaller steps.

        Args:
            active: Some lines.
            level: The level at which their windows start.
            value: The derivatives that their windows give.
            error: Their error bars.
            gap: The gaps of kinks.
            flat: Whether f has the same value at every step of the window.
        """
        apart = np.abs(value - self.value[active]) > error + self.error[active]
        smaller = level > self.level[active]
        # Far above the scale on which f varies, its variation looks like noise, and a window
        # can find the derivative of the trend with a small bar. So where two windows contradict
        # each other, the one with the smaller steps wins, whatever the bars. Where they agree,
        # the smaller bar wins.
        better = np.where(smaller, apart, False) | ((error < self.error[active]) & ~apart)
        # Comparisons with NaN are false: the first finite estimate needs a rule of its own.
        better |= np.isnan(self.value[active]) & (error < np.inf)
        # Agreement with a noisier window at smaller steps confirms the bar up to their distance.
        confirming = smaller & ~better & ~apart
        self._widen_by_distance(active[confirming], value[confirming])
        lines = active[better]
        self.value[lines], self.error[lines] = value[better], error[better]
        self.level[lines], self.gap[lines] = level[better], gap[better]
        self.flat[lines] = flat[better]
        return apart & ~smaller

    def widen_where_flat(self, lines: Lines, windows: Windows) -> None:
        """Widens bars that rest on steps beyond the scale of the line if f shows no slope.

        Far away, f is flat for other reasons than near the point: at a Gaussian mixture with
        a derivative of 1e-18, steps of 4e8 gave 0 ± 1.5e-21.
        """
        flat = (np.abs(self.value) <= self.error) & (self.largest_step(lines) > lines.scale)
        size = np.abs(lines.centre)
        noise = np.maximum(lines.noise, EPS * size)
        # All that is known then: f changes by less than its noise over the scale.
        self._widen(flat, (noise / lines.scale)[flat])
        # If f is nothing but noise, it may change as much from one number to the next.
        window = windows.of(np.arange(len(flat)))
        change = np.abs(np.hstack([window.plus, window.minus]) - window.centre)
        drowned = flat & (np.fmax.reduce(change, axis=1) < DROWNED * noise)
        drowned &= noise > NOISY * size
        self._widen(drowned, (noise / (EPS * lines.scale))[drowned])

    def widen_where_flat_at_first(
        self, lines: Lines, least: Float[np.ndarray, " m"], most: Float[np.ndarray, " m"]
    ) -> None:
        """Widens bars that rest on a flat window to the least slope that f shows further out.

        log(1 − exp(−x)) is 0 at 50 and at 45, and is no constant: something inside is saturated.
        Then f comes out of it by its last digits. At the edge of a plateau it does not. Steps
        whose squares underflow do not show whether there is a plateau.
        """
        saturated = self.flat & (least < SATURATED * most)
        lost = (self.largest_step(lines) < UNDERFLOW) & (np.abs(self.value) <= self.error)
        saturated |= lost & (most > 0)
        self._widen(saturated, least[saturated])

    def widen_to_last_digit(self, lines: Lines, digit: Float[np.ndarray, " m"]) -> None:
        """Widens bars that rest on a flat window by the last digit of f.

        It shows that f changes by less than that over the step, and no more.

        Args:
            lines: The lines.
            digit: The smallest unit of the changes of f on each line; infinite without any.
        """
        last = np.where(np.isfinite(digit), digit, 0.0)
        last = np.maximum(last, EPS * np.abs(lines.centre)) / self.largest_step(lines)
        flat = self.flat | ((self.value == 0) & (self.error == 0))
        self._widen(flat, last[flat])

    def widen_on_stairs(self, lines: Lines, most: Float[np.ndarray, " m"]) -> None:
        """Widens bars that rest on one stair of many to the slope of the stairs."""
        for line in np.flatnonzero(self.flat & (most > 0)).tolist():
            slope, more = stairs_beyond(lines, line, float(self.largest_step(lines)[line]))
            self.error[line] = max(self.error[line], slope)
            self.evaluations += more

    def largest_step(self, lines: Lines) -> Float[np.ndarray, " m"]:
        """Returns the largest step of the window that gave each estimate."""
        return lines.scale * RATIO ** -self.level.astype(float)

    def _widen(self, where: Bool[np.ndarray, " m"], least: Float[np.ndarray, " n"]) -> None:
        self.error[where] = np.maximum(self.error[where], least)

    def forget_kinks(self, lines: Int[np.ndarray, " k"]) -> None:
        """Treats f as smooth on some lines after all; a slope in the gap may be right."""
        self.error[lines] += np.abs(self.gap[lines]) / 2
        self.gap[lines] = 0.0

    def _widen_by_distance(
        self, lines: Int[np.ndarray, " k"], value: Float[np.ndarray, " k"]
    ) -> None:
        """Widens the bars to the distance of a noisier window with smaller steps.

        Corrections can be small by chance. The confirming window then differs by more than
        they say (skip-gram, tail: 3.2 bars), though not by more than both bars.
        """
        bar, distance = self.error[lines], np.abs(value - self.value[lines])
        # fmin ignores NaN: a window without a value widens the bar by the whole factor.
        self.error[lines] = np.fmax(bar, np.fmin(distance, DISAGREEMENT * bar))
