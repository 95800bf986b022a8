"""A result in sentences: the verdict, what it rests on, and where the derivatives differ.

Every report takes its sentences from here, so that each fact has one wording.
"""

import math

from tabulate import tabulate

from .._foundation.wording import LISTED, listed, short, with_bar
from .._model.estimate import Estimate
from .._model.finding import DIAGNOSED_COORDINATES
from .._model.verdict import Verdict
from .data import PointResult, ResultData
from .remarks import descent, pair_lines, remarks

REPAIR = "correct the declaration, or find out why the trap no longer deceives"
"""Advice where a trap does not get the verdict that it declares."""


def summarise(result: ResultData) -> str:
    """Returns what a person reads about one result, the verdict first."""
    if result.message:
        return f"{result.objective}: {result.verdict.title}: {result.message}"
    point = result.worst
    assert point is not None
    explanation = result.explanation
    head = f"{result.objective} (d = {result.d}): {result.verdict.title}: {explanation.cause}"
    faulty = point.judgement.faulty
    lines = [explanation.advice, *declaration(result), *drawn_alone(result)]
    lines.append(where(result, point))
    lines += coordinate_table(result, point, faulty) if faulty else []
    lines += diagnosis_lines(result)
    lines += [detection_floor(result), *agreement(result)] if result.verdict.ok else []
    lines += [*unverified(result), *pair_lines(result, point.pairs)]
    if result.quantity == "directional":
        lines += descent(point)
    lines += remarks(result, point)
    return "\n".join([head, *(f"  {line}" for line in lines)])


def declaration(result: ResultData) -> list[str]:
    """Says what a trap declares, and what to do if that is not the verdict."""
    if result.expected.ok:
        return []
    if result.ok:
        return [f"as this trap declares: {result.expected.name}"]
    return [f"not what this trap declares: {result.expected.name}; {REPAIR}"]


def drawn_alone(result: ResultData) -> list[str]:
    """Says so if the derivative is right at the point given, and at none that was drawn."""
    if not result.drawn_alone:
        return []
    return [
        f"agrees at {result.points[0].label} itself; if the derivative is meant there alone (a "
        "strain, a tangent space), give points=1, or retraction= for other points of a manifold"
    ]


def where(result: ResultData, point: PointResult) -> str:
    """Says which points have the worst verdict, and how many coordinates brought it about."""
    same = [p.label for p in result.voting if p.judgement.verdict is point.judgement.verdict]
    places = f"at {listed(same)}"
    if len(same) < len(result.voting):
        places += f" ({len(same)} of {len(result.voting)} points)"
    faulty, entries = len(point.judgement.faulty), result.entries
    if not faulty:
        return places
    if len(same) > 1:
        places += f"; at {point.label}"
    count = f"{faulty} of {entries} coordinates" if entries > 1 else "the derivative"
    return f"{places}, {count}:"


def coordinate_table(
    result: ResultData, point: PointResult, coordinates: tuple[int, ...]
) -> list[str]:
    """Returns the estimates of some coordinates side by side, with their bars, as lines."""
    names = [name for name in result.sources.values() if name in point.estimates]
    rows = [
        [result.name(i), *(cell(point.estimates[name], i) for name in names)]
        for i in coordinates[:LISTED]
    ]
    lines = tabulate(rows, ["", *names], tablefmt="plain", disable_numparse=True).splitlines()
    if len(coordinates) > LISTED:
        lines.append(f"and {len(coordinates) - LISTED} more")
    return lines


def cell(estimate: Estimate, i: int) -> str:
    """Returns an estimate of one coordinate with its bar; both derivatives at a kink."""
    if estimate.kinked[i]:
        return one_sided(estimate, i)
    return with_bar(estimate.value[i], estimate.error[i])


def one_sided(estimate: Estimate, i: int) -> str:
    """Returns the two derivatives at a kink; 0 for one that is smaller than its error bar."""
    sides = [float(side[i]) for side in estimate.one_sided]
    left, right = (0.0 if abs(side) < estimate.error[i] else side for side in sides)
    return f"{left:.6g} | {right:.6g} ({estimate.ends(i)})"


def diagnosis_lines(result: ResultData) -> list[str]:
    """Returns one line for each finding, or one that says that the error is unexplained."""
    lines = [f"what: {finding}" for finding in result.diagnosis]
    if any(finding.kind != "no gradient" for finding in result.diagnosis):
        return lines
    point = result.worst
    # Along random directions there is an entry for each direction, and none for a coordinate.
    whole = result.quantity == "gradient" and result.d == result.entries
    searched = whole and result.d <= DIAGNOSED_COORDINATES
    if result.verdict is not Verdict.ANALYTIC_WRONG or not searched or point is None:
        return lines
    if not point.judgement.faulty:  # line integrals name no coordinate
        return lines
    traced = "autodiff" in point.votes
    kinds = ["factor", "sign", "order", "penalty", *(["term"] if traced else [])]
    causes = f"{', '.join(kinds[:-1])} or {kinds[-1]}"
    unexplained = f"unexplained: no {causes} accounts for the error; {_again(result, point)}"
    return [f"what: {unexplained}", *lines]


def _again(result: ResultData, point: PointResult) -> str:
    """Which coordinates to derive again."""
    faulty = point.judgement.faulty
    if len(faulty) == result.entries:
        whole = len(result.paths) == 1 or len(result.paths) > LISTED
        return f"re-derive {'every coordinate' if whole else listed(result.paths)}"
    return f"re-derive {listed([result.name(i) for i in faulty])}"


def detection_floor(result: ResultData) -> str:
    """Says how small an error in a single coordinate would have been detected."""
    bluntest = result.bluntest
    if bluntest is None:
        return "detection floor: none, because finite differences verified no coordinate"
    judgement = bluntest.judgement
    share = f" ({short(judgement.relative_floor)} of the largest entry)"
    place = _verified_at(result)
    return (
        f"an error above {short(judgement.floor)} in any one verified coordinate"
        f"{share if judgement.scale else ''} "
        f"would have been detected{place}"
    )


def _verified_at(result: ResultData) -> str:
    """Where errors above the floor are detected: the end of a sentence, empty for one point."""
    if len(result.voting) < 2:
        return ""
    if len(result.verified) == len(result.voting):
        return " at every point"
    return f" at {listed([point.label for point in result.verified])}"


def agreement(result: ResultData) -> list[str]:
    """Says how far the derivative is shown to be right."""
    if not math.isfinite(result.agrees_to) or not result.agrees_to > 0:
        return []
    return [f"agrees to {short(result.agrees_to, 2)} of the largest entry, error bars included"]


def unverified(result: ResultData) -> list[str]:
    """Names the coordinates that no point verified, but for those listed as wrong."""
    faulty = () if result.worst is None else result.worst.judgement.faulty
    silent = [i for i in result.unverified if i not in faulty]
    if not silent or result.sharpest is None:
        return []
    names = [result.name(i) for i in silent[: LISTED + 1]]
    names += [""] * (len(silent) - len(names))  # they are counted, not shown
    verified = result.entries - len(result.unverified)
    return [
        f"{verified} of {result.entries} coordinates verified; not verified, because the "
        f"derivative is smaller than its error bar at every point: {listed(names)}"
    ]
