"""What the judge does for one coordinate, and plain differences beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from ..._api.estimate import coordinate_number
from ..._api.identities.problems import Options
from ..._foundation.wording import short, with_bar
from ..._model.estimate import Estimate
from ...methods._extrapolation.differences import central_differences, one_sided_differences
from ...methods._extrapolation.ladder import derivatives_along
from ...methods._extrapolation.lines import coordinate_lines
from ...methods._extrapolation.noise.measurement import measure_noise
from ...methods._extrapolation.windows import Judged
from ...methods._registry import find_method
from .lines import Line, evaluator_at

OTHERS = 2.0 ** -np.arange(0.5, 46.0, 0.75)
"""Further steps at which a difference is drawn, in units of the scale of the coordinate."""

ON_BRANCH = 20.0
"""Least ratio of an error to the rounding where truncation has made it."""

LIKE_POWER = 0.2
"""Largest distance of the slope of errors from the power of their truncation."""


@dataclass(frozen=True)
class Search:
    """What the judge did for one coordinate.

    Attributes:
        line: The coordinate.
        value: The derivative that it gives.
        error: Its error bar.
        said: Both in words, with two derivatives at a kink.
        windows: The windows in the order in which it looked at them.
        chosen: The number of the window that gave the derivative; None if none did.
        steps: Further steps.
        differences: The plain differences at them.
        apart: Half of what the slopes on either side are apart at them; NaN on one side alone.
    """

    line: Line
    value: float
    error: float
    said: str
    windows: list[Judged]
    chosen: int | None
    steps: Float[np.ndarray, " n"]
    differences: Float[np.ndarray, " n"]
    apart: Float[np.ndarray, " n"]

    @property
    def side(self) -> int:
        """1 or −1 if the coordinate moves to one side only, else 0."""
        return int(self.windows[-1].window.side[0])

    @property
    def power(self) -> int:
        """The power of the step with which the truncation falls."""
        return 1 if self.side else 2

    @property
    def noise(self) -> float:
        """The noise of f that the judge allows for."""
        judged = self.windows[-1 if self.chosen is None else self.chosen]
        return float(np.max(judged.window.noise))

    def taken(self) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
        """Returns the steps of all windows, and the distances of their plain differences."""
        parts = []
        for judged in self.windows:
            plain = one_sided_differences if judged.window.side[0] else central_differences
            differences, steps, _ = plain(judged.window)
            parts.append((steps[0], np.abs(differences[0] - self.value)))
        steps, distances = (np.concatenate(each) for each in zip(*parts, strict=True))
        return steps, distances

    def truncation(self) -> float:
        """Returns c if the errors fall like c · hᵖ, p the power; else NaN."""
        error = np.abs(self.differences - self.value)
        on_branch = np.isfinite(error) & (error > ON_BRANCH * self.noise / self.steps)
        on_branch &= error > ON_BRANCH * (self.error if np.isfinite(self.error) else 0.0)
        steps, error = self.steps[on_branch][-6:], error[on_branch][-6:]
        if len(steps) < 4:
            return np.nan
        slope, _ = np.polyfit(np.log(steps), np.log(error), 1)
        if abs(slope - self.power) > LIKE_POWER:
            return np.nan
        return float(np.exp(np.mean(np.log(error) - self.power * np.log(steps))))


def search_along(
    value: Callable[..., Any], arguments: tuple, options: Options, coordinate: str | int | None
) -> Search:
    """Returns what the judge does for a coordinate, which does not depend on the others.

    Call it in a scope of float64.

    Args:
        value: The user's function.
        arguments: The point, and further arguments.
        options: The options of the user.
        coordinate: Its number or its name; None for that with the largest relative error bar.
    """
    evaluator = evaluator_at(value, None, arguments, options)
    estimate = find_method("richardson").estimate(evaluator)
    layout = evaluator.problem.layout
    i = _bluntest(estimate) if coordinate is None else coordinate_number(layout, coordinate)
    line, windows = Line(evaluator, i), []
    scale = np.full(len(evaluator.x), line.scale)
    noise = measure_noise(evaluator).bound
    lines = coordinate_lines(evaluator, scale, evaluator.value(), noise).of(np.array([i]))
    along = derivatives_along(lines, windows)
    first = np.array([judged.window.steps[0, 0] for judged in windows])
    same = np.flatnonzero(np.isclose(first, along.step[0], rtol=1e-6, atol=0))
    chosen = int(same[-1]) if same.size and np.isfinite(along.value[0]) else None
    steps = line.scale * OTHERS
    differences, apart = _plain(line, steps, int(along.side[0]))
    derivative, bar = float(along.value[0]), float(estimate.error[i])
    said = with_bar(float(estimate.value[i]), bar)
    if estimate.jumps is not None and estimate.jumps[i]:
        said = "f jumps, and has no derivative"
    elif estimate.kinked[i]:
        left, right = (short(float(side[i]), 6) for side in estimate.one_sided)
        said = f"kink, {left} | {right} ± {short(bar, 2)}"
    return Search(line, derivative, bar, said, windows, chosen, steps, differences, apart)


def _bluntest(estimate: Estimate) -> int:
    """Returns the number of the coordinate with the largest relative error bar."""
    with np.errstate(all="ignore"):
        relative = estimate.error / np.abs(estimate.value)
    return int(np.argmax(np.nan_to_num(relative, nan=-1.0, posinf=np.inf)))


def _plain(line: Line, h: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns plain differences, central or to one side, and how far slopes are apart.

    Both are NaN beyond the bounds.
    """
    below, above = line.room
    there, back = (np.zeros_like(h) if side < 0 else h), (np.zeros_like(h) if side > 0 else h)
    inside = (there <= above) & (back <= below)
    t = np.concatenate([np.where(inside, there, 0), -np.where(inside, back, 0), [0]])
    values = line.values(t)
    up, down = np.split(values[:-1], 2)
    ends = np.split((line.start + t[:-1]) - line.start, 2)  # as rounded
    differences = (up - down) / np.where(inside, ends[0] - ends[1], np.nan)
    apart = np.abs(up + down - 2 * values[-1]) / (2 * h)
    return differences, np.where(inside & (side == 0), apart, np.nan)
