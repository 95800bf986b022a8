"""Whether a difference comes from the tolerance of a solver: it shrinks with the tolerance.

The functions are compared once more at a tighter tolerance: of arguments or functions that the
user names, or with `while` loops of JAX that run on. The error of a wrong formula stays.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import numpy as np

from ..._evaluation.compiled import CompiledFunction
from ..._evaluation.evaluator import Evaluator
from ..._evaluation.function import flat
from ..._foundation.errors import optional
from ..._foundation.limits.silence import without_warnings
from ..._foundation.wording import short
from ..._introspection.rewriting.longer_loops import TURNS, has_loops, with_longer_loops
from ..._model.estimate import Estimate
from ..._model.problem import Problem
from ..._model.verdict import ACCUSED, DISPUTED, EXACT
from ..._points.examination import Examination
from ..._results.judgement.excess import distance, excess_of
from ...methods._base import AbstractMethod
from .arguments import DIVISOR, PART, Suspect, is_coefficient, suspects

Tighten = Callable[[Problem], Problem]
"""Function that returns a problem with a tighter tolerance."""

SHRINKAGE = 10.0
"""Least ratio of a gap to that at a tighter tolerance if the tolerance is its cause."""

SAME_VALUE = 1e-2
"""Largest relative change of f at a tighter tolerance; loops that count change it more."""


@dataclass(frozen=True)
class Tolerance:
    """What a tighter tolerance shows.

    Attributes:
        shrinks: Whether every difference shrinks with it; None if nothing was shown.
        sentence: The same for the reader; empty if nothing was shown.
    """

    shrinks: bool | None = None
    sentence: str = ""


def tolerance(
    points: Sequence[Examination],
    methods: Sequence[AbstractMethod],
    tighten: Tighten | None,
    *,
    explained: bool,
) -> Tolerance:
    """Returns what a tighter tolerance shows of the points with a difference.

    Args:
        points: All points of one objective.
        methods: The methods of the comparison.
        tighten: Returns a problem with a tighter tolerance; None to let loops of JAX run on.
        explained: Whether a finding explains the difference; no argument is suspected then.
    """
    voting = {m.source: m for m in methods if m.votes}
    doubted = [p for p in points if p.result.judgement.verdict in DISPUTED]
    doubted = [p for p in doubted if p.result.judgement.faulty and not p.result.abstains]
    if "differences" not in voting or not doubted:
        return Tolerance()
    step = partial(_shown, doubted, voting, tighten)
    shown = optional("the comparison at a tighter tolerance", step, Tolerance())
    if tighten is not None or explained or shown.sentence:
        return shown
    step = partial(_of_arguments, doubted, voting)
    return optional("the comparison with smaller arguments", step, Tolerance())


def _shown(
    doubted: Sequence[Examination], voting: Mapping[str, AbstractMethod], tighten: Tighten | None
) -> Tolerance:
    gaps, between = [], []
    for point in doubted:
        tighter = (_with_loops if tighten is None else partial(_tightened, tighten))(point, voting)
        if tighter is None:
            return Tolerance()
        gaps += _gaps(point, tighter)
        between += _gap_of_exact(point, tighter)
    if len(between) == len(doubted) and _shrink(between):
        gaps = between
    how = f"with loops that run on for {TURNS} turns" if tighten is None else "at the tighter one"
    if _shrink(gaps):
        return Tolerance(True, _sentence(gaps, how))
    if tighten is None:  # loops may stop for another reason than a tolerance
        return Tolerance()
    before, after = _largest(gaps)
    return Tolerance(
        False,
        f"the gap is {short(before, 2)}, and {short(after, 2)} {how}: not the tolerance of f",
    )


def _of_arguments(
    doubted: Sequence[Examination], voting: Mapping[str, AbstractMethod]
) -> Tolerance:
    """Returns what the first argument shows with which every gap shrinks, as with a tolerance."""
    for suspect in suspects(doubted[0].evaluator):
        gaps = _gaps_over(DIVISOR, suspect, doubted, voting)
        if _shrink(gaps):
            between = _gaps_over(PART, suspect, doubted, voting)
            if not is_coefficient(gaps, between):
                return Tolerance(True, _sentence(gaps, f"with {suspect}"))
    return Tolerance()


def _gaps_over(
    divisor: float,
    suspect: Suspect,
    doubted: Sequence[Examination],
    voting: Mapping[str, AbstractMethod],
) -> list[tuple[float, float]]:
    tighten = partial(suspect.over, divisor)
    return [gap for p in doubted for gap in _gaps(p, _tightened(tighten, p, voting))]


def _largest(gaps: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Returns the largest gap before, and that after."""
    before, after = zip(*gaps, strict=True)
    return max(before), max(after)


def _shrink(gaps: Sequence[tuple[float, float]]) -> bool:
    """Whether the largest gap shrinks clearly, and each one does: one may be small by chance."""
    before, after = _largest(gaps)
    return SHRINKAGE * after <= before and all(PART * late <= early for early, late in gaps)


def _sentence(gaps: Sequence[tuple[float, float]], how: str) -> str:
    before, after = (short(gap, 2) for gap in _largest(gaps))
    return f"the gap shrank from {before} to {after} {how}: the tolerance of f, not the formula"


def _gaps(point: Examination, tighter: Mapping[str, Estimate]) -> list[tuple[float, float]]:
    """Returns the gap of each doubted source before and after, relative to the largest entry."""
    accused, votes = ACCUSED.get(point.result.judgement.verdict), point.result.votes
    size = np.max(np.abs(votes["differences"].value))
    sources = [s for s in EXACT if s in tighter and accused in (s, None)]
    return [(_gap(votes, source, size), _gap(tighter, source, size)) for source in sources]


def _gap_of_exact(
    point: Examination, tighter: Mapping[str, Estimate]
) -> list[tuple[float, float]]:
    """Returns the gap of the exact sources before and after; none if both are off by the same.

    Where a solver is iterated to some 1e-12, the bars of differences are as wide as the gap.
    """
    votes = point.result.votes
    if not (votes.keys() >= {*EXACT} and tighter.keys() >= {*EXACT}):
        return []
    analytic, autodiff = (votes[source] for source in EXACT)
    if not np.any(excess_of(analytic, autodiff, like=votes["differences"].kinked) > 1):
        return []
    size = np.max(np.abs(votes["differences"].value))
    pairs = [(each["analytic"], each["autodiff"]) for each in (votes, tighter)]
    before, after = (float(np.max(distance(*pair)) / size) for pair in pairs)
    return [(before, after)]


def _gap(votes: Mapping[str, Estimate], source: str, size: float) -> float:
    with np.errstate(invalid="ignore", divide="ignore"):
        off = np.max(distance(votes[source], votes["differences"]))
        return float(np.nan_to_num(off / size, nan=math.inf))


def _tightened(
    tighten: Tighten, point: Examination, voting: Mapping[str, AbstractMethod]
) -> dict[str, Estimate]:
    problem = tighten(point.evaluator.problem)
    same = problem.objective is point.evaluator.problem.objective
    evaluator = point.evaluator.at(problem)
    cache = evaluator.cache if same else evaluator.cache.emptied()
    # What happens only at the tighter tolerance is nothing to tell the user.
    evaluator = replace(evaluator, cache=cache.begun())
    with without_warnings():
        return {
            source: method.estimate(evaluator)
            for source, method in voting.items()
            if source in point.result.votes
        }


def _with_loops(
    point: Examination, voting: Mapping[str, AbstractMethod]
) -> dict[str, Estimate] | None:
    """Returns the estimates with loops that run on; None without loops, or if f changes."""
    evaluator = point.evaluator
    programs = {s: evaluator.functions.get(m) for s, m in voting.items()}
    programs["value"] = evaluator.functions.get("value")
    kept = {s: p for s, p in programs.items() if isinstance(p, CompiledFunction)}
    value = kept.pop("value", None)
    if value is None or value.widened or not has_loops(value.jaxpr):
        return None
    # A function on the host has no loop of JAX, and stays.
    estimates = {
        source: _run_on(evaluator, kept[source]) if source in kept else vote
        for source, vote in point.result.votes.items()
    }
    objective = replace(
        evaluator.problem.objective,
        value=_as_value(with_longer_loops(value.jaxpr)),
        gradient=None,
        directional=None,
        reference=None,
    )
    there = replace(
        evaluator,
        problem=replace(evaluator.problem, objective=objective),
        cache=evaluator.cache.emptied(),
    )
    if not abs(there.value() - point.result.value) <= SAME_VALUE * abs(point.result.value):
        return None
    return estimates | {"differences": voting["differences"].estimate(there)}


def _run_on(evaluator: Evaluator, program: CompiledFunction) -> Estimate:
    leaves = jax.tree.leaves(evaluator.args)
    value = flat(jax.jit(with_longer_loops(program.jaxpr))(*leaves))
    return Estimate(value, np.zeros_like(value))


def _as_value(program: Callable[..., list[Any]]) -> Callable[[Any, Any], Any]:
    return lambda params, data: program(*jax.tree.leaves((params, data)))[0]
