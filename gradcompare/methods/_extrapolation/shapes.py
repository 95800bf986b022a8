"""What f looks like near the point, from its values on either side of it."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

KINK_FACTOR = 10.0
"""How far above the doubt about it a gap between one-sided derivatives must be."""


class Window(NamedTuple):
    """The values of f at a window of steps, for each of k lines.

    Attributes:
        plus: f(x + h), the largest step first.
        minus: f(x − h).
        steps: h.
        noise: A bound of the noise in each pair of values.
        centre: f(x).
    """

    plus: Float[np.ndarray, "k l"]
    minus: Float[np.ndarray, "k l"]
    steps: Float[np.ndarray, "k l"]
    noise: Float[np.ndarray, "k l"]
    centre: float


def kink(window: Window) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """The derivative from the right less that from the left, and the doubt about it.

    (f(x+h) + f(x−h) − 2f(x)) / h is the gap plus odd powers of h. Extrapolated once, it
    falls with h³ where f is smooth, and stays where there is a kink. Both are 0 where there
    is none.
    """
    plus, minus, steps, noise, centre = window
    bend = (plus + minus - 2 * centre) / steps
    ratio = steps[:, :-1] / steps[:, 1:]
    gaps = bend[:, 1:] + (bend[:, 1:] - bend[:, :-1]) / (ratio - 1)
    gap, ratio = gaps[:, -1], ratio[:, -1]
    # One change of the gap can be small by chance; that before it is ratio³ times as large.
    changes = np.abs(gap - gaps[:, -2]), np.abs(gaps[:, -2] - gaps[:, -3]) / ratio**3
    doubt = np.maximum(*changes) + 4 * noise[:, -1] / steps[:, -1] * (ratio + 1) / (ratio - 1)
    kinked = np.abs(gap) > KINK_FACTOR * doubt
    return np.where(kinked, gap, 0.0), np.where(kinked, doubt, 0.0)


def jumps(window: Window) -> Bool[np.ndarray, " k"]:
    """Whether f jumps at the point: its change does not get smaller with the step.

    A smooth f changes 13 times less over the window, a square root 3.6 times less. Far from the
    point it may happen to be back where it was (bundle adjustment, beside a pole).
    """
    plus, minus, _, noise, centre = window
    change = np.maximum(np.abs(plus - centre), np.abs(minus - centre))
    return (change[:, -1] > 0.8 * np.max(change, axis=1)) & (change[:, -1] > 20 * noise[:, -1])


def constant(window: Window) -> Bool[np.ndarray, " k"]:
    """Whether f has the same value, bit by bit, at every step of the window."""
    return np.all((window.plus == window.centre) & (window.minus == window.centre), axis=1)
