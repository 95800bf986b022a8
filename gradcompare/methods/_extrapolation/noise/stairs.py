"""Functions whose values are rounded, or that are staircases on purpose, as an error rate is."""

import numpy as np
from jaxtyping import Float

from ...._foundation.layout import PyTree
from ...._model.estimate import EPS
from ..._base import AbstractValues
from ..lines import NOISY, Lines, room_along

DECIMALS = range(16)
"""Numbers of decimals to which values may have been rounded."""

STAIR_EXPONENTS = range(-30, 3, 2)
"""Exponents of the spacings, powers of two, that are tried until a staircase moves."""

EXACT_DECIMALS = 4 * EPS
"""Relative distance to a decimal number within which a value is one: scaling rounds twice."""

STAIRCASE = 0.5
"""Least share of values that equal their neighbours if values are rounded, as with float32."""

WIDE_STAIRS = 2.0**-19
"""Least spacing, in units of the coordinates' scales, at which a staircase moves; one that comes
from rounding to float32 moves before."""

DIGITS = (8, 11, 24)
"""Binary digits of bfloat16, float16 and float32."""

POINTS = 16
"""Number of equally spaced values."""

HIGH = 64.0
"""Height of stairs in units of rounding of f above which they are not the last digits of f."""

REFINEMENTS = 4
"""Number of times that an interval in which f changes is divided to see whether f jumps."""

DOUBLINGS = 24
"""Number of steps, each twice the last, among which f leaves the value that it has near x."""

LEVELS_SEEN = 3
"""Least number of values that f has beyond that step if it goes on by stairs."""


def rounded_by(values: Float[np.ndarray, " n"]) -> float:
    """Returns half the unit of values in a narrow type, or with few decimals; 0 for others.

    If f moves by whole units from one value to the next, the differences hide the rounding.
    """
    if len(np.unique(values)) < 3:  # one or two values may be round by chance
        return 0.0
    size = float(np.max(np.abs(values)))
    narrow = narrow_unit(values)
    if narrow:
        return narrow * size / 2
    for decimals in DECIMALS:
        unit, whole = 10.0**-decimals, values * 10.0**decimals
        if np.all(np.abs(whole - np.round(whole)) <= EXACT_DECIMALS * np.abs(whole)):
            # With all the decimals that float64 has, the user rounded nothing.
            return unit / 2 if unit > NOISY * size else 0.0
    return 0.0


def narrow_unit(values: Float[np.ndarray, " n"]) -> float:
    """Returns the unit of rounding of the narrowest type that holds all values; 0 for float64.

    Whole numbers tell nothing: a count is one in each type.
    """
    mantissas, _ = np.frexp(values)
    if np.all(values == np.round(values)):
        return 0.0
    for digits in DIGITS:
        if np.all(np.ldexp(mantissas, digits) % 1 == 0):
            return 2.0 ** (1 - digits)
    return 0.0


def are_stairs(values: Float[np.ndarray, " n"]) -> bool:
    """Whether most of these closely spaced values equal their neighbours."""
    return bool(np.mean(np.diff(values) == 0) >= STAIRCASE)


def stairs(
    evaluator: AbstractValues,
    direction: Float[np.ndarray, " d"],
    values: Float[np.ndarray, "s n"],
) -> tuple[float, float, int]:
    """Returns a bound of one value's noise, the height of the stairs of a staircase, and its cost.

    The spacing is widened until f moves: with most values still equal, the largest difference
    is one stair. If arguments are rounded and not values, several stairs add up; fourth
    differences, in which the smooth part is negligible, show them. f is a staircase if its stairs
    are wider than rounding to float32 makes them: one on purpose, as an error rate, or one of a
    type with fewer digits. At the edge of a plateau f does not jump.
    """
    line, spent = evaluator.problem.layout.unflatten(direction), 0
    height = first = start = 0.0
    room = room_along(evaluator.x, *evaluator.problem.bounds, direction)[1] / (POINTS + 1)
    for exponent in STAIR_EXPONENTS:
        spacing = 2.0**exponent
        if spacing > room:
            break
        probe = evaluator.along(spacing * np.arange(1, POINTS + 1), line)
        changes, spent = np.abs(np.diff(probe)), spent + POINTS
        if height and not are_stairs(probe):
            break  # the stairs are closer to each other
        if not first and np.any(changes > 0):
            first = spacing
            start = spacing * (1 + int(np.argmax(changes)))
        # Some numbers inside may have longer stairs than others, and higher ones.
        height = max(height, float(np.max(changes)))
    # An error e of one value enters five of them with weights up to 6: half is a wide bound of e.
    fourth = float(np.max(np.abs(np.diff(values, 4)), initial=0.0)) / 2
    if first < WIDE_STAIRS:
        return max(height, fourth), 0.0, spent
    jump, more = _jumps(evaluator, line, start, first, HIGH * EPS * np.max(np.abs(values)))
    return max(height, fourth) if jump else fourth, height if jump else 0.0, spent + more


def _jumps(
    evaluator: AbstractValues, line: PyTree, start: float, width: float, least: float
) -> tuple[bool, int]:
    """Returns whether f jumps by more than `least` in this interval of a line, and the cost."""
    for number in range(1, REFINEMENTS + 1):
        steps = start + width * np.linspace(0, 1, POINTS)
        changes = np.abs(np.diff(evaluator.along(steps, line)))
        largest = int(np.argmax(changes))
        least = max(least, float(changes[largest]) / 2)
        if not changes[largest] >= least:
            return False, number * POINTS
        start, width = float(steps[largest]), width / (POINTS - 1)
    return True, REFINEMENTS * POINTS


def stairs_beyond(lines: Lines, line: int, step: float) -> tuple[float, int]:
    """Returns the largest slope of f beyond a flat stretch if f goes on by stairs, and its cost.

    Inside of f a number with few digits may stay the same within the step, as 1 − p does where p
    is near 1. Beyond a plateau f is smooth; there the slope is 0.

    Args:
        lines: The lines.
        line: One of them.
        step: A step within which f has one value.
    """
    sign = 1.0 if lines.above[line] >= lines.below[line] else -1.0
    room = min(max(lines.above[line], lines.below[line]), lines.scale[line])

    def values(steps: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        return lines.sample(np.full(len(steps), line), sign * steps)

    outward = step * 2.0 ** np.arange(1, DOUBLINGS + 1)
    outward = outward[outward < room]
    changes = np.abs(values(outward) - lines.centre[line])
    spent, moved = len(outward), np.isfinite(changes) & (changes > 0)
    if not moved.any() or step < 4 * POINTS * EPS * abs(lines.origin[line]):
        return 0.0, spent
    first, each = float(outward[np.argmax(moved)]), np.arange(POINTS) / POINTS
    close, wide = values(first + step * each), values(first * (1 + 4 * each))
    goes_on = are_stairs(close) and len(np.unique(wide[np.isfinite(wide)])) >= LEVELS_SEEN
    slope = float(np.max(changes[moved] / outward[moved]))
    return slope if goes_on else 0.0, spent + 2 * POINTS
