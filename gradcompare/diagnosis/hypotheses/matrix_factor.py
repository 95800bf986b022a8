"""A matrix factor that is missing from the gradient of a matrix or a vector, or superfluous."""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ..._foundation.layout import indices
from ..._model.finding import Finding
from ..evidence.broadcast import of_leaf
from ..evidence.data import Evidence, Leaf
from ..evidence.naming import describe, others_agree
from ._base import AbstractHypothesis

LARGEST_MATRIX = 1000
"""Number of rows of the largest matrix that is tried."""


class MatrixFactor(AbstractHypothesis):
    """M a = r or a = M r for one array, where M is a matrix of the parameters or data."""

    rank: ClassVar = 53

    def explain(self, evidence: Evidence) -> Finding | None:
        for leaf in evidence.leaves:
            if evidence.open[leaf.span].any() and len(leaf.shape) in (1, 2):
                for text, missing, product, bar in _products(evidence, leaf):
                    if _holds(evidence, leaf, missing, product, bar):
                        return _finding(evidence, leaf, text, missing)
        return None


def _products(
    evidence: Evidence, leaf: Leaf
) -> Iterator[tuple[str, bool, np.ndarray, np.ndarray]]:
    """Yields the words, whether M is missing, the product at every point, and its error bars."""
    # M a = r if M is missing, M r = a if it is one too many. A bar passes through |M|.
    sides = {
        True: (_matrices(evidence.analytic, leaf), _matrices(evidence.analytic_bar, leaf)),
        False: (_matrices(evidence.reference, leaf), _matrices(evidence.reference_bar, leaf)),
    }
    for name, M in _square(evidence):
        for missing, (values, bars) in sides.items():
            for text, A in ((name, M), (f"{name}ᵀ", np.swapaxes(M, -1, -2))):
                if M.shape[-1] == values.shape[1]:
                    yield f"{text} from the left", missing, A @ values, np.abs(A) @ bars
                if M.shape[-1] == values.shape[2] and len(leaf.shape) == 2:
                    yield f"{text} from the right", missing, values @ A, bars @ np.abs(A)


def _square(evidence: Evidence) -> Iterator[tuple[str, np.ndarray]]:
    for leaf in evidence.leaves:
        if _is_square(leaf):
            yield leaf.name, of_leaf(evidence, leaf)
    for leaf in evidence.data:
        if _is_square(leaf) and leaf.values is not None:
            yield leaf.name, np.broadcast_to(leaf.values, (len(evidence.x), *leaf.shape))


def _is_square(leaf: Leaf) -> bool:
    return len(leaf.shape) == 2 and 1 < leaf.shape[0] == leaf.shape[1] <= LARGEST_MATRIX


def _matrices(flat: Float[np.ndarray, "p d"], leaf: Leaf) -> Float[np.ndarray, "p n m"]:
    shape = leaf.shape if len(leaf.shape) == 2 else (*leaf.shape, 1)
    return flat[:, leaf.span].reshape(len(flat), *shape)


def _holds(
    evidence: Evidence, leaf: Leaf, missing: bool, product: np.ndarray, bar: np.ndarray
) -> bool:
    """Whether the product equals the other side in every entry that can be compared."""
    flat, flat_bar = (each.reshape(len(product), -1) for each in (product, bar))
    target = evidence.reference if missing else evidence.analytic
    extra = np.zeros_like(target)
    extra[:, leaf.span] = flat_bar
    allowed = evidence.allowed(target, evidence.reference_bar + extra)[:, leaf.span]
    usable = evidence.usable[:, leaf.span]
    same = np.abs(flat - target[:, leaf.span]) <= allowed
    explained = np.zeros(target.shape, bool)
    explained[:, leaf.span] = same
    return bool(np.all(same | ~usable)) and evidence.convinces(
        explained, evidence.reference_bar + extra, 4 * len(evidence.data + evidence.leaves)
    )


def _finding(evidence: Evidence, leaf: Leaf, text: str, missing: bool) -> Finding:
    chosen = np.zeros(evidence.d, bool)
    chosen[leaf.span] = evidence.open[leaf.span]
    what = "lacks a multiplication by" if missing else "has one multiplication too many, by"
    return Finding(
        "matrix factor",
        f"{describe(evidence, chosen)}: the gradient {what} {text}"
        f"{others_agree(evidence, chosen)}",
        correction=f"{'multiply' if missing else 'do not multiply'} by {text}",
        coordinates=indices(chosen),
    )


HYPOTHESES = (MatrixFactor(),)
