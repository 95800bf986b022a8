"""The judge: adaptive central differences with Richardson extrapolation and error bars.

For every coordinate, f is evaluated at five steps from about s/4 to s/50 on either side, where s
is the power of two just below |x|, and at further steps if those are not enough (`ladder`); the
differences are divided by the effective steps and extrapolated (`tableau`). The error bar adds
the last correction of the extrapolation and the noise of f, which is measured (`noise`). Nothing
here depends on another derivative.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from jaxtyping import Int, Shaped

from .._evaluation.evaluator import Evaluator
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
from ._extrapolation.noise.level import NOISE_FACTOR
from ._extrapolation.noise.measurement import Noise, measure_noise
from ._extrapolation.several.first import differentiated, first_derivatives
from ._extrapolation.several.second import second_derivatives

OTHER_STEPS = (0.7, 0.4)
"""Ratios of the steps of further measurements to those of the first."""


@dataclass(frozen=True)
class Richardson(AbstractMethod):
    """Adaptive central differences with Richardson extrapolation and error bars."""

    label: ClassVar = "richardson"
    symbol: ClassVar = "F"
    source: ClassVar = "differences"
    votes: ClassVar = True
    several: ClassVar = True
    judges: ClassVar = True

    def estimate(self, evaluator: AbstractEvaluator) -> Estimate:
        with np.errstate(all="ignore"):  # values that are not finite are part of the work
            if evaluator.problem.quantity not in ("gradient", "directional"):
                return _of_several(evaluator)
            scale = coordinate_scale(evaluator)
            noise = measure_noise(evaluator)
            centre = evaluator.value()
            if evaluator.problem.quantity == "gradient":
                lines = coordinate_lines(evaluator, scale, centre, noise.bound)
            else:
                lines = direction_line(evaluator, centre, noise.bound)
            along = _on_stairs(derivatives_along(lines), noise, _is_opaque(evaluator))
        scatter = _scatter(noise, centre)
        return Estimate(
            **_entries(along),
            evaluations=along.evaluations + noise.evaluations + 1,
            note=_note(evaluator.problem.output, along, scatter),
            noisy=bool(scatter),
        )

    def confirmed(
        self, evaluator: AbstractEvaluator, estimate: Estimate, entries: Int[np.ndarray, " k"]
    ) -> Estimate:
        """Returns the estimate with bars that two further measurements of some entries confirm.

        One bar in thousands is small by chance: corrections that cancel at one set of steps do
        not at another. Bars are widened to the distance of the measurements, never narrowed.
        """
        if evaluator.problem.quantity != "gradient":
            return estimate
        assert estimate.step is not None
        with np.errstate(all="ignore"):
            noise = measure_noise(evaluator)
            # A ladder that climbed beyond its scale may be stuck below it at the next attempt.
            scale = np.fmax(coordinate_scale(evaluator), estimate.step)
            error, evaluations = estimate.error.copy(), estimate.evaluations + noise.evaluations
            for ratio in OTHER_STEPS:
                lines = coordinate_lines(evaluator, ratio * scale, evaluator.value(), noise.bound)
                again = derivatives_along(lines.of(entries))
                again = _on_stairs(again, noise, _is_opaque(evaluator))
                distance = np.abs(again.value - estimate.value[entries])
                error[entries] = np.fmax(error[entries], distance)
                evaluations += again.evaluations
        return replace(estimate, error=error, evaluations=evaluations)

    def above_noise(
        self,
        evaluator: AbstractEvaluator,
        estimate: Estimate,
        entries: Int[np.ndarray, " k"],
        noise: float,
    ) -> Estimate:
        """Returns the estimate with some entries at steps that suit a noise of f."""
        with np.errstate(all="ignore"):
            scale = coordinate_scale(evaluator)
            lines = coordinate_lines(evaluator, scale, evaluator.value(), noise)
            again = derivatives_along(lines.of(entries))
        every = {name: getattr(estimate, name).copy() for name in _entries(again)}
        for name, numbers in _entries(again).items():
            every[name][entries] = numbers
        return replace(estimate, **every, evaluations=estimate.evaluations + again.evaluations)


def _entries(along: Derivatives) -> dict[str, Shaped[np.ndarray, " k"]]:
    """Returns what an estimate holds for each entry, by its names."""
    return {
        "value": along.value,
        "error": along.error,
        # A central difference across a kink is the mean of the one-sided derivatives.
        "left": along.value - along.gap / 2,
        "right": along.value + along.gap / 2,
        "jumps": along.jumps,
        "step": along.step,
    }


def _of_several(evaluator: AbstractEvaluator) -> Estimate:
    """Returns the derivatives of several results, or second derivatives of one."""
    assert isinstance(evaluator, Evaluator)
    function = differentiated(evaluator)
    slopes = second_derivatives(evaluator) if function is None else first_derivatives(function)
    along = slopes.along
    bar = np.where(slopes.stairs & ~along.constant, np.abs(along.value) + along.error, along.error)
    value = np.where(slopes.stairs, 0.0, along.value)
    return Estimate(
        **_entries(replace(along, value=value, error=bar)),
        evaluations=slopes.evaluations,
        note=_note(evaluator.problem.output, along, ""),
        noisy=False,
    )


def _is_opaque(evaluator: AbstractEvaluator) -> bool:
    """Whether f can only be called, so that nothing shows in which types it computes."""
    return isinstance(evaluator, Evaluator) and evaluator.cache.opaque


def _on_stairs(along: Derivatives, noise: Noise, opaque: bool) -> Derivatives:
    """Returns the derivatives as they are; on a staircase, 0 with a bar that is no small one.

    Between its stairs such a function is constant. Its trend is no derivative, however small the
    bar that large steps give it. Where few digits may have made the stairs, nothing is known of
    the derivative that was meant.
    """
    if not noise.stair:
        return along
    value, bar = np.zeros_like(along.value), np.abs(along.value) + along.error
    bar = np.where(along.constant, along.error, np.inf if opaque else bar)
    return replace(along, value=value, error=bar)


def _scatter(noise: Noise, centre: float) -> str:
    """Returns a sentence on noise that exceeds the rounding of a long computation, if any."""
    if noise.stair:
        return (
            "f is a staircase: it does not change near the point, and then by steps of about "
            f"{noise.stair:.1g}"
        )
    level = noise.bound / NOISE_FACTOR
    if not level > NOISY * max(abs(centre), noise.size) or not np.isfinite(centre):
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
