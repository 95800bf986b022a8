"""The search for a point near a kink at which f rises along a direction as much as predicted.

It finds f°(x; u) from below. Of a convex f the points ahead of x, x + s u, have the largest slope
along u, of a concave one those behind it; of an order statistic, some point on a line along u. All
others are sought by moving one coordinate at a time, as long as the slope gets larger.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float, Int

from .line import steepest
from .nearby import CLEAR_KINK, Nearby

RESTARTS = 2
"""Number of searches from random points before f is said to rise by no more."""

LINES = 3
"""Number of lines along the direction in each of them."""

OFFSETS = (0.0, 0.003, 0.02, 0.3)
"""Distances from the points ahead of x and behind it, where many pieces of f may meet."""

OTHERS = 2
"""Number of coordinates with which each is exchanged."""

ROUNDS = 6
"""Largest number of times that each coordinate is moved."""


class Ascent:
    """One search. Only its own methods change it.

    Attributes:
        nearby: The slopes near the point.
        u: The direction.
        target: The slope that is sought.
        slope: The largest slope so far.
        place: Where it is.
    """

    def __init__(self, nearby: Nearby, u: Float[np.ndarray, " d"], target: float) -> None:
        self.nearby, self.u, self.target = nearby, u, target
        self.slope, self.place = -np.inf, np.zeros(len(u))

    def run(self) -> bool:
        """Returns whether f rises as much as sought at some point near x."""
        return any(self._restart() for _ in range(RESTARTS))

    def _restart(self) -> bool:
        forward = self.u / np.max(np.abs(self.u))
        for beside in OFFSETS:
            for ahead in (forward, -forward):
                if self._try(ahead + beside * self.nearby.random()):
                    return True
        for _ in range(LINES):
            start = self.nearby.random()
            if self._try(start) or self._try(steepest(self.nearby, start, forward)):
                return True
        return self._climb()

    def _climb(self) -> bool:
        """Moves coordinates one by one until a round of them leads no further."""
        rng, axes = self.nearby.rng, self.nearby.axes
        for _ in range(ROUNDS):
            before = self.slope
            # What is exchanged should be what f depends on there.
            active = axes[np.abs(self.nearby.slopes(self.place)) > CLEAR_KINK * self.nearby.error]
            others = rng.permutation(active if len(active) else axes)[:OTHERS]
            for axis in rng.permutation(axes):
                if any(self._try(z) for z in self._moves(axis, others)):
                    return True
            if self.slope <= before:
                break
        return False

    def _moves(
        self, axis: int, others: Int[np.ndarray, " n"]
    ) -> Iterator[Float[np.ndarray, " d"]]:
        """Yields the best place with a coordinate moved.

        It goes to the other side of x, or anywhere, or beside another one, or is exchanged with
        it: signs decide the pieces of sums, the order decides those of order statistics.
        """
        rng = self.nearby.rng
        yield self._with(axis, -float(self.place[axis]))
        yield self._with(axis, rng.uniform(-1, 1))
        for other in others.tolist():
            beside = OFFSETS[2] * rng.uniform(0.1, 1)
            entry = float(self.place[other])
            yield self._with(axis, entry + beside)
            yield self._with(axis, entry - beside)
            exchanged = self._with(axis, entry)
            exchanged[other] = self.place[axis]
            yield exchanged

    def _with(self, axis: int, entry: float) -> Float[np.ndarray, " d"]:
        return np.where(np.arange(len(self.place)) == axis, entry, self.place)

    def _try(self, z: Float[np.ndarray, " d"]) -> bool:
        slope = self.nearby.slope(z, self.u)
        if slope > self.slope:
            self.slope, self.place = slope, z
        return slope >= self.target


ADDED = (0.0, 0.005, 0.02, 0.1)
"""Distances from the place of a large slope at which the slopes along all axes are sampled."""


class Seeking(Nearby):
    """Slopes near the point, to which more are added where f rises most."""

    def seek(self, u: Float[np.ndarray, " k"], target: float) -> float:
        """Returns the largest slope along `u` that is found, and adds a sample with `target`.

        Args:
            u: A direction along the axes.
            target: A slope.
        """
        line = np.zeros(len(self.scale))
        line[self.axes] = u
        ascent = Ascent(self, line, target)
        if not ascent.run():
            return ascent.slope
        for beside in ADDED:
            # Where two pieces meet, the slope is between theirs: one of them, ahead or behind, has
            # a larger one.
            for ahead in (0.0, beside, -beside):
                place = ascent.place + ahead * line + beside / 4 * self.random()
                if u @ self.add(place) >= target:
                    return ascent.slope
        return ascent.slope
