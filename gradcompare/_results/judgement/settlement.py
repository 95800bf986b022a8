"""What all points together say of a difference: a small one, or one that two sources share."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..._foundation.wording import short
from ..._model.estimate import SAFETY, Estimate
from ..._model.finding import Finding
from ..._model.verdict import ACCUSED, DISPUTED, EXACT, NO_ELEMENT, Explanation, Verdict
from ..data import PointResult
from .excess import distance

SLIGHT = 1e-3
"""Largest relative difference that may come from the tolerance of a solver."""

LARGEST_OF_ROUGH = 1e-2
"""The same where f is so rough that this explains it. Solvers run at no coarser tolerances."""

ALIKE_OFF = 10.0
"""Largest ratio of the error of an entry to those of most others that are off for one reason."""

ROOM = 3.0
"""Ratio of the accuracy that the report proposes to what was measured, at least."""

NO_CAUSE = frozenset(
    {"unexplained", "no gradient", "place", "custom rule", "special point", "float32"}
)
"""Kinds of findings that leave open whether a small difference is a fault, or say it is none."""

STEPS = frozenset({"rounding", "comparison"})
"""Kinds of findings about a staircase, which has no derivative to be wrong about."""

SOURCES = {
    "analytic": (Verdict.ANALYTIC_INEXACT, "the analytic derivative"),
    "autodiff": (Verdict.AUTODIFF_INEXACT, "automatic differentiation"),
}


def settled(
    points: Sequence[PointResult],
    diagnosis: Sequence[Finding],
    *,
    shrinks: bool | None = None,
    rough: bool = False,
) -> tuple[PointResult, ...]:
    """Returns the points with the verdicts that the diagnosis and the other points leave.

    Args:
        points: All points of one objective.
        diagnosis: The findings about the source that the worst verdict accuses.
        shrinks: Whether every difference shrinks with the tolerance of f; None if unknown.
        rough: Whether the roughness of f explains every difference.
    """
    points = tuple(_both_wrong(point, diagnosis) for point in points)
    open_points = [p for p in points if p.judgement.verdict in DISPUTED and not p.abstains]
    if not open_points or shrinks is False:
        return points
    largest = LARGEST_OF_ROUGH if rough else SLIGHT
    slight = all(is_slight(point, largest) for point in open_points)
    if not shrinks and (explains(diagnosis) or not slight):
        return points
    accuracy = max(sum(_off(point)) for point in open_points)
    return tuple(_inexact(p, accuracy) if p in open_points else p for p in points)


def explains(diagnosis: Sequence[Finding]) -> bool:
    """Whether a finding gives a cause of the difference, so that it is none of a tolerance."""
    return any(finding.precise or finding.kind not in NO_CAUSE for finding in diagnosis)


def _both_wrong(point: PointResult, diagnosis: Sequence[Finding]) -> PointResult:
    """The point with the verdict that two sources are wrong, if the fault of autodiff is proven.

    The findings about an inconclusive point are about autodiff: undone, it agrees with finite
    differences. So these are right, and the analytic derivative is not.
    """
    if not (diagnosis and point.judgement.verdict is Verdict.INCONCLUSIVE and _share(point)):
        return point
    if any(finding.kind in STEPS for finding in diagnosis):
        return point
    judgement = replace(point.judgement, verdict=Verdict.BOTH_WRONG)
    return replace(point, judgement=judgement)


def _share(point: PointResult) -> bool:
    """Whether both exact sources are off, by the same amount."""
    faulty, votes = list(point.judgement.faulty), point.votes
    if not faulty or not votes.keys() >= {*EXACT}:
        return False
    analytic, autodiff = votes["analytic"], votes["autodiff"]
    bars = SAFETY * (analytic.error + autodiff.error)
    return bool(np.all((distance(analytic, autodiff) <= bars)[faulty]))


def is_slight(point: PointResult, largest: float) -> bool:
    """Whether each difference is as small as a tolerance of a solver leaves it.

    Args:
        point: The point.
        largest: The largest relative difference that counts as such.
    """
    source, reference = _accused(point), point.votes.get("differences")
    faulty = list(point.judgement.faulty)
    if source is None or reference is None or not faulty:
        return False
    if point.judgement.explanation in NO_ELEMENT.values():  # each entry by itself is right there
        return False
    tested = point.votes[source]
    if point.judgement.verdict is Verdict.INCONCLUSIVE and "autodiff" in point.votes:
        others = [point.votes["autodiff"], tested]
    else:
        others = [tested]
    apart = [distance(each, reference) for each in others]
    # A difference, not a wide bar.
    differs = any(np.any((off > reference.error)[faulty]) for off in apart)
    return differs and all(_are_slight(each, reference, faulty, largest) for each in others)


def _are_slight(tested: Estimate, reference: Estimate, faulty: list[int], largest: float) -> bool:
    with np.errstate(invalid="ignore", over="ignore"):
        off, size = distance(tested, reference), np.abs(reference.value)
        dead = (tested.value == 0) & (size > SAFETY * reference.error)
        # An entry that is small beside the others may be off by as much as those are.
        alike = np.array([_most_are_off(off, i) for i in faulty])
        slight = (off[faulty] <= largest * size[faulty]) | alike
        return bool(
            np.all(slight & ~dead[faulty])
            and np.all(off[faulty] <= largest * np.max(size))
            and np.all(reference.error <= SLIGHT * np.max(size))
        )


def _most_are_off(off: np.ndarray, entry: int) -> bool:
    """Whether at least half of the other entries are off by about as much as this one."""
    others = np.delete(off, entry)
    return len(others) > 0 and bool(np.median(others) >= off[entry] / ALIKE_OFF)


def _accused(point: PointResult) -> str | None:
    under_test = next((source for source in EXACT if source in point.votes), None)
    return ACCUSED.get(point.judgement.verdict, under_test)


def _off(point: PointResult) -> tuple[float, float]:
    """Returns the relative error of the accused source, and the bar of finite differences."""
    source, reference = _accused(point), point.votes["differences"]
    assert source is not None
    off, size = np.max(distance(point.votes[source], reference)), np.max(np.abs(reference.value))
    return float(off / size), float(np.max(reference.error) / size)


def _inexact(point: PointResult, accuracy: float) -> PointResult:
    source = _accused(point)
    assert source is not None
    verdict, name = SOURCES[source]
    off, bar = _off(point)
    proposed = 10.0 ** math.ceil(math.log10(ROOM * accuracy))
    explanation = Explanation(
        f"{name} is right to {short(off, 2)} of the largest entry, not further (error bar "
        f"{short(bar, 2)})",
        "If f stops at a tolerance, or a formula loses digits, that is the size of it: give "
        f"accuracy={proposed:.0e} to accept it, or tighten the solver and see the difference "
        "shrink.",
    )
    judgement = replace(point.judgement, verdict=verdict, explanation=explanation)
    return replace(point, judgement=judgement)
