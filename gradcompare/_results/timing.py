"""Running times with their spread, and whether one call is faster than another."""

from dataclasses import dataclass

import numpy as np

from .._foundation.wording import duration

ABOVE_DISPATCH = 3.0
"""Shortest time that shows the work of a call, in multiples of the time of an empty call."""


@dataclass(frozen=True)
class Timing:
    """The running time of one call, and what its compilation cost.

    Attributes:
        median_seconds: The median over the samples.
        low_seconds: The lower quartile.
        high_seconds: The upper quartile.
        samples: Number of blocks of calls that were timed.
        compile_seconds: Tracing, lowering and compiling; None where nothing is compiled.
        flops: Floating-point operations as the compiler counts them, or None.
        peak_bytes: Temporary and output memory of the compiled program, or None.
        first_seconds: The first call after compilation, or None where it was not timed.
        dispatch_seconds: The time of a program that computes nothing on the same device, timed
            by turns with this one; None where nothing is dispatched.

    Examples:
        >>> from gradcompare import Timing
        >>> value, gradient = Timing(7e-6, 6e-6, 8e-6, 5), Timing(2e-5, 1.9e-5, 2.1e-5, 5)
        >>> value.is_faster(gradient), value.overlaps(gradient)
        (True, False)
    """

    median_seconds: float
    low_seconds: float
    high_seconds: float
    samples: int
    compile_seconds: float | None = None
    flops: float | None = None
    peak_bytes: int | None = None
    first_seconds: float | None = None
    dispatch_seconds: float | None = None

    @property
    def is_dispatch(self) -> bool:
        """Whether the time may be that of the call alone."""
        floor = self.dispatch_seconds
        return floor is not None and self.median_seconds < ABOVE_DISPATCH * floor

    def overlaps(self, other: "Timing") -> bool:
        """Returns whether the interquartile ranges overlap, so that neither is clearly faster."""
        return self.low_seconds <= other.high_seconds and other.low_seconds <= self.high_seconds

    def is_faster(self, other: "Timing") -> bool:
        """Returns whether this is faster: its spread lies below one that shows its work."""
        apart = not self.overlaps(other) and not other.is_dispatch
        return apart and self.median_seconds < other.median_seconds


def median_of(timing: Timing | None) -> str:
    """Returns the median; a bound where it may be that of the call alone."""
    if timing is None:
        return ""
    return f"{'≤ ' if timing.is_dispatch else ''}{duration(timing.median_seconds, 2)}"


def summarise(
    seconds: np.ndarray,
    *,
    compile_seconds: float | None = None,
    flops: float | None = None,
    peak_bytes: int | None = None,
    first_seconds: float | None = None,
    dispatch_seconds: float | None = None,
) -> Timing:
    """Returns the median and the quartiles of the samples, with the costs of compilation."""
    low, median, high = (float(q) for q in np.quantile(seconds, [0.25, 0.5, 0.75]))
    return Timing(
        median,
        low,
        high,
        len(seconds),
        compile_seconds,
        flops,
        peak_bytes,
        first_seconds,
        dispatch_seconds,
    )
