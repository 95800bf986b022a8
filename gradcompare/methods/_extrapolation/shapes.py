"""What f looks like near the point, from its values on either side of it."""

import numpy as np
from jaxtyping import Bool, Float, Int

from .windows import Window

KINK_FACTOR = 10.0
"""How far above the doubt about it a gap between one-sided derivatives must be."""

JUMP_SHARE = 0.8
"""At a jump, f still changes by more than this part of its largest change at the smallest step."""

JUMP_NOISE = 20.0
"""A jump is larger than so many times the noise."""


def kink(window: Window) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """The derivative from the right less that from the left, and the doubt about it.

    (f(x+h) + f(x−h) − 2f(x)) / h is the gap plus odd powers of h. Extrapolated once, it
    falls with h³ where f is smooth, and stays where there is a kink. Both are 0 where there
    is none.
    """
    steps, noise = window.steps, window.noise
    bend = (window.plus + window.minus - 2 * window.centre) / steps
    ratio = steps[:, :-1] / steps[:, 1:]
    # One step of extrapolation removes the power h, which is f″: only h³ is left of a smooth f.
    gaps = bend[:, 1:] + (bend[:, 1:] - bend[:, :-1]) / (ratio - 1)
    gap, ratio = gaps[:, -1], ratio[:, -1]
    # One change of the gap can be small by chance; that before it is ratio³ times as large.
    changes = np.abs(gap - gaps[:, -2]), np.abs(gaps[:, -2] - gaps[:, -3]) / ratio**3
    # Each bend is off by at most 4 times the noise over h, three values of f with weights 1, 1, 2.
    doubt = np.maximum(*changes) + 4 * noise[:, -1] / steps[:, -1] * (ratio + 1) / (ratio - 1)
    kinked = np.abs(gap) > KINK_FACTOR * doubt
    return np.where(kinked, gap, 0.0), np.where(kinked, doubt, 0.0)


def jumps(window: Window) -> Bool[np.ndarray, " k"]:
    """Whether f jumps at the point: its change does not get smaller with the step.

    A smooth f changes 13 times less over the window, a square root 3.6 times less. Far from the
    point it may happen to be back where it was (bundle adjustment, beside a pole).
    """
    change = np.maximum(np.abs(window.plus - window.centre), np.abs(window.minus - window.centre))
    last = change[:, -1]
    stays = last > JUMP_SHARE * np.max(change, axis=1)
    return stays & (last > JUMP_NOISE * window.noise[:, -1])


def constant(window: Window) -> Bool[np.ndarray, " k"]:
    """Whether f has the same value, bit by bit, at every step of the window."""
    return np.all((window.plus == window.centre) & (window.minus == window.centre), axis=1)


def finite_side(window: Window) -> Int[np.ndarray, " k"]:
    """1 or −1 where f is finite at every step to that side and at none to the other, else 0."""
    right, left = np.isfinite(window.plus), np.isfinite(window.minus)
    only_right = np.all(right, axis=1) & ~np.any(left, axis=1)
    only_left = np.all(left, axis=1) & ~np.any(right, axis=1)
    return only_right.astype(int) - only_left
