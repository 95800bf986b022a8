"""Are the error bars right? Coverage, sharpness, false alarms and misses, family by family.

The true gradient of every family in `families.py` is known. *Coverage* is the share of
coordinates whose true error lies within the bar, *sharpness* the median of bar over true
error, *width* the median of bar over derivative. A *false alarm* is a verdict on a right
gradient other than the expected one. A *miss* is a planted error of ten times the stated
detection floor in one coordinate that does not change the verdict, with three sources or two.

    python benchmarks/calibration.py [--points 50] [--json FILE] [FAMILY...]
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click
import numpy as np
from families import FAMILIES, Family
from tabulate import tabulate

from gradcompare import Verdict, compare
from gradcompare._results.data import PointResult
from gradcompare._results.judge import judge
from gradcompare._results.result import Result
from gradcompare.methods._registry import voting_methods

SEED = 0


@dataclass(frozen=True)
class Score:
    """The figures of one family."""

    family: str
    coordinates: int
    coverage: float
    worst: float
    sharpness: float
    width: float
    evaluations: float
    rounding: float
    false_alarms: int
    points: int
    planted: int
    missed: int


def score(family: Family, points: int) -> tuple[Score, np.ndarray, np.ndarray]:
    """Runs one family; also returns the errors and the bars of all coordinates."""
    result = compare(
        [family.objective()], voting_methods(), points=points, timing=False, seed=SEED
    ).results[0]
    if result.message:
        raise RuntimeError(result.message)
    errors, bars, exact = (np.concatenate(p) for p in zip(*_truth(family, result), strict=True))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.nan_to_num(errors / bars, posinf=np.inf)
        sharpness, width = bars / errors, bars / np.abs(exact)
    expected = Verdict[family.expected]
    planted = [missed for p in result.points for missed in _plant(p)]
    figures = Score(
        family=family.name,
        coordinates=len(errors),
        coverage=float(np.mean(ratio <= 1)),
        worst=float(np.max(ratio)),
        sharpness=float(np.median(sharpness)),
        width=float(np.median(width)),
        evaluations=sum(p.estimates["richardson"].evaluations for p in result.points)
        / len(errors),
        rounding=max(_rounding(p) for p in result.points),
        false_alarms=sum(p.judgement.verdict is not expected for p in result.points),
        points=len(result.points),
        planted=len(planted),
        missed=sum(planted),
    )
    return figures, errors, bars


def _truth(family: Family, result: Result):
    """Yields for each point the true errors of the judge, its bars and the true gradient."""
    for number, point in enumerate(result.points):
        _, data = family.make(np.random.default_rng([SEED, number]), family.d)
        exact, estimate = family.exact(point.x, data), point.estimates["richardson"]
        left, right = (np.longdouble(side) for side in estimate.one_sided)
        low, high = np.minimum(left, right), np.maximum(left, right)
        error = np.maximum(0, np.maximum(low - exact, exact - high))
        yield error.astype(float), estimate.error, exact.astype(float)


def _rounding(point: PointResult) -> float:
    """Returns the distance of analytic and autodiff, in units of their bars."""
    a, j = point.estimates["analytic"], point.estimates["reverse"]
    smooth = ~point.estimates["richardson"].kinked
    apart, allowed = np.abs(a.value - j.value)[smooth], (a.error + j.error)[smooth]
    return float(np.max(np.where(apart > 0, apart / np.maximum(allowed, 1e-300), 0.0)))


def _plant(point: PointResult) -> list[bool]:
    """Plants an error of ten detection floors; returns whether 3 and 2 sources miss it."""
    floor = point.judgement.floor
    differences = point.estimates["richardson"]
    verified = np.setdiff1d(np.flatnonzero(~differences.kinked), point.judgement.unverified)
    if not np.isfinite(floor) or not verified.size:
        return []
    rng = np.random.default_rng(len(point.x))
    analytic = point.estimates["analytic"]
    wrong = analytic.value.copy()
    wrong[rng.choice(verified)] += rng.choice([-10, 10]) * floor
    votes = {
        "analytic": replace(analytic, value=wrong),
        "autodiff": point.estimates["reverse"],
        "differences": differences,
    }
    two = {source: vote for source, vote in votes.items() if source != "autodiff"}
    return [judge(point.value, sources).verdict.ok for sources in (votes, two)]


@click.command()
@click.argument("names", nargs=-1)
@click.option("--points", default=50, show_default=True, help="Problems per family.")
@click.option("--json", "path", type=click.Path(path_type=Path))
def main(names: tuple[str, ...], points: int, path: Path | None) -> None:
    """Print the calibration of the error bars, family by family."""
    scores, errors, bars = [], [], []
    for family in FAMILIES:
        if names and not any(name in family.name for name in names):
            continue
        figures, error, bar = score(family, max(1, points * family.points // 100))
        scores.append(figures)
        errors.append(error)
        bars.append(bar)
    every_error, every_bar = np.concatenate(errors), np.concatenate(bars)
    print(tabulate([_row(s) for s in scores], _HEADS, disable_numparse=True, colalign=_ALIGN))
    true = every_error > 0
    total = {
        "coordinates": len(every_error),
        "coverage": float(np.mean(every_error <= every_bar)),
        "sharpness": float(np.median(every_bar[true] / every_error[true])),
        "false_alarms": sum(s.false_alarms for s in scores),
        "points": sum(s.points for s in scores),
        "planted": sum(s.planted for s in scores),
        "missed": sum(s.missed for s in scores),
    }
    print(
        f"\n{total['coordinates']} coordinates: coverage {total['coverage']:.3%}, sharpness "
        f"{total['sharpness']:.1f} where there is an error; {total['false_alarms']} false alarms "
        f"at {total['points']} points; {total['missed']} of {total['planted']} planted missed"
    )
    if path is not None:
        body = {"total": total, "families": [asdict(s) for s in scores]}
        path.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")


_HEADS = (
    "family", "coordinates", "coverage", "worst", "sharpness", "width", "f/coordinate",
    "A-J/bar", "false alarms", "missed",
)  # fmt: skip
_ALIGN = ("left",) + ("right",) * (len(_HEADS) - 1)


def _row(s: Score) -> list[str]:
    return [
        s.family,
        str(s.coordinates),
        f"{s.coverage:.3%}",
        f"{s.worst:.2g}",
        f"{s.sharpness:.3g}" if np.isfinite(s.sharpness) else "exact",
        f"{s.width:.1e}" if np.isfinite(s.width) else "at 0",
        f"{s.evaluations:.1f}",
        f"{s.rounding:.2f}",
        f"{s.false_alarms}/{s.points}",
        f"{s.missed}/{s.planted}",
    ]


if __name__ == "__main__":
    main()
