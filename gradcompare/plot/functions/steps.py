"""The error of a difference over its step, and what the judge made of it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from ..._api.identities.problems import Options
from ..._foundation.layout import PyTree
from ..._foundation.precision import FLOAT64, precision_scope
from ..._foundation.wording import short
from .. import style
from .search import Search, search_along

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW = 0.035
"""Height of the row of a window at the foot, as a fraction of that of the axes."""


def v_curve(
    value: Callable[..., Any],
    x0: PyTree,
    *args: Any,
    coordinate: str | int | None = None,
    ax: "Axes | None" = None,
    **options: Unpack[Options],
) -> "Axes":
    """Draws the error of a difference against its step, and what the judge made of it.

    Long steps show truncation, which falls like h², short ones the rounding of f, which grows
    like 1/h. Half of the distance of the slopes on either side falls like h in a smooth f, stays
    at a kink and grows like 1/h at a jump.

    The judge, `richardson`, looks at windows of five steps and extrapolates them. They stand at
    the foot of the picture, with a cross where f turned out not to be smooth; the steps behind its
    estimate are shaded, and the line across is its error bar. All errors are distances from the
    estimate, so that those below the bar mean nothing.

    Args:
        value: `value(x, *args)`, a scalar.
        x0: The point.
        args: Further arguments of `value`.
        coordinate: The number of the coordinate in the flat vector, or its name such as
            `w[3, 1]`; that with the largest relative error bar by default.
        ax: The axes to draw into; those of a new figure by default.
        options: `argnums`, `bounds`, `domain` and `device`, as for `check`.

    Returns:
        The axes.

    Raises:
        InputError: if an argument cannot be used.
        GradcompareError: if matplotlib is not installed.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> ax = gradcompare.plot.v_curve(lambda x: jnp.sum(jnp.exp(x)), [1.0, 2.0], coordinate=1)
        >>> ax.get_xlabel(), ax.get_xscale()
        ('step h of x[1]', 'log')
    """
    ax = style.axes_of(ax, (6.4, 5.0))
    with precision_scope(FLOAT64), np.errstate(all="ignore"):
        search = search_along(value, (x0, *args), options, coordinate)
    _draw(ax, search)
    return ax


def _draw(ax: "Axes", search: Search) -> None:
    steps, distances = search.taken()
    others = np.abs(search.differences - search.value)
    kind = "one-sided" if search.side else "central"
    ax.plot(search.steps, others, "o", color="#aaaaaa", ms=4, mew=0, label=f"{kind} difference")
    judge = {**style.SOURCES["differences"].line(), "linestyle": "none"}
    ax.plot(steps, distances, label="the same at a step of the judge", zorder=3, **judge)
    if np.isfinite(search.apart).any():
        label = "half of the distance of both slopes"
        ax.plot(search.steps, search.apart, "_", color=style.PURPLE, ms=6, zorder=1, label=label)
    style.log_decades(ax, "x", np.concatenate([search.steps, steps]))
    seen = [others, distances, search.apart, [search.error]]
    style.log_decades(ax, "y", np.concatenate(seen))
    low, high = ax.get_ylim()
    foot = ROW * (len(search.windows) + 1)
    ax.set_ylim(low * (low / high) ** (foot / (1 - foot)), high)
    _draw_branches(ax, search)
    _draw_judge(ax, search)
    ax.set_xlabel(f"step h of {search.line.name}", parse_math=False)
    ax.set_ylabel("distance from the judge's derivative")
    name = style.shortened(search.line.evaluator.problem.objective.name)
    style.set_title(ax, f"{name}: {search.said}", bad=not np.isfinite(search.error))
    style.lighten(ax)
    style.legend_above(ax, columns=2)


def _draw_branches(ax: "Axes", search: Search) -> None:
    h = np.geomspace(search.steps.min(), search.steps.max(), 50)
    ax.plot(
        h, search.noise / h, color=style.ORANGE, ls=(0, (5, 2)), lw=1.5, zorder=1,
        label=f"rounding: noise of f, {short(search.noise, 2)}, over h",
    )  # fmt: skip
    c = search.truncation()
    if np.isfinite(c):
        power = "²" if search.power == 2 else ""
        ax.plot(
            h, c * h**search.power, color=style.BLUE, lw=1.5, zorder=1,
            label=f"truncation: falls like h{power}",
        )  # fmt: skip


def _draw_judge(ax: "Axes", search: Search) -> None:
    green: dict[str, Any] = {"color": style.GREEN}
    if np.isfinite(search.error) and search.error > 0:
        label = f"error bar of the judge, {short(search.error, 2)}"
        ax.axhline(search.error, lw=1.5, ls=(0, (1, 1.5)), label=label, **green)
    # The windows stand in rows at the foot, one above the other.
    at_foot = {"transform": ax.get_xaxis_transform(), "solid_capstyle": "butt"}
    label, broken = "another window of the judge", "window where f is not smooth"
    for number, judged in enumerate(search.windows):
        ends, height = judged.window.steps[0, [-1, 0]], ROW * (number + 0.7)
        if number == search.chosen:
            ax.axvspan(*ends, alpha=0.12, lw=0, label="steps behind its estimate", **green)
            ax.plot(ends, [height] * 2, lw=4, gid="window", **green, **at_foot)
        else:
            grey = {"color": style.GREY, "label": label, "gid": "window"}
            ax.plot(ends, [height] * 2, lw=2, **grey, **at_foot)
            label = None
        if judged.broken[0]:
            cross = {"color": style.VERMILLION, "ls": "none", "label": broken, "gid": "break"}
            ax.plot(np.sqrt(ends.prod()), height, marker="X", ms=7, zorder=4, **cross, **at_foot)
            broken = None
