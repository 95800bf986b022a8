"""What the values of f in a window show, beside the derivative."""

import numpy as np
from jaxtyping import Bool, Float, Int

from .windows import Window

JUMP_SHARE = 0.8
"""Least share of its largest change that f still changes by at the smallest step at a jump."""

JUMP_NOISE = 20.0
"""Least ratio of a jump to the noise."""

MANTISSA = 53
"""Bits of the fraction of a number in float64."""


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


def slopes(window: Window) -> Float[np.ndarray, "2 k"]:
    """Returns the least and the largest change of f over its step; infinity and 0 if none."""
    changes = np.stack([window.plus, window.minus]) - window.centre
    each = np.abs(changes) / window.steps
    known = np.isfinite(each) & (each > 0)
    least = np.min(np.where(known, each, np.inf), axis=(0, 2))
    return np.stack([least, np.max(np.where(known, each, 0.0), axis=(0, 2))])


def last_digits(window: Window) -> Float[np.ndarray, " k"]:
    """Returns the smallest unit of which all changes of f are multiples; infinity without any.

    That of 1 − tanh(30) is the last digit of 1, however small the value is.
    """
    changes = np.abs(np.hstack([window.plus, window.minus]) - window.centre)
    known = np.isfinite(changes) & (changes > 0)
    fraction, power = np.frexp(np.where(known, changes, 1.0))
    digits = np.ldexp(fraction, MANTISSA).astype(np.int64)
    units = np.ldexp((digits & -digits).astype(float), power - MANTISSA)
    return np.min(np.where(known, units, np.inf), axis=1)


def finite_side(window: Window) -> Int[np.ndarray, " k"]:
    """Returns 1 or −1 where f is finite at all steps on that side and at none on the other."""
    right, left = np.isfinite(window.plus), np.isfinite(window.minus)
    only_right = np.all(right, axis=1) & ~np.any(left, axis=1)
    only_left = np.all(left, axis=1) & ~np.any(right, axis=1)
    return only_right.astype(int) - only_left
