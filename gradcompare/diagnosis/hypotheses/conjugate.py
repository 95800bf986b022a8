"""Another convention of the gradient by complex parameters."""

from typing import ClassVar

import numpy as np

from ..._foundation.layout import indices
from ..._model.finding import Finding
from ..evidence.data import Evidence
from ._base import AbstractHypothesis
from ._exact import agrees

CONVENTIONS = {
    1.0: (
        "the conjugate of the reference",
        'conjugate it, or declare complex_convention="ascent"',
    ),
    0.5: (
        "1/2 times the conjugate of the reference, as Wirtinger's derivative by the conjugate is",
        'take twice its conjugate, or declare complex_convention="wirtinger"',
    ),
}
"""What a gradient is in another convention, by its factor, and what to do."""


class Conjugate(AbstractHypothesis):
    """a = c (∂f/∂x + i ∂f/∂y) where ∂f/∂x − i ∂f/∂y is meant, with c = 1 or 1/2."""

    rank: ClassVar = 5

    def explain(self, evidence: Evidence) -> Finding | None:
        if evidence.imaginary is None:
            return None
        signs = np.where(evidence.imaginary, -1.0, 1.0)
        for factor, (what, correction) in CONVENTIONS.items():
            gradients, bars = factor * signs * evidence.reference, factor * evidence.reference_bar
            if agrees(evidence, gradients, bars, evidence.open, 2 * evidence.rivals):
                sentence = f"your gradient by complex parameters is {what}"
                return Finding(
                    "conjugate", sentence, 0.0, correction, indices(evidence.open), precise=True
                )
        return None


HYPOTHESES = (Conjugate(),)
