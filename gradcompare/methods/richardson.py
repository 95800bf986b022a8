"""The judge: adaptive central differences with Richardson extrapolation and error bars.

For every coordinate, f is evaluated at five steps from about s/4 to s/50 on either side, s being
the power of two just below |x|, and at further steps where that is not enough (`_ladder`); the
differences are divided by the steps that were really taken and extrapolated (`_tableau`). The
bar adds the last correction of the extrapolation and the noise of f, which is measured
(`_noise`). Nothing here looks at another derivative.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Bool

from .._foundation.layout import Layout
from .._foundation.wording import listed
from .._model.estimate import Estimate
from ._base import AbstractEvaluator, AbstractMethod
from ._extrapolation.ladder import Ladder
from ._extrapolation.lines import NOISY, coordinate_lines, coordinate_scale, direction_line
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
            ladder = Ladder(lines)
            ladder.climb()
            jumping = ladder.jumps()
        return Estimate(
            ladder.value,
            np.where(jumping, np.inf, ladder.error),
            ladder.evaluations + spent + 1,
            left=ladder.value - ladder.gap / 2,
            right=ladder.value + ladder.gap / 2,
            jumps=jumping,
            note=_note(evaluator.problem.output, ladder, jumping, _noise_note(noise, centre)),
            step=ladder.step,
        )


def _noise_note(noise: float, centre: float) -> str:
    """Names noise that is more than the rounding of a long computation, if there is any."""
    level = noise / NOISE_FACTOR
    if not level > NOISY * abs(centre) or not np.isfinite(centre):
        return ""
    return f"f is noisy: its values scatter by about {level:.1g}"


def _note(layout: Layout, ladder: Ladder, jumping: Bool[np.ndarray, " m"], noise: str) -> str:
    """Names the coordinates at which f is special, in sentences."""
    said = (
        (ladder.side > 0, "derivative from the right only, f ends on the left, at"),
        (ladder.side < 0, "derivative from the left only, f ends on the right, at"),
        (jumping, "f jumps, so that there is no derivative, at"),
        (ladder.gap != 0, "f has a kink, and only one-sided derivatives, at"),
        (ladder.constant, "f does not change at all with"),
    )
    sentences = [noise] if noise else []
    for where, what in said:
        if where.any():
            names = [layout.name(int(i)) for i in np.flatnonzero(where)]
            sentences.append(f"{what} {listed(names)}")
    return "; ".join(sentences)


METHODS = (Richardson(),)
