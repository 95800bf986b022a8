"""The course of an optimiser in sentences: the points to check, and why it stopped."""

import numpy as np

from .._foundation.wording import short
from .._model.verdict import ACCUSED
from .._results.data import PointResult
from .._results.result import Result
from .trajectory import Track, Visit

VANISHED = 1e-3
"""Largest gradient that counts as vanished, relative to the first or the right one."""

CROWDED = 5
"""Smallest number of evaluations close together that shows a failed line search."""


def choose(track: Track, points: int) -> list[tuple[str, Visit]]:
    """Returns at most `points` of the points visited with their names, the most important first.

    Points that are not finite, or have such a value, are left out, unless there are no others.
    """
    named = [v for v in (track.stopped, track.first, track.last) if v is not None and v.finite]
    chosen = {visit.number: visit for visit in named}
    others = [v for v in track.kept() if v.finite and v.number not in chosen]
    chosen |= {visit.number: visit for visit in _spread(others, points - len(chosen))}
    if not chosen and track.first is not None:
        chosen = {1: track.first}
    return [(label(track, visit), visit) for visit in chosen.values()][:points]


def label(track: Track, visit: Visit) -> str:
    """Returns the name of a point."""
    if visit is track.stopped:
        role = "where progress stopped" if has_given_up(track) else "of the last progress"
        return f"the point {role} (evaluation {visit.number} of {track.count})"
    role = {1: " (the first)", track.count: " (the last)"}.get(visit.number, "")
    return f"evaluation {visit.number}{role}"


def has_given_up(track: Track) -> bool:
    """Whether the run went on without progress although the gradient did not vanish."""
    return track.has_stalled and not _vanished(track)


def story(track: Track) -> list[str]:
    """Returns the course of the run in sentences."""
    sentences = []
    first, stopped = track.first, track.stopped
    if first is not None and stopped is not None:
        sentences = [_progress(track, first, stopped)]
        if first.slope and stopped.slope is not None and stopped is not first:
            left = short(stopped.slope / first.slope, 2)
            sentences.append(f"the gradient there is {left} times as long as the first one")
    if track.broken:
        sentences.append(
            f"f or x was not finite at {track.broken} of {track.count} evaluations, first at "
            f"evaluation {track.first_broken}; they are left out"
        )
    return sentences


def explanation(track: Track, result: Result) -> list[str]:
    """Returns why the optimiser stopped, if the verdicts explain it."""
    named = {label(track, v): v for v in (track.stopped, track.last) if v is not None}
    points = [point for point in result.points if point.label in named]
    points.sort(key=lambda point: list(named).index(point.label))
    for cause in (_no_stationary_point, _wrong_slope):
        for point in points:
            if point.judgement.verdict in ACCUSED and (sentence := cause(result, point)):
                return [sentence]
    if not (points and points[0].judgement.verdict.ok and track.has_stalled):
        return []
    if _vanished(track):
        return ["the gradient is correct there and has vanished: the optimiser converged"]
    return [
        "the gradient is correct where progress stopped, so look for another reason: noise of f, "
        "a kink, badly scaled parameters, or the tolerances of the optimiser"
    ]


def _no_stationary_point(result: Result, point: PointResult) -> str:
    """Returns a sentence where a wrong gradient has vanished and the correct one has not."""
    source, wrong, right = _accused(result, point)
    lengths = [float(np.linalg.norm(g)) for g in (wrong, right)]
    if not lengths[0] <= VANISHED * lengths[1]:
        return ""
    return (
        f"at {point.label} the {source} gradient has vanished (its length is "
        f"{short(lengths[0])}), but the correct one has length {short(lengths[1])}: this is no "
        "stationary point"
    )


def _wrong_slope(result: Result, point: PointResult) -> str:
    """Compares the slope of f along the negative of a wrong gradient with the expected one."""
    source, wrong, right = _accused(result, point)
    predicted, slope = -float(wrong @ wrong), -float(wrong @ right)
    if not np.isfinite(slope):
        return ""
    return (
        f"along its negative, the {source} gradient predicts a slope of {short(predicted)} at "
        f"{point.label}; the slope of f is {short(slope)}"
        f"{': f rises, so no line search can succeed' if slope > 0 else ''}"
    )


def _accused(result: Result, point: PointResult) -> tuple[str, np.ndarray, np.ndarray]:
    """The source that is wrong, its gradient, and that of finite differences."""
    source = ACCUSED[point.judgement.verdict]
    names = (result.sources[source], result.sources["differences"])
    wrong, right = (point.estimates[name].value for name in names)
    return source, wrong, right


def _progress(track: Track, first: Visit, stopped: Visit) -> str:
    n, after = track.count, track.after
    if first.value is None or stopped.value is None:
        return f"the value and the gradient were evaluated at different points, in {n} evaluations"
    if not has_given_up(track):
        return (
            f"f went from {first.value:.6g} to {stopped.value:.6g} "
            f"in {stopped.number} of {n} evaluations"
        )
    if stopped.number == first.number:
        sentence = f"f never fell below its first value, {first.value:.6g}, in {n} evaluations"
    else:
        sentence = (
            f"f fell from {first.value:.6g} to {stopped.value:.6g} by evaluation "
            f"{stopped.number} of {n}, and no further in the {after} that followed"
        )
    if track.close >= CROWDED:
        sentence += f"; {track.close} of them are close to that point: a line search that failed"
    return sentence


def _vanished(track: Track) -> bool:
    """Whether the gradient has vanished at the lowest point or after it."""
    first, stopped = (getattr(v, "slope", None) for v in (track.first, track.stopped))
    shortest = track.shortest if stopped is None else min(track.shortest, stopped)
    return first is not None and shortest <= VANISHED * first


def _spread(visits: list[Visit], count: int) -> list[Visit]:
    """Returns at most `count` of the visits, evenly spread."""
    n, count = len(visits), max(count, 0)
    return visits if n <= count else [visits[(2 * k + 1) * n // (2 * count)] for k in range(count)]
