"""One result in full: its points, pairs, methods with their times, and coordinates."""

import math
from typing import TYPE_CHECKING

import numpy as np
from tabulate import tabulate

from ..._foundation.wording import LISTED, duration, listed, memory, ratio, short
from ..branch import in_words
from ..data import PointResult
from ..remarks import branch_lines
from ..summary import coordinate_table
from ..timing import ABOVE_DISPATCH, Timing

if TYPE_CHECKING:
    from ..result import Result


def detail(result: "Result") -> str:
    """Returns everything worth reading about one result."""
    parts = [str(result)]
    if not result.message:
        for point in result.points:
            parts += [f"{point.label}: f = {point.value:.10g}, {point.judgement.verdict.name}"]
            parts += [_indented(_pairs(point)), _indented(_coordinates(result, point))]
        parts.append(_indented(_methods(result)))
        if result.chunk is not None and result.quantity == "gradient":
            evaluations = 2 * result.d
            parts.append(
                f"  central differences take 2d = {evaluations} evaluations in "
                f"{math.ceil(evaluations / result.chunk)} chunks of {result.chunk}"
            )
    if result.branches and not branch_lines(result):
        parts.append(f"  {in_words(result.branches, result.branches_unseen)}")
    if len(result.timings) > 1:
        parts += [f"  {line}" for line in (ranking(result.timings), *_doubts(result.timings))]
    return "\n".join(parts)


def ranking(timings: dict[str, Timing]) -> str:
    """Returns the names from the fastest to the slowest, with ≈ where the order is uncertain.

    It is where the spreads overlap, or where the time is that of a call alone.
    """
    ranked = sorted(timings, key=lambda name: timings[name].median_seconds)
    line = ranked[0]
    for number, name in enumerate(ranked[1:], 1):
        clear = all(timings[faster].is_faster(timings[name]) for faster in ranked[:number])
        line += f" {'<' if clear else '≈'} {name}"
    return line


def _doubts(timings: dict[str, Timing]) -> list[str]:
    """Says which times tell little about the computation."""
    lines = []
    floors = [t.dispatch_seconds for t in timings.values() if t.dispatch_seconds is not None]
    if floors:
        line = f"a call that computes nothing takes {duration(floors[0])}"
        short_calls = [name for name, timing in timings.items() if timing.is_dispatch]
        if short_calls:
            line += (
                f"; not ranked, because they take less than {ABOVE_DISPATCH:g} times that: "
                f"{listed(short_calls)}; take a larger problem to compare them"
            )
        lines.append(line)
    value = timings.get("value")
    if value is not None:
        faster = [name for name, timing in timings.items() if timing.is_faster(value)]
        if faster:
            lines.append(
                f"faster than the value: {listed(faster)}; they need not compute all of it, as "
                "for a linear f, or the compiler did part of the work"
            )
    return lines


def _pairs(point: PointResult) -> str:
    heads = ["pair", "max abs", "max rel", "2-norm rel", "bar", "angle/°", "worst coordinate"]
    rows = [
        [
            f"{pair.first} – {pair.second}",
            short(pair.largest_absolute),
            short(pair.largest_relative),
            short(pair.relative_norm),
            short(pair.bar),
            short(pair.angle_degrees),
            pair.worst,
        ]
        for pair in point.pairs
    ]
    return tabulate(rows, heads, tablefmt="plain", disable_numparse=True)


def _coordinates(result: "Result", point: PointResult) -> str:
    """The wrong coordinates, or those with the largest derivatives."""
    chosen = point.judgement.faulty
    if not chosen and point.estimates:
        size = np.abs(next(iter(point.estimates.values())).value)
        chosen = tuple(np.argsort(-size, kind="stable")[:LISTED].tolist())
    lines = coordinate_table(result, point, chosen)
    judge = point.votes.get("differences")
    if judge is None or judge.step is None or result.quantity != "gradient":
        return "\n".join(lines)
    width = max(map(len, lines))
    steps = ["step", *(short(judge.step[i], 2) for i in chosen[:LISTED])]
    with_steps = [f"{line:<{width}}  {step}" for line, step in zip(lines, steps, strict=False)]
    return "\n".join([*with_steps, *lines[len(with_steps) :]])


def _methods(result: "Result") -> str:
    point = result.points[0]
    heads = ["method", "evaluations", "compile", "first call", "median [quartiles]", "× value"]
    heads += ["flops", "peak"]
    if result.accuracy:
        heads += ["error in dtype", "digits", "ulps"]
    rows = []
    for name in ["value", *point.estimates]:
        estimate, timing = point.estimates.get(name), result.timings.get(name)
        row = [name, "" if estimate is None else estimate.evaluations or ""]
        row += [*_timing_cells(timing), ratio(result.cost_ratio(name), 3) if timing else ""]
        row += [short(timing.flops), memory(timing.peak_bytes)] if timing else ["", ""]
        accuracy = result.accuracy.get(name)
        if accuracy is not None:
            error, digits = short(accuracy.relative_error), short(accuracy.digits, 2)
            row += [error, digits, short(accuracy.ulps)]
        rows.append(row)
    return tabulate(rows, heads, tablefmt="plain", disable_numparse=True)


def _timing_cells(timing: Timing | None) -> list[str]:
    if timing is None:
        return ["", "", ""]
    quartiles = f"[{duration(timing.low_seconds)}, {duration(timing.high_seconds)}]"
    return [
        duration(timing.compile_seconds),
        duration(timing.first_seconds),
        f"{duration(timing.median_seconds)} {quartiles}",
    ]


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
