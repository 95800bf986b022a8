"""Which arms of the choices of an objective the points of a comparison take.

The choices are those of the value and of the hand-written gradient, traced or called on the host.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Float

from ..._evaluation.evaluator import Evaluator
from ..._results.arm import Arm
from .host.recorded import RecordedBranches
from .taken import Shape, Taken
from .traced import TracedBranches


@dataclass(frozen=True, eq=False)
class Branches:
    """The choices of one objective.

    Attributes:
        traced: Those of its traced programs.
        recorded: Those of what is called on the host.
    """

    traced: TracedBranches = field(default_factory=TracedBranches)
    recorded: RecordedBranches = field(default_factory=RecordedBranches)

    @classmethod
    def of(cls, at: Sequence[Evaluator], keys: Sequence) -> "Branches":
        """Looks for choices in the programs under these keys, at these points."""
        return cls(TracedBranches.of(at[0], keys), RecordedBranches.of(at, keys))

    @cached_property
    def arms(self) -> tuple[Arm, ...]:
        """The arms."""
        return (*self.traced.arms, *self.recorded.arms)

    @property
    def unseen(self) -> tuple[str, ...]:
        """Why more choices may be there, in words."""
        return (*self.traced.unseen, *self.recorded.unseen)

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        """The shapes of the arrays of parameters."""
        return self.traced.shapes

    @cached_property
    def shaped(self) -> dict[int, Shape]:
        """The arms that have the shape of an array of parameters, by their numbers."""
        return self.traced.shaped | self._after(self.recorded.shaped)

    def taken(self, evaluator: Evaluator, x: Float[np.ndarray, " d"] | None = None) -> Taken:
        """Returns what the point of `evaluator` takes; or another one, once that was asked."""
        traced, recorded = self.traced.taken(evaluator, x), self.recorded.taken(evaluator, x)
        arms = np.concatenate([traced.arms, recorded.arms])
        return Taken(arms, traced.entries | self._after(recorded.entries))

    def _after(self, of_recorded: dict) -> dict:
        """What belongs to recorded arms, by the numbers that these have among all."""
        first = len(self.traced.arms)
        return {first + number: thing for number, thing in of_recorded.items()}
