"""The verdict at an accuracy that the user accepts: shown, refuted, or neither.

Statistics calls this a test of equivalence: that the derivative is within the accuracy has to be
shown, error bars included, and so has that it is not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float

from ..._foundation.layout import indices
from ..._foundation.wording import short
from ..._model.estimate import SAFETY, Estimate
from ..._model.verdict import WRONG, Explanation, Judgement, Verdict
from .excess import distance
from .reach import RESOLVED

DECIDED = (Verdict.NONFINITE, Verdict.NOT_A_CHECK, Verdict.STOCHASTIC, Verdict.VALUE_DIFFERS)
"""Verdicts that no accuracy changes."""


def at_accuracy(
    judgement: Judgement, votes: Mapping[str, Estimate], accuracy: float | None
) -> Judgement:
    """Returns the judgement at this accuracy, as a share of the largest derivative.

    An entry that is exactly 0 beside a clear derivative is wrong at any accuracy.

    Args:
        judgement: The judgement by error bars alone.
        votes: The estimate of each source.
        accuracy: The largest relative error that the user accepts; None for error bars alone.
    """
    differences = votes.get("differences")
    if accuracy is None or judgement.verdict in DECIDED or differences is None:
        return judgement
    largest = differences.largest
    if not largest > 0:
        return judgement
    exact = [(v, votes[s]) for s, v in WRONG.items() if s in votes]
    aboves = [_above(source, differences, accuracy * largest) for _, source in exact]
    shared = _shared([source for _, source in exact], aboves, accuracy * largest)
    for (verdict, source), above in zip(exact, aboves, strict=True):
        above = above & ~shared
        if above.any():
            off = distance(source, differences)
            order = np.argsort(-np.where(above, off, -1.0), kind="stable")[: above.sum()]
            return replace(judgement, verdict=verdict, faulty=tuple(order.tolist()))
    if shared.any():
        return replace(judgement, verdict=Verdict.INCONCLUSIVE, faulty=indices(shared))
    tested = exact[0][1]
    unclear = ~_below(tested, differences, accuracy * largest)
    if unclear.any():
        bar = float(np.max((tested.error + differences.error)[unclear]) / largest)
        return replace(
            judgement,
            verdict=Verdict.INCONCLUSIVE,
            faulty=indices(unclear),
            explanation=Explanation(
                f"whether the derivative is right to accuracy={accuracy:g} cannot be told",
                f"The error bars are up to {short(bar, 2)} of the largest derivative: accept "
                "less, or make f smoother.",
            ),
        )
    kinked = differences.kinked.any()
    good = Verdict.VALID_SUBGRADIENT if kinked else Verdict.AGREE
    floor = accuracy * largest + SAFETY * float(np.max(tested.error + differences.error))
    explanation = Explanation(
        f"the derivative is right to accuracy={accuracy:g}", good.explanation.advice
    )
    return replace(
        judgement, verdict=good, faulty=(), unverified=(), floor=floor, explanation=explanation
    )


def is_beyond(exact: Estimate, differences: Estimate, allowed: float) -> Bool[np.ndarray, " k"]:
    """Where a source is further off than is allowed, by more than the bars."""
    bars = SAFETY * (exact.error + differences.error)
    return np.asarray(distance(exact, differences) - bars > allowed)


def _above(exact: Estimate, differences: Estimate, allowed: float) -> Bool[np.ndarray, " k"]:
    """Where a source is shown to be wrong: too far off, or 0 beside a clear derivative."""
    size = np.abs(differences.value)
    clear = (size > SAFETY * (exact.error + differences.error)) & (
        differences.error <= RESOLVED * size
    )
    dead = (exact.value == 0) & clear & ~differences.kinked
    return is_beyond(exact, differences, allowed) | dead


def _shared(
    exact: Sequence[Estimate], aboves: Sequence[Bool[np.ndarray, " k"]], allowed: float
) -> Bool[np.ndarray, " k"]:
    """Where both exact sources are off and agree: which of the three is right is open."""
    if len(exact) < 2:
        return np.zeros_like(aboves[0])
    return aboves[0] & aboves[1] & (np.abs(exact[0].value - exact[1].value) <= allowed)


def _below(exact: Estimate, differences: Estimate, allowed: float) -> Bool[np.ndarray, " k"]:
    """Where a source is shown to be no further off than is allowed."""
    bars: Float[np.ndarray, " k"] = exact.error + differences.error
    return np.asarray(distance(exact, differences) + bars <= allowed)
