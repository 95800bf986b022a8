"""A gradient that is the derivative of a function, though not of the one under test."""

from typing import Any, ClassVar

import jax
import numpy as np
from jaxtyping import Float

from ..._evaluation.evaluator import Evaluator
from ..._foundation.errors import outcome_of
from ..._foundation.layout import indices
from ..._foundation.wording import short
from ..._model.finding import Finding
from ..evidence.data import Evidence
from ..evidence.fit import BY_CHANCE
from ._base import AbstractHypothesis

SECOND_DIRECTIONS = 6
"""Number of random directions; each pair is an equation."""

SYMMETRIC = 1e-9
"""Largest asymmetry of a second derivative by rounding, relative to its size along a direction."""


class AnotherFunction(AbstractHypothesis):
    """The derivative of a is symmetric, as that of a gradient is, and a is not r.

    By Poincaré's lemma a is then the gradient of some function. Slips in single terms or entries
    of a derivation break the symmetry. The mismatch must have a derivative off its diagonal: one
    that depends on each coordinate alone is symmetric in any case.
    """

    rank: ClassVar = 88
    explains: ClassVar = False

    def explain(self, evidence: Evidence) -> Finding | None:
        whole = bool(evidence.open[evidence.determined].all())
        traced = evidence.traced
        if traced is None or not evidence.declarable or not whole:
            return None
        chance = 0.0
        for each in traced.evaluators:
            agreement = outcome_of(lambda each=each: _agreement(each))
            if isinstance(agreement, Exception) or agreement is None:
                return None
            chance += agreement
        if chance + np.log10(evidence.rivals) >= np.log10(BY_CHANCE):
            return None
        return Finding(
            "another function",
            f"your gradient is the derivative of another function than the value: its own "
            f"derivative is symmetric, and it differs from the reference by "
            f"{short(_apart(evidence), 2)} of the largest",
            correction="look for what value and gradient compute in two ways: an integral, a "
            "table, a tolerance, a term",
            coordinates=indices(evidence.open),
        )


def _apart(evidence: Evidence) -> float:
    """Returns the largest difference relative to the largest derivative."""
    where, off = evidence.usable, np.abs(evidence.analytic - evidence.reference)
    return float(np.max(off[where]) / np.max(np.abs(evidence.reference[where])))


def _agreement(each: Evaluator) -> float | None:
    """Returns log₁₀ of the probability that the derivative is so symmetric by chance.

    None if it is not symmetric.
    """
    formula, value = each.problem.objective.gradient, each.problem.objective.value
    layout = each.problem.layout
    assert formula is not None  # there is no evidence without it
    rng = np.random.default_rng(0)
    directions = rng.standard_normal((SECOND_DIRECTIONS, layout.size))

    def along(params: Any, data: Any, direction: Any, v: Any) -> Any:
        def both(params: Any) -> tuple[Any, Any]:
            return formula(params, data), jax.grad(value)(params, data)

        return jax.jvp(both, (params,), (layout.unflatten(v),))[1]

    rows = [each.run("second", along, v, helper=True) for v in directions]
    analytic, reference = np.split(np.stack(rows), 2, axis=1)
    return _log_chance(directions, analytic, reference)


def _log_chance(
    directions: Float[np.ndarray, "k d"],
    analytic: Float[np.ndarray, "k d"],
    reference: Float[np.ndarray, "k d"],
) -> float | None:
    i, j = np.triu_indices(len(directions), 1)
    crossed, excess = analytic @ directions.T, (analytic - reference) @ directions.T
    if not np.all(np.isfinite(crossed)) or not np.all(np.isfinite(excess)):
        return None
    sizes = np.linalg.norm(analytic, axis=1) * np.linalg.norm(directions, axis=1).max()
    allowed = SYMMETRIC * np.maximum(sizes[i], sizes[j])
    if np.any(np.abs(crossed[i, j] - crossed[j, i]) > allowed):
        return None
    # What is separable is left out: its part of vᵀMu is that of the products of v and u.
    mixed = excess - _separable(directions, analytic - reference)
    apart = np.abs(mixed[i, j])
    share = np.clip(allowed / np.maximum(apart, np.finfo(float).tiny), 1e-300, 1)
    return float(np.sum(np.log10(share)))


def _separable(
    directions: Float[np.ndarray, "k d"], rows: Float[np.ndarray, "k d"]
) -> Float[np.ndarray, "k k"]:
    """Returns vᵀDu for the diagonal matrix D that is nearest to M, by the products Mv."""
    diagonal = np.sum(rows * directions, axis=0) / np.sum(directions**2, axis=0)
    return (directions * diagonal) @ directions.T


HYPOTHESES = (AnotherFunction(),)
