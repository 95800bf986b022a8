"""A gradient along a few random directions, where a look at every coordinate takes too long.

`_model.arguments.directions` says what they show, and `_locate.directions` derives it.
"""

import math
from dataclasses import replace

import numpy as np

from ..._evaluation.twin import with_valid_twin
from ..._foundation.errors import outcome_of
from ..._foundation.limits.clock import TimeUp
from ..._foundation.wording import LISTED, listed, short
from ..._model.arguments.directions import ALONG_RANDOM, OnDirections
from ..._model.estimate import SAFETY, Estimate
from ..._model.problem import Problem
from ..._model.verdict import Verdict
from ..._results.result import Result
from ...methods._base import AbstractMethod, estimate_as_declared
from ..settings import Settings, evaluator_of

ESCAPE = 1e-6
"""Probability with which several wrong entries escape, of the size that is stated."""

FAULTY = (Verdict.ANALYTIC_WRONG, Verdict.ANALYTIC_INEXACT)
"""The verdicts after which the entries are compared with autodiff, which the others confirm."""


def reason_against(problem: Problem) -> str:
    """Returns why a problem is not compared along random directions; empty if it can be."""
    objective = problem.objective
    if problem.quantity != "gradient" or problem.shifts:
        return "its derivative is none of many parameters"
    if problem.retraction is not None:
        return "its parameters are tangent vectors"
    convention = objective.convention
    if not convention.plain or convention.intent != "gradient":
        return "its gradient is declared in another convention"
    if objective.accuracy is not None:
        return "its accuracy is that of single entries"
    return "" if problem.layout.size > len(ALONG_RANDOM) else "it has few parameters"


def lifted(problem: Problem, seed: int) -> Problem:
    """Returns the problem of the shifts along random directions, at no shift."""
    return OnDirections(problem.objective, problem.layout, seed).at(problem, "gradient")


def in_words(result: Result, plain: Problem, settings: Settings) -> Result:
    """Returns the result with the size of the parameters, and what directions say of entries.

    Args:
        result: The result along random directions.
        plain: The first point, with all parameters.
        settings: The settings.
    """
    d, names = plain.layout.size, listed([name.split()[-1] for name in ALONG_RANDOM])
    notes = [
        f"every one of the {d} coordinates takes longer than {short(settings.seconds)} s, so the "
        f"gradient is compared along {len(ALONG_RANDOM)} random directions {names}, in which all "
        f"of them move: {floor(result, len(ALONG_RANDOM))}"
    ]
    if result.verdict in FAULTY:
        wrong = _wrong_entries(plain, settings)
        notes.append(wrong or "gradcompare.locate finds the wrong entries")
    if result.verdict is Verdict.ANALYTIC_INEXACT:
        notes.append("a small error along these directions may be a large one of a few entries")
    return replace(result, d=d, notes=(*notes, *result.notes))


def floor(result: Result, count: int) -> str:
    """Returns which errors show along the random directions at the first point.

    An error e of one entry changes a product by at least |e| w, where w is the size of its
    coordinate. See `RANDOM` for several errors.

    Args:
        result: The result.
        count: The number of random directions, which come first.
    """
    votes = result.points[0].votes if result.points else {}
    tested = "analytic" if "analytic" in votes else "autodiff"
    others = [estimate.error[:count] for source, estimate in votes.items() if source != tested]
    if tested not in votes or not others:
        return "there is nothing to compare it with"
    bars = votes[tested].error[:count] + np.max(others, axis=0)
    least = (SAFETY + 1) * float(np.max(bars))
    if not math.isfinite(least):
        return "the error bars do not show which errors would be seen"
    return (
        f"one wrong entry shows if its error, times the size of its coordinate, is above "
        f"{short(least)} at {result.points[0].label}; several wrong entries escape with a "
        f"probability below {ESCAPE:.0e} if the largest is above "
        f"{short(least * ESCAPE ** (-1 / count))}"
    )


def wrong_entries(mine: Estimate, other: Estimate, problem: Problem) -> str:
    """Returns a sentence on the entries that differ from autodiff; empty if none does."""
    off = np.abs(mine.value - other.value)
    wrong = np.flatnonzero(~(off <= SAFETY * (mine.error + other.error)))
    if not wrong.size:
        return ""
    worst = wrong[np.argsort(-off[wrong], kind="stable")][:LISTED]
    parts = [
        f"{problem.output.name(int(i))} ({short(mine.value[i], 6)}, by autodiff "
        f"{short(other.value[i], 6)})"
        for i in worst
    ]
    most = ", most" if wrong.size > LISTED else ""
    return (
        f"entries that differ from autodiff at {problem.label}: {wrong.size} of "
        f"{off.size}{most}: {listed(parts)}"
    )


def _wrong_entries(plain: Problem, settings: Settings) -> str:
    voters: dict[str, AbstractMethod] = {m.source: m for m in settings.methods if m.votes}
    if not {"analytic", "autodiff"} <= voters.keys():
        return ""

    def compared() -> str:
        evaluator = with_valid_twin(evaluator_of(plain, settings))
        mine, other = (
            estimate_as_declared(voters[source], evaluator) for source in ("analytic", "autodiff")
        )
        return wrong_entries(mine, other, plain)

    try:
        words = outcome_of(compared)
    except TimeUp:  # the verdict stands without them
        return ""
    return words if isinstance(words, str) else ""
