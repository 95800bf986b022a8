"""A constant factor on all or some coordinates; 0 for entries that are always 0."""

from typing import ClassVar

import numpy as np

from ..._foundation.layout import indices
from ..._foundation.wording import short
from ..._model.finding import Finding
from ..evidence.constants import Constant
from ..evidence.data import Evidence
from ..evidence.multiple import Match, Prediction, best_match, is_unit
from ..evidence.naming import describe, others_agree
from ._base import AbstractHypothesis

NEAR_ONE = 5.0
"""Least distance of a factor from 1 in units of its uncertainty. A nearer factor is noise beside
another small fault."""


class Factor(AbstractHypothesis):
    """a = c r with one number c: a lost 2 of a square, a mean for a sum, a sign."""

    rank: ClassVar = 20

    def explain(self, evidence: Evidence) -> Finding | None:
        same = Prediction("the reference", evidence.reference, evidence.reference_bar)
        match = best_match(evidence, evidence.analytic, [same], named=False)
        if match is None or _doubtful(evidence, match):
            return None
        where, others = describe(evidence, match.chosen), others_agree(evidence, match.chosen)
        return Finding(
            "sign" if match.constant.value == -1 else "factor",
            f"{where}: {_times(match.constant)}{others}",
            correction=_correction(evidence, match),
            coordinates=match.coordinates,
        )


def _doubtful(evidence: Evidence, match: Match) -> bool:
    """Whether the factor is nearly 1, or an imprecise number that may fit some by chance."""
    value, bar = match.constant.value, match.constant.uncertainty
    if match.constant.inexact:
        return True
    imprecise = bar > 1e-6 * abs(value)
    return abs(value - 1) <= NEAR_ONE * bar or (
        imprecise and match.chosen.sum() < evidence.open.sum()
    )


def _times(constant: Constant) -> str:
    if constant.value == -1:
        return "the opposite sign of the reference"
    return f"{constant.words} times the reference"


def _correction(evidence: Evidence, match: Match) -> str:
    """Returns what to do; a factor of the whole gradient may also be declared."""
    c = match.constant
    whole = bool(match.chosen[evidence.determined].all())
    undone = "change the sign" if c.value == -1 else c.undone
    if not (whole and evidence.declarable) or c.barred:
        return undone
    options = ["sign=-1"] if c.value < 0 else []
    options += [f"scale={abs(c.value):.16g}"] if abs(c.value) != 1 else []
    return f"{undone}, or declare {', '.join(options)} if that is meant"


class Zero(AbstractHypothesis):
    """a = 0 at every point: a missing term, an entry that is never assigned."""

    rank: ClassVar = 10

    def explain(self, evidence: Evidence) -> Finding | None:
        dead = evidence.open & np.all((evidence.analytic == 0) | ~evidence.usable, axis=0)
        if not dead.any() or not is_unit(evidence, dead):
            return None
        size = np.where(evidence.wrong & dead, np.abs(evidence.reference), -1.0)
        point, worst = np.unravel_index(int(np.argmax(size)), size.shape)
        largest = short(evidence.reference[point, worst], 4)
        largest += f" ± {short(evidence.reference_bar[point, worst], 2)}"
        where = describe(evidence, dead)
        name = "" if where == evidence.name(int(worst)) else f" in {evidence.name(int(worst))}"
        return Finding(
            "zero",
            f"{where}: exactly 0, but the reference is {largest}{name} "
            f"at {evidence.labels[point]}{others_agree(evidence, dead)}",
            correction="add the missing term, or assign the missing entry",
            coordinates=indices(dead),
        )


HYPOTHESES = (Factor(), Zero())
