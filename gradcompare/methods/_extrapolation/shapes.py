"""Kinks, jumps, plateaus and ends of f at the point, from its values on either side."""

import numpy as np
from jaxtyping import Bool, Float, Int

from .windows import Window

KINK_FACTOR = 10.0
"""Least ratio of a kink's gap between one-sided derivatives to the doubt about it."""

JUMP_SHARE = 0.8
"""Least share of its largest change that f still changes by at the smallest step at a jump."""

JUMP_NOISE = 20.0
"""Least ratio of a jump to the noise."""


def kink(window: Window) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """Returns the derivative from the right less that from the left, and the doubt about it.

    (f(x+h) + f(x−h) − 2f(x)) / h is the gap plus odd powers of h. Extrapolated once, it
    falls with h³ if f is smooth, and stays if f has a kink. Both results are 0 without a kink.
    """
    steps, noise = window.steps, window.noise
    bend = (window.plus + window.minus - 2 * window.centre) / steps
    ratio = steps[:, :-1] / steps[:, 1:]
    # One step of extrapolation removes the power h, which is f″: only h³ is left of a smooth f.
    gaps = bend[:, 1:] + (bend[:, 1:] - bend[:, :-1]) / (ratio - 1)
    gap, ratio = gaps[:, -1], ratio[:, -1]
    # One change of the gap can be small by chance; the one before is ratio³ times as large.
    changes = np.abs(gap - gaps[:, -2]), np.abs(gaps[:, -2] - gaps[:, -3]) / ratio**3
    # Each bend has an error of at most 4 noise / h, as three values of f enter with weights
    # 1, 1, 2; the extrapolation adds two bends with weights r/(r − 1) and 1/(r − 1).
    doubt = np.maximum(*changes) + 4 * noise[:, -1] / steps[:, -1] * (ratio + 1) / (ratio - 1)
    kinked = np.abs(gap) > KINK_FACTOR * doubt
    return np.where(kinked, gap, 0.0), np.where(kinked, doubt, 0.0)


def jumps(window: Window) -> Bool[np.ndarray, " k"]:
    """Whether f jumps at the point: its change does not get smaller with the step.

    Over the window, the change of a smooth f falls by 13, that of a square root by 3.6. Far from
    the point f may have returned to its value there (bundle adjustment, beside a pole).
    """
    # The change of the side that changes more, at each step: f may jump on one side only. The
    # largest over all steps, since far away f may have returned.
    change = np.maximum(np.abs(window.plus - window.centre), np.abs(window.minus - window.centre))
    last = change[:, -1]
    stays = last > JUMP_SHARE * np.max(change, axis=1)
    return stays & (last > JUMP_NOISE * window.noise[:, -1])


def constant(window: Window) -> Bool[np.ndarray, " k"]:
    """Whether f has the same value, bit by bit, at every step of the window."""
    return np.all((window.plus == window.centre) & (window.minus == window.centre), axis=1)


def finite_side(window: Window) -> Int[np.ndarray, " k"]:
    """Returns 1 or −1 where f is finite at all steps on that side and at none on the other."""
    right, left = np.isfinite(window.plus), np.isfinite(window.minus)
    only_right = np.all(right, axis=1) & ~np.any(left, axis=1)
    only_left = np.all(left, axis=1) & ~np.any(right, axis=1)
    return only_right.astype(int) - only_left
