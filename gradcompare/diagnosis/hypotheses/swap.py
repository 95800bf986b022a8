"""Single entries that hold the derivative of another coordinate."""

from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float

from ..._model.estimate import SAFETY
from ..._model.finding import Finding
from ..evidence.data import Evidence
from ..evidence.fit import BY_CHANCE, log_chance, log_choices, news
from ..evidence.multiple import is_unit
from ..evidence.naming import others_agree
from ._base import AbstractHypothesis

COMPARED_PAIRS = 1_000_000
"""Largest number of pairs of entries that are compared."""

NAMED_PAIRS = 3
"""Longest list of pairs in a sentence."""


class Swap(AbstractHypothesis):
    """a_i = r_j at every point: two entries are exchanged, or an index is wrong."""

    rank: ClassVar = 42

    def explain(self, evidence: Evidence) -> Finding | None:
        rows = np.flatnonzero(evidence.open)
        if len(rows) == 0 or len(rows) * evidence.d > COMPARED_PAIRS:
            return None
        same = _same(evidence, rows)
        mutual = same[:, rows] & same[:, rows].T
        sources: dict[int, int] = {}
        for k, i in enumerate(rows):
            # Two entries that hold each other's value explain one another, so they come first.
            partner = rows[mutual[k]] if mutual[k].any() else np.flatnonzero(same[k])
            if len(partner):
                sources[int(i)] = int(partner[0])
        chosen = np.isin(np.arange(evidence.d), list(sources))
        if not sources or not is_unit(evidence, chosen):
            return None
        if _chance(evidence, sources, len(rows)) > BY_CHANCE:
            return None
        return _finding(evidence, sources)


def _same(evidence: Evidence, rows: np.ndarray) -> Bool[np.ndarray, "k d"]:
    """Whether a_i equals r_j to within the bars at every point, for some i and all j ≠ i."""
    same = np.ones((len(rows), evidence.d), bool)
    for a, a_bar, r, r_bar, usable in zip(
        evidence.analytic,
        evidence.analytic_bar,
        evidence.reference,
        evidence.reference_bar,
        evidence.usable,
        strict=True,
    ):
        bars = SAFETY * (a_bar[rows][:, None] + r_bar[None])
        near = np.abs(a[rows][:, None] - r[None]) <= bars
        same &= (near & usable[None]) | ~usable[rows][:, None]
    # An entry that is usable at no point agreed with everything so far.
    same &= np.any(evidence.usable[:, rows], axis=0)[:, None]
    same[np.arange(len(rows)), rows] = False
    return same


def _chance(evidence: Evidence, sources: dict[int, int], tried: int) -> float:
    """Returns the probability of so good an agreement without a swap."""
    i, j = np.array(list(sources)), np.array(list(sources.values()))
    scale = np.abs(evidence.reference[:, j])
    bars = evidence.analytic_bar[:, i] + evidence.reference_bar[:, j]
    with np.errstate(all="ignore"):
        widths = np.where(evidence.usable[:, i] & (scale > 0), 2 * SAFETY * bars / scale, 1.0)
    # Among whole numbers, many are the same.
    widths = np.maximum(widths, _alike(evidence))
    logs = np.sum(log_chance(widths, news(evidence.reference[:, j], evidence.usable[:, i])))
    # Each entry could match any of d, and any subset of those tried could have matched.
    choices = log_choices(tried, len(sources)) + len(sources) * np.log10(evidence.d)
    choices += np.log10(evidence.rivals)
    return float(10.0 ** min(0.0, logs + choices))


def _alike(evidence: Evidence) -> Float[np.ndarray, "p 1"]:
    """Returns the share of the pairs of coordinates with the same derivative at each point."""
    bars = SAFETY * evidence.reference_bar
    pairs = [
        np.sum(np.abs(r[:, None] - r[None]) <= bar[:, None] + bar[None]) - evidence.d
        for r, bar in zip(evidence.reference, bars, strict=True)
    ]
    return np.array(pairs, float)[:, None] / max(evidence.d * (evidence.d - 1), 1)


def _finding(evidence: Evidence, sources: dict[int, int]) -> Finding:
    name = evidence.name
    pairs = [(i, j) for i, j in sources.items() if sources.get(j) == i and i < j]
    single = {i: j for i, j in sources.items() if sources.get(j) != i}
    clauses = [f"{name(i)} and {name(j)} are swapped" for i, j in pairs]
    clauses += [f"{name(i)} holds the derivative of {name(j)}" for i, j in single.items()]
    more = f" and {len(clauses) - NAMED_PAIRS} more" if len(clauses) > NAMED_PAIRS else ""
    chosen = np.zeros(evidence.d, bool)
    chosen[list(sources)] = True
    return Finding(
        "swap" if pairs and not single else "permutation",
        ", ".join(clauses[:NAMED_PAIRS]) + more + others_agree(evidence, chosen),
        correction="exchange them" if pairs and not single else "write each in its own entry",
        coordinates=tuple(sorted(sources)),
    )


HYPOTHESES = (Swap(),)
