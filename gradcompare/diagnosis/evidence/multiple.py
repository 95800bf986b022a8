"""Predictions that hold up to a constant: what most hypotheses have in common."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from ..._foundation.layout import indices
from .constants import Constant, recognise, unnamed
from .data import Evidence
from .fit import Fit, fit

CONSTANTS = 200
"""About so many numbers have a name."""

MOSTLY = 0.75
"""The share of its entries in which a statement about whole arrays has to hold: a shift
that does not go round in a circle leaves one out."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the gradient under test, or what it has too much, could be a multiple of.

    Attributes:
        text: What it is.
        values: The numbers; NaN where the idea does not apply.
        bar: Their error bars.
        kind: The kind of the finding, where a hypothesis has several.
        hint: What the fault may come from.
        undone: How to undo it.
        complete: Whether it speaks of whole arrays, so that entries which are right count too.
    """

    text: str
    values: Float[np.ndarray, "p d"]
    bar: Float[np.ndarray, "p d"]
    kind: str = ""
    hint: str = ""
    undone: str = ""
    complete: bool = False


@dataclass(frozen=True, eq=False)
class Match:
    """A prediction that holds.

    Attributes:
        prediction: Which one.
        constant: What it is multiplied by.
        chosen: The coordinates at which it holds.
    """

    prediction: Prediction
    constant: Constant
    chosen: Bool[np.ndarray, " d"]

    @property
    def exact(self) -> bool:
        """Whether the constant is 1."""
        return self.constant.is_one_of(1)

    @property
    def scope(self) -> Bool[np.ndarray, " d"]:
        """The coordinates that it speaks of: whole arrays, or those at which it holds."""
        if not self.prediction.complete:
            return self.chosen
        return self.chosen | np.all(np.isfinite(self.prediction.values), axis=0)

    @property
    def coordinates(self) -> tuple[int, ...]:
        """The coordinates at which it holds, as numbers."""
        return indices(self.chosen)


def times(
    evidence: Evidence,
    factor: Float[np.ndarray, "p d"],
    text: str,
    hint: str = "",
    undone: str = "",
    kind: str = "",
) -> Prediction:
    """The prediction that the gradient is `factor` times the reference, entry by entry."""
    factor = np.where(np.isfinite(factor), factor, np.nan)
    bar = np.abs(factor) * evidence.reference_bar
    return Prediction(text, factor * evidence.reference, bar, kind, hint, undone)


def best_match(
    evidence: Evidence,
    target: Float[np.ndarray, "p d"],
    predictions: Sequence[Prediction],
    *,
    named: bool,
    noise: Float[np.ndarray, "p d"] | float = 0.0,
    of_data: bool = False,
) -> Match | None:
    """Returns the first of the predictions that explain most of the open coordinates.

    Args:
        evidence: The evidence.
        target: What is to be a multiple of a prediction.
        predictions: The candidates.
        named: Whether the constant has to be one with a name.
        noise: Error bars of the target beyond those of the gradient under test.
        of_data: Whether the constant is likely to be a scalar of the data.
    """
    options = {"named": named, "of_data": of_data}
    found = [
        match
        for prediction in predictions
        if (match := _match(evidence, target, prediction, len(predictions), noise, options))
    ]
    return max(found, key=lambda m: (int(m.chosen.sum()), m.exact), default=None)


def _match(evidence, target, prediction, tried, noise, options) -> Match | None:
    with np.errstate(all="ignore"):
        # The bar of c·b, with c from the entry itself.
        bar = np.abs(target / prediction.values) * prediction.bar
    bar = np.where(np.isfinite(bar), bar, prediction.bar)
    allowed = evidence.allowed(target, bar + noise)
    usable = evidence.usable & (np.isfinite(allowed) | np.isnan(prediction.values))
    found = fit(target, prediction.values, allowed, usable, evidence.open)
    if found is None:
        return None
    constant = constant_of(found, evidence, tried, **options)
    if constant is None or (prediction.complete and not _complete(evidence, prediction, constant)):
        return None
    return Match(prediction, constant, found.coordinates)


def _complete(evidence: Evidence, prediction: Prediction, constant: Constant) -> bool:
    """Whether the prediction holds in nearly all of the entries that it speaks of."""
    scope = evidence.determined & np.all(np.isfinite(prediction.values), axis=0)
    c, values = constant.value, prediction.values[:, scope]
    allowed = evidence.allowed(prediction.values, abs(c) * prediction.bar)[:, scope]
    off = np.abs(evidence.analytic[:, scope] - c * values)
    holds = np.all((off <= allowed) | ~evidence.usable[:, scope], axis=0)
    return bool(np.mean(holds) >= MOSTLY) if holds.size else False


def constant_of(
    found: Fit, evidence: Evidence, trials: float, *, named: bool, of_data: bool = False
) -> Constant | None:
    """Returns the constant of a fit, if the fit is no accident."""
    among = int(evidence.open.sum())
    known = recognise(found.low, found.high, evidence, of_data=of_data)
    if known is not None:
        trials *= 3 if known.is_one_of(1, -1, 2, 0.5) else CONSTANTS
        return known if found.convinces(trials, among, given=0) else None
    if named or not found.convinces(trials, among, given=1):
        return None
    return unnamed(found.low, found.high)
