"""A sum over samples of which the gradient has only one, or all but one."""

import time
from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from .._finding import Finding
from .._numbers import short
from .._tree import indices
from ._edges import Sum
from ._evidence import Evidence
from ._hypothesis import AbstractHypothesis
from ._where import describe, others_agree, pointing_to

SECONDS = 2.0
"""So long sums are looked at, compiling included."""


class Sample(AbstractHypothesis):
    """a is the gradient of an objective in which a sum has one of its samples, or all but one.

    The others may be missing, as where `=` stands for `+=` or a range ends too early, or a mean
    may have been taken over those that are there.
    """

    rank: ClassVar = 56

    def explain(self, evidence: Evidence) -> Finding | None:
        traced = evidence.traced
        if traced is None:
            return None
        started = time.perf_counter()
        for k, each in enumerate(traced.sums):
            for text, mask in _masks(each.length):
                for times in (1, each.length / mask.sum()):
                    if time.perf_counter() - started > SECONDS:
                        return None
                    if _holds(evidence, traced.masked(k, times * mask)):
                        return _finding(evidence, each, text, times)
        return None


def _masks(n: int) -> Iterator[tuple[str, np.ndarray]]:
    if n < 2:
        return
    first, last = np.eye(1, n)[0], np.eye(1, n, n - 1)[0]
    yield "only the first", first
    yield "only the last", last
    if n > 2:
        yield "all but the first", 1 - first
        yield "all but the last", 1 - last


def _holds(evidence: Evidence, gradients: np.ndarray) -> bool:
    """Whether these are the gradients under test, wherever those are wrong."""
    return bool(np.all((evidence.same(gradients) | ~evidence.usable)[:, evidence.open]))


def _finding(evidence: Evidence, each: Sum, text: str, times: float) -> Finding:
    place, chosen = each.place, evidence.open
    whole = bool(np.all(chosen[evidence.determined]))
    where = "" if whole else f"in {describe(evidence, chosen)}, "
    summed = f"{place} sums" if place else "a sum is"
    factor = "" if times == 1 else f", times {short(times)}"
    return Finding(
        "sample",
        f"{where}your gradient has {text} of the {each.length} things that {summed} over{factor}"
        f"{others_agree(evidence, chosen)}",
        correction="add up all of them; look for = in place of +=, and at where loops end",
        coordinates=indices(chosen),
        **pointing_to(place),
    )


HYPOTHESES = (Sample(),)
