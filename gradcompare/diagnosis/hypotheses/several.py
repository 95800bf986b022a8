"""Several parts of a gradient that are wrong at once, each with a factor of its own."""

from collections.abc import Sequence
from typing import ClassVar

from ..._foundation.layout import indices
from ..._model.finding import Finding
from ..evidence.constants import Constant
from ..evidence.data import Evidence
from ..evidence.multiple import CONSTANTS
from ..evidence.naming import pointing_to
from ..terms.parts import Part
from ._base import AbstractHypothesis
from ._regression import nearest_pairs, regressed
from .term import correction_of, sentence

ORDINALS = ("first", "second", "third", "fourth", "fifth")
"""More wrong terms are no explanation: with a factor for each, many gradients would have one."""

CLOSER_PAIRS = 20
"""Number of pairs of parts that are looked at more closely."""


class Terms(AbstractHypothesis):
    """a = Σ c_k g_k over all terms of the objective: several wrong terms at once."""

    rank: ClassVar = 57

    def explain(self, evidence: Evidence) -> Finding | None:
        parts = () if evidence.traced is None else evidence.traced.parts
        terms = [part for part in parts if part.edge.term]
        factors = regressed(evidence, terms, 1) if len(terms) > 1 else None
        if factors is None:
            return None
        wrong = [
            (p, c)
            for p, c in zip(terms, factors, strict=True)
            if not (c.is_one_of(1) or c.inexact)
        ]
        if not 0 < len(wrong) <= len(ORDINALS):
            return None
        return _finding(evidence, wrong)


class Pair(AbstractHypothesis):
    """a = r + (c − 1) g + (e − 1) h, where g and h are parts of r, and c and e have names."""

    rank: ClassVar = 64

    def explain(self, evidence: Evidence) -> Finding | None:
        parts = () if evidence.traced is None else evidence.traced.parts
        if len(parts) < 2:
            return None
        trials = CONSTANTS**2 * len(parts) ** 2
        for pair in nearest_pairs(evidence, parts, CLOSER_PAIRS):
            both = [parts[k] for k in pair]
            factors = regressed(evidence, both, trials)
            if factors is not None and all(map(_is_meant, factors)):
                return _finding(evidence, list(zip(both, factors, strict=True)))
        return None


def _is_meant(constant: Constant) -> bool:
    """Whether a factor has a name, and one that is not far-fetched."""
    return constant.uncertainty == 0 and constant.level < 2 and not constant.is_one_of(1)


def _finding(evidence: Evidence, wrong: Sequence[tuple[Part, Constant]]) -> Finding:
    return Finding(
        "term",
        "; ".join(sentence(part, constant) for part, constant in wrong),
        correction=_corrections(wrong),
        coordinates=indices(evidence.open),
        **pointing_to(wrong[0][0].edge.place),
    )


def _corrections(wrong: Sequence[tuple[Part, Constant]]) -> str:
    """Returns what to do about each of several terms."""
    if len(wrong) == 1:
        return correction_of(*wrong[0])
    named = zip(ORDINALS, wrong, strict=False)
    return ", ".join(_named_correction(f"the {name}", c) for name, (_, c) in named)


def _named_correction(name: str, constant: Constant) -> str:
    if constant.value == 0:
        return f"add the derivative of {name}"
    return f"change the sign of {name}" if constant.value == -1 else constant.undone_in(name)


HYPOTHESES = (Terms(), Pair())
