"""The steepest piece of f on a line near a kink."""

import numpy as np
from jaxtyping import Float

from .nearby import AROUND, CLEAR_KINK, ROUGH, Nearby

REACH = 1.5
"""Distance to which a line is followed to either side, in units of that of the points."""

FIRST = 17
"""Number of values on a line at first."""

LINE_HALVINGS = 6
"""How often pieces are halved that contain a kink."""

MOST_HALVED = 6
"""Largest number of pieces that are halved each time."""


def steepest(
    nearby: Nearby, z: Float[np.ndarray, " d"], u: Float[np.ndarray, " d"]
) -> Float[np.ndarray, " d"]:
    """Returns where f rises most on the line through x + distance · z along u.

    A piece whose slope is that of neither neighbour contains a kink, and is halved: between two
    kinks there may be a short piece that is steeper than all others.
    """
    u = np.where(nearby.ended, 0.0, u)
    layout = nearby.evaluator.problem.layout
    line = layout.unflatten(nearby.distance * nearby.scale * u)
    near = nearby.at(nearby.point(z))
    ends = np.linspace(-REACH, REACH, FIRST)
    values = near.along(ends, line)
    for _ in range(LINE_HALVINGS):
        where = _mixed(nearby, ends, values)
        if not len(where):
            break
        middles = (ends[where] + ends[where + 1]) / 2
        values = np.insert(values, where + 1, near.along(middles, line))
        ends = np.insert(ends, where + 1, middles)
    piece = int(np.argmax(np.diff(values) / np.diff(ends)))
    return z + (ends[piece] + ends[piece + 1]) / 2 * u


def _mixed(
    nearby: Nearby, ends: Float[np.ndarray, " n"], values: Float[np.ndarray, " n"]
) -> np.ndarray:
    """Returns the numbers of the pieces that contain a kink, at most so many, in their order."""
    slopes = np.diff(values) / np.diff(ends) / nearby.distance
    steps = np.abs(np.diff(slopes))
    # A piece at the end of the line has one neighbour.
    apart = np.minimum(np.append(np.inf, steps), np.append(steps, np.inf))
    differs = apart > ROUGH * nearby.size + CLEAR_KINK * nearby.error
    differs &= np.diff(ends) > 10 / AROUND
    worst = np.argsort(-np.where(differs, apart, -1.0), kind="stable")[:MOST_HALVED]
    return np.sort(worst[differs[worst]])
