"""A comparison in at most fifteen lines, for the message of a failed test: the worst first."""

import math
from textwrap import wrap

from tabulate import tabulate

from .._foundation.wording import listed, short
from .._model.verdict import Verdict
from .._results.data import PointResult
from .._results.result import Comparison, Result
from .._results.summary import branches_tested, what

LINES = 15
"""At most so many lines."""

WIDTH = 110
"""At most so many characters in each."""

FOUND = 4
"""So many lines for one thing that the diagnosis found, which ends in what to do."""

COORDINATES = 3
"""At most so many coordinates, the worst first."""

NAME_WIDTH = 24
"""Longer names of coordinates lose their middle."""


def brief(comparison: Comparison) -> str:
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
        head += [_where(result, point), *_coordinates(result, point)]
        tail = [*_apart(result, point), _floor(result), *tail]
        tail = [*_remarks(result, point, LINES - len(head) - len(tail)), *tail]
    lines = [head[0], *(f"  {line}" for line in head[1:] + tail)]
    return "\n".join(cut(line, WIDTH) for line in lines[:LINES])


def cut(text: str, width: int) -> str:
    """Returns `text` with dots instead of its end if it is longer than `width`."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _verdict(result: Result) -> list[str]:
    verdict = result.verdict
    cause, advice = result.explanation.cause, result.explanation.advice
    size = f" (d = {result.d})" if result.d else ""
    lines = [f"{result.objective}{size}: {verdict.title}"]
    lines += _wrapped(result.message or cause)
    if len(f"{lines[0]}: {cause}") <= WIDTH and not result.message:
        lines = [f"{lines[0]}: {cause}"]
    if not verdict.ok:
        lines += _wrapped(advice)
    if not result.expected.ok:
        lines.append(
            f"this trap declares {result.expected.name}: mend what it declares, or find out why "
            "it no longer deceives"
        )
    return lines


def _where(result: Result, point: PointResult) -> str:
    same = [p for p in result.points if p.judgement.verdict is point.judgement.verdict]
    where = f"at {point.label}"
    if len(result.points) > 1:
        where += f" ({len(same)} of {len(result.points)} points{' alike' * (len(same) > 1)})"
    faulty = len(point.judgement.faulty)
    entries = result.entries
    return f"{where}: {faulty} of {entries} coordinates, the worst first" if faulty else where


def _coordinates(result: Result, point: PointResult) -> list[str]:
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
        left, right = (side[i] for side in estimate.one_sided)
        return f"{left:.6g} | {right:.6g} (left | right)"
    values = [float(point.estimates[other].value[i]) for other in names]
    return f"{values[names.index(name)]:.{_digits(values)}g} ± {short(estimate.error[i], 1)}"


def _digits(values: list[float]) -> int:
    largest, apart = max(map(abs, values)), max(values) - min(values)
    if not (math.isfinite(largest) and apart > 0):
        return 8
    return min(16, max(8, math.ceil(math.log10(largest / apart)) + 3))


def _shortened(name: str) -> str:
    """The name of a coordinate without its middle: the end has the index."""
    half = (NAME_WIDTH - 1) // 2
    return name if len(name) <= NAME_WIDTH else f"{name[:half]}…{name[-half:]}"


def _apart(result: Result, point: PointResult) -> list[str]:
    """How far the two sources are apart that are furthest apart."""
    voters = list(result.sources.values())
    pairs = [pair for pair in point.pairs if {pair.first, pair.second} <= set(voters)]
    pairs.sort(key=lambda pair: -pair.relative_norm)
    return [
        f"{pair.first} – {pair.second}: relative error {short(pair.relative_norm)}, "
        f"error bar {short(pair.bar)}"
        for pair in pairs[:1]
    ]


def _floor(result: Result) -> str:
    sharpest = result.sharpest
    if sharpest is None:
        return "detection floor: none, finite differences verified no coordinate"
    judgement = sharpest.judgement
    relative = f", {short(judgement.relative_floor)} of the largest" if judgement.scale else ""
    where = f" (at {sharpest.label})" if len(result.points) > 1 else ""
    return f"detection floor: {short(judgement.floor)} in any one coordinate{relative}{where}"


def _remarks(result: Result, point: PointResult, room: int) -> list[str]:
    """What kind of fault it is, what is missing, special or doubtful, in so many lines."""
    found = [line for said in what(result) for line in _wrapped(said, FOUND)]
    remarks = [point.judgement.note] if point.judgement.note else []
    remarks += [f"{name}: not available: {reason}" for name, reason in point.missing.items()]
    remarks += [*result.notes, *branches_tested(result)]
    remarks += [f"{name}: {e.note}" for name, e in point.estimates.items() if e.note]
    remarks += [point.taylor] if point.taylor else []
    remarks += [f"{p.label}: {warning}" for p in result.points for warning in p.warnings]
    lines = [*found, *(line for remark in remarks for line in _wrapped(remark))]
    return lines[: max(room, 0)]


def _wrapped(text: str, most: int = 2) -> list[str]:
    """The text in lines that fit, so many at most."""
    return wrap(text, WIDTH - 2, subsequent_indent="  ", max_lines=most, placeholder="…")


def _circumstances(comparison: Comparison) -> str:
    asked, where = comparison.settings, comparison.environment
    points = max((len(result.points) for result in comparison), default=0)
    methods = ", ".join(asked.get("methods", ()))
    return (
        f"settings: {methods}; {points} points, seed {asked.get('seed')}, "
        f"{asked.get('dtype')}; jax {where.get('jax')} on {where.get('device_kind')}"
    )
