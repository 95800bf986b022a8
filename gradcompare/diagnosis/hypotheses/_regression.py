"""The factors of several parts of a gradient at once, by weighted least squares."""

from collections.abc import Sequence

import numpy as np

from ..evidence.constants import Constant, recognise, unnamed
from ..evidence.data import Evidence
from ..evidence.fit import BY_CHANCE, news
from ..terms.parts import Part
from .term import DEPENDENT_TERMS, MISSING

PAIR_LEFT = 1e-6
"""Largest part of the squared mismatch that a pair may leave by the normal equations."""


def regressed(evidence: Evidence, parts: Sequence[Part], trials: float) -> list[Constant] | None:
    """Returns the factor of each part if together they explain everything, not by chance.

    Args:
        evidence: The evidence.
        parts: The parts that may have a wrong factor.
        trials: The number of sets of parts that are tried.
    """
    # Weighted least squares for c − 1: 1 is the largest residual that is allowed.
    where, weight = _weights(evidence)
    columns = np.stack([part.values[where] * weight for part in parts], axis=1)
    target = (evidence.analytic - evidence.reference)[where] * weight
    sizes = np.linalg.norm(columns, axis=0)
    if len(target) <= len(parts) or not np.all((sizes > 0) & np.isfinite(sizes)):
        return None
    inverse = np.linalg.pinv(columns / sizes)
    if np.linalg.cond(columns / sizes) > DEPENDENT_TERMS:
        return None
    excess = inverse @ target / sizes
    fresh = news(evidence.reference, where)[where]
    if np.any(np.abs(columns @ excess - target) > 1):
        return None
    if not telling(target * fresh, len(parts), trials * evidence.rivals):
        return None
    half = np.sum(np.abs(inverse), axis=1) / sizes  # each entry may be off by 1
    return [_factor(evidence, c, bar) for c, bar in zip(excess + 1, half, strict=True)]


def nearest_pairs(evidence: Evidence, parts: Sequence[Part], most: int) -> list[tuple[int, int]]:
    """Returns the pairs of parts of which two multiples come nearest to the mismatch.

    Their residuals are those of the normal equations, which lose half of the digits.
    """
    where, weight = _weights(evidence)
    columns = np.stack([part.values[where] * weight for part in parts], axis=1)
    target = (evidence.analytic - evidence.reference)[where] * weight
    sizes = np.linalg.norm(columns, axis=0)
    if not np.all((sizes > 0) & np.isfinite(sizes)):
        return []
    unit = columns / sizes
    along, cosines = unit.T @ target / np.linalg.norm(target), unit.T @ unit
    i, j = np.triu_indices(len(parts), 1)
    c = cosines[i, j]
    with np.errstate(all="ignore"):
        reached = (along[i] ** 2 - 2 * c * along[i] * along[j] + along[j] ** 2) / (1 - c**2)
    left = np.where(1 - c**2 > 1 / DEPENDENT_TERMS, 1 - reached, np.inf)
    best = np.argsort(left, kind="stable")[:most]
    return [(int(i[k]), int(j[k])) for k in best if left[k] < PAIR_LEFT]


def _weights(evidence: Evidence) -> tuple[np.ndarray, np.ndarray]:
    """Returns which entries count, and one over what is allowed in each of them."""
    where = evidence.usable & evidence.determined
    allowed = evidence.allowed(evidence.analytic, 3 * evidence.reference_bar)[where]
    return where, 1 / np.maximum(allowed, np.finfo(np.float64).tiny)


def telling(target: np.ndarray, adapted: int, trials: float) -> bool:
    """Whether this number of adapted factors would not explain as much by chance."""
    sizes = np.sort(np.log10(np.maximum(np.abs(target), 1)))
    free = float(np.sum(sizes[: max(len(sizes) - adapted, 0)]))
    return np.log10(trials) - free < np.log10(BY_CHANCE)


def _factor(evidence: Evidence, c: float, bar: float) -> Constant:
    if abs(c) <= bar:
        return MISSING
    return recognise(c - bar, c + bar, evidence) or unnamed(c - bar, c + bar)
