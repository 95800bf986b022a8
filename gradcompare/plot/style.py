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

TICKS = 8
"""Largest number of ticks of a logarithmic axis."""

MOST_DECADES = 300
"""Largest power of ten on an axis, and largest number of powers on either side of zero."""

SIGNED_TICKS = 3
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
    high = min(MOST_DECADES, max(low + 1, math.ceil(math.log10(largest) + 0.05)))
    low = max(low, high - MOST_DECADES)
    stride = math.ceil((high - low) / SIGNED_TICKS)
    sizes = [10.0**k for k in range(high, low, -stride)][::-1]  # 10^low stands beside 0
    ticks = [0.0, *sizes]
    if np.any(numbers < 0):
        ticks = [*(-size for size in reversed(sizes)), *ticks]
    axis = ax.xaxis if which == "x" else ax.yaxis
    set_scale = ax.set_xscale if which == "x" else ax.set_yscale
    set_scale("symlog", linthresh=10.0**low, linscale=max(0.5, (high - low) / 10))
    axis.set_ticks(ticks)
    axis.set_minor_locator(_no_ticks())
    set_limits = ax.set_xlim if which == "x" else ax.set_ylim
    end = 10.0**high * 2
    set_limits(-end if np.any(numbers < 0) else -(10.0**low) / 2, end)


def log_decades(ax: "Axes", which: str, numbers: Float[np.ndarray, " n"]) -> None:
    """Makes an axis logarithmic, with all positive numbers in view and few ticks.

    Args:
        ax: The axes.
        which: `x` or `y`.
        numbers: All that has to be seen.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator

    numbers = numbers[np.isfinite(numbers) & (numbers > 0)]
    axis = ax.xaxis if which == "x" else ax.yaxis
    low, high = (numbers.min(), numbers.max()) if numbers.size else (1.0, 1.0)
    room = max(1.5, (high / low) ** 0.06)
    (ax.set_xlim if which == "x" else ax.set_ylim)(low / room, high * room)
    (ax.set_xscale if which == "x" else ax.set_yscale)("log", nonpositive="clip")
    axis.set_minor_locator(_no_ticks())
    if high * room**2 > low * 10**DECADES:
        axis.set_major_locator(LogLocator(numticks=TICKS))
    else:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(_as_text))


def plain_ticks(ax: "Axes") -> None:
    """Writes all of each number at its tick: a common factor at the end would meet the title."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(6))
        axis.set_major_formatter(FuncFormatter(_as_text))


def _as_text(number: float, _: object = None) -> str:
    return f"{number:.6g}".replace("e-0", "e-").replace("e+0", "e").replace("-", "−")


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


def legend_above(ax: "Axes", columns: int = 0) -> None:
    """Draws a legend between the axes and their title, in one row or in some columns."""
    count = len(ax.get_legend_handles_labels()[0])
    columns = columns or count
    legend(
        ax,
        loc="lower left",
        bbox_to_anchor=(-0.01, 0.99),
        ncols=columns,
        columnspacing=1.2,
        handletextpad=0.5,
        borderaxespad=0.1,
    )
    ax.set_title(ax.get_title(loc="left"), loc="left", pad=10 + 14 * math.ceil(count / columns))


def share_out(count: int, width: float = 0.6) -> Float[np.ndarray, " n"]:
    """Returns the offsets of `count` things that stand beside each other in one row."""
    return (np.arange(count) - (count - 1) / 2) * (width / max(count, 1))


def _no_ticks():
    from matplotlib.ticker import NullLocator

    return NullLocator()
