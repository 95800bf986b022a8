"""What a check would have caught: faults planted in the very gradient that was compared.

Nothing is computed anew. The faults go into the estimate of the gradient under test, and the
same judge looks at them, with the same bars and at the same points. So it is said of this check,
not of checks in general, which faults it can see and how small they may be.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from jaxtyping import Float
from tabulate import tabulate

from .._foundation.errors import InputError
from .._foundation.wording import short
from .._model.estimate import SAFETY
from .._model.verdict import Verdict
from .._results.data import PointResult
from .._results.judge import judge
from .._results.result import Comparison, Result

Vector = Float[np.ndarray, " d"]


@dataclass(frozen=True)
class Planted:
    """What became of one kind of fault.

    Attributes:
        fault: What was done to the gradient.
        caught: In how many of the places it was planted in it was found.
        places: In how many it was planted; where it changes nothing, it is not.
        missed: The name of one place in which it was not found, or nothing.
    """

    fault: str
    caught: int
    places: int
    missed: str = ""


def selftest(comparison: Comparison) -> str:
    """Returns which faults a comparison would have caught, as text.

    Raises:
        InputError: if there is no gradient under test, or it is not right to begin with.
    """
    return "\n\n".join(_report(result) for result in comparison)


def plant(result: Result) -> tuple[Planted, ...]:
    """Plants every kind of fault wherever it can be, at all points of a result.

    Raises:
        InputError: if there is no gradient under test, or it is not right to begin with.
    """
    _require_right(result)
    return tuple(
        _planted(result, fault, places)
        for fault, places in (
            ("one entry 1 % too large", _each(result, lambda g, i: 1.01 * g[i])),
            ("one entry of the wrong sign", _each(result, lambda g, i: -g[i])),
            ("one entry zero", _each(result, lambda g, i: 0 * g[i])),
            ("two entries swapped", _swaps(result)),
            ("one block transposed", _transposes(result)),
            ("everything doubled", [("everything", lambda g: 2 * g)]),
        )
    )


def smallest(result: Result) -> dict[str, float]:
    """The smallest error of each entry that would have been caught, as a fraction of it.

    Entries that no point could verify have infinity.
    """
    best = np.full(result.entries, np.inf)
    for point in result.points:
        judgement, votes = point.judgement, point.votes
        if "differences" not in votes or not judgement.verdict.ok:
            continue
        error = votes["differences"].error + votes["analytic"].error
        size = np.abs(votes["analytic"].value)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(size > 0, (SAFETY + 1) * error / size, np.inf)
        share[list(judgement.unverified)] = np.inf
        best = np.fmin(best, share)
    return {result.name(i): float(value) for i, value in enumerate(best)}


def _report(result: Result) -> str:
    found = [planted for planted in plant(result) if planted.places]
    rows = [[p.fault, f"{p.caught} of {p.places}", p.missed] for p in found]
    table = tabulate(rows, ["fault", "caught", "not caught"], "plain", disable_numparse=True)
    least = smallest(result)
    bluntest = max(least, key=lambda name: least[name])
    sharpest = min(least, key=lambda name: least[name])
    lines = [f"{result.objective}: faults planted in this gradient, at these points"]
    lines += [f"  {line}" for line in table.splitlines()]
    lines.append(
        f"  the smallest error caught: {short(least[sharpest])} of {sharpest}, and "
        + (
            f"{short(least[bluntest])} of {bluntest}, the bluntest"
            if np.isfinite(least[bluntest])
            else f"none of {bluntest}, which was not verified"
        )
    )
    return "\n".join(lines)


def _require_right(result: Result) -> None:
    if not any("analytic" in point.votes for point in result.points):
        raise InputError(
            f"{result.objective} has no hand-written gradient to plant faults in; give one"
        )
    if not result.verdict.ok:
        raise InputError(
            f"{result.objective} is {result.verdict.name}; plant faults in a gradient that agrees"
        )


Places = list[tuple[str, Callable[[Vector], Vector]]]


def _each(result: Result, changed: Callable[[Vector, int], float]) -> Places:
    """One place for each entry."""

    def at(i):
        def fault(g):
            planted = g.copy()
            planted[i] = changed(g, i)
            return planted

        return fault

    return [(result.name(i), at(i)) for i in range(result.entries)]


def _swaps(result: Result) -> Places:
    """Neighbours exchanged."""

    def at(i):
        def fault(g):
            planted = g.copy()
            planted[[i, i + 1]] = g[[i + 1, i]]
            return planted

        return fault

    names = [result.name(i) for i in range(result.entries)]
    return [(f"{a} with {b}", at(i)) for i, (a, b) in enumerate(pairwise(names))]


def _transposes(result: Result) -> Places:
    """Each matrix read in the other order."""
    places, start = [], 0
    for path, shape in zip(result.paths, result.shapes, strict=True):
        stop = start + int(np.prod(shape))
        if len(shape) == 2 and min(shape) > 1:

            def fault(g, start=start, stop=stop, shape=shape):
                planted = g.copy()
                planted[start:stop] = g[start:stop].reshape(shape[::-1]).T.reshape(-1)
                return planted

            places.append((path, fault))
        start = stop
    return places


def _planted(result: Result, fault: str, places: Places) -> Planted:
    caught, planted, missed = 0, 0, ""
    for name, change in places:
        seen = [_seen(point, change) for point in result.points]
        if all(answer is None for answer in seen):
            continue
        planted += 1
        caught += any(seen)
        missed = missed or ("" if any(seen) else name)
    return Planted(fault, caught, planted, missed)


def _seen(point: PointResult, change: Callable[[Vector], Vector]) -> bool | None:
    """Whether the fault would have shown at a point; None where it changes nothing."""
    right = point.votes.get("analytic")
    if right is None:
        return None
    wrong = replace(right, value=change(right.value))
    if np.array_equal(wrong.value, right.value):
        return None
    verdict = judge(point.value, {**point.votes, "analytic": wrong}).verdict
    return not verdict.ok or (verdict is Verdict.VALID_SUBGRADIENT) != (
        point.judgement.verdict is Verdict.VALID_SUBGRADIENT
    )
