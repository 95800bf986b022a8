"""A value that depends on its parameters only through operations without a derivative."""

from collections.abc import Sequence

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn
from jaxtyping import Bool

from ..._foundation.errors import optional, outcome_of
from ..._foundation.layout import Layout, indices
from ..._foundation.user_code import Place
from ..._foundation.wording import listed
from ..._introspection.dataflow import AbstractFlow
from ..._introspection.jaxprs import is_float, place_of
from ..._model.finding import Finding
from ..._model.verdict import Verdict
from ..._points.examination import Examination
from .suspects import CASTS, ROUNDS, STOPS
from .trial import Trial

ONLY = "the value depends on the parameters only through operations without a derivative"


DOUBTED = (Verdict.ANALYTIC_WRONG, Verdict.INCONCLUSIVE)
"""Verdicts on a derivative other than 0 beside a staircase."""


def silent_autodiff(trial: Trial) -> Finding | None:
    """Returns where the derivative ends, if autodiff finds none at all where there is one."""
    for row, wrong in zip(trial.rows, trial.before, strict=True):
        if row.votes["autodiff"].value[wrong].any():
            return None
    layout, at = trial.rows[0].evaluator.problem.layout, np.any(trial.before, axis=0)
    return _finding(
        _ends(trial.closed, layout, at),
        f"autodiff finds no derivative: {ONLY}",
        "if it solves an equation, give it a rule by the implicit function theorem",
        at,
    )


def staircase(points: Sequence[Examination]) -> Finding | None:
    """Returns where the derivative ends, if both other sources give a derivative of zero.

    Args:
        points: Every point that was examined.
    """
    problem = points[0].evaluator.problem
    at = np.zeros(problem.layout.size, bool)
    for point in points:
        judgement, votes = point.result.judgement, point.result.votes
        faulty = list(judgement.faulty)
        if judgement.verdict not in DOUBTED or not faulty or problem.quantity != "gradient":
            continue
        others = [votes.get(source) for source in ("autodiff", "differences")]
        if any(other is None or other.value[faulty].any() for other in others):
            return None
        at[faulty] = True
    if not at.any():
        return None
    params, data, _ = points[0].evaluator.args
    traced = outcome_of(lambda: jax.make_jaxpr(problem.objective.value)(params, data))
    if isinstance(traced, Exception):  # NumPy code
        return None
    return _finding(
        optional("the search for steps", lambda: _ends(traced, problem.layout, at), ()),
        f"{ONLY}, so it is a staircase",
        "if the derivative without the steps is meant, compare it with the value without them",
        at,
    )


def _ends(
    closed: ClosedJaxpr, layout: Layout, at: Bool[np.ndarray, " d"]
) -> tuple[tuple[str, Place], ...]:
    """Returns where the derivative ends with respect to the arrays that hold these coordinates."""
    spans = zip(layout.offsets[:-1], layout.offsets[1:], strict=True)
    moved = [SMOOTH * bool(at[start:stop].any()) for start, stop in spans]
    still = [0] * (len(closed.jaxpr.invars) - len(moved))
    return cuts(closed.jaxpr, [*moved, *still])


def _finding(
    ends: Sequence[tuple[str, Place]], start: str, advice: str, at: Bool[np.ndarray, " d"]
) -> Finding | None:
    if not ends:
        return None
    rounds = all(name in (*ROUNDS, CASTS) for name, _ in ends)
    places = [f"{COMPARISONS.get(name, name)} {place}" for name, place in ends]
    (_, first), coordinates = ends[0], indices(at)
    return Finding(
        "rounding" if rounds else "comparison",
        f"{start}: {listed(places)}",
        0.0,
        advice,
        coordinates,
        first.file,
        first.line,
    )


COMPARISONS = {
    **dict.fromkeys(("gt", "ge", "lt", "le", "eq", "ne"), "the comparison"),
    CASTS: "the cast to integers",
    **dict.fromkeys(ROUNDS, "the rounding"),
}
"""Names of primitives; the others keep their own names."""


FLAT = (*ROUNDS, "sign", STOPS)
"""Primitives with a derivative of zero."""

DEPENDS, SMOOTH = 1, 2
"""A result depends on the parameters; it has a derivative as well."""


class Cuts(AbstractFlow):
    """Collects the operations where the derivative ends, in the order in which they run.

    Attributes:
        ends: The primitive and the place of each.
    """

    def __init__(self) -> None:
        self.ends: dict[tuple[str, Place], None] = {}

    def operation(self, equation: JaxprEqn, operands: list[int], call: JaxprEqn) -> list[int]:
        """Gives a result a derivative if an operand has one and the result varies smoothly."""
        most, name = max(operands, default=0), equation.primitive.name
        results = [
            min(most, SMOOTH if is_float(v) and name not in FLAT else DEPENDS)
            for v in equation.outvars
        ]
        if most == SMOOTH and SMOOTH not in results:
            place = place_of(call)
            if place is not None:
                self.ends[name, place] = None
        return results


def cuts(jaxpr: Jaxpr, arguments: Sequence[int]) -> tuple[tuple[str, Place], ...]:
    """Returns where the derivative ends, if it is zero although the value depends on it.

    Args:
        jaxpr: The program of a value.
        arguments: For each of its arguments `SMOOTH` or 0.
    """
    flow = Cuts()
    return tuple(flow.ends) if flow.through(jaxpr, arguments)[0] == DEPENDS else ()
