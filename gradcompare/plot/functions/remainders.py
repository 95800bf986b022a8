"""The remainder of the linear map by a gradient, over the length of the step."""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Unpack

import numpy as np

from ..._api.identities.problems import Options
from ..._api.identities.remainder import remainder
from ..._engine.identities.remainder import Remainder
from ..._foundation.layout import PyTree
from ..._foundation.wording import short
from .. import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LIMITS = ("wrong", "inexact", "kink")
"""Answers with which the remainder tends to something else than 0."""

Gradient = Callable[..., PyTree] | Literal[True] | None


def taylor(
    value: Callable[..., Any],
    gradient: Gradient | Mapping[str, Gradient],
    x0: PyTree,
    *args: Any,
    ax: "Axes | None" = None,
    **options: Unpack[Options],
) -> "Axes":
    """Draws |f(x+v) − f(x) − gᵀv| / ‖v‖ against ‖v‖, with the slope that was fitted.

    With a right gradient it falls like ‖v‖ until the noise of f stops it; with a wrong one it
    stays at |(∇f − g)ᵀv| / ‖v‖. Give several gradients to see them beside each other.

    Args:
        value: `value(x, *args)`, a scalar.
        gradient: As for `remainder`; or several by their labels, such as
            `{"by hand": gradient, "autodiff": None}`.
        x0: The point.
        args: Further arguments of all functions.
        ax: The axes to draw into; those of a new figure by default.
        options: `argnums`, `bounds`, `domain`, `seed` (of the direction of v) and `device`, as
            for `check`.

    Returns:
        The axes.

    Raises:
        InputError: if an argument cannot be used.
        GradcompareError: if matplotlib is not installed.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> def value(x):
        ...     return jnp.sum(x**3)
        >>> both = {"by hand": lambda x: 2 * x**2, "autodiff": None}
        >>> ax = gradcompare.plot.taylor(value, both, [1.0, 2.0])
        >>> [container.get_label() for container in ax.containers]
        ['by hand: tends to 3...', 'autodiff: falls like ‖v‖^(... ± ...)']
    """
    ax = style.axes_of(ax)
    several: Mapping[str, Gradient]
    several = gradient if isinstance(gradient, Mapping) else {"": gradient}
    found = {
        label: remainder(value, each, x0, *args, **options) for label, each in several.items()
    }
    draw_remainders(ax, found)
    return ax


def draw_remainders(ax: "Axes", found: Mapping[str, Remainder]) -> None:
    """Draws remainders by their labels into the same axes."""
    for number, (label, result) in enumerate(found.items()):
        # Later ones are smaller, so that those below are seen where they coincide.
        size = max(3.0, 6.5 - 2 * number)
        _draw_one(ax, style.pen(number), size, _before(label), result)
    # The bars reach down to zero where noise is larger, and do not count for the limits.
    style.log_decades(ax, "x", np.concatenate([result.steps for result in found.values()]))
    style.log_decades(ax, "y", np.concatenate([result.remainders for result in found.values()]))
    ax.set_xlabel("length of the step, ‖v‖")
    ax.set_ylabel("|f(x+v) − f(x) − gᵀv| / ‖v‖")
    first = next(iter(found.values()))
    answers = {label: result.answer for label, result in found.items()}
    said = ", ".join(f"{label}: {a}" if label else a for label, a in answers.items())
    bad = not all(result.ok for result in found.values())
    style.set_title(ax, f"{style.shortened(first.objective)}: gradient {said}", bad=bad)
    style.lighten(ax)
    style.legend(ax)


def _before(label: str) -> str:
    """Returns the begin of a line of the legend, which matplotlib leaves out after `_`."""
    return f"{' ' * label.startswith('_')}{label}: " if label else ""


def _draw_one(ax: "Axes", pen: style.Pen, size: float, label: str, result: Remainder) -> None:
    ladder = result.forward
    seen = ladder.ratios > 0  # where nothing is left over, there is nothing to draw
    steps, ratios, bars = ladder.steps[seen], ladder.ratios[seen], ladder.bars[seen]
    # Where noise may have made all of the remainder, its bar reaches down to the end of the axis.
    below = np.minimum(bars, ratios * (1 - 1e-12))
    text = label + _words(result)
    options = {**pen.bars(), "elinewidth": 0.8, "capsize": 0, "markersize": size}
    ax.errorbar(steps, ratios, yerr=np.stack([below, bars]), label=text, zorder=3, **options)
    fit = (ladder.first, ladder.last)
    if np.isfinite(ladder.slope) and result.answer == "right":
        near = int(np.argmin(np.abs(np.log(ladder.steps / ladder.first))))
        level = ladder.ratios[near]
        line = level * (np.array(fit) / ladder.steps[near]) ** ladder.slope
        ax.plot(fit, line, color=pen.colour, lw=2.5, alpha=0.5, zorder=2, gid="fit")
    elif result.answer in LIMITS:
        ax.axhline(abs(ladder.defect), color=pen.colour, lw=1.5, ls="--", zorder=2, gid="fit")


def _words(result: Remainder) -> str:
    ladder = result.forward
    if result.answer in LIMITS:
        return f"tends to {short(abs(ladder.defect), 3)}"
    if not np.isfinite(ladder.slope):
        return "not above the noise of f"
    digits = min(4, max(2, math.ceil(-math.log10(max(ladder.slope_error, 1e-9)))))
    return f"falls like ‖v‖^({ladder.slope:.{digits}f} ± {ladder.slope_error:.{digits}f})"
