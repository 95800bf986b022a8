"""Are the error bars right? Coverage, sharpness, false alarms and misses, family by family.

The true gradient of every family is known: of the ordinary ones in `families.py`, and of the hard
ones in `families_hard.py`, which have a table and a sum of their own.
*Coverage* is the share of coordinates whose true error lies within the bar, *sharpness* the median
of bar over true error, *width* the median of bar over derivative. A *false alarm* is a verdict on
a right gradient other than the expected one; *unclear* are those that are INCONCLUSIVE. A *miss*
is a planted error of ten times the stated detection floor in one coordinate that does not change
the verdict, with three sources or two.

    python benchmarks/calibration.py [--points 50] [--json FILE] [--plot FILE] [FAMILY...]
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click
import numpy as np
from families import FAMILIES, Family
from families_hard import HARD, Coupled
from tabulate import tabulate
from tqdm import tqdm

from gradcompare import Verdict, compare, plot
from gradcompare._results.data import PointResult
from gradcompare._results.judgement.judge import judge
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
    unclear: int
    points: int
    planted: int
    missed: int


def score(family: Family | Coupled, points: int) -> tuple[Score, np.ndarray, np.ndarray]:
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
    unexpected = [v for p in result.points if (v := p.judgement.verdict) is not expected]
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
        false_alarms=len(unexpected),
        unclear=unexpected.count(Verdict.INCONCLUSIVE),
        points=len(result.points),
        planted=len(planted),
        missed=sum(planted),
    )
    return figures, errors, bars


def _truth(family: Family | Coupled, result: Result):
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


Scored = tuple[Score, np.ndarray, np.ndarray]


@click.command()
@click.argument("names", nargs=-1)
@click.option("--points", default=50, show_default=True, help="Problems per family.")
@click.option("--json", "path", type=click.Path(path_type=Path))
@click.option("--plot", "picture", type=click.Path(path_type=Path), help="Errors against bars.")
def main(names: tuple[str, ...], points: int, path: Path | None, picture: Path | None) -> None:
    """Print the calibration of the error bars, family by family."""
    body, records = {}, []
    for title, families in (("ordinary", FAMILIES), ("hard", HARD)):
        chosen = [f for f in families if not names or any(name in f.name for name in names)]
        scored = [score(f, max(1, points * f.points // 100)) for f in tqdm(chosen, leave=False)]
        if scored:
            total = _total(scored)
            _print(title, [figures for figures, _, _ in scored], total)
            records += [{"family": s.family, "errors": e, "bars": b} for s, e, b in scored]
            body[title] = {"total": total, "families": [asdict(s) for s, _, _ in scored]}
    if picture is not None:
        plot.coverage(records).figure.savefig(picture)
    if path is not None:
        path.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")


def _total(scored: list[Scored]) -> dict[str, float]:
    """Returns the figures over all coordinates of several families."""
    scores = [figures for figures, _, _ in scored]
    errors = np.concatenate([error for _, error, _ in scored])
    bars = np.concatenate([bar for _, _, bar in scored])
    true = errors > 0
    return {
        "coordinates": len(errors),
        "coverage": float(np.mean(errors <= bars)),
        "sharpness": float(np.median(bars[true] / errors[true])),
        "false_alarms": sum(s.false_alarms for s in scores),
        "unclear": sum(s.unclear for s in scores),
        "points": sum(s.points for s in scores),
        "planted": sum(s.planted for s in scores),
        "missed": sum(s.missed for s in scores),
    }


def _print(title: str, scores: list[Score], total: dict[str, float]) -> None:
    heads = (f"{title} families", *_HEADS)
    align = ("left",) + ("right",) * len(_HEADS)
    print(tabulate([_row(s) for s in scores], heads, disable_numparse=True, colalign=align))
    print(
        f"\n{total['coordinates']} coordinates: coverage {total['coverage']:.3%}, sharpness "
        f"{total['sharpness']:.1f} where there is an error; {total['false_alarms']} false alarms "
        f"({total['unclear']} of them INCONCLUSIVE) at {total['points']} points; "
        f"{total['missed']} of {total['planted']} planted missed\n"
    )


_HEADS = (
    "coordinates", "coverage", "worst", "sharpness", "width", "f/coordinate",
    "A-J/bar", "false alarms", "unclear", "missed",
)  # fmt: skip


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
        str(s.unclear),
        f"{s.missed}/{s.planted}",
    ]


if __name__ == "__main__":
    main()
