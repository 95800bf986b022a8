"""A term of the objective that is missing from the gradient, or enters with a wrong factor."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from jaxtyping import Bool

from ..._foundation.layout import indices
from ..._model.estimate import EPS
from ..._model.finding import Finding
from ..evidence.constants import Constant
from ..evidence.data import Evidence
from ..evidence.fit import Fit, fit
from ..evidence.multiple import constant_of
from ..evidence.naming import describe, others_agree, pointing_to
from ..terms.parts import Part
from ._base import AbstractHypothesis

DEPENDENT_TERMS = 1e6
"""Condition number above which the gradients of terms are too dependent to be separated."""

MISSING = Constant(0.0, "0")
"""The factor of a missing term."""

TERM_FACTORS = (0, -1, 0.5, 2)
"""The factors of a term that was forgotten, halved or doubled, or has the wrong sign."""

PLAIN_AMOUNTS = {"1/2": "half of", "2": "twice"}
"""Factors that have a word."""


@dataclass(frozen=True, eq=False)
class _Match:
    """A part that explains some coordinates.

    Attributes:
        part: The part.
        constant: The factor with which it enters.
        chosen: The coordinates that this explains.
        inside: Whether it is an operand inside of an expression.
    """

    part: Part
    constant: Constant
    chosen: Bool[np.ndarray, " d"]
    inside: bool

    @property
    def merit(self) -> tuple[int, int]:
        """Number of coordinates explained, and whether the factor is simple, named or neither."""
        c = self.constant
        simple = (
            2 if c.is_one_of(*TERM_FACTORS) else 1 if c.uncertainty == 0 and c.level < 2 else 0
        )
        return int(self.chosen.sum()), simple


class Term(AbstractHypothesis):
    """a = r + (c − 1) g, where g is the part of r that goes through one term or one use.

    Otherwise, g is the change of the gradient by an operand of a sum inside the objective.
    """

    rank: ClassVar = 55

    def explain(self, evidence: Evidence) -> Finding | None:
        traced = evidence.traced
        if traced is None:
            return None
        matches = _matches(evidence, [*traced.parts, *_together(traced.parts)], inside=False)
        best = max(matches, key=lambda match: match.merit, default=None)
        if best is None or best.merit < (int(evidence.open.sum()), 2):
            matches = [*filter(None, [best]), *_matches(evidence, traced.variants, inside=True)]
            best = max(matches, key=lambda match: match.merit, default=None)
        return None if best is None else _finding(evidence, best)


def _together(parts: Sequence[Part]) -> list[Part]:
    """Returns the sum of the terms of each expression with several terms, as in a loop."""
    groups: dict[tuple[str, int, int, str], list[Part]] = {}
    for part in parts:
        if part.edge.term and (place := part.edge.place) is not None:
            key = (place.file, place.line, place.column, place.text)
            groups.setdefault(key, []).append(part)
    return [
        Part(
            replace(first.edge, text=f"the sum of the {1 + len(rest)} terms {first.edge.place}"),
            np.sum([part.values for part in (first, *rest)], axis=0),
        )
        for first, *rest in groups.values()
        if rest
    ]


def _matches(evidence: Evidence, parts: Sequence[Part], *, inside: bool) -> list[_Match]:
    matches = []
    for part in parts:
        fitted = _fitted(evidence, part)
        constant = None if fitted is None else _entering(fitted, evidence, len(parts))
        if fitted is None or constant is None or constant.value == 1 or constant.inexact:
            continue
        # An unnamed number that fits only some coordinates may do so by chance.
        if constant.uncertainty == 0 or fitted.coordinates.sum() == evidence.open.sum():
            matches.append(_Match(part, constant, fitted.coordinates, inside))
    return matches


def _finding(evidence: Evidence, match: _Match) -> Finding:
    part, constant, chosen = match.part, match.constant, match.chosen
    touched = np.any(np.abs(part.values) > evidence.reference_bar, axis=0)
    whole = bool(np.all(chosen[touched & evidence.determined]))
    where = "" if whole else f"in {describe(evidence, chosen)}, "
    others = "" if whole else others_agree(evidence, chosen)
    return Finding(
        "term",
        f"{where}{sentence(part, constant, inside=match.inside)}{others}",
        correction="derive that line again" if match.inside else correction_of(part, constant),
        coordinates=indices(chosen),
        **pointing_to(part.edge.place),
    )


def _fitted(evidence: Evidence, part: Part) -> Fit | None:
    # The part is a difference of two gradients, each as uncertain as the reference.
    allowed = evidence.allowed(evidence.analytic, 3 * evidence.reference_bar)
    excess = evidence.analytic - evidence.reference
    return fit(excess, part.values, allowed, evidence.usable, evidence.open)


def _entering(fitted: Fit, evidence: Evidence, trials: float) -> Constant | None:
    """Returns the factor c of the part from a fit of c − 1, unless the fit may be by chance."""
    low, high = fitted.low + 1, fitted.high + 1
    if low <= 0 <= high or max(abs(low), abs(high)) < 8 * EPS:
        trials *= 3 * evidence.rivals
        plain = fitted.convinces(trials, int(evidence.open.sum()), constants=0)
        return MISSING if plain else None
    return constant_of(replace(fitted, low=low, high=high), evidence, trials, named=False)


def sentence(part: Part, constant: Constant, *, inside: bool = False) -> str:
    """Returns what is wrong with a part of the gradient."""
    if constant.value == 0:
        return f"{part.edge.text} is missing from your gradient"
    subject, edge = part.edge.text.removesuffix(","), part.edge
    if inside:
        subject += ": its contribution to your gradient"
    elif edge.term or edge.value is not None:  # all others are called derivatives
        subject += ": its derivative"
    return f"{subject} {_compared(constant)}"


def _compared(constant: Constant) -> str:
    if constant.value == -1:
        return "has the wrong sign"
    of = "of" if constant.text.startswith("1/") else "times"
    amount = PLAIN_AMOUNTS.get(constant.words, f"{constant.words} {of}")
    return f"is {amount} what it should be"


def correction_of(part: Part, constant: Constant) -> str:
    if constant.value == 0:
        return "add its derivative"
    if constant.value == -1:
        return "change its sign"
    return constant.undone_in("that term" if part.edge.term else "it")


HYPOTHESES = (Term(),)
