"""All choices of an objective, and the branches that a point takes.

The choices are those of the value and of the hand-written gradient, traced or called on the host.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Float

from ..._evaluation.evaluator import Evaluator
from ..._results.branch import Branch
from .host.recorded import RecordedChoices
from .taken import Shape, Taken
from .traced import TracedChoices


@dataclass(frozen=True, eq=False)
class Choices:
    """The choices of one objective.

    Attributes:
        traced: The choices of its traced programs.
        recorded: The choices of its functions on the host.
    """

    traced: TracedChoices = field(default_factory=TracedChoices)
    recorded: RecordedChoices = field(default_factory=RecordedChoices)

    @classmethod
    def of(cls, at: Sequence[Evaluator], keys: Sequence) -> "Choices":
        """Returns the choices in the programs under these keys, at these points.

        Where those of the value cannot be recorded on the host, they are those of its twin.
        """
        if "twin" in at[0].functions and RecordedChoices.of(at, ["value"]).unseen:
            keys = ["twin" if key == "value" else key for key in keys]
        return cls(TracedChoices.of(at[0], keys), RecordedChoices.of(at, keys))

    @cached_property
    def branches(self) -> tuple[Branch, ...]:
        """The branches."""
        return (*self.traced.branches, *self.recorded.branches)

    @property
    def unseen(self) -> tuple[str, ...]:
        """The reasons why there may be more choices, in words."""
        return (*self.traced.unseen, *self.recorded.unseen)

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        """The shapes of the arrays of parameters."""
        return self.traced.shapes

    @cached_property
    def shaped(self) -> dict[int, Shape]:
        """The shapes of the branches with that of a parameter array, by their numbers."""
        return self.traced.shaped | self._after(self.recorded.shaped)

    def taken(self, evaluator: Evaluator, x: Float[np.ndarray, " d"] | None = None) -> Taken:
        """Returns the branches at `x`, or at the point of `evaluator`, which must come first."""
        traced, recorded = self.traced.taken(evaluator, x), self.recorded.taken(evaluator, x)
        branches = np.concatenate([traced.branches, recorded.branches])
        return Taken(branches, traced.entries | self._after(recorded.entries))

    def _after(self, of_recorded: dict) -> dict:
        """Renumbers values of recorded branches: these follow the traced ones."""
        first = len(self.traced.branches)
        return {first + number: thing for number, thing in of_recorded.items()}
