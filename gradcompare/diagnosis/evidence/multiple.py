"""Predictions that hold up to a constant, which most hypotheses have in common."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from ..._foundation.layout import indices
from .constants import Constant, recognise, unnamed
from .data import Evidence
from .fit import Fit, fit

CONSTANTS = 200
"""Approximate number of constants with a name."""

MOSTLY = 0.75
"""Least share of its entries in which a statement about whole arrays must hold; below 1 because a
shift that is not circular leaves one out."""


SEVERAL = 3
"""Least number of coordinates out of many that may have a cause of their own."""

MOST_ALONE = 8
"""Largest number of arrays that are also explained one by one."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """Numbers of which the gradient under test, or its excess, could be a multiple.

    Attributes:
        text: The numbers in words.
        values: The numbers; NaN where the hypothesis does not apply.
        bar: Their error bars.
        kind: The kind of the finding, where a hypothesis has several.
        hint: Where the fault may come from.
        undone: How to undo it.
        complete: Whether it is about whole arrays, so that right entries count too.
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
        prediction: The prediction.
        constant: Its factor.
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
        """The coordinates it is about: whole arrays, or those at which it holds."""
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
    """Returns the prediction that the gradient is `factor` times the reference, entry by entry."""
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
    tried: int = 1,
) -> Match | None:
    """Returns the first of the predictions that explain most of the open coordinates.

    Args:
        evidence: The evidence.
        target: The numbers that a multiple of a prediction should equal.
        predictions: The candidates.
        named: Whether the constant must have a name.
        noise: Error bars of the target beyond those of the gradient under test.
        of_data: Whether the constant is likely to be a scalar of the data.
        tried: The number of targets that are tried.
    """
    options = {"named": named, "of_data": of_data}
    tried *= len(predictions)
    matches = [
        match
        for prediction in predictions
        if (match := _match(evidence, target, prediction, tried, noise, options))
    ]
    return max(matches, key=lambda m: (int(m.chosen.sum()), m.exact), default=None)


def _match(evidence, target, prediction, tried, noise, options) -> Match | None:
    with np.errstate(all="ignore"):
        # The bar of c·b, with c = t/b from the entry itself.
        bar = np.abs(target / prediction.values) * prediction.bar
    bar = np.where(np.isfinite(bar), bar, prediction.bar)
    allowed = evidence.allowed(target, bar + noise)
    usable = evidence.usable & (np.isfinite(allowed) | np.isnan(prediction.values))
    for among in _parts(evidence):
        fitted = fit(target, prediction.values, allowed, usable, among)
        constant = fitted and constant_of(fitted, evidence, tried, **options)
        if fitted and constant:
            whole = not prediction.complete or _complete(evidence, prediction, constant)
            return Match(prediction, constant, fitted.coordinates) if whole else None
    return None


def _parts(evidence: Evidence) -> Iterator[Bool[np.ndarray, " d"]]:
    """Yields the open coordinates, and then those of each array, which may have its own fault."""
    yield evidence.open
    wrong = [leaf for leaf in evidence.leaves if evidence.open[leaf.span].any()]
    for leaf in wrong if 1 < len(wrong) <= MOST_ALONE else ():
        part = np.zeros(evidence.d, bool)
        part[leaf.span] = evidence.open[leaf.span]
        yield part


def _complete(evidence: Evidence, prediction: Prediction, constant: Constant) -> bool:
    """Whether the prediction holds in nearly all of the entries that it is about."""
    scope = evidence.determined & np.all(np.isfinite(prediction.values), axis=0)
    c, values = constant.value, prediction.values[:, scope]
    allowed = evidence.allowed(prediction.values, abs(c) * prediction.bar)[:, scope]
    off = np.abs(evidence.analytic[:, scope] - c * values)
    holds = np.all((off <= allowed) | ~evidence.usable[:, scope], axis=0)
    return bool(np.mean(holds) >= MOSTLY) if holds.size else False


def constant_of(
    fitted: Fit, evidence: Evidence, trials: float, *, named: bool, of_data: bool = False
) -> Constant | None:
    """Returns the constant of a fit, if the fit is significant."""
    if not is_unit(evidence, fitted.coordinates):
        return None
    among = int(evidence.open.sum())
    trials *= evidence.rivals
    constant = recognise(fitted.low, fitted.high, evidence, of_data=of_data)
    if constant is not None:
        trials *= 3 if constant.is_one_of(1, -1, 2, 0.5) else CONSTANTS
        return constant if fitted.convinces(trials, among, constants=0) else None
    single = fitted.coordinates.sum() == 1 and among > SEVERAL
    if named or single or not fitted.convinces(trials, among, constants=1):
        return None
    return unnamed(fitted.low, fitted.high)


def is_unit(evidence: Evidence, chosen: Bool[np.ndarray, " d"]) -> bool:
    """Whether coordinates may have a cause of their own: many, whole arrays, or all but a few.

    One entry of a hundred wrong ones, or two that are alike, always have some ratio, and that of
    whole numbers is often 2.
    """
    if chosen.sum() >= SEVERAL or evidence.open.sum() <= SEVERAL:
        return True
    whole = [leaf.span for leaf in evidence.leaves if chosen[leaf.span].any()]
    return all(np.all(chosen[span] | ~evidence.open[span]) for span in whole)
