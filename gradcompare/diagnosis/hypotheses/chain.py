"""A chain factor of a parametrisation that is missing or should not be there.

With parameters θ = φ(t) the derivatives are related by ∂f/∂t = φ′(t) ∂f/∂θ: by φ′ = θ for the
logarithm as parameter, exp t where t is the logarithm, σ(t)(1 − σ(t)) where t is a logit.
"""

from dataclasses import replace
from typing import ClassVar

import numpy as np

from ..._model.finding import Finding
from ..evidence.data import Evidence
from ..evidence.multiple import Match, best_match, times
from ..evidence.naming import PARAMETER, describe, others_agree, with_names
from ._base import AbstractHypothesis


def _sigmoid(t):
    return 0.5 * (1 + np.tanh(t / 2))


FACTORS = (
    ("θ", lambda t: t, "the derivative with respect to log θ"),
    ("exp(θ)", np.exp, "the chain factor of θ ↦ exp θ"),
    ("exp(-θ)", lambda t: np.exp(-t), "the chain factor of θ ↦ exp(-θ)"),
    (
        "σ(θ)(1-σ(θ))",
        lambda t: _sigmoid(t) * _sigmoid(-t),
        "the chain factor of the logistic function σ",
    ),
    ("σ(θ)", _sigmoid, "the chain factor of softplus"),
    ("(1-tanh²θ)", lambda t: 1 - np.tanh(t) ** 2, "the chain factor of tanh"),
    ("θ²", lambda t: t**2, "a chain factor of θ ↦ 1/θ"),
    ("√θ", np.sqrt, "a chain factor of θ ↦ √θ"),
    ("sign(θ)", lambda t: np.where(t == 0, np.nan, np.sign(t)), "the chain factor of |θ|"),
)
"""The text of each factor, its function, and what it indicates."""

LOG = "log"
"""The kind of a prediction that is the derivative with respect to the logarithm."""

INVERTIBLE = ("exp(θ)", "exp(-θ)", "sign(θ)")
"""Factors whose inverse is one of the factors too."""


class ChainFactor(AbstractHypothesis):
    """a = φ′(θ) r or r / φ′(θ), entry by entry, where θ is the parameter itself."""

    rank: ClassVar = 30

    def explain(self, evidence: Evidence) -> Finding | None:
        match = best_match(evidence, evidence.analytic, list(_predictions(evidence)), named=True)
        if match is None:
            return None
        where, others = describe(evidence, match.chosen), others_agree(evidence, match.chosen)
        constant = "" if match.exact else f"{match.constant.words} × "
        product = f"{constant}{match.prediction.text} ({match.prediction.hint})"
        return Finding(
            "chain factor",
            f"{where}: {with_names(evidence, match.chosen, product)}{others}",
            correction=with_names(evidence, match.chosen, _correction(evidence, match)),
            coordinates=match.coordinates,
        )


def _predictions(evidence: Evidence):
    for factor, function, words in FACTORS:
        text, mark = (each.replace("θ", PARAMETER) for each in (factor, words))
        kind = LOG if factor == "θ" else ""
        with np.errstate(all="ignore"):
            values = function(evidence.x)
            inverse = 1 / values
        product = times(evidence, values, f"{text} times the reference", mark, f"divide by {text}")
        yield replace(product, kind=kind)
        if factor not in INVERTIBLE:
            without = f"the reference divided by {text}"
            yield times(evidence, inverse, without, f"{text} is missing", f"multiply by {text}")


def _correction(evidence: Evidence, match: Match) -> str:
    undone = match.prediction.undone
    if not match.exact:
        return f"{match.constant.undone}, and {undone}"
    whole = bool(match.chosen[evidence.determined].all())
    log = match.prediction.kind == LOG
    if log and whole and evidence.declarable and np.all(evidence.x[0] > 0):
        return f"{undone}, or declare wrt='log' if that is meant"
    return undone


HYPOTHESES = (ChainFactor(),)
