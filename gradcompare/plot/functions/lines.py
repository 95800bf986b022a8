"""f along one coordinate, with the tangents by each source."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Unpack

import numpy as np
from jaxtyping import Float

from ..._api.check import check
from ..._api.estimate import coordinate_number
from ..._api.identities.problems import (
    Options,
    objective_of,
    problem_of,
    settings_of,
    signature_of,
)
from ..._engine.settings import evaluator_of
from ..._evaluation.evaluator import Evaluator
from ..._foundation.layout import PyTree
from ..._foundation.precision import FLOAT64, precision_scope
from ..._foundation.wording import short
from ..._model.estimate import Estimate
from ..._results.data import PointResult
from ...methods._extrapolation.lines import coordinate_scale
from .. import style
from ..choice import accused, point_of, worst_first

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HALF = 100
"""Number of points at which f is drawn on either side."""

STEPS_SEEN = 2.0
"""Half of the width of the picture, in units of the judge's largest step."""

MARGIN = 0.35
"""Part of the range of f by which the picture is higher; a steeper tangent leaves it."""

WIDTHS = (3.6, 2.8, 2.2, 1.6)
"""Widths of the tangents, so that those below others are seen."""


@dataclass(frozen=True)
class Line:
    """The user's function on the line on which one coordinate moves.

    Attributes:
        evaluator: It evaluates the function; inside of a scope of float64 only.
        number: The number of the coordinate.
    """

    evaluator: Evaluator
    number: int

    @property
    def name(self) -> str:
        """The name of the coordinate, short enough for an axis."""
        return style.shortened(self.evaluator.problem.layout.name(self.number), 40)

    @property
    def start(self) -> float:
        """The coordinate at the point."""
        return float(self.evaluator.x[self.number])

    @property
    def scale(self) -> float:
        """The unit of steps of the judge, the power of two just below the coordinate."""
        return float(coordinate_scale(self.evaluator)[self.number])

    @property
    def room(self) -> tuple[float, float]:
        """The distances to the bounds backwards and forwards."""
        lower, upper = self.evaluator.problem.bounds
        return self.start - float(lower[self.number]), float(upper[self.number]) - self.start

    def values(self, t: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
        """Returns f where the coordinate has moved by t."""
        return self.evaluator.perturbed(np.full(len(t), self.number), t)


def evaluator_at(
    value: Callable[..., Any],
    gradient: Callable[..., PyTree] | Literal[True] | None,
    arguments: tuple,
    options: Options,
) -> Evaluator:
    """Returns the evaluator of the user's functions at x0; call it in a scope of float64."""
    signature = signature_of(arguments, options)
    objective = objective_of(value, gradient, signature, options)
    return evaluator_of(problem_of(objective, signature), settings_of(gradient, options))


def slice(
    value: Callable[..., Any],
    gradient: Callable[..., PyTree] | Literal[True] | None,
    x0: PyTree,
    *args: Any,
    coordinate: str | int | None = None,
    width: float | None = None,
    ax: "Axes | None" = None,
    **options: Unpack[Options],
) -> "Axes":
    """Draws f along one coordinate, with the tangents by each source.

    A wrong slope is seen, and so is why there is no slope: a kink, a jump, noise. The steps are
    about those with which finite differences measured the slope, so that a feature of f that
    disturbs them is in the picture.

    Args:
        value: `value(x, *args)`, a scalar.
        gradient: As for `check`.
        x0: The point.
        args: Further arguments of both functions.
        coordinate: The number of the coordinate in the flat vector, or its name such as
            `w[3, 1]`; the one that differs most by default.
        width: How far the coordinate moves to either side.
        ax: The axes to draw into; those of a new figure by default.
        options: `argnums`, `bounds`, `domain`, `accuracy`, `seed` and `device`, as for `check`.

    Returns:
        The axes.

    Raises:
        InputError: if an argument cannot be used.
        GradcompareError: if matplotlib is not installed.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> ax = gradcompare.plot.slice(lambda x: jnp.sum(x**2), lambda x: x, [1.0, 2.0])
        >>> [line.get_label() for line in ax.get_lines() if "slope" in line.get_label()]
        ['analytic (wrong): slope 2', 'reverse: slope 4', 'richardson: slope 4']
    """
    ax = style.axes_of(ax)
    (result,) = check(value, gradient, x0, *args, points=1, **options)
    point = point_of(result, 0)
    with precision_scope(FLOAT64), np.errstate(all="ignore"):
        evaluator = evaluator_at(value, gradient, (x0, *args), options)
        layout = evaluator.problem.layout
        worst = worst_first(point)[0]
        number = worst if coordinate is None else coordinate_number(layout, coordinate)
        line = Line(evaluator, number)
        reach = _reach(line, point) if width is None else width
        t = np.linspace(-1, 1, 2 * HALF + 1) * reach
        below, above = line.room
        t = t[(t >= -below) & (t <= above)]
        f = line.values(t)
    _draw(ax, line, point, t, f)
    return ax


def _reach(line: Line, point: PointResult) -> float:
    """Returns how far the picture reaches to either side."""
    differences = point.votes.get("differences")
    if differences is None or differences.step is None:
        return line.scale / 2
    i = line.number
    broken = differences.kinked[i] or (differences.jumps is not None and differences.jumps[i])
    # A break of f is seen from afar; the judge's last steps to it may be a few last digits.
    return line.scale * (
        0.5 if broken else min(1.0, STEPS_SEEN * differences.step[i] / line.scale)
    )


def _draw(ax: "Axes", line: Line, point: PointResult, t: np.ndarray, f: np.ndarray) -> None:
    origin = point.value if np.isfinite(point.value) else 0.0
    change = f - origin
    ax.plot(t, change, "o", color="#bbbbbb", markersize=4, mew=0, label="f", zorder=2)
    wrong = accused(point)
    if np.isfinite(point.value):
        for width, (source, vote) in zip(WIDTHS, point.votes.items(), strict=False):
            name = point.sources[source] + " (wrong)" * (source in wrong)
            _draw_tangent(ax, style.SOURCES[source], width, name, vote, line.number, t)
        ax.plot(0, 0, marker="o", color=style.BLACK, markersize=6, zorder=6)
    _set_limits(ax, change)
    ax.set_xlabel(f"change of {line.name} from {short(line.start, 6)}", parse_math=False)
    ax.set_ylabel(f"change of f from {short(origin, 6)}")
    name = style.shortened(line.evaluator.problem.objective.name)
    verdict = point.judgement.verdict
    style.set_title(ax, f"{name} along {line.name}: {verdict.name}", bad=not verdict.ok)
    style.plain_ticks(ax)
    style.lighten(ax)
    style.legend(ax)


def _draw_tangent(
    ax: "Axes", pen: style.Pen, width: float, name: str, vote: Estimate, i: int, t: np.ndarray
) -> None:
    """Draws a tangent with the wedge of its error bar; at a kink, one to either side."""
    left, right = (float(side[i]) for side in vote.one_sided)
    bar = float(vote.error[i])
    line = {"color": pen.colour, "lw": width, "ls": pen.dash, "zorder": 3}
    if not np.isfinite(left + right):
        ax.plot([], [], label=f"{name}: no slope", **line)
        return
    slope = np.where(t < 0, left, right)
    words = short(left, 6) if left == right else f"{short(left, 6)} | {short(right, 6)}"
    ax.plot(t, slope * t, label=f"{name}: slope {words}", **line)
    if np.isfinite(bar):
        ends = (slope - bar) * t, (slope + bar) * t
        ax.fill_between(t, *ends, color=pen.colour, alpha=0.2, lw=0, zorder=1)


def _set_limits(ax: "Axes", change: np.ndarray) -> None:
    """Keeps f in view, whatever the slopes of the tangents."""
    finite = change[np.isfinite(change)]
    if not finite.size:
        return
    low, high = float(np.min(finite, initial=0.0)), float(np.max(finite, initial=0.0))
    room = MARGIN * ((high - low) or 1.0)
    ax.set_ylim(low - room, high + room)
