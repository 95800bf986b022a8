"""Whether a gradient is wrong exactly where the program takes one branch of a choice."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool

from ..._points.branches.combined import Choices
from ..._points.examination import Examination
from .data import Evidence, Region
from .fit import BY_CHANCE, log_choices

ALIKE = 2
"""Largest number of coinciding branches that are named."""

FEWEST_POINTS = 4
"""Least number of points for a comparison of whole points; with fewer, chance decides."""


def regions(choices: Choices, at: Sequence[Examination]) -> tuple[Region, ...]:
    """Returns the points at which each branch is taken.

    For a branch with the shape of an array of parameters, also the entries.
    """
    taken = [point.taken for point in at if point.taken is not None]
    starts = np.cumsum([0, *(math.prod(shape) for shape in choices.shapes)]).tolist()
    places = []
    for number, branch in enumerate(choices.branches if taken else ()):
        points = np.array([[point.branches[number]] for point in taken])
        places.append(Region(branch.words, branch.place, points))
        for shape, start, stop in zip(choices.shapes, starts, starts[1:], strict=False):
            if choices.shaped.get(number) == shape:
                entries = np.zeros((len(taken), starts[-1]), bool)
                entries[:, start:stop] = [point.entries[number] for point in taken]
                places.append(Region(branch.words, branch.place, entries, slice(start, stop)))
    return tuple(places)


def branch(evidence: Evidence) -> str:
    """Returns the branch in which entries are wrong while all others are right, or "".

    If the condition is in the objective and in its gradient, the line is that of the gradient.
    """
    wrong = evidence.wrong & evidence.open
    # A fault may not show where the reference is zero.
    larger = np.abs(evidence.reference) > evidence.allowed(
        evidence.reference, evidence.reference_bar
    )
    right = evidence.usable & ~evidence.wrong & larger & evidence.tainted
    by_entry = [r for r in evidence.regions if r.among is not None]
    tried = len({region.taken.tobytes() for region in by_entry})
    # The choices of the gradient come last; their lines are the ones to look at.
    for region in reversed(by_entry):
        if _by_entry(region, wrong, right, tried):
            bad, decided = int(wrong.sum()), int((wrong | right)[:, region.among].sum())
            return f"only where {region}, in {bad} of {decided} entries"
    by_point = [r for r in evidence.regions if r.among is None and _by_point(r, wrong, right)]
    names = {region.words: str(region) for region in by_point}
    if not 1 <= len(names) <= ALIKE:
        return ""
    together = ", which coincide here," if len(names) > 1 else ","
    bad = int(wrong.any(axis=1).sum())
    return f"only where {' or '.join(names.values())}{together} at {bad} of {len(wrong)} points"


def _by_entry(
    region: Region, wrong: Bool[np.ndarray, "p d"], right: Bool[np.ndarray, "p d"], tried: int
) -> bool:
    """Whether the wrong entries are those of the region, not by chance."""
    mine = np.zeros(wrong.shape, bool)
    mine[:, region.among] = True
    if np.any(wrong & ~region.taken) or np.any(right & mine & region.taken):
        return False
    bad, good = int(wrong.sum()), int((right & mine).sum())
    return good > 0 and math.log10(tried) - log_choices(bad + good, bad) < math.log10(BY_CHANCE)


def _by_point(
    region: Region, wrong: Bool[np.ndarray, "p d"], right: Bool[np.ndarray, "p d"]
) -> bool:
    """Whether the points with a wrong entry are exactly those that take the branch."""
    bad = np.asarray(wrong.any(axis=1))
    decided = bad | np.asarray(right.any(axis=1))
    enough = int(decided.sum()) >= FEWEST_POINTS and not bad[decided].all()
    return bool(enough) and np.array_equal(bad[decided], region.taken[decided, 0])
