"""Experiments at the edge of what thresholds tell apart: lines, noise, and faint faults."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from constant_judging import Outcome, percent
from scenes import Row, Scene

from gradcompare.methods._extrapolation.ladder import derivatives_along
from gradcompare.methods._extrapolation.lines import Lines
from gradcompare.methods._extrapolation.noise.level import noise_level

EPS = float(np.finfo(float).eps)


@dataclass(frozen=True)
class Line:
    """A function of one number, at 0.

    Attributes:
        f: The function.
        left: Its derivative from the left; NaN where it jumps.
        right: The same from the right.
        below: How far it may be followed backwards.
        noise: A bound of the noise in one of its values.
    """

    f: Callable[[np.ndarray], np.ndarray]
    left: float
    right: float
    below: float = np.inf
    noise: float = 0.0


def rough(t: np.ndarray) -> np.ndarray:
    """A number in [−1, 1] that looks random."""
    return np.cos(1e9 * t + 5) * np.cos(7e11 * t)


def kinked() -> Iterator[Line]:
    for gap in 10.0 ** -np.arange(0, 9, 0.5):
        yield Line(lambda t, g=gap: g / 2 * np.abs(t) + np.exp(t), 1 - gap / 2, 1 + gap / 2)
        yield Line(
            lambda t, g=gap: g / 2 * np.abs(t) + t + 1e-9 * rough(t), 1 - gap / 2, 1 + gap / 2,
            noise=1e-9,
        )  # fmt: skip
        yield Line(lambda t, g=gap: np.abs(t - g) + np.exp(t), 0.0, 0.0)  # beside the point


def jumping() -> Iterator[Line]:
    for size in 10.0 ** -np.arange(0, 15, 0.5):
        yield Line(lambda t, s=size: np.where(t > 0, s, 0) + np.sin(t), np.nan, np.nan)
        yield Line(
            lambda t, s=size: np.where(t > 0, s, 0) + t + 1e-9 * rough(t), np.nan, np.nan,
            noise=1e-9,
        )  # fmt: skip


def powers() -> Iterator[Line]:
    for p, offset in itertools.product(np.arange(1.2, 3.0, 0.1), (0.0, 1.0, 1e3)):
        yield Line(lambda t, p=p, c=offset: np.abs(t) ** p + c, 0.0, 0.0, noise=offset * EPS)
        yield Line(lambda t, p=p, c=offset: np.abs(t) ** p + c, 0.0, 0.0, 0.0, offset * EPS)


def ended() -> Iterator[Line]:
    for below in (0.0, *10.0 ** -np.arange(0, 12, 0.5)):
        yield Line(lambda t: np.exp(3 * t), 3.0, 3.0, below, EPS)
        yield Line(lambda t: np.exp(t) + 1e-8 * rough(t), 1.0, 1.0, below, 1e-8)


def scaled() -> Iterator[Line]:
    for s in 10.0 ** np.arange(-20, 9, 1.0):
        slope = s * np.cos(1)
        yield Line(lambda t, s=s: np.sin(s * t + 1), slope, slope, noise=EPS)
        yield Line(lambda t, s=s: 1e3 + np.exp(np.minimum(s * t, 700)), s, s, noise=1e3 * EPS)
        yield Line(lambda t, s=s: np.where(s * np.abs(t) < 1, 1.0, 1 + (s * t) ** 2), 0.0, 0.0)


def few_digits() -> Iterator[Line]:
    for size in 10.0 ** -np.arange(2, 14, 0.5):
        for curve in (0.1, 1.0, 10.0):

            def f(t, size=size, curve=curve):
                value = 1 + t + curve * t**2
                return value * (1 + size * rough(t))

            yield Line(f, 1.0, 1.0, noise=size)


def every_line() -> list[Line]:
    return [*kinked(), *jumping(), *powers(), *ended(), *scaled(), *few_digits()]


def lines(every: list[Line]) -> Outcome:
    """The ladder on functions of one number, each hard in one way, from easy to hopeless."""
    found = []
    with np.errstate(all="ignore"):
        for line in every:
            room = np.array([line.below]), np.array([np.inf])
            centre = float(line.f(np.zeros(1))[0])
            sample = lambda _, steps, f=line.f: f(steps)  # noqa: E731
            along = Lines(sample, np.zeros(1), np.ones(1), *room, centre, line.noise)
            found.append(derivatives_along(along))
    smooth = [(a, b) for a, b in zip(every, found, strict=True) if np.isfinite(a.left)]
    errors = np.array([_error(a, b) for a, b in smooth])
    bars = np.array([b.error[0] for _, b in smooth])
    with np.errstate(all="ignore"):
        worst = np.max(
            np.where(errors > 0, errors / bars, 0), where=np.isfinite(errors), initial=0
        )
        told = np.isfinite(bars) & (bars < np.array([0.1 * abs(a.right) for a, _ in smooth]))
    gaps = [(bool(a.left != a.right), bool(b.gap[0] != 0)) for a, b in smooth]
    both = zip(every, found, strict=True)
    jumps = [(not np.isfinite(a.left), bool(b.jumps[0])) for a, b in both]
    figures = {
        "coverage %": percent(np.sum(~(errors > bars)), len(errors)),
        "worst error/bar": float(f"{worst:.3g}"),
        f"bars below a tenth of {len(bars)}": int(np.sum(told)),
        f"kinks seen of {sum(a for a, _ in gaps)}": sum(a and b for a, b in gaps),
        "kinks where there is none": sum(b and not a for a, b in gaps),
        f"jumps seen of {sum(a for a, _ in jumps)}": sum(a and b for a, b in jumps),
        "jumps where there is none": sum(b and not a for a, b in jumps),
        "f/line": round(sum(b.evaluations for b in found) / len(found), 1),
    }
    marks = [[float(v[0]) for v in (b.value, b.error, b.gap, b.step)] for b in found]
    return Outcome(figures, marks)


def _error(line: Line, found) -> float:
    """How far the interval of one-sided derivatives found is from the true one."""
    low, high = sorted([line.left, line.right])
    half = abs(float(found.gap[0])) / 2
    value = float(found.value[0])
    return max(0.0, value - half - high, low - value - half)


@dataclass(frozen=True)
class Values:
    """Equally spaced values of f, and the standard deviation of their noise."""

    values: np.ndarray
    sigma: float


def every_noise() -> list[Values]:
    """Noise upon a slope, a curve, a kink, and uneven noise, each from easy to hopeless."""
    result = []
    t = np.arange(1, 17) / 16
    for seed, power in itertools.product(range(8), np.arange(0, 8, 0.5)):
        rng = np.random.default_rng([seed, int(2 * power)])
        noise = rng.standard_normal(16)
        size = 10.0**power
        uneven = noise * np.where(t < 0.5, 1.0, 10.0 ** (power / 3))
        shapes = (size * t, size * np.exp(3 * t), size * np.sin(9 * t), size * np.abs(t - 0.8))
        result += [Values(noise + shape, 1.0) for shape in shapes]
        result.append(Values(uneven, 1.0))
    return result


def noises(every: list[Values]) -> Outcome:
    levels = [noise_level(each.values) for each in every]
    ratios = [b / a.sigma for a, b in zip(every, levels, strict=True) if b is not None]
    figures = {
        f"told of {len(levels)}": len(ratios),
        "of these % within a factor of 2": percent(
            sum(0.5 <= r <= 2 for r in ratios), len(ratios)
        ),
        "% more than 5 times too large": percent(sum(r > 5 for r in ratios), len(ratios)),
        "% less than half": percent(sum(r < 0.5 for r in ratios), len(ratios)),
    }
    return Outcome(figures, levels)


Faint = tuple[tuple[str, ...], Callable[[Row], np.ndarray]]
"""The kinds that name a fault, and the fault."""


def shaken(row: Row, size: float) -> np.ndarray:
    """The gradient with noise of such a part of each entry, another one at each place."""
    seed = np.frombuffer(row.x.tobytes(), np.uint32)
    return row.g * (1 + size * np.random.default_rng(seed).uniform(-1, 1, row.g.shape))


def faint_faults(scene: Scene) -> Iterator[Faint]:
    yield from faint_factors(scene.d)
    first, size = np.arange(scene.d), np.linalg.norm(scene.x[0])
    for power in np.arange(-3, 8.5, 0.5):
        kinds, c = ("additive", "term"), 10.0**-power
        yield kinds, lambda row, c=c: row.g + c * row.x
        yield kinds, lambda row, c=c: row.g + c * (row.g + 1e-5 * row.x)
    way = np.where(first % 2, 1.0, -1.0) * size / scene.d**0.5
    for part in (0.01, 0.03, 0.06, 0.08, 0.12, 0.15, 0.3):
        yield ("stale",), lambda row, c=part: scene.gradient(row.x + c * way, row.data)
    for k in range(1, 8):
        yield (
            ("float32",),
            lambda row, k=k: np.where(first < k, row.g.astype(np.float32).astype(float), row.g),
        )
        yield ("shift",), lambda row, k=k: np.append(np.roll(row.g[: k + 2], 1), row.g[k + 2 :])


def faint_factors(d: int) -> Iterator[Faint]:
    kinds, first = ("factor",), np.arange(d)
    numbers, few = (2.0, 3.0, np.pi, 1.2345, 1.01, 1.0001), (1, 2, 3)
    for c, noise in itertools.product(numbers, 10.0 ** -np.arange(2, 8, 0.5)):
        yield kinds, lambda row, c=c, s=noise: c * shaken(row, s)
    for k, noise in itertools.product(few, 10.0 ** -np.arange(1, 4, 0.5)):
        yield kinds, lambda row, k=k, s=noise: np.where(first < k, 2.0, 1.0) * shaken(row, s)
    for k in range(1, 8):
        yield kinds, lambda row, k=k: row.g * (1 + first % k) * (1 + 1e-3 * (first % k))
    for m, noise in itertools.product((1, 2, 4, 8, 16), (1e-4, 1e-6, 1e-8)):
        near_one = np.where(first < d // 2, 2.0, 1 + m * noise)
        yield kinds, lambda row, c=near_one, s=noise: c * shaken(row, s)


def faint(every: list[Scene]) -> Outcome:
    """Faults that are only just told: of few entries, with noise, near 1, near the point."""
    marks, named, findings, asked = [], 0, 0, 0
    for scene in every:
        for wanted, change in faint_faults(scene):
            result = scene.judged(scene.wrong(change))
            kinds = [finding.kind for finding in result.diagnosis]
            asked += not result.verdict.ok
            named += any(kind in kinds for kind in wanted)
            findings += len(kinds)
            marks.append((result.verdict.name, [str(finding) for finding in result.diagnosis]))
    figures = {f"named as planted of {asked}": named, "findings": findings}
    return Outcome(figures, marks)
