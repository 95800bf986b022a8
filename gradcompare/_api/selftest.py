"""Faults that a check would have detected, planted in the gradient that it compared.

Nothing is computed anew. The faults go into the estimate of the gradient under test, and the same
judge votes on them, with the same bars and at the same points. So the answer is about this check,
not about checks in general: the faults that it detects, and how small they may be.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from jaxtyping import Float
from tabulate import tabulate

from .._foundation.errors import InputError
from .._foundation.serialization import Outcome
from .._foundation.wording import short
from .._model.estimate import SAFETY
from .._model.verdict import Verdict
from .._results.data import PointResult
from .._results.judgement.judge import judge
from .._results.result import Comparison, Result

Vector = Float[np.ndarray, " d"]


@dataclass(frozen=True)
class Planted:
    """The outcome for one kind of fault.

    Attributes:
        fault: The change of the gradient.
        caught: Number of places in which the fault was detected.
        places: Number of places in which it was planted; those that it does not change are left
            out.
        missed: The name of one place in which it was not detected, or nothing.
    """

    fault: str
    caught: int
    places: int
    missed: str = ""


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """The faults that one result would have shown.

    Attributes:
        objective: The name of the objective.
        faults: The outcome for each kind of fault.
        smallest: For each entry the smallest error that would have been detected, as a
            fraction of the entry; infinity where no point verified it.
    """

    objective: str
    faults: tuple[Planted, ...]
    smallest: dict[str, float]

    def __str__(self) -> str:
        rows = [[p.fault, f"{p.caught} of {p.places}", p.missed] for p in self.faults if p.places]
        table = tabulate(rows, ["fault", "detected", "missed"], "plain", disable_numparse=True)
        bluntest = max(self.smallest, key=lambda name: self.smallest[name])
        sharpest = min(self.smallest, key=lambda name: self.smallest[name])
        lines = [f"{self.objective}: faults planted in this gradient, at these points"]
        lines += [f"  {line}" for line in table.splitlines()]
        lines.append(
            f"  the smallest error detected: {short(self.smallest[sharpest])} of {sharpest}, and "
            + (
                f"{short(self.smallest[bluntest])} of {bluntest}, the largest of all entries"
                if np.isfinite(self.smallest[bluntest])
                else f"none of {bluntest}, which was not verified"
            )
        )
        return "\n".join(lines)


@dataclass(frozen=True, eq=False)
class SelfTest(Outcome):
    """The faults that a comparison would have detected. `str` gives it as a table.

    Attributes:
        parts: One for each result of the comparison.

    Examples:
        >>> import jax.numpy as jnp
        >>> from gradcompare import check, selftest
        >>> planted = selftest(check(lambda x: jnp.sum(x**2), lambda x: 2 * x, [1.0, 2.0]))
        >>> planted.ok, planted.parts[0].faults[0].caught
        (True, 2)
    """

    parts: tuple[Sensitivity, ...]

    @property
    def ok(self) -> bool:
        """Whether every planted fault was detected."""
        return all(p.caught == p.places for part in self.parts for p in part.faults)

    def __str__(self) -> str:
        return "\n\n".join(str(part) for part in self.parts)


def selftest(comparison: Comparison) -> SelfTest:
    """Plants faults in the gradient that was compared, and returns those that it detects.

    Raises:
        InputError: if there is no gradient under test, or it is not right to begin with.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> comparison = gradcompare.check(lambda x: jnp.sum(x**3), lambda x: 3 * x**2, [1.0, 2.0])
        >>> print(gradcompare.selftest(comparison))
        objective: faults planted in this gradient, at these points
          fault                        detected    missed
          one entry 1 % too large      2 of 2
          ...
          the smallest error detected: ... of x[1], and ... of x[0], the largest of all entries
    """
    return SelfTest(tuple(Sensitivity(r.objective, plant(r), smallest(r)) for r in comparison))


def plant(result: Result) -> tuple[Planted, ...]:
    """Plants every kind of fault in every possible place, at all points of a result.

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
    """Returns the smallest error of each entry that would have been detected, relative to it.

    It is infinite for entries that no point verified.
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
    """One place for each two neighbours, exchanged."""

    def at(i):
        def fault(g):
            planted = g.copy()
            planted[[i, i + 1]] = g[[i + 1, i]]
            return planted

        return fault

    names = [result.name(i) for i in range(result.entries)]
    return [(f"{a} with {b}", at(i)) for i, (a, b) in enumerate(pairwise(names))]


def _transposes(result: Result) -> Places:
    """One place for each matrix, read in the other order."""
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
        answers = [_detected(point, change) for point in result.points]
        if all(answer is None for answer in answers):
            continue
        planted += 1
        caught += any(answers)
        missed = missed or ("" if any(answers) else name)
    return Planted(fault, caught, planted, missed)


def _detected(point: PointResult, change: Callable[[Vector], Vector]) -> bool | None:
    """Whether the fault would have been detected at a point; None if it changes nothing."""
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
