"""The tables of a result: coordinates, pairs, points, methods."""

import math
from dataclasses import dataclass

from ..._foundation.wording import duration, ratio, short
from ..data import PointResult, ResultData
from ..summary import cell
from ..timing import median_of
from .charts import coordinates


@dataclass(frozen=True)
class Table:
    """Rows of text; the first column names each row."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(result: ResultData) -> list[Table]:
    """Returns the tables that have rows."""
    point = result.worst
    if point is None or result.message:
        return []
    every = [_coordinates(result, point), _pairs(point), _points(result), _methods(result)]
    return [table for table in every if table.rows]


def _coordinates(result: ResultData, point: PointResult) -> Table:
    faulty = len(point.judgement.faulty)
    names = [name for name in point.sources.values() if name in point.estimates]
    rows = tuple(
        (result.name(i), *(cell(point.estimates[name], i) for name in names))
        for i in coordinates(point)
    )
    what = "Wrong coordinates" if faulty else "The largest coordinates"
    count = f", {len(rows)} of {faulty or result.entries}" if rows else ""
    return Table(f"{what} at {point.label}{count}", ("coordinate", *names), rows)


def _pairs(point: PointResult) -> Table:
    heads = ("pair", "relative error", "error bar", "largest error", "angle in °", "worst at")
    rows = tuple(
        (
            f"{pair.first} – {pair.second}",
            *(short(pair.relative_norm), short(pair.bar), short(pair.largest_relative)),
            *(short(pair.angle_degrees), pair.worst),
        )
        for pair in point.pairs
    )
    return Table("Pairs", heads, rows)


def _points(result: ResultData) -> Table:
    rows = tuple(
        (
            point.label,
            f"{point.value:.10g}",
            point.judgement.verdict.name,
            _finite(point.judgement.relative_floor),
            point.abstains or "; ".join(point.warnings),
        )
        for point in result.points
    )
    return Table("Points", ("point", "f", "verdict", "relative floor", "remark"), rows)


def _methods(result: ResultData) -> Table:
    estimates = result.points[0].estimates
    rows = []
    for name in ["value", *estimates]:
        timing, estimate = result.timings.get(name), estimates.get(name)
        if timing is None:
            rows.append((name, *_count(estimate), "", "", "", ""))
            continue
        quartiles = f"{duration(timing.low_seconds)} to {duration(timing.high_seconds)}"
        compiling = duration(timing.compile_seconds)
        times = (median_of(timing), quartiles, compiling)
        rows.append((name, *_count(estimate), *times, ratio(result.cost_ratio(name), 3)))
    heads = ("method", "values of f", "time", "quartiles", "compiling", "× value")
    return Table("Methods", heads, tuple(rows) if result.timings else ())


def _finite(number: float) -> str:
    return short(number, 2) if math.isfinite(number) else ""


def _count(estimate) -> tuple[str]:
    return ("" if estimate is None or not estimate.evaluations else str(estimate.evaluations),)
