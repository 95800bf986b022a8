"""Autodiff with some suspects undone, compared with finite differences."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr
from jaxtyping import Bool, Float

from ..._evaluation.evaluator import Evaluator
from ..._evaluation.rounding import estimate_with_rounding
from ..._foundation.errors import outcome_of
from ..._model.arguments.domain import TINY
from ..._model.estimate import Estimate
from ..._results.judgement.excess import excess_of
from ..._results.judgement.judge import CHANCE
from ...methods._base import AbstractEvaluator, AbstractMethod, estimate_as_declared
from .suspects import PLAIN, Suspect, Switches


class NoDerivativeError(Exception):
    """The user's program cannot be differentiated with a suspect undone."""


@dataclass(frozen=True, eq=False)
class Undone(AbstractMethod):
    """Autodiff of a program in which the derivatives of some operations have weights.

    Attributes:
        closed: The program of the value.
        switches: The suspects to which the weights belong.
        weights: A pair for each argument of each suspect.
        bar: Whether to measure its rounding error as well.
    """

    label: ClassVar = "undone"
    symbol: ClassVar = "U"
    source: ClassVar = "autodiff"
    standard: ClassVar = False

    closed: ClosedJaxpr
    switches: Switches
    weights: Float[np.ndarray, "n 2"]
    bar: bool = False

    def estimate(self, evaluator: AbstractEvaluator) -> Estimate:
        """Returns the gradient; one compiled program serves all weights.

        Raises:
            NoDerivativeError: if what is undone leads to an operation without a derivative.
        """
        outcome = outcome_of(lambda: self._estimate(evaluator))
        if isinstance(outcome, Exception):
            raise NoDerivativeError from outcome
        return outcome

    def _estimate(self, evaluator: AbstractEvaluator) -> Estimate:
        def gradient(params, data, direction, weights):
            run = self.switches.applied(self.closed, weights)
            return jax.grad(lambda p: run(*jax.tree.leaves((p, data)))[0])(params)

        if self.bar:
            return estimate_with_rounding(evaluator, self.label, gradient, self.weights)
        value = evaluator.run(self.label, gradient, self.weights)
        return Estimate(value, np.zeros_like(value))


@dataclass(frozen=True, eq=False)
class Row:
    """One point: its programs, and the estimate of each source."""

    evaluator: Evaluator
    votes: Mapping[str, Estimate]

    def wrong(self, estimate: Estimate) -> Bool[np.ndarray, " d"]:
        """Returns where an estimate differs from finite differences."""
        differences, analytic = self.votes["differences"], self.votes.get("analytic")
        like = differences.kinked
        off = excess_of(estimate, differences, like=like)
        off[~np.isfinite(estimate.value)] = np.inf
        # Bars of differences can be small by chance; two sources that agree outweigh them.
        allowed = np.ones(len(off))
        if analytic is not None:
            allowed[excess_of(analytic, estimate, like=like) <= 1] = CHANCE
        comparable = np.isfinite(differences.value) & np.isfinite(differences.error)
        if differences.jumps is not None:
            comparable &= ~differences.jumps
        return (off > allowed) & comparable


@dataclass(frozen=True, eq=False)
class Trial:
    """All points, and the suspects that may be undone.

    Attributes:
        closed: The program of the value.
        switches: The suspects, with a pair of weights for each of their arguments.
        rows: The points.
        memo: Where autodiff is wrong with some switches undone, for the sets tried so far.
    """

    closed: ClosedJaxpr
    switches: Switches
    rows: Sequence[Row]
    memo: dict[tuple[int, ...], Bool[np.ndarray, "p d"]] = field(default_factory=dict)

    def estimates(self, switches: Sequence[int], pair: tuple[float, float]) -> list[Estimate]:
        """Returns autodiff at every point, with these weights at some of the switches."""
        method = Undone(self.closed, self.switches, self.switches.set(switches, pair))
        estimates = [estimate_as_declared(method, row.evaluator) for row in self.rows]
        return [replace(e, error=bar) for e, bar in zip(estimates, self._bars, strict=True)]

    @cached_property
    def _bars(self) -> list[Float[np.ndarray, " d"]]:
        """The rounding error at each point, measured at the first, with everything undone.

        With large data, their transfer takes the time and not the gradient. So it is measured
        once, relative to the largest derivative.
        """
        weights = self.switches.set(range(self.switches.size), PLAIN)
        method = Undone(self.closed, self.switches, weights, bar=True)
        first = estimate_as_declared(method, self.rows[0].evaluator)
        fraction = np.max(first.error, initial=0) / np.max(np.abs(first.value), initial=TINY)
        fraction = fraction if np.isfinite(fraction) else 0.0
        own = [row.votes["autodiff"] for row in self.rows]
        sizes = [max(np.max(np.abs(e.value)) for e in row.votes.values()) for row in self.rows]
        return [e.error + fraction * size for e, size in zip(own, sizes, strict=True)]

    def undone(self, accused: Iterable[Suspect]) -> Bool[np.ndarray, "p d"]:
        """Returns where autodiff is wrong without these suspects."""
        return self.wrong([row for suspect in accused for row in self.switches.rows(suspect)])

    def wrong(self, switches: Sequence[int]) -> Bool[np.ndarray, "p d"]:
        """Returns where autodiff is wrong with plain differentiation at these switches.

        A rule may be a guard, as of 0/0. What is not finite without it, and right with it, does
        not speak for the rule elsewhere.
        """
        key = tuple(switches)
        if key not in self.memo:
            estimates = self.estimates(switches, PLAIN)
            wrong = [row.wrong(e) for row, e in zip(self.rows, estimates, strict=True)]
            guarded = ~np.isfinite([e.value for e in estimates]) & ~self.before
            self.memo[key] = np.stack(wrong) & ~guarded
        return self.memo[key]

    @cached_property
    def before(self) -> Bool[np.ndarray, "p d"]:
        """Where autodiff itself is wrong, by the bars that it has with everything undone."""
        estimates = [
            replace(row.votes["autodiff"], error=bar)
            for row, bar in zip(self.rows, self._bars, strict=True)
        ]
        return np.stack([row.wrong(e) for row, e in zip(self.rows, estimates, strict=True)])


def culprits(trial: Trial) -> tuple[Suspect, ...]:
    """Returns the fewest suspects without which autodiff is right, or as right as it gets.

    This is a single one if possible, or else all of them except those without effect.
    """
    everyone = trial.switches.suspects
    own = tuple(suspect for suspect in everyone if suspect.own)
    # One suspect is simpler than several, and the user's rules are likelier than a library's.
    sets = dict.fromkeys([*((suspect,) for suspect in everyone), own, everyone])
    left = {accused: _left(trial, accused) for accused in sets if accused}
    least = min(left.values(), default=np.inf)
    if least >= trial.before.sum():
        return ()
    best = next(accused for accused in left if left[accused] == least)
    # Whoever makes no difference is left out, the rules of libraries first.
    for suspect in reversed(best if len(best) > 1 else ()):
        fewer = tuple(other for other in best if other != suspect)
        if _left(trial, fewer) <= least:
            best = fewer
    return best


def _left(trial: Trial, accused: tuple[Suspect, ...]) -> float:
    """Returns the number of entries still wrong; infinity if others are wrong as well."""
    wrong = trial.undone(accused)
    return np.inf if np.any(wrong & ~trial.before) else float(wrong.sum())
