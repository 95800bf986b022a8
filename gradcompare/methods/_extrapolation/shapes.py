"""Jumps, plateaus and ends of f at the point, from its values on either side."""

import numpy as np
from jaxtyping import Bool, Int

from .windows import Window

JUMP_SHARE = 0.8
"""Least share of its largest change that f still changes by at the smallest step at a jump."""

JUMP_NOISE = 20.0
"""Least ratio of a jump to the noise."""


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
