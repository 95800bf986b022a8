"""A gradient of a symmetric matrix that is right in its symmetric part alone.

If M is symmetric, only the symmetric part (G + Gᵀ)/2 of the derivative matters: a gradient that
has each pair of entries in one triangle is as good.
"""

from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ..._foundation.layout import indices
from ..._model.finding import Finding
from ..evidence.data import Evidence, Leaf
from ..evidence.naming import others_agree
from ._base import AbstractHypothesis


class SymmetricPart(AbstractHypothesis):
    """a + aᵀ = r + rᵀ for a square matrix, and a is not r."""

    rank: ClassVar = 46

    def explain(self, evidence: Evidence) -> Finding | None:
        for leaf in evidence.leaves:
            square = len(leaf.shape) == 2 and leaf.shape[0] == leaf.shape[1]
            if not square or not evidence.open[leaf.span].any():
                continue
            if not _agrees(evidence, leaf):
                continue
            chosen = np.zeros(evidence.d, bool)
            chosen[leaf.span] = evidence.open[leaf.span]
            return Finding(
                "symmetric part",
                f"{leaf.name}: the symmetric part (G + Gᵀ)/2 of your gradient G is right, and G "
                f"is not{others_agree(evidence, chosen)}",
                correction="return the derivative of each entry separately, or, if the matrix is "
                "symmetric, return (G + Gᵀ)/2 and declare symmetric=True",
                coordinates=indices(chosen),
            )
        return None


def _agrees(evidence: Evidence, leaf: Leaf) -> bool:
    """Whether every entry and its mirror image have the right sum, not by chance."""
    sums = _mirrored(evidence.analytic - evidence.reference, leaf)
    bar = _mirrored(evidence.allowed(evidence.reference, evidence.reference_bar), leaf)
    usable = _mirrored((~evidence.usable).astype(float), leaf) == 0
    same = (np.abs(sums) <= bar) | ~usable
    inside = np.zeros(evidence.d, bool)
    inside[leaf.span] = True
    # Each pair is one equation.
    n = leaf.shape[0]
    inside[leaf.span] &= np.tri(n, k=-1, dtype=bool).reshape(-1)
    telling = same & usable & inside
    mirror = _mirrored(evidence.reference_bar, leaf)
    return bool(same[:, leaf.span].all()) and evidence.convinces(telling, mirror, 1)


def _mirrored(flat: Float[np.ndarray, "p d"], leaf: Leaf) -> Float[np.ndarray, "p d"]:
    """Returns G + Gᵀ for the matrix G of the leaf, in its place."""
    out = np.zeros(flat.shape)
    shaped = flat[:, leaf.span].reshape(len(flat), *leaf.shape)
    out[:, leaf.span] = (shaped + shaped.swapaxes(1, 2)).reshape(len(flat), -1)
    return out


HYPOTHESES = (SymmetricPart(),)
