"""A summand that is missing or should not be there: a penalty, a constant."""

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

import numpy as np

from ..._model.finding import Finding
from ..evidence.broadcast import of_leaf, spread
from ..evidence.constants import Constant, recognise
from ..evidence.data import Evidence
from ..evidence.multiple import CONSTANTS, Match, Prediction, best_match
from ..evidence.naming import PARAMETER, describe, others_agree, with_names
from ._base import AbstractHypothesis

PARALLEL = 1e6
"""Condition number above which reference and term are too parallel to be separated."""


class Additive(AbstractHypothesis):
    """a = r + β v, where v is 1, the parameter, its sign, or a vector of the data."""

    rank: ClassVar = 60

    def explain(self, evidence: Evidence) -> Finding | None:
        match = _term_in(
            evidence,
            evidence.analytic - evidence.reference,
            list(_terms(evidence)),
            evidence.reference_bar,
        )
        if match is None:
            return None
        return _finding(evidence, match, "additive", "analytic - reference is ")


class FactorAndTerm(AbstractHypothesis):
    """a = c r + β v with a number c that has a name: two faults in the same coordinates."""

    rank: ClassVar = 70

    def explain(self, evidence: Evidence) -> Finding | None:
        terms = list(_terms(evidence))
        for term in terms:
            constant = _factor_beside(evidence, term)
            if constant is None:
                continue
            c = constant.value
            excess = evidence.analytic - c * evidence.reference
            bar = abs(c) * evidence.reference_bar
            match = _term_in(evidence, excess, [term], bar, tried=CONSTANTS * len(terms))
            if match is not None:
                start = f"{constant.words} times the reference, plus "
                finding = _finding(evidence, match, "factor and term", start)
                return replace(finding, correction=f"{finding.correction}, and {constant.undone}")
        return None


def _term_in(
    evidence: Evidence, excess, terms: list[Prediction], noise, tried: int = 1
) -> Match | None:
    options = {"named": False, "of_data": True, "tried": tried}
    return best_match(evidence, excess, terms, noise=noise, **options)


def _finding(evidence: Evidence, match: Match, kind: str, start: str) -> Finding:
    term = _term(match.constant, match.prediction.text) + match.prediction.hint
    correction = _correction(match.constant, match.prediction)
    return Finding(
        kind,
        f"{describe(evidence, match.chosen)}: {start}"
        f"{with_names(evidence, match.chosen, term)}{others_agree(evidence, match.chosen)}",
        correction=with_names(evidence, match.chosen, correction),
        coordinates=match.coordinates,
    )


def _terms(evidence: Evidence) -> Iterator[Prediction]:
    """Yields what may be added, without error bars."""
    none = np.zeros(evidence.x.shape)
    yield Prediction("", np.ones(evidence.x.shape), none)
    ridge = ", as from a penalty on squares"
    t, logarithm = PARAMETER, f", as from a logarithm of {PARAMETER}"
    yield Prediction(t, evidence.x, none, hint=ridge)
    lasso = ", as from a penalty on absolute values"
    yield Prediction(f"sign({t})", np.sign(evidence.x), none, hint=lasso)
    yield Prediction(f"1/{t}", _inverse(evidence.x), none, hint=logarithm)
    for leaf in evidence.leaves:
        for data in evidence.data:
            assert data.values is not None
            for way, values in spread(evidence, data.values[None], leaf):
                yield Prediction(f"{data.name}{way}", values, none)
        for other in evidence.leaves:
            if other is not leaf:
                for way, values in spread(evidence, of_leaf(evidence, other), leaf):
                    yield Prediction(f"{other.name}{way}", values, none)


def _inverse(x: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.where(x != 0, 1 / x, np.nan)


def _factor_beside(evidence: Evidence, term: Prediction) -> Constant | None:
    """Returns the factor of the reference in a joint fit with the term, if it has a name."""
    # Weighted least squares for (c, β): each row is divided by what is allowed in that entry.
    where = evidence.usable & evidence.open & np.isfinite(term.values)
    if where.sum() < 4:
        return None
    a, r, v = evidence.analytic[where], evidence.reference[where], term.values[where]
    allowed = evidence.allowed(evidence.analytic, evidence.reference_bar)[where]
    weight = 1 / np.maximum(allowed, np.finfo(np.float64).tiny)
    columns = np.stack([r * weight, v * weight], axis=1)
    sizes = np.linalg.norm(columns, axis=0)
    if not np.all((sizes > 0) & np.isfinite(sizes)) or np.linalg.cond(columns / sizes) > PARALLEL:
        return None
    solution = np.linalg.lstsq(columns / sizes, a * weight, rcond=None)[0] / sizes
    c, residual = solution[0], np.linalg.norm(columns @ solution - a * weight)
    if residual > np.sqrt(len(a)):  # with these weights, 1 is the most allowed in an entry
        return None
    # Uncertainty of c if every entry is off by 1: a norm of √n times √((AᵀA)⁻¹)₀₀.
    inverse = np.linalg.inv((columns / sizes).T @ (columns / sizes))
    half = np.sqrt(inverse[0, 0]) / sizes[0] * np.sqrt(len(a))
    constant = recognise(c - half, c + half, evidence)
    return None if constant is None or constant.is_one_of(1) else constant


def _term(constant: Constant, text: str) -> str:
    meaning = f" ({constant.meaning})" if constant.meaning else ""
    if not text:
        return f"{constant.text} in every entry{meaning}"
    return text if constant.is_one_of(1) else f"{constant.text} × {text}{meaning}"


def _correction(constant: Constant, term: Prediction) -> str:
    parts = [constant.size] if not (constant.is_one_of(1, -1) and term.text) else []
    verb = "add" if constant.value < 0 else "subtract"
    return f"{verb} {' × '.join([*parts, *filter(None, [term.text])])}"


HYPOTHESES = (Additive(), FactorAndTerm())
