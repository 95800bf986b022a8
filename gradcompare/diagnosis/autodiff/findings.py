"""What autodiff is wrong about, where it is the odd one out: proven by undoing it.

Whatever may mislead autodiff is undone, one after another and then together (`_suspects`), and
the result is compared with finite differences at every point. What makes the two agree is at
fault.
"""

from collections.abc import Sequence

import jax
import numpy as np

from ..._foundation.errors import optional
from ..._model.finding import DIAGNOSED_COORDINATES, Finding
from ..._points.examination import Examination
from .accusation import accuse
from .special_point import special_point
from .staircase import silent_autodiff
from .suspects import Switches, suspects
from .trial import NoDerivativeError, Row, Trial, culprits

MOST_SUSPECTS = 32
"""So many suspects are looked at, the user's own first; each makes the program larger."""


def autodiff_findings(points: Sequence[Examination]) -> tuple[Finding, ...]:
    """Returns what is wrong with autodiff; nothing where that cannot be shown.

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
    return optional("the diagnosis of autodiff", lambda: _shown(rows), ()) if rows else ()


def _shown(rows: Sequence[Row]) -> tuple[Finding, ...]:
    try:
        return _found(rows)
    except NoDerivativeError:
        return ()


def _found(rows: Sequence[Row]) -> tuple[Finding, ...]:
    params, data, _ = rows[0].evaluator.args
    closed = jax.make_jaxpr(rows[0].evaluator.problem.objective.value)(params, data)
    trial = Trial(closed, Switches(suspects(closed)[:MOST_SUSPECTS]), rows)
    if not trial.before.any():
        return ()
    accused = culprits(trial)
    if accused:
        return accuse(trial, accused)
    found = silent_autodiff(trial) or _special(trial)
    return () if found is None else (found,)


def _special(trial: Trial) -> Finding | None:
    """Looks at the first coordinate that is wrong."""
    for row, wrong in zip(trial.rows, trial.before, strict=True):
        if wrong.any():
            return special_point(trial.closed, row, int(np.flatnonzero(wrong)[0]))
    return None
