"""The derivatives by coordinate, with their error bars, and the odd one out."""

import math
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from .._foundation.wording import short
from .._model.estimate import Estimate
from .._model.verdict import Verdict
from .._results.data import PointResult
from .._results.judgement.excess import distance
from .._results.result import Comparison, Result
from . import style
from .choice import accused, point_of, result_of, worst_first

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROWS = 12
"""Largest number of coordinates in one picture; the worst are drawn."""

VISIBLE = 0.02
"""Least difference that is seen, as a fraction of the width of the axes."""


def estimates(
    result: Result | Comparison,
    *,
    point: int = 0,
    distances: bool | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draws the derivatives by coordinate with their error bars, and marks the odd one out.

    Each row is a coordinate. Where the derivatives differ by so little that an axis of their
    values would not show it, their distances from finite differences are drawn instead, on an
    axis that is logarithmic to both sides of zero. With more than twelve coordinates the worst
    ones are drawn, the worst on top.

    Args:
        result: A result, or a comparison, of which the worst result is drawn.
        point: The number of the point.
        distances: Whether to draw the distances; by default where the values would not do.
        ax: The axes to draw into; those of a new figure by default.

    Returns:
        The axes.

    Raises:
        InputError: if there is no estimate at such a point.
        GradcompareError: if matplotlib is not installed.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> comparison = gradcompare.check(lambda x: jnp.sum(x**2), lambda x: x, [1.0, 2.0])
        >>> ax = gradcompare.plot.estimates(comparison)
        >>> [label.get_text() for label in ax.get_yticklabels()], ax.get_xlabel()
        (['x[0]', 'x[1]'], 'derivative')
    """
    chosen = result_of(result)
    place = point_of(chosen, point)
    order = worst_first(place)
    rows = order[:ROWS] if len(order) > ROWS else sorted(order)
    ax = style.axes_of(ax, (6.4, 1.4 + 0.38 * len(rows)))
    picture = _Rows(chosen, place, rows)
    with np.errstate(all="ignore"):  # derivatives may be infinite, or overflow in differences
        picture.draw(ax, picture.is_hidden() if distances is None else distances)
    return ax


class _Rows:
    """Some coordinates of one point, one in each row."""

    def __init__(self, result: Result, point: PointResult, rows: list[int]):
        self.result, self.point, self.rows = result, point, np.array(rows)
        self.votes, self.wrong = point.votes, accused(point)
        faulty = set(point.judgement.faulty)
        self.faulty = np.array([i in faulty for i in rows])
        order = ("differences", *self.votes)
        finite = [s for s in order if s in self.votes and self._is_finite(s)] or list(self.votes)
        self.zero = self.votes[finite[0]]
        self.zero_name = point.sources[finite[0]]

    def _is_finite(self, source: str) -> bool:
        return bool(np.all(np.isfinite(self.votes[source].value[self.rows])))

    def is_hidden(self) -> bool:
        """Whether an axis of the values would not show the differences."""
        values = np.concatenate([vote.value[self.rows] for vote in self.votes.values()])
        values = values[np.isfinite(values)]
        if not values.size:
            return False
        width = float(np.ptp(values)) or float(np.max(np.abs(values))) or 1.0
        looked_at = self.faulty if self.faulty.any() else np.ones_like(self.faulty)
        apart = np.array([distance(v, self.zero)[self.rows] for v in self.votes.values()])
        seen = np.max(np.where(np.isnan(apart), 0.0, apart), axis=0)[looked_at]
        if style.spans_decades(values):
            return not np.any(seen > 0.5 * np.abs(self.zero.value[self.rows][looked_at]))
        return not np.any(seen > VISIBLE * width)

    def draw(self, ax: "Axes", distances: bool) -> None:
        origin = self.zero.value[self.rows] if distances else np.zeros(len(self.rows))
        drawn: list[Float[np.ndarray, " n"]] = []
        offsets = style.share_out(len(self.votes))
        for offset, (source, vote) in zip(offsets, self.votes.items(), strict=True):
            y = np.arange(len(self.rows)) + offset
            drawn += self._draw_one(ax, source, vote, origin, y)
        self._set_scale(ax, np.concatenate(drawn), distances)
        self._mark(ax, offsets, origin)
        self._label(ax, distances)

    def _draw_one(self, ax, source: str, vote: Estimate, origin, y) -> list[np.ndarray]:
        value, bar = vote.value[self.rows] - origin, vote.error[self.rows]
        pen, name = style.SOURCES[source], self.point.sources[source]
        usable = np.isfinite(value)
        finite = np.where(np.isfinite(bar), bar, 0.0)
        label = f"{name} (wrong)" if source in self.wrong else name
        if self.point.judgement.verdict is Verdict.NONFINITE and source in self.wrong:
            label = f"{name} (not finite)"
        ax.errorbar(
            value[usable], y[usable], xerr=finite[usable], label=label, zorder=3, **pen.bars()
        )
        unknown = usable & ~np.isfinite(bar)
        for row in y[unknown]:  # an infinite bar leaves all open
            ax.axhline(row, color=pen.colour, linewidth=1, linestyle=":", zorder=1)
        left, right = (side[self.rows] - origin for side in vote.one_sided)
        for row in np.flatnonzero(vote.kinked[self.rows]):
            ax.plot([left[row], right[row]], [y[row]] * 2, color=pen.colour, lw=5, alpha=0.35)
        kinked = vote.kinked[self.rows]
        sides = [left[kinked], right[kinked]]
        return [value[usable] - finite[usable], value[usable] + finite[usable], *sides]

    def _set_scale(self, ax, drawn: np.ndarray, distances: bool) -> None:
        if distances:
            parts = [vote.error[self.rows] for vote in self.votes.values()]
            parts += [np.abs(drawn)]
            sizes = np.concatenate(parts)
            sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
            style.signed_scale(ax, "x", drawn, float(sizes.min() if sizes.size else 1.0))
        elif style.spans_decades(drawn):
            values = np.concatenate([vote.value[self.rows] for vote in self.votes.values()])
            sizes = np.abs(values[np.isfinite(values) & (values != 0)])
            style.signed_scale(ax, "x", drawn, float(sizes.min() if sizes.size else 1.0))
        else:
            ax.margins(x=0.08)

    def _mark(self, ax, offsets, origin) -> None:
        """Marks the rows that caused the verdict, and in them the estimate that is wrong."""
        for row in np.flatnonzero(self.faulty):
            ax.axhspan(row - 0.5, row + 0.5, color=style.VERMILLION, alpha=0.08, lw=0, zorder=0)
        sources = list(self.votes)
        for source in self.wrong:
            value = self.votes[source].value[self.rows] - origin
            y = np.arange(len(self.rows)) + offsets[sources.index(source)]
            usable = self.faulty & np.isfinite(value)
            ax.plot(
                value[usable],
                y[usable],
                linestyle="none",
                marker="o",
                markersize=13,
                markerfacecolor="none",
                markeredgecolor=style.VERMILLION,
                markeredgewidth=1.5,
                zorder=4,
                gid="odd one out",
            )

    def _label(self, ax, distances: bool) -> None:
        names = [style.shortened(self.result.name(int(i))) for i in self.rows]
        ax.set_yticks(range(len(names)), names, parse_math=False)
        ax.set_ylim(len(names) - 0.4, -0.6)
        ax.set_xlabel(f"derivative − {self.zero_name}" if distances else "derivative")
        others = len(self.zero.value) - len(names)
        if others:
            total = f"{len(self.zero.value):,}".replace(",", " ")
            ax.set_ylabel(f"the worst {len(names)} of {total} coordinates")
        self._write_beside(ax)
        style.lighten(ax)
        verdict = self.point.judgement.verdict
        name = style.shortened(self.result.objective)
        style.set_title(ax, f"{name} at {self.point.label}: {verdict.name}", bad=not verdict.ok)
        style.legend_above(ax)

    def _write_beside(self, ax) -> None:
        """Writes right of each faulty row by how much the wrong one is off."""
        for row in np.flatnonzero(self.faulty):
            entry = int(self.rows[row])
            named = [s for s, v in self.votes.items() if not math.isfinite(v.value[entry])]
            texts = [self._off(source, entry) for source in dict.fromkeys([*self.wrong, *named])]
            ax.annotate(
                "\n".join(dict.fromkeys(texts)),
                (1.01, row),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize="small",
                color=style.VERMILLION,
                annotation_clip=False,
            )

    def _off(self, source: str, entry: int) -> str:
        vote = self.votes[source]
        if not math.isfinite(vote.value[entry]):
            return f"{self.point.sources[source]} is {vote.value[entry]:g}"
        if vote is self.zero:
            return ""
        off, size = float(distance(vote, self.zero)[entry]), abs(float(self.zero.value[entry]))
        if size > 0 and off / size < 100:
            return f"off by {short(100 * off / size, 2)} %"
        return f"off by {short(off, 2)}"
