"""The points that an optimiser visits, in bounded memory, and where its progress stopped.

Four points are kept: the first, the last, the one with the lowest value, and the last one at
which the objective still decreased noticeably. A history holds further points, at first all of
them. When it is full, every second point is dropped and the stride is doubled, so that the
history stays evenly spread over the run.
"""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float

WORTH = 1e-6
"""Smallest decrease that counts as progress, relative to the decrease since the start."""

CLOSE = 1e-2
"""Largest distance of points that are close together, relative to the way from the start."""

STALLED = 3
"""Number of evaluations without progress after which it has stopped."""


@dataclass(eq=False)
class Visit:
    """One point at which the objective was evaluated.

    Attributes:
        number: The number of the evaluation, from 1.
        x: A copy of the point, in the structure of the call.
        flat: The point as a vector.
        args: The further arguments of the call.
        value: The objective there; None where only the gradient was evaluated.
        slope: The 2-norm of the gradient there; None where it was not evaluated.
    """

    number: int
    x: Any
    flat: Float[np.ndarray, " d"]
    args: tuple
    value: float | None = None
    slope: float | None = None

    @property
    def finite(self) -> bool:
        """Whether the point is finite, and the value there if it is known."""
        has_value = self.value is None or math.isfinite(self.value)
        return has_value and bool(np.all(np.isfinite(self.flat)))

    def same(self, flat: Float[np.ndarray, " d"]) -> bool:
        """Whether this is the point `flat`."""
        return np.array_equal(self.flat, flat)


@dataclass(eq=False)
class Track:
    """The points kept of a run.

    Attributes:
        capacity: The largest number of points in the history.
        count: The number of evaluations of the value, or of the gradient at points where the
            value was not evaluated.
        first: The first point.
        last: The last point at which everything was finite.
        best: The point with the lowest value.
        stopped: The point of the last progress.
        close: The number of later evaluations near that point.
        shortest: The 2-norm of the shortest gradient after it; infinity if there is none.
        broken: The number of evaluations with a point or a value that is not finite.
        first_broken: The number of the first of these evaluations.
        history: Points spread evenly over the run.
        stride: The history takes every point whose number is a multiple of this, plus one.
    """

    capacity: int
    count: int = 0
    first: Visit | None = None
    last: Visit | None = None
    best: Visit | None = None
    stopped: Visit | None = None
    close: int = 0
    shortest: float = math.inf
    broken: int = 0
    first_broken: int | None = None
    history: list[Visit] = field(default_factory=list)
    stride: int = 1
    _current: Visit | None = None
    _valued: bool = False

    def add_value(self, x: Any, flat: Float[np.ndarray, " d"], args: tuple, value: float) -> None:
        """Adds an evaluation of the objective; `x` and `flat` are copies."""
        self._valued, now = True, self._current
        if now is None or now.value is not None or not now.same(flat):
            now = self._arrive(x, flat, args)
        for visit in (now, self.first, self.stopped):  # a gradient may have come before the value
            if visit is not None and visit.value is None and visit.same(flat):
                visit.value = value
        if not now.finite:
            self.broken += 1
            self.first_broken = self.first_broken or now.number
            return
        self.last = now
        if self.best is None or value < self._value(self.best):
            self.best = now
        self._look_for_progress(now)

    def add_gradient(
        self, x: Any, flat: Float[np.ndarray, " d"], args: tuple, slope: float
    ) -> None:
        """Adds an evaluation of the gradient, usually at a point whose value is known."""
        named = (self._current, self.best, self.stopped, self.first)
        visits = [visit for visit in named if visit is not None and visit.same(flat)]
        if self._current is None or not (self._valued or self._current in visits):
            visits = [self._arrive(x, flat, args)]
            self.last = visits[0] if visits[0].finite else self.last
        for visit in visits:
            visit.slope = slope
        self.shortest = min(self.shortest, slope)

    def kept(self) -> list[Visit]:
        """Returns every point that is kept, in the order of the run."""
        named = (self.first, self.last, self.best, self.stopped)
        visits = {v.number: v for v in (*named, *self.history) if v is not None}
        return [visits[number] for number in sorted(visits)]

    @property
    def after(self) -> int:
        """The number of evaluations after the last progress."""
        return self.count - self.stopped.number if self.stopped else 0

    @property
    def has_stalled(self) -> bool:
        """Whether the run went on without progress."""
        return self.after >= STALLED

    def _arrive(self, x: Any, flat: Float[np.ndarray, " d"], args: tuple) -> Visit:
        self.count += 1
        visit = self._current = Visit(self.count, x, flat, args)
        self.first = self.first or visit
        if (self.count - 1) % self.stride == 0:
            self.history.append(visit)
        if len(self.history) > self.capacity:
            self.history = self.history[::2]
            self.stride *= 2
        return visit

    def _look_for_progress(self, now: Visit) -> None:
        if self.stopped is None:
            self.stopped = now
            return
        assert self.first is not None
        start = self.first if self.first.finite else self.stopped
        lowest, value = self._value(self.stopped), self._value(now)
        # A decrease by rounding or noise is no progress, however often it happens.
        if lowest - value > WORTH * abs(self._value(start) - value):
            self.stopped, self.close, self.shortest = now, 0, math.inf
            return
        # Without any way yet, the size of the point is the scale.
        way = np.linalg.norm(self.stopped.flat - start.flat)
        way = way or np.linalg.norm(self.stopped.flat) or 1.0
        if np.linalg.norm(now.flat - self.stopped.flat) <= CLOSE * way:
            self.close += 1

    @staticmethod
    def _value(visit: Visit) -> float:
        return math.inf if visit.value is None else visit.value
