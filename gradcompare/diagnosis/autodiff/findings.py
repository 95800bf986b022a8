"""The cause of a wrong derivative by autodiff, proven by undoing it.

The suspects (`suspects.py`) are undone one by one and then together, and the result is compared
with finite differences at every point. The suspects without which the two agree are to blame.
"""

from collections.abc import Sequence

import jax
import numpy as np

from ..._foundation.errors import optional
from ..._model.finding import DIAGNOSED_COORDINATES, Finding
from ..._points.examination import Examination
from .accusation import accuse
from .lone_arm import lone_arm
from .special_point import special_point
from .staircase import silent_autodiff
from .suspects import Switches, suspects
from .trial import NoDerivativeError, Row, Trial, culprits

MOST_SUSPECTS = 32
"""Largest number of suspects, the user's own first; each makes the program larger."""


def autodiff_findings(points: Sequence[Examination]) -> tuple[Finding, ...]:
    """Returns what is wrong with autodiff, if that can be proven.

    Args:
        points: Every point that was examined.
    """
    problem = points[0].evaluator.problem
    if problem.quantity != "gradient" or problem.layout.size > DIAGNOSED_COORDINATES:
        return ()
    rows = [
        Row(point.evaluator, point.result.votes)
        for point in points
        if {"autodiff", "differences"} <= point.result.votes.keys()
        and not point.evaluator.cache.opaque  # there is no program to look into
    ]
    return optional("the diagnosis of autodiff", lambda: _proven(rows), ()) if rows else ()


def _proven(rows: Sequence[Row]) -> tuple[Finding, ...]:
    try:
        return _explained(rows)
    except NoDerivativeError:
        return ()


def _explained(rows: Sequence[Row]) -> tuple[Finding, ...]:
    params, data, _ = rows[0].evaluator.args
    closed = jax.make_jaxpr(rows[0].evaluator.problem.objective.value)(params, data)
    trial = Trial(closed, Switches(suspects(closed)[:MOST_SUSPECTS]), rows)
    if not trial.before.any():
        return ()
    accused = culprits(trial)
    if accused:
        return accuse(trial, accused)
    finding = silent_autodiff(trial) or _special(trial)
    return () if finding is None else (finding,)


def _special(trial: Trial) -> Finding | None:
    """Returns the finding for the first wrong coordinate."""
    for row, wrong in zip(trial.rows, trial.before, strict=True):
        if wrong.any():
            i = int(np.flatnonzero(wrong)[0])
            return special_point(trial.closed, row, i) or lone_arm(trial.closed, row, i)
    return None
