"""A chain factor of a parametrisation that is missing or should not be there.

With parameters θ = φ(t) the derivatives are related by ∂f/∂t = φ′(t) ∂f/∂θ: by φ′ = θ for the
logarithm as parameter, exp t where t is the logarithm, σ(t)(1 − σ(t)) where t is a logit.
"""

from dataclasses import replace
from typing import ClassVar

import numpy as np

from ..._foundation.wording import short
from ..._model.finding import Finding
from ..evidence.data import Evidence
from ..evidence.multiple import Match, best_match, times
from ..evidence.naming import PARAMETER, describe, others_agree, with_names
from ._base import AbstractHypothesis


def _sigmoid(t):
    return 0.5 * (1 + np.tanh(t / 2))


LOG_SCALE = ": θ is on the log scale, and your gradient is the derivative by {}"
"""What a missing exponential indicates."""

FACTORS = (
    ("θ", lambda t: t, "the derivative with respect to log θ", ""),
    ("exp(θ)", np.exp, "the chain factor of θ ↦ exp(θ)", LOG_SCALE.format("exp(θ)")),
    (
        "exp(θ/2)",
        lambda t: np.exp(t / 2),
        "a factor of θ ↦ exp(θ/2)",
        LOG_SCALE.format("exp(θ/2)"),
    ),
    ("exp(2θ)", lambda t: np.exp(2 * t), "a factor of θ ↦ exp(2θ)", LOG_SCALE.format("exp(2θ)")),
    (
        "σ(θ)(1-σ(θ))",
        lambda t: _sigmoid(t) * _sigmoid(-t),
        "the chain factor of the logistic function σ",
        ": θ is on the logit scale, and your gradient is the derivative by σ(θ)",
    ),
    ("σ(θ)", _sigmoid, "the chain factor of softplus", ", as that of softplus"),
    ("(1-tanh²θ)", lambda t: 1 - np.tanh(t) ** 2, "the chain factor of tanh", ", as that of tanh"),
    ("θ²", lambda t: t**2, "a chain factor of θ ↦ 1/θ", ""),
    ("√θ", np.sqrt, "a chain factor of θ ↦ √θ", ""),
    ("sign(θ)", lambda t: np.where(t == 0, np.nan, np.sign(t)), "the chain factor of |θ|", ""),
)
"""The text of each factor, its function, and what it indicates if it is there or is missing."""

LOG, MISSING, EXPONENTIAL = "log", "missing", "exponential"
"""The kinds of a prediction: the derivative by the logarithm, one that lacks a factor, and one
with an exponential, which lacks a falling one where its sign is wrong."""

RATES = {"exp(θ)": 1.0, "exp(θ/2)": 0.5, "exp(2θ)": 2.0}
"""The exponentials among the factors, and how fast each grows."""

INVERSES = {"1/2": "2", "2": "1/2", "-1": "-1", "-2": "-1/2", "-1/2": "-2"}
"""How the inverses of the usual constants are written before a factor."""

ITS_OWN_INVERSE = "sign(θ)"
"""A factor that is there in the same way in which it is missing."""


class ChainFactor(AbstractHypothesis):
    """a = φ′(θ) r or r / φ′(θ), entry by entry, where θ is the parameter itself."""

    rank: ClassVar = 30

    def explain(self, evidence: Evidence) -> Finding | None:
        match = best_match(evidence, evidence.analytic, list(_predictions(evidence)), named=True)
        if match is None:
            return None
        where, others = describe(evidence, match.chosen), others_agree(evidence, match.chosen)
        sentence, advice = _words(evidence, match)
        return Finding(
            "chain factor",
            f"{where}: {with_names(evidence, match.chosen, sentence)}{others}",
            correction=with_names(evidence, match.chosen, advice),
            coordinates=match.coordinates,
        )


def _predictions(evidence: Evidence):
    for factor, function, *words in FACTORS:
        text, there, missing = (each.replace("θ", PARAMETER) for each in (factor, *words))
        with np.errstate(all="ignore"):
            values = function(evidence.x)
            inverse = 1 / values
        kind = LOG if factor == "θ" else ""
        product = times(evidence, values, text, there, f"divide by {text}")
        yield replace(product, kind=EXPONENTIAL if factor in RATES else kind)
        if factor != ITS_OWN_INVERSE:
            yield times(evidence, inverse, text, missing, f"multiply by {text}", kind=MISSING)


def _words(evidence: Evidence, match: Match) -> tuple[str, str]:
    """Returns the sentence and the advice."""
    text, hint, constant = match.prediction.text, match.prediction.hint, match.constant
    if match.prediction.kind == EXPONENTIAL and constant.value < 0:
        return _falling(match)
    if match.prediction.kind != MISSING:
        factor = "" if match.exact else f"{constant.words} × "
        return f"{factor}{text} times the reference ({hint})", _correction(evidence, match)
    # a = c r / φ′, so what is missing is φ′/c.
    inverse = INVERSES.get(constant.text, f"1/{constant.text}")
    lacking = text if match.exact else f"{inverse} × {text}"
    where = "" if match.exact or not constant.meaning else f" ({constant.meaning})"
    return f"the chain factor {lacking} is missing{hint}{where}", f"multiply by {lacking}"


def _falling(match: Match) -> tuple[str, str]:
    """Returns the words for a lost factor of θ ↦ b exp(−kθ) with k, b > 0: −k b exp(−kθ)."""
    text, constant = match.prediction.text, match.constant
    inner = text.replace("exp(", "exp(-")
    inverse = INVERSES.get(constant.text) or f"-1/{constant.size}"
    lacking = f"{inverse.removesuffix('1')}{inner}" if inverse == "-1" else f"{inverse} × {inner}"
    k = next(rate for name, rate in RATES.items() if text == name.replace("θ", PARAMETER))
    of = short(-1 / (k * constant.value), 6)
    scale = inner if of == "1" else f"{of} {inner}"
    hint = LOG_SCALE.format(scale).replace("θ", PARAMETER)
    return f"the chain factor {lacking} is missing{hint}", f"multiply by {lacking}"


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
