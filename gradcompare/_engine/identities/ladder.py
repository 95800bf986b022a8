"""The remainder of a Taylor polynomial over a ladder of lengths of one vector v.

For T the Taylor polynomial of order k by the derivatives under test, the ratio

    r(h) = (f(x + h v) − T(h v)) / h^k

tends to 0 like h if the derivatives are right, and to the defect of the k-th one if that is wrong.
Large h show higher orders, small ones the noise of f; both are left out by the fit of

    r(h) = a + b h + c h²,      with the error bar  noise / h^k,

to every window of neighbouring lengths: a bar that is too small for the misfit of its window is
widened to it, and the window whose a has the smallest bar counts.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

STEPS = 0.25 * 2.0 ** -np.arange(34)
"""Lengths of v in units of the scale of x."""

NOISE_STEPS = 8
"""Number of the shortest lengths, at which the remainder is linear but for the noise of f."""

WINDOWS = (5, 7, 9)
"""Numbers of lengths in a window."""

SIGMAS = 2.0
"""Ratio of an error bar to the standard deviation of a fit."""

CLEAR_OF_NOISE = 5.0
"""Least ratio of a remainder to the noise if it counts in the slope."""

SURE = 10.0
"""Ratio of a defect to its bar from which the slope is taken where the ratio has arrived at it."""

STEADY_SLOPE = 0.02
"""Largest error bar of a slope that is taken over as many lengths as possible."""

FLAT = 0.3
"""Largest distance of a ratio from the defect, in units of the defect, where it has arrived."""


@dataclass(frozen=True)
class Ladder:
    """The remainder over many lengths, and what it tends to.

    Attributes:
        steps: The norms of the vectors.
        ratios: |remainder| / norm to the power of the order, for each.
        bars: The noise of f in these ratios.
        slope: The power of the norm with which the ratio falls; NaN where nothing is above noise.
        slope_error: Its error bar.
        first: The longest of the steps from which the slope is taken.
        last: The shortest one.
        defect: What the ratio tends to, with its sign.
        defect_error: Its error bar; infinite where no window shows it.
    """

    steps: Float[np.ndarray, " n"]
    ratios: Float[np.ndarray, " n"]
    bars: Float[np.ndarray, " n"]
    slope: float
    slope_error: float
    first: float
    last: float
    defect: float
    defect_error: float

    @property
    def interval(self) -> tuple[float, float]:
        """The slope between its error bars."""
        return self.slope - self.slope_error, self.slope + self.slope_error

    @classmethod
    def of(
        cls,
        t: Float[np.ndarray, " n"],
        remainder: Float[np.ndarray, " n"],
        noise: float,
        order: int,
        norm: float,
    ) -> "Ladder":
        """Returns the ladder of a remainder.

        Args:
            t: The lengths in units of v, in falling order.
            remainder: f(x + t v) less its Taylor polynomial.
            noise: A bound of the noise of f.
            order: The order of the polynomial.
            norm: ‖v‖.
        """
        usable = np.isfinite(remainder)
        t, remainder = t[usable], remainder[usable]
        noise = max(noise, _scatter(t[-NOISE_STEPS:], remainder[-NOISE_STEPS:]))
        h = t * norm
        ratios, bars = remainder / h**order, noise / h**order
        defect, error = _limit(h, ratios, bars)
        above = np.abs(ratios) > CLEAR_OF_NOISE * bars
        if abs(defect) > SURE * error:
            above &= np.abs(ratios - defect) < FLAT * abs(defect)
        slope, slope_error, first, last = _slope(h[above], np.abs(ratios[above]))
        return cls(h, np.abs(ratios), bars, slope, slope_error, first, last, defect, error)


def _scatter(t: Float[np.ndarray, " k"], remainder: Float[np.ndarray, " k"]) -> float:
    """Returns how far a remainder is from a line through 0, at most."""
    slope = t @ remainder / (t @ t) if t.size else 0.0
    return float(np.max(np.abs(remainder - slope * t), initial=0.0))


def _limit(
    h: Float[np.ndarray, " n"], ratios: Float[np.ndarray, " n"], bars: Float[np.ndarray, " n"]
) -> tuple[float, float]:
    """Returns what the ratios tend to as h goes to 0, with an error bar."""
    best = (0.0, np.inf)
    for size in WINDOWS:
        for start in range(len(h) - size + 1):
            part = slice(start, start + size)
            best = min(best, _fit(h[part], ratios[part], bars[part]), key=lambda each: each[1])
    return best


def _fit(
    h: Float[np.ndarray, " k"], ratios: Float[np.ndarray, " k"], bars: Float[np.ndarray, " k"]
) -> tuple[float, float]:
    weights = 1 / np.maximum(bars, np.finfo(float).tiny)
    basis = np.vander(h / h[0], 3, increasing=True) * weights[:, None]
    inverse = np.linalg.pinv(basis)
    coefficients = inverse @ (ratios * weights)
    misfit = np.sum((basis @ coefficients - ratios * weights) ** 2) / (len(h) - 3)
    spread = np.sum(inverse[0] ** 2)
    # The noise of f(x) itself is the same in all ratios, so that no misfit shows it.
    common = abs(float(inverse[0] @ (bars * weights)))
    error = SIGMAS * np.sqrt(spread * max(1.0, misfit)) + common
    return (float(coefficients[0]), float(error)) if np.isfinite(error) else (0.0, np.inf)


def _slope(
    h: Float[np.ndarray, " n"], ratios: Float[np.ndarray, " n"]
) -> tuple[float, float, float, float]:
    """Returns the slope of log ratio over log h where it is steadiest, and from where to where."""
    best, longest = (np.nan, np.inf, np.nan, np.nan), 0
    x, y = np.log(h), np.log(np.maximum(ratios, np.finfo(float).tiny))
    for start, stop in itertools.combinations(range(len(h) + 1), 2):
        if stop - start < min(WINDOWS):
            continue
        part = slice(start, stop)
        centred = x[part] - np.mean(x[part])
        slope = centred @ y[part] / (centred @ centred)
        left = y[part] - np.mean(y[part]) - slope * centred
        error = SIGMAS * float(np.sqrt(left @ left / (stop - start - 2) / (centred @ centred)))
        steady = stop - start if error < STEADY_SLOPE else 0
        if (-steady, error) < (-longest, best[1]):
            best = (float(slope), float(error), float(h[start]), float(h[stop - 1]))
            longest = steady
    return best
