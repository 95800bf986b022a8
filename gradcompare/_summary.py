"""A result in sentences: the verdict, what it rests on, and where the derivatives differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from tabulate import tabulate

from ._numbers import short
from ._tree import LISTED, listed
from ._verdict import Verdict

if TYPE_CHECKING:
    from ._result import PointResult, Result


def summarise(result: Result) -> str:
    """Returns what a person reads about one result, the verdict first."""
    if result.message:
        return f"{result.objective}: {Verdict.ERROR.name}: {result.message}"
    point = result.worst
    assert point is not None
    lines = [f"{result.objective} (d = {result.d}): {result.verdict}"]
    body = [*_where(result, point), *_reach(result, point), *_pairs(result, point)]
    body += [f"{name}: not available: {reason}" for name, reason in point.missing.items()]
    body += [*filter(None, [point.judgement.note]), *result.notes]
    if result.quantity == "directional":
        body += _descent(result, point)
    return "\n".join(lines + [f"  {line}" for line in body])


def coordinate_table(
    result: Result, point: PointResult, coordinates: tuple[int, ...]
) -> list[str]:
    """Returns the estimates of some coordinates side by side, with their bars, as lines."""
    names = [name for name in result.sources.values() if name in point.estimates]
    rows = []
    for i in coordinates[:LISTED]:
        row = [result.name(i)]
        for name in names:
            estimate = point.estimates[name]
            left, right = (side[i] for side in estimate.one_sided)
            if estimate.kinked[i]:
                row.append(f"{left:.6g} | {right:.6g} (left | right)")
            else:
                row.append(f"{estimate.value[i]:.10g} ± {short(estimate.error[i], 2)}")
        rows.append(row)
    lines = tabulate(rows, ["", *names], tablefmt="plain", disable_numparse=True).splitlines()
    if len(coordinates) > LISTED:
        lines.append(f"and {len(coordinates) - LISTED} more")
    return lines


def _where(result: Result, point: PointResult) -> list[str]:
    faulty = point.judgement.faulty
    same = [p for p in result.points if p.judgement.verdict is result.verdict]
    where = point.label
    if len(result.points) > 1:
        where += f" ({len(same)} of {len(result.points)} points have this verdict)"
    if not faulty:
        return [f"at {where}"]
    entries = int(sum(np.prod(shape, dtype=int) for shape in result.shapes))
    count = f"{len(faulty)} of {entries} coordinates" if entries > 1 else "the derivative"
    return [f"at {where}, {count}:", *coordinate_table(result, point, faulty)]


def _reach(result: Result, point: PointResult) -> list[str]:
    judgement = point.judgement
    lines = []
    if judgement.verdict.ok and np.isfinite(judgement.floor):
        lines.append(
            f"an error above {short(judgement.floor)} in any one coordinate, "
            f"{short(judgement.relative_floor)} of the largest, would have been caught"
        )
    if judgement.unverified and judgement.verdict is not Verdict.NONFINITE:
        names = [result.name(i) for i in judgement.unverified[: LISTED + 1]]
        names += [""] * (len(judgement.unverified) - len(names))
        lines.append(f"smaller than its error bar, so not verified: {listed(names)}")
    return lines


def _pairs(result: Result, point: PointResult) -> list[str]:
    voters = set(result.sources.values())
    return [
        f"{pair.first} – {pair.second}: relative error {short(pair.relative_norm)}, "
        f"error bar {short(pair.bar)}"
        for pair in point.pairs
        if {pair.first, pair.second} <= voters
    ]


def _descent(result: Result, point: PointResult) -> list[str]:
    name = result.sources.get("differences", "")
    if name not in point.estimates:
        return []
    slope, bar = point.estimates[name].value[0], point.estimates[name].error[0]
    given = f"f'(x; u) = {slope:.6g} ± {short(bar, 2)}"
    if slope < -bar:
        return [f"{given}: u is a descent direction"]
    if slope > bar:
        return [f"{given}: u is not a descent direction"]
    return [f"{given}: the sign cannot be told, so neither whether u is a descent direction"]
