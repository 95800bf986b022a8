"""Which arms of the choices in what is called on the host the points of a comparison take."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
from jaxtyping import Float

from ..._evaluation.evaluator import Evaluator
from ..._evaluation.host import HostFunction
from ..._foundation.errors import outcome_of
from ..._foundation.precision import cast
from ..._results.arm import Arm
from .recorded_array import record, same
from .recording import Masks
from .taken import Shape, Taken, each_once, shaped

Vector = Float[np.ndarray, " d"]


@dataclass(frozen=True, eq=False)
class RecordedBranches:
    """The choices of one objective that some point was seen to make on the host.

    Attributes:
        hosts: What is called there.
        shapes: The shapes of the arrays of parameters.
        choices: The arms, with the shapes that they have.
    """

    hosts: tuple[HostFunction, ...] = ()
    shapes: tuple[Shape, ...] = ()
    choices: tuple[tuple[Arm, Shape], ...] = ()

    @classmethod
    def of(cls, at: Sequence[Evaluator], keys: Sequence) -> "RecordedBranches":
        """Records the choices at these points of what is called on the host under these keys.

        Those of a function that returns something else when it is recorded are left out.
        """
        evaluator = [at[0].functions.get(key) for key in keys]
        hosts, choices = [], []
        for host in evaluator:
            if isinstance(host, HostFunction):
                seen = [_recorded(host, point, faithful=True) for point in at]
                found = [
                    (arm, mask.shape) for each in seen for arm, masks in each for mask in masks
                ]
                hosts += [host] if found else []
                choices += found
        return cls(tuple(hosts), at[0].problem.layout.shapes, tuple(dict.fromkeys(choices)))

    @cached_property
    def arms(self) -> tuple[Arm, ...]:
        """The arms, each once."""
        return each_once(self.choices)

    @cached_property
    def shaped(self) -> dict[int, Shape]:
        """The arms that have the shape of an array of parameters, by their numbers."""
        return shaped(self.choices, self.shapes)

    def taken(self, evaluator: Evaluator, x: Vector | None = None) -> Taken:
        """Returns what the point of `evaluator` takes, or another one."""
        numbers = {arm.key: number for number, arm in enumerate(self.arms)}
        arms, entries = np.zeros(len(numbers), bool), {}
        for arm, masks in chain.from_iterable(_recorded(h, evaluator, x) for h in self.hosts):
            number = numbers.get(arm.key)
            if number is None:  # of a function that no given point calls
                continue
            arms[number] |= any(np.any(mask) for mask in masks)
            if number in self.shaped and {mask.shape for mask in masks} == {self.shaped[number]}:
                entries[number] = np.any(masks, axis=0).reshape(-1)
        return Taken(arms, entries)


def _recorded(
    host: HostFunction, evaluator: Evaluator, x: Vector | None = None, *, faithful: bool = False
) -> list[tuple[Arm, Masks]]:
    """The arms that are taken, with their masks; none where the function fails."""
    params, *rest = evaluator.host_args
    if x is not None:
        params = cast(evaluator.problem.layout.unflatten(x), evaluator.dtype)

    def called() -> list[tuple[Arm, Masks]]:
        found, result = record(host.function, params, *rest)
        kept = not faithful or same(result, host.run(params, *rest))
        return list(found.arms.values()) if kept else []

    outcome = outcome_of(called)
    return [] if isinstance(outcome, Exception) else outcome
