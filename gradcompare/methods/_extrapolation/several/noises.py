"""The noise of every result of a function, most of them at once.

Most results show nothing but their rounding to float64 near the point: that is seen for all of
them together. The others are measured one by one, as a scalar is.
"""

import numpy as np
from jaxtyping import Bool, Float

from ...._model.estimate import EPS
from ..lines import NOISY, coordinate_scale, usual_length
from ..noise.level import NOISE_FACTOR, ORDERS, level_of_order
from ..noise.measurement import SPACINGS, Noise, inward, measure_noise
from ..noise.outward import (
    ANOTHER,
    OUTWARD,
    UNEXPLAINED,
    VALUES,
    WIDTH,
    explained,
    has_tiny,
    moved_outward,
    residual,
)
from ..noise.stairs import DECIMALS, DIGITS, EXACT_DECIMALS, POINTS
from .values import Counted, OneResult

FEW_RESULTS = 32
"""Number of results up to which each is measured on its own."""

ROUNDING = 16 * EPS
"""Largest noise of a result, beside its value, that is its rounding and that of a few sums."""


def measure_noises(values: Counted) -> tuple[Noise, ...]:
    """Returns the noise of each result."""
    count = len(values.function.centre)
    noises: list[Noise | None] = [None] * count
    if count > FEW_RESULTS:
        noises = _of_plain(values)
    return tuple(
        measure_noise(OneResult(values, k)) if noise is None else noise
        for k, noise in enumerate(noises)
    )


def _of_plain(values: Counted) -> list[Noise | None]:
    """Returns the noise of results that show their rounding alone; None for the others."""
    steps = np.concatenate([spacing * np.arange(1, POINTS + 1) for spacing in SPACINGS])
    near = values.along(steps, inward(OneResult(values, 0)))
    spaced = near.reshape(len(SPACINGS), POINTS, -1)
    levels = np.max([level_of_order(each, order) for each in spaced for order in ORDERS], axis=0)
    largest = np.max(np.abs(near), axis=0)
    plain = np.isfinite(levels) & (levels <= ROUNDING * largest)
    # A staircase has equal neighbours, and so has what does not depend on x.
    plain &= ~np.any(np.diff(spaced[0], axis=0) == 0, axis=0) & ~_is_rounded(near)
    plain &= _is_plain_outward(values)
    return [
        Noise(NOISE_FACTOR * float(level), float(size), 0.0, 0) if alone else None
        for level, size, alone in zip(levels, largest, plain, strict=True)
    ]


def _is_plain_outward(values: Counted) -> Bool[np.ndarray, " m"]:
    """Whether a result shows no noise where tiny parameters have moved further.

    As `noise_outward` looks at a scalar; where that goes on to look closer, the answer is no.
    """
    evaluator, centre = values.function.evaluator, np.abs(values.function.centre)
    scale, steps = coordinate_scale(evaluator), np.random.default_rng(1).random(VALUES)
    plain, there = np.ones(len(centre), bool), np.ones(len(centre), bool)
    limit = np.where(centre > 0, ANOTHER * centre, np.inf)
    if not has_tiny(evaluator, scale):
        return plain
    for distance in usual_length(scale) * np.array(OUTWARD):
        reach = moved_outward(evaluator, scale, distance)
        if not reach.any():
            continue
        here = values.along(1 + WIDTH * steps, reach)
        size = np.max(np.abs(here), axis=0)
        there &= np.isfinite(size) & (size <= limit)
        quiet = residual(steps, here) <= UNEXPLAINED * explained(here)
        plain &= quiet | ~there
    return plain


def _is_rounded(values: Float[np.ndarray, "n m"]) -> Bool[np.ndarray, " m"]:
    """Whether all values of a column are numbers of a narrow type, or have few decimals."""
    mantissas, size = np.frexp(values)[0], np.max(np.abs(values), axis=0)
    rounded = np.all(np.ldexp(mantissas, max(DIGITS)) % 1 == 0, axis=0)
    for decimals in DECIMALS:
        whole = values * 10.0**decimals
        near = np.abs(whole - np.round(whole)) <= EXACT_DECIMALS * np.abs(whole)
        rounded |= np.all(near, axis=0) & (10.0**-decimals > NOISY * size)
    return rounded
