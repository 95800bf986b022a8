"""Pictures of what a result measured: running times, and descents."""

from typing import TYPE_CHECKING

import numpy as np

from .._engine.descent.result import Descent, Run
from .._foundation.errors import InputError
from .._foundation.wording import duration, ratio, short
from .._results.result import Comparison, Result
from . import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GROUPS = 6
"""Largest number of objectives in a picture of times; those that take longest are drawn."""


def timing(comparison: Comparison | Result, *, ax: "Axes | None" = None) -> "Axes":
    """Draws the time of each method as a bar that starts at the time of one value.

    A bar to the right costs more than a value of the objective, one to the left less; the thin
    line is the interquartile range. A hatched bar may be the cost of the call alone, and its ratio
    means nothing.

    Args:
        comparison: A comparison, or one of its results, with `timing=True`.
        ax: The axes to draw into; those of a new figure by default.

    Returns:
        The axes.

    Raises:
        InputError: if no times were measured.
        GradcompareError: if matplotlib is not installed.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> def value(x):
        ...     return jnp.sum(jnp.sin(x))
        >>> comparison = gradcompare.check(value, jnp.cos, [1.0, 2.0], points=1, timing=True)
        >>> ax = gradcompare.plot.timing(comparison)
        >>> [label.get_text() for label in ax.get_yticklabels()]
        ['analytic', 'reverse', 'richardson']
    """
    results = (comparison,) if isinstance(comparison, Result) else comparison.results
    timed = [result for result in results if len(result.timings) > ("value" in result.timings)]
    if not timed:
        raise InputError("no times were measured; compare with timing=True")
    timed.sort(key=lambda r: -max(t.median_seconds for t in r.timings.values()))
    drawn = timed[:GROUPS]
    rows = sum(len(result.timings) + 1 for result in drawn)
    ax = style.axes_of(ax, (6.4, 1.2 + 0.3 * rows))
    methods = dict.fromkeys(m for result in drawn for m in result.timings if m != "value")
    pens = {method: style.pen(number) for number, method in enumerate(methods)}
    names: list[tuple[float, str]] = []
    top, several = 0.0, len(drawn) > 1
    for result in drawn:
        top = _draw_times(ax, result, top, names, pens, several)
    _set_scale(ax, drawn)
    ax.set_yticks([y for y, _ in names], [name for _, name in names], parse_math=False)
    ax.set_ylim(top - 0.4, -1.3 if several else -0.8)
    ax.set_xlabel("time of one call, with its quartiles")
    title = style.shortened(drawn[0].objective) if len(drawn) == 1 else "times"
    left = len(timed) - len(drawn)
    style.set_title(ax, f"{title}: the slowest {len(drawn)} of {len(timed)}" if left else title)
    style.lighten(ax, "x")
    style.legend_above(ax)
    return ax


def _set_scale(ax: "Axes", drawn: list[Result]) -> None:
    from matplotlib.ticker import FuncFormatter

    times = [timing for result in drawn for timing in result.timings.values()]
    ends = [end for t in times for end in (t.low_seconds, t.high_seconds)]
    style.log_decades(ax, "x", np.array([*ends, max(ends) * 4]))  # room for words
    ax.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: duration(seconds, 1)))


def _draw_times(
    ax: "Axes",
    result: Result,
    top: float,
    names: list[tuple[float, str]],
    pens: dict[str, style.Pen],
    several: bool,
) -> float:
    """Draws the times of one result from row `top` on, and returns the next free row."""
    timings = dict(result.timings)
    value = timings.pop("value", None)
    origin = None if value is None else value.median_seconds
    ax.plot(
        [origin] * 2 if origin else [],
        [top - 0.5, top + len(timings) - 0.5] if origin else [],
        color=style.BLACK, lw=1.5, label="_" if names else "one value", zorder=3,
    )  # fmt: skip
    if several:
        names.append((top - 0.8, f"{style.shortened(result.objective)}:"))
    for row, (method, timing) in enumerate(timings.items()):
        y, median = top + row, timing.median_seconds
        start = median if origin is None else origin
        pen, mark = pens[method], "////" if timing.is_dispatch else None
        ax.barh(
            y, median - start, left=start, height=0.62, color=pen.colour, alpha=0.75,
            hatch=mark, edgecolor="white", zorder=2,
        )  # fmt: skip
        spread = np.abs(np.array([[timing.low_seconds], [timing.high_seconds]]) - median)
        ax.errorbar(median, y, xerr=spread, color=style.BLACK, marker=pen.marker, ms=4, capsize=3)
        words = duration(median, 2) + ", mostly the call" * timing.is_dispatch
        if origin is not None and not timing.is_dispatch and not (value and value.is_dispatch):
            words += f", ×{ratio(median / origin)}"
        end = max(median, timing.high_seconds, start)
        ax.annotate(words, (end, y), (7, 0), textcoords="offset points", va="center", size="small")
        names.append((y, method))
    return top + len(timings) + (1.2 if several else 0.0)


def descent(descent: Descent, *, ax: "Axes | None" = None) -> "Axes":
    """Draws how far f is above the lowest value reached, over the steps of each descent.

    A ring marks the step at which a descent parts from that with the gradient under test.

    Args:
        descent: The result of `descend`.
        ax: The axes to draw into; those of a new figure by default.

    Returns:
        The axes.

    Raises:
        GradcompareError: if matplotlib is not installed.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> found = gradcompare.descend(lambda x: jnp.sum(x**2), lambda x: 2 * x, [1.0, 2.0])
        >>> ax = gradcompare.plot.descent(found)
        >>> [line.get_label().split(":")[0] for line in ax.get_lines()]
        ['analytic', 'reverse', 'central']
    """
    ax = style.axes_of(ax)
    every = np.concatenate([run.values for run in descent.runs])
    finite = every[np.isfinite(every)]
    lowest = float(np.min(finite, initial=np.inf))
    above = finite - lowest
    for number, run in enumerate(descent.runs):
        _draw_run(ax, style.pen(number), run, lowest, max(1.2, 3.6 - number))
    if np.any(above > 0) and style.spans_decades(above):
        style.log_decades(ax, "y", above)
    ax.set_xlabel("steps")
    ax.set_ylabel(f"f − {short(lowest, 6)}, the lowest value")
    name = style.shortened(descent.objective)
    words = "as low as with other gradients" if descent.low else "not as low as with others"
    words = words if len(descent.runs) > 1 else descent.answer
    style.set_title(ax, f"{name}: {words}", bad=not descent.ok)
    ax.locator_params("x", integer=True)
    style.lighten(ax)
    style.legend(ax)
    return ax


def _draw_run(ax: "Axes", pen: style.Pen, run: Run, lowest: float, width: float) -> None:
    above = run.values - lowest
    label = f"{run.gradient}: f = {short(run.final, 5)} after {run.iterations} steps"
    steps = np.arange(len(above))
    line = {**pen.line(), "lw": width, "markersize": 0}
    ax.plot(steps, above, label=label, **line)
    if run.parts_at is not None and run.parts_at < len(above):
        ring = {"marker": "o", "ms": 11, "mfc": "none", "mec": style.VERMILLION, "mew": 1.5}
        ax.plot(run.parts_at, above[run.parts_at], label="_parts", gid="parts", ls="none", **ring)
