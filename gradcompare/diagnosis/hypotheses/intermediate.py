"""The derivative by a value that is computed from the parameters, not by the parameters."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float

from ..._foundation.layout import indices
from ..._model.finding import Finding
from ..evidence.data import Evidence
from ..evidence.naming import describe, others_agree, pointing_to
from ..terms.intermediates import Intermediate, Intermediates
from ._base import AbstractHypothesis
from ._exact import agrees


@dataclass(frozen=True, eq=False)
class _Match:
    """A value by which some entries of the gradient are the derivative.

    Attributes:
        value: The value.
        chosen: The coordinates.
    """

    value: Intermediate
    chosen: Bool[np.ndarray, " d"]


class DerivativeByIntermediate(AbstractHypothesis):
    """a = r − Jᵀc + c, where c is the derivative by a value v, and J = ∂v/∂x.

    The part Jᵀc of the gradient that goes through v has lost the factor Jᵀ: that of bounded
    parameters, or of a scale.
    """

    rank: ClassVar = 59

    def explain(self, evidence: Evidence) -> Finding | None:
        plain = evidence.declarable  # otherwise the derivative by v would need the convention too
        if evidence.traced is None or not plain:
            return None
        matches = _matches(evidence, Intermediates(evidence.traced))
        best = max(matches, key=lambda match: int(match.chosen.sum()), default=None)
        if best is None:
            return None
        return Finding(
            "intermediate",
            f"{describe(evidence, best.chosen)}: this is the derivative by {best.value.place}"
            f"{others_agree(evidence, best.chosen)}",
            correction="multiply by its derivative",
            coordinates=indices(best.chosen & evidence.open),
            **pointing_to(best.value.place),
        )


def _matches(evidence: Evidence, values: Intermediates) -> Iterator[_Match]:
    trials = max(1, len(values.every)) * evidence.d
    # A difference of such gradients has up to three times the bar of the reference.
    bars = 3 * evidence.reference_bar
    for k, value in enumerate(values.every):
        if not any(leaf.span.stop - leaf.span.start >= value.size for leaf in evidence.leaves):
            continue
        by, rest = values.derivatives[k], evidence.reference - values.through(k)
        for start in _starts(evidence, by, rest, bars):
            chosen, numbers = np.zeros(evidence.d, bool), rest.copy()
            chosen[start : start + value.size] = True
            numbers[:, chosen] += by
            if agrees(evidence, numbers, bars, chosen, trials):
                yield _Match(value, chosen)


def _starts(
    evidence: Evidence,
    by: Float[np.ndarray, "p n"],
    rest: Float[np.ndarray, "p d"],
    bars: Float[np.ndarray, "p d"],
) -> Iterator[int]:
    """Yields where the entries of the value may begin: the first of them agrees, one is wrong."""
    first, size = rest + by[:, :1], by.shape[1]
    same = np.abs(evidence.analytic - first) <= evidence.allowed(first, bars)
    possible = np.all(same | ~evidence.usable, axis=0)
    wrong = np.concatenate([[0], np.cumsum(evidence.open)])
    for leaf in evidence.leaves:
        starts = np.arange(leaf.span.start, leaf.span.stop - size + 1)
        some = wrong[starts + size] > wrong[starts]
        yield from starts[some & possible[starts]].tolist()


HYPOTHESES = (DerivativeByIntermediate(),)
