"""The origin of a NaN: the first operation that makes one from finite numbers.

A value may be finite and its derivative not: `where` keeps a NaN of the untaken branch out of the
value, but the chain rule multiplies it by zero, which is NaN. So the program of autodiff runs
operation by operation, and that of the value or the formula if these are not finite.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr

from ..._evaluation.compiled import RUNNING
from ..._evaluation.evaluator import Evaluator
from ..._foundation.errors import optional, outcome_of
from ..._foundation.user_code import Place
from ..._foundation.wording import short
from ..._model.finding import Finding
from ..._model.verdict import Verdict
from ..._points.examination import Examination
from ..._results.data import PointResult
from .guarded import trial
from .hidden import behind, guard
from .origin import First, first_nonfinite

EQUAL = {"eigh": "two eigenvalues", "eig": "two eigenvalues", "svd": "two singular values"}
"""What divides by zero in the derivative of each of these primitives."""

WITHOUT_GUARD = {
    "not finite": "look at that branch: a guard of this argument alone leaves the derivative "
    "non-finite",
    "other value": "look at where else that number is used: a guard of its argument would change "
    "the value",
    "not tried": "look at its argument in the untaken branch: it has to be such that the "
    "derivative there is finite",
}
"""What to look at where a guard was tried in vain, or could not be tried."""


def nonfinite_findings(points: Sequence[Examination]) -> tuple[Finding, ...]:
    """Returns the first non-finite operation of the value, or else of each derivative.

    Args:
        points: Every point that was examined; the first non-finite one is examined.
    """
    for point in points:
        if point.result.judgement.verdict is Verdict.NONFINITE:
            return tuple(_origins(point.evaluator, point.result))
    return ()


def _origins(evaluator: Evaluator, point: PointResult) -> Iterator[Finding]:
    if not np.isfinite(point.value):
        tries = [partial(_of_value, evaluator)]
    else:
        tries = []
        for source in ("analytic", "autodiff"):
            estimate = point.votes.get(source)
            if estimate is not None and not np.all(np.isfinite(estimate.value)):
                broken = np.flatnonzero(~np.isfinite(estimate.value)).tolist()
                tries.append(partial(_of_derivative, evaluator, source, broken))
    for each in tries:
        finding = optional("the search for the first operation that is not finite", each, None)
        if finding is not None:
            yield finding


def _of_value(evaluator: Evaluator) -> Finding | None:
    traced = _traced(evaluator, evaluator.problem.objective.value)
    if traced is None:
        return None
    closed, args = traced
    with RUNNING:
        first, _ = first_nonfinite(closed, args)
    if first is None:
        return None
    return _finding(f"in the value, {_comes(first, '')}", "", (), first.place)


def _of_derivative(evaluator: Evaluator, source: str, broken: Sequence[int]) -> Finding | None:
    problem = evaluator.problem
    value, gradient = problem.objective.value, problem.objective.gradient
    function = gradient if source == "analytic" else jax.grad(value)
    traced = None if function is None else _traced(evaluator, function)
    if traced is None:
        return None
    closed, args = traced
    with RUNNING:
        first, _ = first_nonfinite(closed, args)
    if first is None:
        return None
    broken = broken if problem.quantity == "gradient" else ()
    at = _where(evaluator, broken[0]) if broken else ""
    if source == "analytic":
        return _finding(f"{at}in your gradient, {_comes(first, '')}", "", broken, first.place)
    if first.place is None:
        return _finding(at + _comes(first, ""), "", broken, None)
    whole = _traced(evaluator, value)
    names, chosen = (set(), None) if whole is None else behind(whole[0], first.place)
    of = f"{next(iter(names))} at " if len(names) == 1 else ""
    # An operation that the value does not have there belongs to the derivative.
    within = "" if first.name in names else f"the derivative of {of}"
    sentence, advice = f"{at}{_comes(first, within)}", ""
    # Eigenvectors move by 1/(λᵢ − λⱼ): only that is infinite in the derivative.
    equal = [EQUAL[name] for name in names if name in EQUAL]
    if within and equal:
        sentence += f": {equal[0]} are equal, and the derivative divides by their difference"
        advice = "move the point, or write the value without the vectors that belong to them"
    if chosen is not None:
        where = f"{'' if chosen.place.text else 'the where at '}{chosen.place}"
        sentence += (
            f"; {where} keeps it out of the value, but autodiff differentiates the untaken "
            "branch too"
        )
        outcome = trial(evaluator, whole[0], first.place, chosen, names) if whole else "not tried"
        advice = WITHOUT_GUARD.get(outcome) or guard(first.place, chosen)
    return _finding(sentence, advice, broken, first.place)


def _where(evaluator: Evaluator, i: int) -> str:
    return f"{evaluator.problem.layout.name(i)} is {short(float(evaluator.x[i]))}: "


def _comes(first: First, within: str) -> str:
    where = "" if first.place is None else f" in {within}{first.place}"
    if first.place is not None and not first.place.text:
        where = f" at {first.place}"
    return f"the first non-finite number comes from {first.operation}{where}"


def _finding(sentence: str, advice: str, broken: Sequence[int], place: Place | None) -> Finding:
    file, line = (place.file, place.line) if place else ("", 0)
    return Finding("non-finite", sentence, 0.0, advice, tuple(broken), file, line)


def _traced(evaluator: Evaluator, function: Callable) -> tuple[ClosedJaxpr, list[Any]] | None:
    """Returns the program of a function and its arguments; None if it cannot be traced."""
    params, data, _ = evaluator.args
    closed = outcome_of(lambda: jax.make_jaxpr(function)(params, data))
    return None if isinstance(closed, Exception) else (closed, jax.tree.leaves((params, data)))
