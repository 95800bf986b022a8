"""The judge: adaptive central differences with Richardson extrapolation and error bars.

For every coordinate, f is evaluated at five steps from about s/4 to s/50 on either side, where s
is the power of two just below |x|, and at further steps if those are not enough (`ladder`); the
differences are divided by the effective steps and extrapolated (`tableau`). The error bar adds
the last correction of the extrapolation and the noise of f, which is measured (`noise`). Nothing
here depends on another derivative.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .._foundation.layout import Layout
from .._foundation.wording import listed
from .._model.estimate import Estimate
from ._base import AbstractEvaluator, AbstractMethod
from ._extrapolation.ladder import derivatives_along
from ._extrapolation.lines import (
    NOISY,
    Derivatives,
    coordinate_lines,
    coordinate_scale,
    direction_line,
)
from ._extrapolation.noise import NOISE_FACTOR, measure_noise


@dataclass(frozen=True)
class Richardson(AbstractMethod):
    """Adaptive central differences with Richardson extrapolation and error bars."""

    label: ClassVar = "richardson"
    symbol: ClassVar = "F"
    source: ClassVar = "differences"
    votes: ClassVar = True
    judges: ClassVar = True

    def estimate(self, evaluator: AbstractEvaluator) -> Estimate:
        with np.errstate(all="ignore"):  # values that are not finite are part of the work
            scale = coordinate_scale(evaluator)
            noise, spent = measure_noise(evaluator)
            centre = evaluator.value()
            if evaluator.problem.quantity == "gradient":
                lines = coordinate_lines(evaluator, scale, centre, noise)
            else:
                lines = direction_line(evaluator, centre, noise)
            along = derivatives_along(lines)
        scatter = _scatter(noise, centre)
        return Estimate(
            along.value,
            along.error,
            along.evaluations + spent + 1,
            # A central difference across a kink is the mean of the one-sided derivatives.
            left=along.value - along.gap / 2,
            right=along.value + along.gap / 2,
            jumps=along.jumps,
            note=_note(evaluator.problem.output, along, scatter),
            step=along.step,
            noisy=bool(scatter),
        )


def _scatter(noise: float, centre: float) -> str:
    """Returns a sentence on noise that exceeds the rounding of a long computation, if any."""
    level = noise / NOISE_FACTOR
    if not level > NOISY * abs(centre) or not np.isfinite(centre):
        return ""
    return f"f is noisy: its values scatter by about {level:.1g}"


def _note(layout: Layout, along: Derivatives, scatter: str) -> str:
    """Returns sentences that name the coordinates at which f is special."""
    features = (
        (along.side > 0, "derivative from the right only, f ends on the left, at"),
        (along.side < 0, "derivative from the left only, f ends on the right, at"),
        (along.jumps, "f jumps, so that there is no derivative, at"),
        (along.gap != 0, "f has a kink, and only one-sided derivatives, at"),
        (along.constant, "f does not change at all with"),
    )
    sentences = [scatter] if scatter else []
    for where, what in features:
        if where.any():
            names = [layout.name(int(i)) for i in np.flatnonzero(where)]
            sentences.append(f"{what} {listed(names)}")
    return "; ".join(sentences)


METHODS = (Richardson(),)
