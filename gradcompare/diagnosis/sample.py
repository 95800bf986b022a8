"""A sum over samples of which the gradient has only one, or all but one."""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from .._finding import Finding
from ._constants import Constant
from ._evidence import Evidence
from ._fit import fit
from ._hypothesis import AbstractHypothesis
from ._multiple import constant_of
from ._parts import Samples
from ._where import describe, others_agree


class Sample(AbstractHypothesis):
    """a = rest + c g, where g is what goes through the samples that were not left out.

    The number c is 1 where `=` stands for `+=` or a range ends too early, and the number of
    samples where a mean was taken over those that are there.
    """

    rank: ClassVar = 46

    def explain(self, evidence: Evidence) -> Finding | None:
        traced = evidence.traced
        sums = () if traced is None else traced.samples
        for samples in sums:
            for text, values in _chosen(samples):
                found = _matched(evidence, samples.rest, values, 4 * len(sums))
                if found is not None:
                    return _finding(evidence, samples, text, *found)
        return None


def _chosen(samples: Samples) -> Iterator[tuple[str, np.ndarray]]:
    yield "only the first", samples.first
    yield "only the last", samples.last
    if samples.sum.length > 2:
        yield "all but the first", samples.whole - samples.first
        yield "all but the last", samples.whole - samples.last


def _matched(evidence: Evidence, rest: np.ndarray, values: np.ndarray, trials: int):
    """The factor, and where it holds, if it holds in every coordinate that is wrong."""
    allowed = evidence.allowed(evidence.analytic, 3 * evidence.reference_bar)
    found = fit(evidence.analytic - rest, values, allowed, evidence.usable, evidence.open)
    if found is None or not np.all(found.coordinates[evidence.open]):
        return None
    constant = constant_of(found, evidence, trials, named=True)
    return None if constant is None else (constant, found.coordinates)


def _finding(
    evidence: Evidence, samples: Samples, text: str, constant: Constant, chosen: np.ndarray
) -> Finding:
    place, length = samples.sum.place, samples.sum.length
    whole = bool(np.all(chosen[evidence.determined]))
    where = "" if whole else f"in {describe(evidence, chosen)}, "
    summed = f"{place} sums" if place else "a sum is"
    times = "" if constant.value == 1 else f", times {constant.words}"
    return Finding(
        "sample",
        f"{where}your gradient has {text} of the {length} things that {summed} over{times}"
        f"{others_agree(evidence, chosen)}",
        correction="add up all of them; look for = in place of +=, and at where loops end",
        coordinates=tuple(np.flatnonzero(chosen).tolist()),
        file=place.file if place else "",
        line=place.line if place else 0,
    )


HYPOTHESES = (Sample(),)
