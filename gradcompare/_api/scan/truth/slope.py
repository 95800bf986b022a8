"""The derivative on both sides of a point, from values with very many digits.

The point itself is left out: there, a program may return a number instead of computing it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mpmath import mp

Curve = Callable[[Any], Any]
"""A function of how far one argument is moved; numbers of mpmath in and out."""

NEAR, NEARER = -25, -40
"""Powers of ten: the distances from the point at which the slopes are taken."""

STEP = -8
"""Power of ten of the step, as a part of that distance."""

DIGITS = (110, 260, 700)
"""Numbers of digits, tried in turn until enough of the slope are certain."""

CERTAIN = 1e-12
"""Relative bar at which a slope is certain."""

SMOOTH = 1e-9
"""Relative distance of the two slopes below which the function is smooth."""

UNDERFLOW = 1e-290
"""Below this, float64 begins to lose digits of results on the way."""


@dataclass(frozen=True)
class Truth:
    """The derivative with a bound of its error.

    Attributes:
        low: The smaller one of the slopes on both sides; both are one in a smooth function.
        high: The larger one.
        bar: The bound of the error of both.
        value: The value of the function beside the point.
    """

    low: float
    high: float
    bar: float
    value: float

    @property
    def middle(self) -> float:
        """The derivative of a smooth function; at a kink, the middle of both slopes."""
        return self.low / 2 + self.high / 2

    def distance(self, derivative: float) -> float:
        """Returns how far a derivative is outside of what the slopes and the bar allow."""
        return max(self.low - derivative, derivative - self.high, self.bar) - self.bar


def slopes(curve: Curve, unit: float) -> Truth | None:
    """Returns the derivative at zero; None if it is not certain, or does not exist.

    Args:
        curve: The function of the displacement.
        unit: The scale of the displacement, such as the size of the argument that is moved.
    """
    right = _slope(curve, unit, +1, NEAR)
    nearer = None if right is None else _slope(curve, unit, +1, NEARER)
    left = None if nearer is None else _slope(curve, unit, -1, NEAR)
    if left is None or nearer is None or right is None:
        return None
    size = max(abs(left.slope), abs(right.slope))
    if abs(nearer.slope - right.slope) > SMOOTH * size + nearer.bar + right.bar:
        return None  # it goes on growing towards the point
    if abs(right.value - left.value) > SMOOTH * max(abs(right.value), size * unit):
        return None  # a jump
    low, high = sorted((left.slope, right.slope))
    bar = left.bar + right.bar
    if abs(high - low) <= SMOOTH * size:
        bar, low, high = bar + abs(high - low), right.slope, right.slope
    numbers = [float(each) for each in (low, high, bar, right.value)]
    return Truth(*numbers)


@dataclass(frozen=True)
class _Side:
    slope: Any
    bar: Any
    value: Any


def _slope(curve: Curve, unit: float, side: int, distance: int) -> _Side | None:
    for digits in DIGITS:
        found = _slope_with(curve, unit, side, distance, digits)
        if found is None:
            return None
        if found.bar <= CERTAIN * abs(found.slope) or abs(found.slope) + found.bar < UNDERFLOW:
            return found
    return None


def _slope_with(curve: Curve, unit: float, side: int, distance: int, digits: int) -> _Side | None:
    """Returns the slope with so many digits; its bar is how far it moves with more of them."""
    quotients, level = [], mp.zero
    for each in (digits, digits + 40):
        with mp.workdps(each):
            there = side * mp.mpf(unit) * mp.mpf(10) ** distance
            step = abs(there) * mp.mpf(10) ** STEP
            above, below = curve(there + step), curve(there - step)
            if not (mp.isfinite(above) and mp.isfinite(below)):
                return None
            level = above
            quotients.append((above - below) / (2 * step))
            resolution = abs(above) * mp.mpf(10) ** (3 - each) / step
    return _Side(quotients[1], abs(quotients[1] - quotients[0]) + resolution, level)
