"""The distance of two estimates, by itself and measured by what their error bars allow."""

import numpy as np
from jaxtyping import Bool, Float

from ..._model.estimate import EPS, LEAST_NORMAL, SAFETY, Estimate

LARGE = 1e300
"""Size of a derivative from which sums of its errors may overflow."""

FAR_APART = 100.0
"""Least ratio of the distance of one source from both others to their distance from each other if
that one is the odd one out, although no two of them agree."""


def own_error(exact: Estimate, kinked: Bool[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
    """Returns the error bars of an exact source, at a kink of f that of its last operation.

    Moving the point a little says nothing about rounding there: it takes the other branch.
    """
    last = np.minimum(exact.error, 8 * EPS * np.abs(exact.value))
    return np.where(kinked, last, exact.error)


def excess_of(
    a: Estimate | None, b: Estimate | None, *, like: np.ndarray, bound: bool = False
) -> Float[np.ndarray, " k"]:
    """Returns the distance of two estimates, divided by the distance that their bars allow.

    An upper bound `a` differs from `b` only where it is smaller.
    """
    if a is None or b is None:
        return np.zeros(len(like))
    # Sums of numbers near the largest one would overflow.
    unit = 2.0**-8 if a.largest > LARGE else 1.0
    apart = distance(a, b, unit=unit, bound=bound)
    allowed = SAFETY * (unit * own_error(a, like) + unit * b.error)
    with np.errstate(invalid="ignore", divide="ignore"):
        excess = np.where(apart > 0, apart / allowed, 0.0)
    return np.nan_to_num(excess, nan=0.0, posinf=np.inf)


def is_flushed(autodiff: Estimate | None, other: Estimate | None) -> Bool[np.ndarray, " k"] | bool:
    """Where autodiff is 0 and another source is less than the least normal number."""
    if autodiff is None or other is None:
        return False
    return (autodiff.value == 0) & (np.abs(other.value) < LEAST_NORMAL)


def distance(
    a: Estimate, b: Estimate, *, unit: float = 1.0, bound: bool = False
) -> Float[np.ndarray, " k"]:
    """Returns unit · |a − b|; the distance to the one-sided derivatives where b has two.

    An upper bound `a` is at a distance from `b` only where it is smaller.
    """
    low, high = unit * np.minimum(*b.one_sided), unit * np.maximum(*b.one_sided)
    value = unit * a.value
    above = np.zeros_like(value) if bound else value - high
    return np.maximum(0.0, np.maximum(low - value, above))


def is_odd(one: Estimate, second: Estimate, third: Estimate) -> Bool[np.ndarray, " k"]:
    """Where one source is much further from both others than they are from each other."""
    with np.errstate(over="ignore", invalid="ignore"):
        near = np.maximum(distance(second, third), second.error + third.error)
        far = np.minimum(distance(one, second), distance(one, third))
        return np.asarray(far >= FAR_APART * near)
