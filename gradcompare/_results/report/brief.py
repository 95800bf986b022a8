"""A comparison in at most fifteen lines, for the message of a failed test: the worst first."""

import math
from textwrap import wrap
from typing import TYPE_CHECKING

from tabulate import tabulate

from ..._foundation.wording import listed, short
from ..._model.verdict import Verdict
from ..data import PointResult
from ..remarks import (
    branch_lines,
    method_notes,
    missing_methods,
    pair_lines,
    point_warnings,
)
from ..summary import declaration, detection_floor, diagnosis_lines, one_sided, where

if TYPE_CHECKING:
    from ..result import Comparison, Result

LINES = 15
"""Longest report, in lines."""

WIDTH = 110
"""Longest line, in characters."""

FINDING_LINES = 4
"""Most lines for a finding; its end says what to do."""

COORDINATES = 3
"""Number of coordinates shown, the worst first."""

NAME_WIDTH = 24
"""Longest name of a coordinate; longer ones lose their middle."""


def brief(comparison: "Comparison") -> str:
    """Returns what someone reads whose test has failed: what is wrong, where, and what to do."""
    worst = [result for result in comparison if not result.ok] or list(comparison)
    if not worst:
        return f"{Verdict.NOT_A_CHECK.title}: nothing was compared\n  Give an objective."
    worst.sort(key=lambda result: -result.verdict.rank)
    result, point = worst[0], worst[0].worst
    head = _verdict(result)
    tail = [_circumstances(comparison)]
    if len(worst) > 1:
        tail.append(f"and {len(worst) - 1} more: {listed([r.objective for r in worst[1:]])}")
    if point is not None and not result.message:
        head += [*_wrapped(where(result, point)), *_coordinates(result, point)]
        tail = [*_largest_pair(result, point), *_wrapped(detection_floor(result)), *tail]
        tail = [*_remarks(result, point, LINES - len(head) - len(tail)), *tail]
    lines = [head[0], *(f"  {line}" for line in head[1:] + tail)]
    return "\n".join(cut(line, WIDTH) for line in lines[:LINES])


def cut(text: str, width: int) -> str:
    """Returns `text` with dots instead of its end if it is longer than `width`."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _verdict(result: "Result") -> list[str]:
    verdict = result.verdict
    cause, advice = result.explanation.cause, result.explanation.advice
    size = f" (d = {result.d})" if result.d else ""
    lines = [f"{result.objective}{size}: {verdict.title}"]
    lines += _wrapped(result.message or cause)
    if len(f"{lines[0]}: {cause}") <= WIDTH and not result.message:
        lines = [f"{lines[0]}: {cause}"]
    if not verdict.ok:
        lines += _wrapped(advice)
    return lines + [line for text in declaration(result) for line in _wrapped(text)]


def _coordinates(result: "Result", point: PointResult) -> list[str]:
    """The worst coordinates and what each source says, in as many digits as tell them apart."""
    faulty = point.judgement.faulty
    names = [name for name in result.sources.values() if name in point.estimates]
    if not faulty or not names:
        return []
    rows = [
        [_shortened(result.name(i)), *(_cell(point, names, name, i) for name in names)]
        for i in faulty[:COORDINATES]
    ]
    lines = tabulate(rows, ["", *names], tablefmt="plain", disable_numparse=True).splitlines()
    more = len(faulty) - COORDINATES
    return [f"  {line}" for line in lines] + ([f"  and {more} more"] if more > 0 else [])


def _cell(point: PointResult, names: list[str], name: str, i: int) -> str:
    estimate = point.estimates[name]
    if estimate.kinked[i]:
        return one_sided(estimate, i)
    values = [float(point.estimates[other].value[i]) for other in names]
    return f"{values[names.index(name)]:.{_digits(values)}g} ± {short(estimate.error[i], 1)}"


def _digits(values: list[float]) -> int:
    """The number of significant digits that tell the values apart, from 8 to 16."""
    largest, apart = max(map(abs, values)), max(values) - min(values)
    if not (math.isfinite(largest) and apart > 0):
        return 8
    return min(16, max(8, math.ceil(math.log10(largest / apart)) + 3))


def _shortened(name: str) -> str:
    """The name of a coordinate without its middle: the end has the index."""
    half = (NAME_WIDTH - 1) // 2
    return name if len(name) <= NAME_WIDTH else f"{name[:half]}…{name[-half:]}"


def _largest_pair(result: "Result", point: PointResult) -> list[str]:
    """The relative error of the two sources that are furthest apart."""
    pairs = sorted(point.pairs, key=lambda pair: -pair.relative_norm)
    return pair_lines(result, pairs)[:1]


def _remarks(result: "Result", point: PointResult, room: int) -> list[str]:
    """The cause of the fault, and what is missing or doubtful, in at most `room` lines."""
    findings = [line for text in diagnosis_lines(result) for line in _wrapped(text, FINDING_LINES)]
    remarks = [point.judgement.note] if point.judgement.note else []
    remarks += [*missing_methods(point), *result.notes, *branch_lines(result)]
    remarks += [*method_notes(point), *([point.taylor] if point.taylor else [])]
    remarks += [line for each in result.points for line in point_warnings(each)]
    lines = [*findings, *(line for remark in remarks for line in _wrapped(remark))]
    return lines[: max(room, 0)]


def _wrapped(text: str, most: int = 2) -> list[str]:
    """The text in lines that fit, at most `most` of them."""
    return wrap(text, WIDTH - 2, subsequent_indent="  ", max_lines=most, placeholder="…")


def _circumstances(comparison: "Comparison") -> str:
    settings, environment = comparison.settings, comparison.environment
    points = max((len(result.points) for result in comparison), default=0)
    methods = ", ".join(settings.get("methods", ()))
    return (
        f"settings: {methods}; {points} points, seed {settings.get('seed')}, "
        f"{settings.get('dtype')}; jax {environment.get('jax')} on "
        f"{environment.get('device_kind')}"
    )
