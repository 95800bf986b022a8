"""A sum over samples from which the gradient takes only one, or all but one."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import ClassVar

import numpy as np

from ..._foundation.layout import indices
from ..._foundation.wording import short
from ..._model.finding import Finding
from ..evidence.data import Evidence
from ..evidence.naming import inside, others_agree, pointing_to
from ..terms.edges import Sum
from ._base import AbstractHypothesis

WAYS = 8
"""Number of parts of a sum that are tried, each with and without the factor of a mean."""

SUMS_BUDGET = 2e9
"""Number of operations for sums: about two seconds of one core."""


class Sample(AbstractHypothesis):
    """a is the gradient if a sum of the objective has one of its samples, or all but one.

    The others may be missing, because of `=` instead of `+=` or a range that ends too early; or
    a mean may be over those that are there.
    """

    rank: ClassVar = 56

    def explain(self, evidence: Evidence) -> Finding | None:
        traced = evidence.traced
        if traced is None:
            return None
        for which, text, mask, times in islice(
            _tries(traced.sums), traced.affordable(SUMS_BUDGET)
        ):
            if _holds(evidence, traced.masked(which, times * mask), times, len(traced.sums)):
                return _finding(evidence, [traced.sums[k] for k in which], text, times)
        return None


def _tries(sums: Sequence[Sum]) -> Iterator[tuple[list[int], str, np.ndarray, float]]:
    """Yields which sums, what they keep in words and as a mask, and the factor of a mean."""
    for which in _chosen(sums):
        length = sums[which[0]].length
        for text, mask in _masks(length):
            for times in (1, length / mask.sum()):
                yield which, text, mask, times


def _chosen(sums: Sequence[Sum]) -> Iterator[list[int]]:
    """Yields each sum alone, then all sums of the same length."""
    yield from ([k] for k in range(len(sums)))
    for length in dict.fromkeys(each.length for each in sums):
        alike = [k for k, each in enumerate(sums) if each.length == length]
        if len(alike) > 1:
            yield alike


def _masks(n: int) -> Iterator[tuple[str, np.ndarray]]:
    if n < 2:
        return
    first, last = np.eye(1, n)[0], np.eye(1, n, n - 1)[0]
    yield "only the first", first
    yield "only the last", last
    if n > 2:
        yield "all but the first", 1 - first
        yield "all but the last", 1 - last


def _holds(evidence: Evidence, gradients: np.ndarray, times: float, sums: int) -> bool:
    """Whether these equal the gradients under test in every open coordinate, not by chance."""
    same = evidence.same(gradients, times)
    bar = 3 * times * evidence.reference_bar
    return bool(np.all((same | ~evidence.usable)[:, evidence.open])) and evidence.convinces(
        same & evidence.open, bar, WAYS * sums
    )


def _finding(evidence: Evidence, sums: Sequence[Sum], text: str, times: float) -> Finding:
    place, chosen = sums[0].place, evidence.open
    summed = str(place or "a sum")
    more = f" and {len(sums) - 1} more sum{'s' * (len(sums) > 2)}" * (len(sums) > 1)
    factor = "" if times == 1 else f", times {short(times)}"
    return Finding(
        "sample",
        f"{inside(evidence, chosen)}your gradient has {text} of the {sums[0].length} items that "
        f"{summed}{more} add{'' if more else 's'} up{factor}{others_agree(evidence, chosen)}",
        correction="add up all of them: look for = in place of +=, and check where loops end",
        coordinates=indices(chosen),
        **pointing_to(place),
    )


HYPOTHESES = (Sample(),)
