"""A comparison as one flat record for each result, with its numbers as they are."""

import csv
import io
import math
from typing import TYPE_CHECKING, Any

from ...._foundation.user_code import line_of
from ...._model.verdict import Verdict
from ...data import PointResult

if TYPE_CHECKING:
    from ...result import Comparison, Result


def records(comparison: "Comparison") -> list[dict[str, Any]]:
    """Returns one record for each result; None stands for what there is not.

    All records have the same names: of a pair of methods, its relative error in the 2-norm and the
    error bar; of a method, its time in seconds.
    """
    rows = [_record(result) for result in comparison]
    names = dict.fromkeys(name for row in rows for name in row)
    return [{name: row.get(name) for name in names} for row in rows]


def comma_separated(comparison: "Comparison") -> str:
    """Returns the records as CSV text, with a header and all digits."""
    rows = records(comparison)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else ["objective"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().removesuffix("\n")


def shown_floor(result: "Result") -> float | None:
    """Returns the relative detection floor of a derivative that is right, if there is one."""
    sharpest = result.sharpest
    if sharpest is None or result.message or not result.verdict.ok:
        return None
    return _finite(sharpest.judgement.relative_floor)


def largest_error(result: "Result") -> float | None:
    """Returns the largest relative error of an entry that two sources differ by, if they do."""
    point, voters = result.worst, set(result.sources.values())
    if point is None or result.message or result.verdict.ok:
        return None
    if result.verdict is Verdict.NONFINITE:
        return None
    errors = [p.largest_relative for p in point.pairs if {p.first, p.second} <= voters]
    return max(errors, default=None)


def _record(result: "Result") -> dict[str, Any]:
    verdict = result.verdict
    record = {
        "objective": result.objective,
        "size": result.size,
        "d": result.d or None,
        "quantity": result.quantity,
        "verdict": verdict.name,
        "code": verdict.code,
        "ok": result.ok,
        "expected": result.expected.name,
        "points": len(result.points),
        "floor": shown_floor(result),
        "error": largest_error(result),
        "agrees_to": _finite(result.agrees_to),
    }
    if result.worst is not None:
        record |= _pairs(result.worst)
    for name, timing in result.timings.items():
        record[f"{name} seconds"] = timing.median_seconds
    for name, accuracy in result.accuracy.items():
        record[f"{name} digits"] = accuracy.digits
    place = line_of(result.file, result.line) if result.file else None
    findings = "; ".join(map(str, result.diagnosis))
    return record | {"place": place, "message": result.message or findings or None}


def _pairs(point: PointResult) -> dict[str, float]:
    record = {}
    for pair in point.pairs:
        record[f"{pair.first}-{pair.second} error"] = pair.relative_norm
        record[f"{pair.first}-{pair.second} bar"] = pair.bar
    return record


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
