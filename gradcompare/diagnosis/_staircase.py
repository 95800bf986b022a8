"""A value that depends on its parameters only through what has no derivative: a staircase."""

from collections.abc import Mapping, Sequence

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr
from jaxtyping import Bool

from .._errors import guarded
from .._finding import Finding
from .._programs import Programs
from .._result import PointResult
from .._source import Place
from .._suspects import CASTS, ROUNDS
from .._tree import Layout, indices, listed
from .._verdict import Verdict
from ._cuts import SMOOTH, cuts
from ._trial import Trial

ONLY = "the value depends on the parameters only through what has no derivative"


def silent_autodiff(trial: Trial) -> Finding | None:
    """Says where the derivative ends, if autodiff finds none at all where there is one."""
    for row, wrong in zip(trial.rows, trial.before, strict=True):
        if row.votes["autodiff"].value[wrong].any():
            return None
    layout, at = trial.rows[0].programs.problem.layout, np.any(trial.before, axis=0)
    return _finding(
        _ends(trial.closed, layout, at),
        f"autodiff finds no derivative: {ONLY}",
        "if it solves an equation, give it a rule by the implicit function theorem",
        at,
    )


def staircase(
    programs: Sequence[Programs], points: Sequence[PointResult], voters: Mapping[str, str]
) -> Finding | None:
    """Says where the derivative ends, if the one given stands against a derivative of zero.

    Args:
        programs: The programs of each point.
        points: What was found there.
        voters: The method that speaks for each source.
    """
    problem, names = programs[0].problem, [voters.get(s, "") for s in ("autodiff", "differences")]
    at = np.zeros(problem.layout.size, bool)
    for point in points:
        faulty = list(point.judgement.faulty)
        if point.judgement.verdict is not Verdict.ANALYTIC_WRONG or problem.quantity != "gradient":
            continue
        if any(n not in point.estimates or point.estimates[n].value[faulty].any() for n in names):
            return None
        at[faulty] = True
    params, data, _ = programs[0].args
    found = guarded(
        lambda: _ends(jax.make_jaxpr(problem.objective.value)(params, data), problem.layout, at)
    )
    return _finding(
        found if isinstance(found, tuple) else (),
        f"{ONLY}, so that it is a staircase",
        "if the derivative without the steps is meant, compare it with the value without them",
        at,
    )


def _ends(
    closed: ClosedJaxpr, layout: Layout, at: Bool[np.ndarray, " d"]
) -> tuple[tuple[str, Place], ...]:
    """Where the derivative ends with respect to the arrays that hold these coordinates."""
    spans = zip(layout.offsets[:-1], layout.offsets[1:], strict=True)
    moved = [SMOOTH * bool(at[start:stop].any()) for start, stop in spans]
    still = [0] * (len(closed.jaxpr.invars) - len(moved))
    return cuts(closed.jaxpr, [*moved, *still])


def _finding(
    ends: Sequence[tuple[str, Place]], said: str, advice: str, at: Bool[np.ndarray, " d"]
) -> Finding | None:
    if not ends:
        return None
    rounds = all(name in (*ROUNDS, CASTS) for name, _ in ends)
    places = [f"{COMPARISONS.get(name, name)} {place}" for name, place in ends]
    (_, first), coordinates = ends[0], indices(at)
    return Finding(
        "rounding" if rounds else "comparison",
        f"{said}: {listed(places)}",
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
"""How primitives are called; the others by their own names."""
