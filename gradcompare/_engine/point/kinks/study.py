"""A kink: the sources are compared with f along directions, not along single coordinates alone.

At a tie, as of the median of equal numbers, the one-sided derivatives along all coordinates may
be 0 although no element of the generalised gradient is: f has a kink along sums of them alone. So
before a source is accused, the slopes of f around the point are looked at. Where they are alike, f
is smooth, and the finite differences at the point decide.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int

from ...._evaluation.evaluator import Evaluator
from ...._foundation.errors import optional
from ...._foundation.layout import indices
from ...._foundation.wording import listed, short
from ...._model.estimate import SAFETY, Estimate
from ...._model.verdict import DISPUTED, EXACT, Judgement, Verdict
from ...._results.judgement.clarke import AtKink, Refutation, refutation, widened
from ...._results.judgement.excess import excess_of
from .ascent import Seeking
from .bends import bends
from .nearby import CLEAR_KINK, SHARP

ALL_AXES = 12
"""Largest number of coordinates that are all looked at."""

FEWER_AXES = 8
"""Largest number of coordinates, of more, that are looked at."""

SPARE = 2.0
"""By how much a derivative has to exceed the slopes along several coordinates then, in units of
their range."""

DENSE = 2
"""Number of dense directions with random signs that are looked at then, beside the sum of all."""

SOUGHT = 4
"""Largest number of entries for which another slope is sought before they are called smooth."""

OTHER_SLOPES = "at points nearby f has slopes that are not between the one-sided derivatives, with"

SHOWN = 6
"""Largest number of entries of a direction that is written out."""

Votes = Mapping[str, Estimate]


def at_kink(
    evaluator: Evaluator, votes: Votes, judgement: Judgement
) -> tuple[dict[str, Estimate], AtKink | None]:
    """Returns the votes, and what directions say of the sources where f has a kink.

    In the votes, finite differences are the range of the slopes near the point where these are not
    between the one-sided derivatives.

    Args:
        evaluator: The programs at the point.
        votes: The estimate of each source.
        judgement: The verdict by single coordinates.
    """
    nothing = (dict(votes), None)
    if not _is_open(evaluator, votes, judgement):
        return nothing
    with np.errstate(all="ignore"):  # values that are not finite are part of the work
        return optional("the slopes near the point", _Kink(evaluator, votes).study, nothing)


def _is_open(evaluator: Evaluator, votes: Votes, judgement: Judgement) -> bool:
    """Whether directions may tell more than the one-sided derivatives of single coordinates."""
    problem, differences = evaluator.problem, votes.get("differences")
    convention = problem.objective.convention
    if differences is None or problem.quantity != "gradient" or convention.symmetric:
        return False
    if convention.intent == "upper_bound" or np.any(differences.jumps):
        return False
    exact = [votes[source].value for source in EXACT if source in votes]
    if not exact or not np.all(np.isfinite(exact)):
        return False
    return (
        bool(differences.kinked.any())
        or judgement.verdict in (*DISPUTED, Verdict.BOTH_WRONG)
        or bends(evaluator, differences)
    )


class _Kink:
    """The study of one point.

    Attributes:
        votes: The estimates of the sources; the differences are changed.
        disputed: Where an exact source differs from the differences.
    """

    def __init__(self, evaluator: Evaluator, votes: Votes) -> None:
        self.evaluator, self.votes = evaluator, dict(votes)
        self.differences = votes["differences"]
        self.exact = {source: votes[source] for source in EXACT if source in votes}
        problem = evaluator.problem
        d, convention = problem.layout.size, problem.objective.convention
        excess = [excess_of(e, self.differences, like=self.kinked) for e in self.exact.values()]
        worst = np.max(excess, axis=0)
        self.disputed = worst > 1
        self.declared = convention.adjoint(np.ones(d), evaluator.x, problem.layout)
        # The entries that are disputed most, then those at kinks.
        order = np.lexsort((-worst, ~self.kinked, ~self.disputed))
        axes = np.sort(order[: d if d <= ALL_AXES else FEWER_AXES])
        axes = axes[self.declared[axes] != 0]
        signs = np.random.default_rng(1).choice([-1.0, 1.0], (DENSE, d))
        dense = np.vstack([np.ones(d), signs])[: 0 if d <= ALL_AXES else None]
        self.nearby = Seeking(evaluator, axes, dense)

    @property
    def kinked(self) -> Bool[np.ndarray, " d"]:
        return self.differences.kinked

    @property
    def axes(self) -> Int[np.ndarray, " k"]:
        return self.nearby.axes

    def study(self) -> tuple[dict[str, Estimate], AtKink | None]:
        """Returns the votes, and what directions say; nothing if f is smooth, or too noisy."""
        if not len(self.axes) or not self.nearby.prepare():
            return self.votes, None
        unit = self._in_units(np.ones(len(self.disputed)))[self.axes]
        error = np.abs(self.differences.error[self.axes] * unit)
        here = self.differences.value[self.axes] * unit
        sharp = (error <= SHARP * self.nearby.size) & ~self.kinked[self.axes]
        self.nearby.here = np.where(sharp, here, np.nan)
        self.nearby.look_around()
        if self.nearby.smooth or not self.nearby.look_closer() or self.nearby.smooth:
            return self.votes, None
        self._seek_other_slopes()
        undecided = self.disputed.copy()
        undecided[self.axes] = False
        # Where one of the entries looked at is smooth and wrong, the others may be so too.
        if (self.disputed[self.axes] & ~self.nearby.rough).any():
            undecided[:] = False
        excluded = {source: self._refutation(each) for source, each in self.exact.items()}
        self._widen(undecided)
        known = {source: found for source, found in excluded.items() if found is not None}
        return self.votes, self._result(known, undecided)

    def _in_units(self, value: Float[np.ndarray, " d"]) -> Float[np.ndarray, " d"]:
        """Returns a derivative in the units of the slopes: that of f by the scaled parameters."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return value / self.declared * self.nearby.scale

    def _seek_other_slopes(self) -> None:
        """Looks for slopes that differ along the axes where a source is off and f seems smooth."""
        here = self._in_units(self.differences.value)[self.axes]
        for source in self.exact.values():
            there = self._in_units(source.value)[self.axes]
            off = np.where(self.disputed[self.axes] & ~self.nearby.rough, there - here, 0.0)
            for k in np.argsort(-np.abs(off), kind="stable")[:SOUGHT]:
                u = np.sign(off[k]) * np.eye(len(off))[k]
                if off[k]:
                    self.nearby.seek(u, float(u @ there) - SAFETY * self.nearby.error)

    def _refutation(self, estimate: Estimate) -> Refutation | None:
        """Returns a direction in the units of x that excludes an estimate."""
        nearby, value = self.nearby, self._in_units(estimate.value)
        allowed = (self.evaluator.problem.objective.accuracy or 0.0) * nearby.size
        spare = 0.0 if len(value) <= ALL_AXES else SPARE
        excluded = refutation(nearby, value[self.axes], allowed, spare=spare)
        if excluded is not None:
            u = np.zeros(len(value))
            u[self.axes] = excluded.direction
            return self._in_x(replace(excluded, direction=u))
        # Of many pieces only a few are seen. So a dense direction tells only where f has one slope
        # along it at all points, as an order statistic has along the sum of all coordinates.
        for line, slope in zip(nearby.dense, nearby.steady, strict=True):
            off = float(line @ value) - slope
            if abs(off) > allowed * np.sqrt(len(line)) + CLEAR_KINK * nearby.error:
                sign = np.copysign(1.0, off)
                return self._in_x(Refutation(sign * line, sign * slope, sign * (slope + off)))
        return None

    def _in_x(self, found: Refutation) -> Refutation:
        along = found.direction * self.nearby.scale
        unit = float(np.max(np.abs(along)))
        return Refutation(along / unit, found.slope / unit, found.predicted / unit)

    def _widen(self, undecided: Bool[np.ndarray, " d"]) -> None:
        """Gives the differences the range of the slopes, and no say in what is undecided."""
        with np.errstate(divide="ignore", invalid="ignore"):
            unit = (self.declared / self.nearby.scale)[self.axes]
        rough = self.nearby.rough
        bars = SAFETY * self.nearby.error * np.abs(unit)
        slopes = self.nearby.samples * unit
        wider = widened(self.differences, self.axes[rough], slopes[:, rough], bars[rough])
        error = np.where(undecided & ~wider.kinked, np.inf, wider.error)
        note = wider.note
        if wider.around is not None and wider.around.any():
            names = listed(self._names(wider.around))
            note = "; ".join(filter(None, (note, f"{OTHER_SLOPES} {names}")))
        self.votes["differences"] = replace(wider, error=error, note=note)

    def _result(
        self, excluded: Mapping[str, Refutation], undecided: Bool[np.ndarray, " d"]
    ) -> AtKink:
        """Returns what directions say, in words."""
        concerned = self.votes["differences"].kinked | self.disputed
        entries = {
            source: indices(concerned & (found.direction != 0)) or indices(found.direction != 0)
            for source, found in excluded.items()
        }
        refuted = {source: self._sentence(found) for source, found in excluded.items()}
        notes = [f"{source}: no element of it: {words}" for source, words in refuted.items()]
        if undecided.any():
            names = listed(self._names(undecided))
            notes.append(f"undecided, as no direction that was tried tells: {names}")
        return AtKink(refuted, entries, indices(undecided), "; ".join(notes))

    def _sentence(self, found: Refutation) -> str:
        slope = 0.0 if abs(found.slope) <= CLEAR_KINK * self.nearby.error else found.slope
        most = f"rises by at most {short(slope, 3)}"
        most = most if slope >= 0 else f"falls by at least {short(-slope, 3)}"
        return (
            f"along {self._direction(found.direction)} f {most}, the derivative predicts "
            f"{short(found.predicted, 3)}"
        )

    def _direction(self, u: Float[np.ndarray, " d"]) -> str:
        moving = np.flatnonzero(u)
        if len(u) <= SHOWN:
            return f"u = ({', '.join(short(each, 2) for each in u)})"
        if len(moving) == len(u) and np.ptp(u) == 0:
            return f"u = {short(u[0], 2)} in all coordinates"
        if len(moving) > SHOWN:
            return f"a direction u that moves {len(moving)} coordinates"
        entries = zip(self._names(u != 0), u[moving], strict=True)
        return "u with " + ", ".join(f"{short(each, 2)} at {name}" for name, each in entries)

    def _names(self, where: Bool[np.ndarray, " d"]) -> list[str]:
        layout = self.evaluator.problem.layout
        return [layout.name(i) for i in indices(where)]
