"""What autodiff is wrong about, where it is the odd one out: proven by undoing it.

Whatever may mislead autodiff is undone, one after another and then together (`_suspects`), and
the result is compared with finite differences at every point. What makes the two agree is at
fault.
"""

from collections.abc import Mapping, Sequence

import jax
import numpy as np

from ..._evaluation.evaluator import Evaluator
from ..._foundation.user_code import guarded
from ..._model.finding import DIAGNOSED_COORDINATES, Finding
from ..._results.data import PointResult
from .accusation import accuse
from .special_point import special_point
from .staircase import silent_autodiff
from .suspects import Switches, suspects
from .trial import Row, Trial, culprits

MOST_SUSPECTS = 32
"""So many suspects are looked at, the user's own first; each makes the program larger."""


def autodiff_findings(
    evaluators: Sequence[Evaluator], points: Sequence[PointResult], voters: Mapping[str, str]
) -> tuple[Finding, ...]:
    """Returns what is wrong with autodiff; nothing where that cannot be shown.

    A diagnosis that fails is none: it takes no result with it.

    Args:
        evaluators: The programs of each point.
        points: What was found there.
        voters: The method that speaks for each source.
    """
    problem = evaluators[0].problem
    if problem.quantity != "gradient" or problem.layout.size > DIAGNOSED_COORDINATES:
        return ()
    rows = []
    for mine, point in zip(evaluators, points, strict=True):
        votes = {s: point.estimates[n] for s, n in voters.items() if n in point.estimates}
        if "autodiff" in votes and "differences" in votes:
            rows.append(Row(mine, votes))
    outcome = guarded(lambda: _found(rows)) if rows else ()
    return outcome if isinstance(outcome, tuple) else ()


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
