"""Pictures of benchmarks: what methods cost by size, and whether error bars hold."""

import itertools
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .._foundation.errors import InputError
from . import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Figure = Literal["seconds", "compile_seconds", "first_seconds", "peak_bytes", "error"]

UNITS = {
    "seconds": "median time (s), with its 95 % interval",
    "compile_seconds": "time to compile (s)",
    "first_seconds": "time of the first call (s)",
    "peak_bytes": "memory (bytes)",
    "error": "largest error relative to the gradient",
}
"""The labels of the axis."""

SERIES = ("method", "objective", "dtype", "device")
"""What tells series apart, the first of them by colour and marker."""

FEW = 300
"""Number of points from which each is drawn more faintly."""


def scaling(
    records: Iterable[Mapping[str, Any]], *, y: Figure = "seconds", ax: "Axes | None" = None
) -> "Axes":
    """Draws what each method costs against the number of parameters.

    Both axes are logarithmic. A method that was stopped, as its next size would have taken too
    long, ends with a cross.

    Args:
        records: The records of `bench`, or what has them as `.records`.
        y: The figure to draw: `seconds`, `compile_seconds`, `first_seconds`, `peak_bytes` or
            `error`.
        ax: The axes to draw into; those of a new figure by default.

    Returns:
        The axes.

    Raises:
        InputError: if no record has this figure.
        GradcompareError: if matplotlib is not installed.

    Examples:
        >>> import gradcompare
        >>> first = {"objective": "ridge", "method": "central", "status": "ok", "d": 10}
        >>> first |= {"seconds": 1e-5, "low": 9e-6, "high": 1.1e-5}
        >>> second = first | {"d": 100, "seconds": 1e-3, "low": 9e-4, "high": 1.1e-3}
        >>> ax = gradcompare.plot.scaling([first, second])
        >>> ax.get_xlabel(), [line.get_xdata().tolist() for line in ax.get_lines()[:1]]
        ('number of parameters, d', [[10, 100]])
    """
    if y not in UNITS:
        raise InputError(f"y is {y!r}; give one of {', '.join(UNITS)}")
    every = list(getattr(records, "records", records))
    measured = [r for r in every if r.get("status", "ok") == "ok" and _is_number(r.get(y))]
    if not measured:
        raise InputError(f"no record has {y}; measure at least one size")
    ax = style.axes_of(ax, (6.4, 4.6))
    several = [key for key in SERIES if len({r.get(key) for r in measured}) > 1] or ["method"]
    groups: dict[tuple, list[Mapping[str, Any]]] = {}
    for record in measured:
        groups.setdefault(tuple(record.get(key) for key in several), []).append(record)
    pens = _pens(several, list(groups))
    for group, points in groups.items():
        stopped = _is_stopped(every, dict(zip(several, group, strict=True)))
        _draw_series(ax, pens[group], ", ".join(map(str, group)), points, y, stopped)
    sizes, figures = (np.array([float(r[key]) for r in measured]) for key in ("d", y))
    style.log_decades(ax, "x", sizes)
    style.log_decades(ax, "y", figures)
    ax.set_xlabel("number of parameters, d")
    ax.set_ylabel(UNITS[y])
    names = list(dict.fromkeys(str(r.get("objective", "")) for r in measured))
    style.set_title(ax, style.shortened(", ".join(names), 60))
    style.lighten(ax)
    style.legend_above(ax, columns=4 if len(several) == 1 else 2)
    return ax


def _is_number(figure: Any) -> bool:
    return figure is not None and math.isfinite(figure) and figure > 0


def _is_stopped(every: list[Mapping[str, Any]], group: Mapping[str, Any]) -> bool:
    """Whether a larger size of this series was left out."""
    return any(
        r.get("status") == "skipped" and all(r.get(key) == group[key] for key in group)
        for r in every
    )


def _pens(several: list[str], groups: list[tuple]) -> dict[tuple, style.Pen]:
    """Returns a pen for each series: colour and marker by method, dashes by everything else."""
    dashes = itertools.cycle(pen.dash for pen in style.PENS[:4])
    first, rest = {}, {}
    for group in groups:
        first.setdefault(group[0], style.pen(len(first)))
        if group[1:] not in rest:
            rest[group[1:]] = next(dashes)
    return {g: style.Pen(first[g[0]].colour, first[g[0]].marker, rest[g[1:]]) for g in groups}


def _draw_series(
    ax: "Axes", pen: style.Pen, label: str, points: list[Mapping[str, Any]], y: str, stopped: bool
) -> None:
    points = sorted(points, key=lambda record: record["d"])
    d, figures = np.array([r["d"] for r in points]), np.array([float(r[y]) for r in points])
    bars = None
    if y == "seconds":
        ends = [(r.get("low") or r[y], r.get("high") or r[y]) for r in points]
        bars = np.abs(np.array(ends).T - figures)
    label += " (stopped)" * stopped
    ax.errorbar(d, figures, yerr=bars, label=label, capsize=2.5, **pen.line())
    if stopped:
        cross = {"color": pen.colour, "marker": "x", "markersize": 11, "gid": "stopped"}
        ax.plot(d[-1:], figures[-1:], linestyle="none", **cross)


def coverage(records: Iterable[Mapping[str, Any]], *, ax: "Axes | None" = None) -> "Axes":
    """Draws the true error of each coordinate against its error bar.

    Points on the line have an error as large as the bar; those above it, which are marked, are
    not covered. Errors of exactly zero stand at the foot.

    Args:
        records: Dictionaries with `errors` and `bars`, arrays of one length, and perhaps
            `family`, the name of the functions that they belong to.
        ax: The axes to draw into; those of a new figure by default.

    Returns:
        The axes.

    Raises:
        InputError: if there are no errors.
        GradcompareError: if matplotlib is not installed.

    Examples:
        >>> import gradcompare
        >>> record = {"family": "sines", "errors": [1e-12, 3e-9], "bars": [1e-11, 1e-9]}
        >>> print(gradcompare.plot.coverage([record]).get_title(loc="left"))
        1 of 2 errors within their bars (50.00 %)
    """
    parts = list(records)
    errors, bars = (
        np.concatenate([np.zeros(0), *(np.asarray(part[key], float) for part in parts)])
        for key in ("errors", "bars")
    )
    if not errors.size:
        raise InputError("there are no errors; give records with `errors` and `bars`")
    ax = style.axes_of(ax, (5.2, 4.8))
    both = np.concatenate([errors, bars])
    style.log_decades(ax, "x", bars)
    style.log_decades(ax, "y", both)
    (low, high), foot = ax.get_ylim(), 0.02
    inside, fine = errors <= bars, {"ms": 3, "mew": 0, "ls": "none"}
    seen = inside & (errors > 0)
    alpha = max(0.08, min(0.8, FEW / errors.size))
    ax.plot(bars[seen], errors[seen], "o", color=style.BLUE, alpha=alpha, rasterized=True, **fine)
    zero = inside & (errors == 0)
    if zero.any():
        ax.plot(
            bars[zero], np.full(zero.sum(), foot), "|", color=style.GREY, ms=7, alpha=0.5,
            transform=ax.get_xaxis_transform(), label=f"{zero.sum()} errors of 0",
        )  # fmt: skip
    if not inside.all():
        label = f"{np.sum(~inside)} larger than the bar"
        ax.plot(bars[~inside], errors[~inside], "X", color=style.VERMILLION, ms=7, label=label)
    ends = np.array([min(low, bars.min()), max(high, bars.max())])
    ax.plot(ends, ends, color=style.BLACK, lw=1, label="error = bar")
    ax.set_xlabel("error bar, in units of the derivative")
    ax.set_ylabel("true error, in the same units")
    share = f"{inside.sum()} of {errors.size} errors within their bars ({inside.mean():.2%})"
    style.set_title(ax, share.replace("%", " %"), bad=not inside.all())
    style.lighten(ax)
    style.legend(ax)
    return ax
