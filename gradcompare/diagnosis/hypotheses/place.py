"""The place of a fault that no other hypothesis explains."""

from typing import ClassVar

import numpy as np

from ..._foundation.layout import indices
from ..._model.estimate import SAFETY
from ..._model.finding import Finding
from ..evidence.data import Evidence
from ..evidence.naming import describe, others_agree
from ._base import AbstractHypothesis

NAMED_RATIOS = 4
"""Longest list of ratios in a sentence."""


class Place(AbstractHypothesis):
    """Only some coordinates are wrong, in an unknown way."""

    rank: ClassVar = 90
    explains: ClassVar = False

    def explain(self, evidence: Evidence) -> Finding | None:
        others = others_agree(evidence, evidence.open)
        if not others:
            return None
        ratios = ""
        if evidence.open.sum() == 1:
            ratios = _ratios(evidence, int(np.argmax(evidence.open)))
        where = describe(evidence, evidence.open)
        return Finding(
            "place",
            f"the fault is in {where} alone{ratios}{others}",
            coordinates=indices(evidence.open),
        )


def _ratios(evidence: Evidence, i: int) -> str:
    ratios = [
        f"{evidence.analytic[k, i] / evidence.reference[k, i]:.6g} at {label}"
        for k, label in enumerate(evidence.labels)
        if evidence.usable[k, i]
        and abs(evidence.reference[k, i]) > SAFETY * evidence.reference_bar[k, i]
    ]
    return f": analytic / reference = {', '.join(ratios[:NAMED_RATIOS])}" if ratios else ""


HYPOTHESES = (Place(),)
