"""The distance of two estimates of the same derivative, in the usual measures."""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np

from .._model.estimate import SAFETY, Estimate
from .._model.problem import Problem


@dataclass(frozen=True)
class PairError:
    """The differences between two estimates a and b at one point.

    Attributes:
        first: The method of a.
        second: The method of b.
        largest_absolute: max |aᵢ − bᵢ|.
        largest_relative: max |aᵢ − bᵢ| / max |bᵢ|, relative to the scale of the gradient.
        relative_norm: ‖a − b‖ / ‖b‖ in the 2-norm.
        angle_degrees: The angle between a and b.
        bar: ‖error of a + error of b‖ / ‖b‖, to compare with `relative_norm`.
        worst: The name of the coordinate with the largest absolute difference.
    """

    first: str
    second: str
    largest_absolute: float
    largest_relative: float
    relative_norm: float
    angle_degrees: float
    bar: float
    worst: str


def pair_error(first: str, a: Estimate, second: str, b: Estimate, problem: Problem) -> PairError:
    """Returns the differences between two flat estimates of the derivative in `problem`."""
    # Division by a power of two near the largest value is exact, and keeps squares from
    # overflow and underflow.
    values = np.abs(np.concatenate([a.value, b.value]))
    largest = np.max(values, where=np.isfinite(values), initial=0.0)
    unit = np.exp2(np.floor(np.log2(largest))) if 0 < largest < np.inf else 1.0
    with np.errstate(invalid="ignore", over="ignore"):  # values may be infinite or NaN
        difference = np.abs(a.value / unit - b.value / unit)
        bars = (a.error + b.error) / unit
    scale, norm = np.max(np.abs(b.value / unit), initial=0.0), np.linalg.norm(b.value / unit)
    worst = int(np.argmax(np.where(np.isnan(difference), np.inf, difference)))
    return PairError(
        first=first,
        second=second,
        largest_absolute=float(np.max(difference) * unit),
        largest_relative=_ratio(np.max(difference), scale),
        relative_norm=_ratio(_norm(difference), norm),
        angle_degrees=_angle(a.value / unit, b.value / unit),
        bar=_ratio(_norm(bars), norm),
        worst=problem.output.name(worst),
    )


def _norm(vector: np.ndarray) -> float:
    """Returns the 2-norm, without overflow: bars may be far larger than the derivative."""
    largest = np.max(vector, initial=0.0)
    if not 0 < largest < np.inf:
        return float(largest)
    return float(largest * np.linalg.norm(vector / largest))


@dataclass(frozen=True)
class Accuracy:
    """The accuracy of an implementation in a narrow dtype, against the derivative in float64.

    Attributes:
        relative_error: In the 2-norm.
        digits: The number of correct decimal digits.
        ulps: The largest error of an entry, in units in the last place that the dtype has at
            the size of the largest entry.
    """

    relative_error: float
    digits: float
    ulps: float


def accuracy(narrow: Estimate, right: Estimate, dtype: np.dtype) -> Accuracy:
    """Returns the accuracy of a flat estimate in `dtype`, measured by one in float64."""
    error = np.abs(narrow.value - right.value)
    relative = _ratio(np.linalg.norm(error), np.linalg.norm(right.value))
    largest = right.largest
    unit = float(jnp.finfo(dtype).eps) * 2.0 ** np.floor(np.log2(largest)) if largest else 0.0
    with np.errstate(divide="ignore"):
        digits = float(-np.log10(relative)) if relative < 1 else 0.0
    return Accuracy(relative, digits, _ratio(np.max(error), unit))


def _ratio(difference: float | np.floating, size: float | np.floating) -> float:
    if difference == 0:
        return 0.0
    with np.errstate(invalid="ignore"):
        return float(difference / size) if size > 0 else float("inf")


def _angle(a: np.ndarray, b: np.ndarray) -> float:
    """The angle by W. Kahan's formula, which is accurate for nearly parallel vectors too.

    Computing Cross-Products and Rotations in 2- and 3-Dimensional Euclidean Spaces (2016),
    section 13: 2 atan2(‖a/‖a‖ − b/‖b‖‖, ‖a/‖a‖ + b/‖b‖‖).
    """
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    if not all(np.isfinite(lengths)) or 0 in lengths:
        return float("nan")
    u, v = a / lengths[0], b / lengths[1]
    return float(np.degrees(2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))))


def ratios(bound: Estimate | None, other: Estimate | None) -> str:
    """Returns the range of an upper bound divided by the derivative, as the end of a sentence."""
    if bound is None or other is None:
        return ""
    clear = np.abs(other.value) > SAFETY * other.error
    if not clear.any():
        return ""
    ratios = bound.value[clear] / other.value[clear]
    low, high = (f"{ratio:.4g}" for ratio in (np.min(ratios), np.max(ratios)))
    return f"; it is {low if low == high else f'{low} to {high}'} times the derivative"
