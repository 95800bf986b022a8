"""Intervals of medians, of ratios of medians, and of slopes; all 95 %."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

LEVELS = (0.025, 0.975)

Z = 1.96
"""Half the width of the interval in standard deviations, for normal numbers."""

SLICE = 1e-3
"""Seconds of a slice of time that the operating system gives to a process, at least."""

RESAMPLES = 1000
"""Number of bootstrap samples."""

STUDENT = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23)
"""Half the width of the interval in standard errors, for 1, 2, … 10 degrees of freedom."""


@dataclass(frozen=True)
class Interval:
    """A number with its interval.

    Attributes:
        value: The number.
        low: The lower end.
        high: The upper end.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}]"


def medians(seconds: Float[np.ndarray, " n"], seed: int) -> Float[np.ndarray, " k"]:
    """Returns the medians of bootstrap samples of the times of single calls.

    A median of a sample is that quantile of the times which a beta distribution draws. Calls in
    the same slice of the processor's time share its fate, and count as one.
    """
    count = min(len(seconds), max(1.0, float(np.sum(seconds)) / SLICE))
    rng = np.random.default_rng(seed)
    return np.quantile(seconds, rng.beta((count + 1) / 2, (count + 1) / 2, RESAMPLES))


def median_interval(seconds: Float[np.ndarray, " n"]) -> Interval:
    """Returns the median with its bootstrap interval."""
    low, high = np.quantile(medians(seconds, 0), LEVELS)
    return Interval(float(np.median(seconds)), float(low), float(high))


def ratio_interval(a: Float[np.ndarray, " n"], b: Float[np.ndarray, " m"]) -> Interval:
    """Returns the ratio of the medians with its bootstrap interval."""
    low, high = np.quantile(medians(a, 0) / medians(b, 1), LEVELS)
    return Interval(float(np.median(a) / np.median(b)), float(low), float(high))


def slope_interval(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]) -> Interval:
    """Returns the slope of the line of least squares through at least three points.

    Its interval is that of Student's t: a bootstrap of so few points is too narrow.
    """
    centred = x - np.mean(x)
    slope = float(centred @ y / (centred @ centred))
    rest = y - np.mean(y) - slope * centred
    freedom = len(x) - 2
    error = float(np.sqrt(rest @ rest / freedom / (centred @ centred)))
    wide = (STUDENT[freedom - 1] if freedom <= len(STUDENT) else 2.2) * error
    return Interval(slope, slope - wide, slope + wide)


def standard_error(low: float, high: float) -> float:
    """Returns the standard error of the logarithm of a median, from its interval."""
    return float(np.log(high / low)) / (2 * Z)
