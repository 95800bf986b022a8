"""Experiments on functions as people write them: sums of pieces, narrow peaks, waves, stairs."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from constant_edges import Line
from constant_judging import Outcome, percent

from gradcompare import estimate

SAFETY = 3.0
"""Number of bars that an error may have."""

SHARP = 0.01
"""Ratio to the derivative below which a bar is useful."""


@dataclass(frozen=True)
class Case:
    """A function on the host, at a point.

    Attributes:
        f: The function of a vector.
        x: The point.
        slope: Its derivative; NaN where there is none.
    """

    f: Callable[[np.ndarray], float]
    x: np.ndarray
    slope: np.ndarray


def hinges(count: int, seed: int) -> Line:
    """A sum of squared hinges around 0, whose second derivative jumps `count` times."""
    rng = np.random.default_rng([count, seed])
    at, weight = rng.uniform(-1, 1, count), rng.standard_normal(count)

    def f(t: np.ndarray) -> np.ndarray:
        return np.sum(weight * np.maximum(t[..., None] - at, 0) ** 2, axis=-1) + np.sin(3 * t)

    slope = float(np.sum(2 * weight * np.maximum(-at, 0)) + 3)
    return Line(f, slope, slope, noise=1e-16 * count)


def breaks() -> list[Line]:
    lines = [hinges(count, seed) for count in (1, 3, 30, 300, 3000) for seed in range(12)]
    for width in 10.0 ** -np.arange(0, 9, 0.5):
        for z in (0.3, 1.0, 5.0):
            slope = -2 * z / (1 + z * z) ** 2 / width
            lines.append(Line(lambda t, z=z, s=width: 1 / (1 + (t / s + z) ** 2), slope, slope))
    for curve in (0.0, 0.1, 1.0, 10.0):
        lines.append(Line(lambda t, c=curve: np.exp(-np.abs(t)) + c * t**2, 1.0, -1.0))
        lines.append(
            Line(lambda t, c=curve: np.tanh(np.abs(t)) + c * np.sin(t), curve - 1, curve + 1)
        )
    return lines


def waves(seed: int) -> Case:
    """A sum of waves far from 0, and terms without."""
    rng = np.random.default_rng(seed)
    x, k = 10.0 ** rng.uniform(0, 5, 3), 10.0 ** rng.uniform(-1, 4, 3)

    def f(x: np.ndarray) -> float:
        return float(np.sum(np.sin(k * x)) + 1e-3 * np.sum(x))

    return Case(f, x, k * np.cos(k * x) + 1e-3)


def noisy(seed: int) -> Case:
    """A smooth function with noise from 1e-12 to 1e-3, as a solver leaves it."""
    rng = np.random.default_rng(seed)
    x, size = rng.uniform(0.5, 3, 3), 10.0 ** rng.uniform(-12, -3)

    def f(x: np.ndarray) -> float:
        return float(np.sum(np.sin(x)) + size * hashed(np.sum(x)))

    return Case(f, x, np.cos(x))


def hashed(total: np.float64) -> float:
    """A number in [−1, 1] that is random from one floating number to the next."""
    with np.errstate(over="ignore"):
        bits = np.float64(total).view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        bits = (bits ^ (bits >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return float(bits >> np.uint64(11)) / 2**52 - 1


def stairs(seed: int) -> Case:
    """An error rate, values in few binary digits, or floor."""
    rng = np.random.default_rng(seed)
    rows, x = rng.standard_normal((10 ** rng.integers(2, 5), 3)), rng.standard_normal(3)
    if seed % 3 == 0:
        return Case(lambda x: float(np.mean(rows @ x > 0.1)), x, np.zeros(3))
    if seed % 3 == 1:
        return Case(lambda x: float(np.sum(np.floor(10 * x))), x, np.zeros(3))
    kind = (np.float16, np.float32)[seed % 2]
    return Case(lambda x: float(kind(np.sum(np.sin(x)))), x, np.cos(x))


def tiny(seed: int) -> Case:
    """Tiny parameters: beside them digits are lost inside, or f varies on their own scale."""
    rng = np.random.default_rng(seed)
    size = 10.0 ** rng.uniform(-14, -2)
    x = size * rng.uniform(0.3, 3, 1 + seed % 3)
    kinds: tuple[tuple[Callable, Callable], ...] = (
        (lambda x: 1 - np.cos(x), np.sin),
        (lambda x: np.sqrt(1 + x**2) - 1, lambda x: x / np.sqrt(1 + x**2)),
        (lambda x: np.exp(x) - 1 - x, np.expm1),
        (lambda x: (1 - np.cos(30 * x)) / 30 + x**2 / 2, lambda x: np.sin(30 * x) + x),
        (lambda x: np.sin(x / size), lambda x: np.cos(x / size) / size),
        (lambda x: np.abs(x / size) ** 3, lambda x: 3 * (x / size) ** 2 / size),
    )
    f, slope = kinds[seed % len(kinds)]
    return Case(lambda x: float(np.sum(f(x))), x, slope(x))


def people() -> list[Case]:
    makers: tuple[Callable[[int], Case], ...] = (waves, noisy, stairs, tiny)
    return [make(seed) for make in makers for seed in range(24)]


def estimates(every: list[Case]) -> Outcome:
    """Estimates of functions on the host: how often the bar holds, and how many values it took."""
    held, sharp, marks, evaluations = [], [], [], 0
    for case in every:
        e = estimate(case.f, case.x)
        held += (np.abs(e.value - case.slope) <= SAFETY * e.error).tolist()
        sharp += (e.error < SHARP * np.abs(case.slope)).tolist()
        evaluations += e.evaluations
        marks.append([e.value.tolist(), e.error.tolist()])
    figures = {
        "coverage %": percent(sum(held), len(held)),
        "bars below 1 %": sum(sharp),
        "f/coordinate": round(evaluations / len(held), 1),
    }
    return Outcome(figures, marks)
