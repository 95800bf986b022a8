"""The points that an optimiser visits, in bounded memory, and where it made no more progress.

Kept are the first point, the last, the one of the lowest value, the last one at which the
objective fell by a part worth speaking of of all that it had fallen, and a history: every
point at first; whenever it is full, every second is let go and only every second of the
coming ones is taken, so that what is left is evenly spread over the run.
"""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float

WORTH = 1e-6
"""A fall of the objective counts as progress if it is this part of all that it has fallen."""

CLOSE = 1e-2
"""Points are close together if this part of all the way that was made lies between them."""

STALLED = 3
"""Progress has stopped if so many evaluations follow without any."""


@dataclass(eq=False)
class Visit:
    """One point at which the objective was evaluated.

    Attributes:
        number: Which evaluation this was, from 1.
        x: A copy of the point, as it was given.
        flat: The same as a vector.
        args: The further arguments of the call.
        value: The objective there; None where only the gradient was asked for.
        slope: The 2-norm of the gradient given there; None where it was not asked for.
    """

    number: int
    x: Any
    flat: Float[np.ndarray, " d"]
    args: tuple
    value: float | None = None
    slope: float | None = None

    @property
    def finite(self) -> bool:
        """Whether the point is finite, and the value there if it was asked for."""
        known = self.value is None or math.isfinite(self.value)
        return known and bool(np.all(np.isfinite(self.flat)))

    def same(self, flat: Float[np.ndarray, " d"]) -> bool:
        """Whether this is the point `flat`."""
        return np.array_equal(self.flat, flat)


@dataclass(eq=False)
class Track:
    """What is kept of a run.

    Attributes:
        capacity: How many points the history may hold.
        count: How many evaluations there were: of the value, or of the gradient where the value
            is not asked for.
        first: The first point.
        last: The last one at which everything was finite.
        best: The one of the lowest value.
        stopped: Where the last progress was made.
        close: How many evaluations followed that one, near it.
        broken: How many evaluations gave a value, or were at a point, that is not finite.
        first_broken: The number of the first of those.
        history: Points spread evenly over the run.
        stride: Every so manyth is taken.
    """

    capacity: int
    count: int = 0
    first: Visit | None = None
    last: Visit | None = None
    best: Visit | None = None
    stopped: Visit | None = None
    close: int = 0
    broken: int = 0
    first_broken: int | None = None
    history: list[Visit] = field(default_factory=list)
    stride: int = 1
    _current: Visit | None = None
    _valued: bool = False

    def add_value(self, x: Any, flat: Float[np.ndarray, " d"], args: tuple, value: float) -> None:
        """Takes in one evaluation of the objective; `x` and `flat` are copies."""
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
        """Takes in one evaluation of the gradient, at a point whose value is known as a rule."""
        named = (self._current, self.best, self.stopped, self.first)
        known = [visit for visit in named if visit is not None and visit.same(flat)]
        if self._current is None or not (self._valued or self._current in known):
            known = [self._arrive(x, flat, args)]
            self.last = known[0] if known[0].finite else self.last
        for visit in known:
            visit.slope = slope

    def kept(self) -> list[Visit]:
        """Every point that is kept, in the order of the run."""
        named = (self.first, self.last, self.best, self.stopped)
        visits = {v.number: v for v in (*named, *self.history) if v is not None}
        return [visits[number] for number in sorted(visits)]

    @property
    def after(self) -> int:
        """How many evaluations followed the last progress."""
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
        if lowest - value > WORTH * abs(self._value(start) - value):
            self.stopped, self.close = now, 0
            return
        way = np.linalg.norm(self.stopped.flat - start.flat)
        way = way or np.linalg.norm(self.stopped.flat) or 1.0
        if np.linalg.norm(now.flat - self.stopped.flat) <= CLOSE * way:
            self.close += 1

    @staticmethod
    def _value(visit: Visit) -> float:
        return math.inf if visit.value is None else visit.value
