"""Experiments for the constants of the judge: bars against true errors, and verdicts on faults."""

from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from calibration import SEED, score
from families import FAMILIES, Family, half_zero, normal, wave, wave_slope

from gradcompare import Verdict, compare
from gradcompare._model.estimate import Estimate
from gradcompare._results.data import PointResult
from gradcompare._results.judgement.judge import judge
from gradcompare._results.result import Result
from gradcompare.methods._registry import voting_methods


class Outcome(NamedTuple):
    """What an experiment gave.

    Attributes:
        figures: The figures by their names.
        marks: What became of each thing that was judged.
    """

    figures: dict[str, float]
    marks: list


def percent(part: float, whole: float) -> float:
    return round(float(100 * part / whole), 2) if whole else 100.0


def positive_half(rng, d):
    return np.abs(half_zero(rng, d))


def ended(xp, x, w):
    return xp.where(x >= 0, xp.exp(w * x), xp.nan)


def rounded(x, data):
    total = jnp.sum(data.a * wave(jnp, x, data.w))
    return jax.lax.stop_gradient(jnp.round(total, 6) - total)


SHARP = (
    Family("|x|^1.5", lambda xp, x, w: w * xp.abs(x) ** 1.5,
           lambda xp, x, w: 1.5 * w * xp.sign(x) * xp.abs(x) ** 0.5, half_zero),
    Family("ends at the point", ended, lambda xp, x, w: w * xp.exp(w * x), positive_half),
    Family("jumps", lambda xp, x, w: xp.sign(x) + w * x, lambda xp, x, w: w + 0 * x, half_zero,
           expected="INCONCLUSIVE"),
    Family("6 decimals", wave, wave_slope, normal, extra=rounded),
)  # fmt: skip
"""Kinks, powers, ends and jumps at the point, and values that are rounded."""

ORDINARY = (
    "ordinary: softplus", "offset 1e8", "noise 1e-06", "scales 1e-6 to 1e6",
    "sqrt 1e-6 from the edge", "sin(x/1e-3)", "exp(20 x)", "stationary at 1", "kinks",
    "float32 inside",
)  # fmt: skip


def families() -> list[Family]:
    return [*(family for family in FAMILIES if family.name in ORDINARY), *SHARP]


def bars(every: list[Family]) -> Outcome:
    """The true error beside the bar, and the verdict with and without a planted error."""
    scores, every_error, every_bar = zip(*(score(family, 1) for family in every), strict=True)
    # Where f jumps there is no estimate, and nothing that could be wrong.
    errors = np.nan_to_num(np.concatenate(every_error), nan=0.0, posinf=np.inf)
    widths = np.concatenate(every_bar)
    able = (errors > 0) & np.isfinite(widths)
    points = sum(s.points for s in scores)
    figures = {
        "coverage %": percent(np.sum(errors <= widths), len(errors)),
        "worst error/bar": round(max(s.worst for s in scores), 2),
        "bar/error": round(float(np.median(widths[able] / errors[able])), 2),
        "A-J/bar": round(max(s.rounding for s in scores), 2),
        "f/coordinate": round(float(np.mean([s.evaluations for s in scores])), 1),
        f"false alarms of {points}": sum(s.false_alarms for s in scores),
        f"missed of {sum(s.planted for s in scores)}": sum(s.missed for s in scores),
    }
    return Outcome(figures, [*widths.tolist(), *(s.rounding for s in scores)])


SIZES = (1, 2, 4, 8, 16)
"""Of planted errors, in bars of differences and gradient together."""

TOO_SMALL = (0.3, 0.2, 0.1, 0.05)
"""What becomes of bars that are too small by chance."""

BLUNT = (0.01, 0.03, 0.06, 0.08, 0.12, 0.15, 0.3)
"""Bars relative to the derivative, where two exact sources stand against each other."""


def judged() -> list[Result]:
    objectives = [family.objective() for family in families() if family.expected == "AGREE"]
    return list(compare(objectives, voting_methods(), points=1, timing=False, seed=SEED).results)


def verdicts(every: list[Result]) -> Outcome:
    """The verdict on the same estimates, with faults and with bars that are too small."""
    points = [point for result in every for point in result.points]
    right = [judge(point.value, votes(point)) for point in points]
    alone = [seen(p, k, ["analytic"]) for p in points for k in SIZES]
    together = [seen(p, k, ["analytic", "autodiff"]) for p in points for k in SIZES]
    alarms = [not with_bars(p, factor) for p in points for factor in TOO_SMALL]
    passed = [without_differences(result, bar) for result in every for bar in BLUNT]
    d = sum(len(point.x) for point in points)
    figures = {
        f"seen of {len(alone)}": sum(alone),
        f"wrong alike, seen of {len(together)}": sum(together),
        f"bars too small, false alarms of {len(alarms)}": sum(alarms),
        "verified %": percent(d - sum(len(each.unverified) for each in right), d),
        "floor": float(f"{np.nanmedian([each.relative_floor for each in right]):.2g}"),
        f"blunt, passed of {len(passed)}": sum(passed),
    }
    marks = [(each.verdict.name, each.relative_floor, each.unverified) for each in right]
    return Outcome(figures, [*marks, *alone, *together, *alarms, *passed])


def votes(point: PointResult) -> dict[str, Estimate]:
    """The estimates of a point by their sources."""
    sources = {"analytic": "analytic", "reverse": "autodiff", "richardson": "differences"}
    return {sources[name]: each for name, each in point.estimates.items() if name in sources}


def seen(point: PointResult, size: float, wrong: list[str]) -> bool:
    """Whether sources are noticed that are all off by so many bars in one coordinate."""
    every = votes(point)
    bar = every["differences"].error + every["analytic"].error
    i = np.random.default_rng(len(point.x)).choice(np.flatnonzero(np.isfinite(bar)))
    off = np.where(np.arange(len(bar)) == i, size * bar[i], 0.0)
    every |= {s: replace(every[s], value=every["analytic"].value + off) for s in wrong}
    return not judge(point.value, every).verdict.ok


def with_bars(point: PointResult, factor: float) -> bool:
    """Whether the right gradient passes where the bars of differences are too small."""
    every = votes(point)
    differences = every["differences"]
    off = every["analytic"].value + factor**-0.5 * differences.error
    every["differences"] = replace(differences, value=off, error=factor * differences.error)
    return judge(point.value, every).verdict.ok


def without_differences(result: Result, bar: float) -> bool:
    """Whether two exact sources pass whose bars are so wide."""
    points = []
    for point in result.points:
        exact = {
            name: replace(each, error=bar / 2 * np.abs(each.value))
            for name, each in point.estimates.items()
            if name != "richardson"
        }
        alone = judge(point.value, votes(replace(point, estimates=exact)))
        points.append(replace(point, estimates=exact, judgement=alone))
    return replace(result, points=tuple(points)).verdict is Verdict.AGREE
