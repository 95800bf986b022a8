"""What the pictures have in common: axes, colours with markers, names and scales.

The colours are those of M. Okabe and K. Ito (2008), which readers with any kind of colour vision
can tell apart; markers and dashes differ too, so that a print in grey says the same.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from .._foundation.errors import GradcompareError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLACK, GREY = "#000000", "#8c8c8c"
ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILLION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"

LONGEST_NAME = 28
"""Number of letters of a name beside an axis; longer ones lose their middle."""

DECADES = 3.0
"""Powers of ten that positive numbers span before an axis becomes logarithmic."""

TICKS = 4
"""Largest number of ticks on either side of zero."""


@dataclass(frozen=True)
class Pen:
    """How one series is drawn.

    Attributes:
        colour: One of the palette.
        marker: The marker of its points.
        dash: The style of its line.
    """

    colour: str
    marker: str
    dash: Any = "-"

    def line(self) -> dict[str, Any]:
        """Returns the arguments of a line with its points."""
        return {
            "color": self.colour,
            "marker": self.marker,
            "linestyle": self.dash,
            "markersize": 6,
            "markeredgecolor": "white",
            "markeredgewidth": 0.5,
        }

    def bars(self) -> dict[str, Any]:
        """Returns the arguments of points with error bars and no line."""
        return {**self.line(), "linestyle": "none", "elinewidth": 1.5, "capsize": 2.5}


SOURCES = {
    "analytic": Pen(BLUE, "o", "-"),
    "autodiff": Pen(ORANGE, "^", (0, (5, 2))),
    "differences": Pen(GREEN, "s", (0, (1, 1.5))),
    "other": Pen(PURPLE, "D", (0, (4, 1, 1, 1))),
}
"""The pens of the sources."""

PENS = (
    *SOURCES.values(),
    Pen(SKY, "v", "-"),
    Pen(BLACK, "P", (0, (5, 2))),
    Pen(VERMILLION, "X", (0, (1, 1.5))),
    Pen(YELLOW, "<", (0, (4, 1, 1, 1))),
)
"""The pens of series that are no sources; they are repeated after the last."""


def pen(number: int) -> Pen:
    """Returns the pen of a series by its number."""
    return PENS[number % len(PENS)]


def axes_of(ax: "Axes | None", size: tuple[float, float] = (6.4, 4.0)) -> "Axes":
    """Returns the axes given, or those of a new figure.

    Raises:
        GradcompareError: if matplotlib is not installed.
    """
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise GradcompareError("pictures need matplotlib; install gradcompare[plot]") from error
    return pyplot.subplots(figsize=size, layout="constrained")[1]


def shortened(name: str, longest: int = LONGEST_NAME) -> str:
    """Returns a name that fits beside an axis: its middle is left out, its end stays."""
    if len(name) <= longest:
        return name
    start = longest // 4
    return f"{name[:start]}…{name[len(name) - (longest - start - 1) :]}"


def set_title(ax: "Axes", text: str, *, bad: bool = False) -> None:
    """Gives the axes a title at the left, in which a dollar sign is one."""
    colour = VERMILLION if bad else BLACK
    ax.set_title(text, loc="left", fontsize="medium", color=colour, parse_math=False)


def spans_decades(numbers: Float[np.ndarray, " n"]) -> bool:
    """Whether the sizes of the numbers that are not zero span more than `DECADES`."""
    sizes = np.abs(numbers[np.isfinite(numbers) & (numbers != 0)])
    return bool(sizes.size) and math.log10(sizes.max()) - math.log10(sizes.min()) > DECADES


def signed_scale(ax: "Axes", which: str, numbers: Float[np.ndarray, " n"], least: float) -> None:
    """Makes an axis logarithmic to both sides of zero, with few ticks.

    Args:
        ax: The axes.
        which: `x` or `y`.
        numbers: All that has to be seen.
        least: The size from which the axis is logarithmic.
    """
    low = math.floor(math.log10(least))
    largest = float(np.max(np.abs(numbers[np.isfinite(numbers)]), initial=least))
    high = max(low + 1, math.ceil(math.log10(largest) + 0.05))
    stride = math.ceil((high - low) / TICKS)
    sizes = [10.0**k for k in range(high, low - 1, -stride)][::-1]
    ticks = [0.0, *sizes]
    if np.any(numbers < 0):
        ticks = [*(-size for size in reversed(sizes)), *ticks]
    axis = ax.xaxis if which == "x" else ax.yaxis
    set_scale = ax.set_xscale if which == "x" else ax.set_yscale
    set_scale("symlog", linthresh=10.0**low, linscale=0.5)
    axis.set_ticks(ticks)
    axis.set_minor_locator(_no_ticks())
    set_limits = ax.set_xlim if which == "x" else ax.set_ylim
    end = 10.0**high * 2
    set_limits(-end if np.any(numbers < 0) else -(10.0**low) / 2, end)


def log_decades(ax: "Axes", which: str) -> None:
    """Makes an axis logarithmic, with a tick at whole powers of ten and not too many of them."""
    from matplotlib.ticker import LogLocator

    (ax.set_xscale if which == "x" else ax.set_yscale)("log", nonpositive="clip")
    axis = ax.xaxis if which == "x" else ax.yaxis
    axis.set_major_locator(LogLocator(numticks=2 * TICKS))
    axis.set_minor_locator(_no_ticks())


def lighten(ax: "Axes", grid: str = "both") -> None:
    """Takes away what carries no data, and draws a light grid."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis=grid, color="#dddddd", linewidth=0.6)  # pyright: ignore[reportArgumentType]
    ax.set_axisbelow(True)


def legend(ax: "Axes", **options: Any) -> None:
    """Draws a legend on white, so that what lies below does not make it unreadable."""
    if ax.get_legend_handles_labels()[0]:
        drawn = ax.legend(
            fontsize="small", framealpha=0.9, edgecolor="none", **{"loc": "best", **options}
        )
        for text in drawn.get_texts():
            text.set_parse_math(False)


def legend_above(ax: "Axes") -> None:
    """Draws a legend in one row between the axes and their title."""
    ax.set_title(ax.get_title(loc="left"), loc="left", pad=24)
    legend(
        ax,
        loc="lower left",
        bbox_to_anchor=(-0.01, 0.99),
        ncols=len(ax.get_legend_handles_labels()[0]),
        columnspacing=1.2,
        handletextpad=0.3,
        borderaxespad=0.1,
    )


def share_out(count: int, width: float = 0.6) -> Float[np.ndarray, " n"]:
    """Returns the offsets of `count` things that stand beside each other in one row."""
    return (np.arange(count) - (count - 1) / 2) * (width / max(count, 1))


def _no_ticks():
    from matplotlib.ticker import NullLocator

    return NullLocator()
