"""What a comparison is asked to do."""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ._method import AbstractMethod
from ._objective import Objective, Problem, Quantity
from ._precision import FLOAT64, Device

ValueAt = Callable[[Problem], float]
"""The objective at the point of a problem, NaN where it raises an error: outside of its domain."""

Unsettled = Callable[[], bool]
"""Says whether a verdict so far is that it cannot be told, so that more points are wanted."""

MORE = 2
"""So many more points are looked at then."""

Progress = Callable[[str, int, int], None]
"""`progress(name, done, total)` is called when a case is estimated, and when it is timed."""


@dataclass(frozen=True)
class Plan:
    """What is to be done with every case; the fields are arguments of `compare`.

    But for `seeks`: whether points are sought that reach arms of the objective that no other
    point does. `check` does, of a user's function; `compare` draws the points and data of a
    registered objective as its author declared them, and only reports what they do not reach.
    """

    methods: tuple[AbstractMethod, ...]
    device: Device
    dtype: np.dtype = FLOAT64
    quantity: Quantity = "gradient"
    seed: int = 0
    points: int = 3
    timing: bool = True
    repeats: int = 5
    memory_bytes: int = 2**28
    executor: Executor | None = None
    seeks: bool = False
    on_error: Literal["row", "raise"] = "row"

    @property
    def voters(self) -> dict[str, str]:
        """The name of the method that speaks for each source: a voting one, or else the first."""
        voters: dict[str, str] = {}
        for method in sorted(self.methods, key=lambda method: not method.votes):
            voters.setdefault(method.source, method.name)
        return voters


@dataclass(frozen=True)
class Case:
    """One row of the comparison: an objective, and how to make its problems."""

    objective: Objective
    size: int | None
    problems: Callable[[ValueAt, Unsettled], Iterable[Problem]]
