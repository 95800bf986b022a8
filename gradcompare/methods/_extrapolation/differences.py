"""Differences of the values in a window, and their extrapolation.

Each difference is divided by the effective steps, (x + h) − x: x + h is rounded, and with h of
1e-8 |x| an error of one unit in the last place of x is an error of 2e-8 of the derivative.
"""

import numpy as np
from jaxtyping import Bool, Float

from .tableau import Extrapolation, extrapolate
from .windows import Window, signed_steps

KINK_FACTOR = 10.0
"""Least ratio of a kink's gap between one-sided derivatives to the doubt about it."""


def extrapolate_window(window: Window) -> Extrapolation:
    """Returns the extrapolated differences in the window of each line."""
    result = extrapolate(*central_differences(window), power=2, even=even_part(window))
    kinked = (window.side == 0) & (result.apart > 0)
    if kinked.any():
        result = _merged(result, kinked, _at_kink(window.of(kinked), result.of(kinked)))
    sided = window.side != 0
    if sided.any():
        # The error of one-sided differences has all powers of h, not only the even ones: they
        # need twice as many steps for the same order.
        one_side = extrapolate(*one_sided_differences(window.of(sided)), power=1)
        result = _merged(result, sided, one_side)
    return result


def _merged(
    every: Extrapolation, where: Bool[np.ndarray, " k"], part: Extrapolation
) -> Extrapolation:
    """Returns extrapolations with those of some lines replaced."""

    def replaced(all_lines: np.ndarray, some: np.ndarray) -> np.ndarray:
        result = all_lines.copy()
        result[where] = some
        return result

    return Extrapolation(*map(replaced, every, part))


def _at_kink(window: Window, smooth: Extrapolation) -> Extrapolation:
    """Returns the mean of the slopes on both sides, and their gap, where these differ clearly.

    Each side by itself is smooth at a kink. Elsewhere the extrapolation of `smooth` stays.
    """
    right, left = (
        extrapolate((values - window.centre) / steps, np.abs(steps), rounding, power=1)
        for values, steps, rounding in _sides(window)
    )
    gap, doubt = right.value - left.value, right.error + left.error
    kinked = np.abs(gap) > KINK_FACTOR * doubt
    mean = Extrapolation(
        value=(right.value + left.value) / 2,
        error=doubt / 2,
        truncating=right.truncating | left.truncating,
        left_over=np.fmax(right.left_over, left.left_over),
        apart=np.zeros_like(gap),
        gap=gap,
    )
    return Extrapolation(*(np.where(kinked, a, b) for a, b in zip(mean, smooth, strict=True)))


def _sides(window: Window):
    """Yields the values, the effective steps and the bounds of rounding to either side."""
    forward, backward = _effective_steps(window)
    for values, steps in ((window.plus, forward), (window.minus, -backward)):
        yield values, steps, 2 * window.noise / np.abs(steps)


def _effective_steps(
    window: Window,
) -> tuple[Float[np.ndarray, "k l"], Float[np.ndarray, "k l"]]:
    """Returns how far each step moves the coordinate forwards and backwards, as it is rounded."""
    steps, origin = window.steps, window.origin[:, None]
    return (origin + steps) - origin, origin - (origin - steps)


def central_differences(
    window: Window,
) -> tuple[Float[np.ndarray, "k l"], Float[np.ndarray, "k l"], Float[np.ndarray, "k l"]]:
    """Returns central differences, their steps, and the bounds of their rounding errors."""
    forward, backward = _effective_steps(window)
    width = forward + backward
    # With steps a forwards and b backwards, (f(x+a) − f(x−b)) / (a+b) is f′ + f″/2 · (a − b):
    # rounding of x makes a and b unequal, and the term of f″ no longer cancels.
    second = window.plus + window.minus - 2 * window.centre
    bend = np.abs(second) / window.steps  # |f″| h, from the same values: h² may underflow
    uneven = np.abs(forward - backward) / window.steps
    # Two values, each off by at most the noise, over the distance between their points.
    rounding = 2 * window.noise / width + uneven * bend / 2
    return (window.plus - window.minus) / width, width / 2, rounding


def even_part(window: Window) -> tuple[Float[np.ndarray, "k l"], Float[np.ndarray, "k l"]]:
    """Returns half of (f(x+h) − 2 f(x) + f(x−h)) / h, and the bounds of its rounding errors.

    It is half of what the difference quotients to the right and to the left are apart.
    """
    forward, backward = _effective_steps(window)
    width = forward + backward
    # Where rounding of x makes the steps unequal, the slope enters with their difference.
    slope = (window.plus - window.minus) / width * (forward - backward)
    second = window.plus + window.minus - 2 * window.centre
    return (second - slope) / width, 4 * window.noise / width


def one_sided_differences(
    window: Window,
) -> tuple[Float[np.ndarray, "k m"], Float[np.ndarray, "k m"], Float[np.ndarray, "k m"]]:
    """Returns the same for one-sided differences, which have twice as many steps."""
    origin = window.origin[:, None, None]
    # The steps of a level and those half a level on take turns, so that all fall in order.
    steps = np.stack(signed_steps(window.steps, window.side), axis=2)
    effective = ((origin + steps) - origin).reshape(len(steps), -1)
    values = np.stack([window.plus, window.minus], axis=2).reshape(len(steps), -1)
    rounding = 2 * np.repeat(window.noise, 2, axis=1) / np.abs(effective)
    return (values - window.centre) / effective, np.abs(effective), rounding
