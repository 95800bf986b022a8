"""An arm of a `where` that the value takes at single points alone.

There autodiff differentiates that arm, as the constant 0 of `jnp.where(s == 0, 0.0, jnp.sqrt(s))`,
and the function is the other one. No operation has a wrong rule: a difference of the whole sees
the other arm on both sides.
"""

from collections.abc import Iterator

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr

from ..._foundation.user_code import Place
from ..._foundation.wording import listed, short
from ..._introspection.jax_internals import is_traced
from ..._introspection.jaxprs import place_of
from ..._introspection.rewriting.replacement import Step, rewritten
from ..._model.estimate import SAFETY, Estimate
from ..._model.finding import Finding
from .trial import Row

CHOOSES = ("select_n", "cond")
"""The primitives that choose an arm."""

BESIDE_THE_POINT = (1e-5, 1e-3)
"""Distances of the points beside, relative to the coordinate; some guards are this wide."""

AGREES_BESIDE = 1e-3
"""Relative tolerance between the mean slope beside a point and finite differences at it."""

Arms = list[tuple[Place | None, np.ndarray]]
"""The places of the choices, in the order in which they run, with the arm of each entry."""


def lone_arm(closed: ClosedJaxpr, row: Row, i: int) -> Finding | None:
    """Returns the arms that are taken at a point alone, if autodiff is right beside it.

    Args:
        closed: The program of the value.
        row: The point.
        i: A coordinate in which autodiff is wrong.
    """
    x, layout = row.evaluator.x, row.evaluator.problem.layout
    here = _arms(closed, row, x)
    for ratio in BESIDE_THE_POINT:
        move = np.zeros(layout.size)
        move[i] = ratio * (abs(x[i]) or 1.0)
        sides = [_arms(closed, row, x + move), _arms(closed, row, x - move)]
        places = dict.fromkeys(_alone(here, *sides))
        if places and _agrees(row, i, move):
            return _finding(row, i, list(places))
    return None


def _arms(closed: ClosedJaxpr, row: Row, x: np.ndarray) -> Arms:
    """Returns the arms that the value takes at `x`, but for those inside of loops."""
    arms: Arms = []

    def see(step: Step) -> None:
        if not is_traced(step.args[0]):
            arms.append((place_of(step.call), np.asarray(step.args[0])))

    params, data = row.evaluator.problem.layout.unflatten(x), row.evaluator.args[1]
    rewritten(closed, see, CHOOSES)(*jax.tree.leaves((params, data)))
    return arms


def _alone(here: Arms, above: Arms, below: Arms) -> Iterator[Place]:
    """Yields the choices with an entry that takes an arm which it takes on neither side."""
    for (place, arm), (_, over), (_, under) in zip(here, above, below, strict=True):
        if place is not None and np.any((arm != over) & (arm != under)):
            yield place


def _agrees(row: Row, i: int, move: np.ndarray) -> bool:
    """Whether autodiff beside the point, on average, is the difference at the point."""
    evaluator, differences = row.evaluator, row.votes["differences"]
    objective, layout = evaluator.problem.objective, evaluator.problem.layout

    def gradient(params, data, direction):
        return jax.grad(objective.value)(params, data)

    evaluator.run("beside", gradient, helper=True)
    sides = [evaluator.run_at("beside", evaluator.x + s * move) for s in (1, -1)]
    plain = Estimate(np.mean(sides, axis=0), np.zeros(layout.size))
    mean = objective.convention.applied(plain, evaluator.x, layout).value[i]
    allowed = AGREES_BESIDE * abs(differences.value[i]) + SAFETY * differences.error[i]
    return bool(abs(mean - differences.value[i]) <= allowed)


def _finding(row: Row, i: int, places: list[Place]) -> Finding:
    name, x = row.evaluator.problem.layout.name(i), short(float(row.evaluator.x[i]))
    choices = listed(list(dict.fromkeys(map(str, places))))
    return Finding(
        "special point",
        f"{name} is {x}: autodiff follows the arm that {choices} takes at this point and "
        "not beside it; beside it, autodiff agrees with finite differences",
        0.0,
        "write the function so that this arm has the right derivative too, or move the point",
        (i,),
        places[0].file,
        places[0].line,
    )
