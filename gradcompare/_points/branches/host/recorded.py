"""The choices in functions on the host, and the branches that a point takes."""

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

import numpy as np
from jaxtyping import Float

from ...._evaluation.evaluator import Evaluator
from ...._evaluation.host import HostFunction
from ...._foundation.errors import outcome_of
from ...._foundation.precision import cast
from ...._results.branch import Branch
from ..steps import unfollowed
from ..taken import Shape, Taken, each_once, shaped
from .recorded_array import is_followed, record, same
from .recording import Masks, Orders

Vector = Float[np.ndarray, " d"]

NUDGE = 1e-3
"""Relative move of a point that moves all numbers which depend on it."""


class _Unseen(enum.Enum):
    """The reason why the choices of a function on the host are unknown, for a sentence's end."""

    FAILS = "fails when its arguments are arrays that record operations"
    DIFFERS = "returns something else when its arguments are arrays that record operations"
    LOST = (
        "computes with numbers that cannot be tracked, such as those from np.asarray, float, math "
        "and SciPy"
    )


@dataclass(frozen=True, eq=False)
class RecordedChoices:
    """The recorded choices of one objective's functions on the host.

    Attributes:
        hosts: The functions.
        shapes: The shapes of the arrays of parameters.
        choices: The branches with their shapes.
        unseen: The reasons why there may be more, in words.
        orders: The orders of the sorts at the first point.
    """

    hosts: tuple[HostFunction, ...] = ()
    shapes: tuple[Shape, ...] = ()
    choices: tuple[tuple[Branch, Shape], ...] = ()
    unseen: tuple[str, ...] = ()
    orders: Orders = field(default_factory=dict)

    @classmethod
    def of(cls, at: Sequence[Evaluator], keys: Sequence) -> "RecordedChoices":
        """Records the choices of the functions on the host under these keys, at these points.

        A function that returns something else when it is recorded is left out.
        """
        hosts, choices, unseen, steps = [], [], [], []
        orders: Orders = {}
        for key in keys:
            host = at[0].functions.get(key)
            name = key if isinstance(key, str) else f"the {key.name} derivative"
            if isinstance(host, HostFunction):
                seen = [_recorded(host, point, orders, faithful=True) for point in at]
                why = [each for each in seen if isinstance(each, _Unseen)]
                branches = [pair for each in seen if isinstance(each, list) for pair in each]
                runs = [] if why else _runs(host, at)
                if not why and (_loses(runs) or not (branches or _followed(host, at[0]))):
                    why = [_Unseen.LOST]
                hosts += [host] if branches else []
                choices += [(branch, mask.shape) for branch, masks in branches for mask in masks]
                unseen += [f"{name} {each.value}" for each in why[:1]]
                steps += [step for run in runs for step in run.steps]
        unseen += filter(None, [unfollowed(steps)])
        shapes = at[0].problem.layout.shapes
        return cls(tuple(hosts), shapes, tuple(dict.fromkeys(choices)), tuple(unseen), orders)

    @cached_property
    def branches(self) -> tuple[Branch, ...]:
        """The branches, each once."""
        return each_once(self.choices)

    @cached_property
    def shaped(self) -> dict[int, Shape]:
        """The shapes of the branches with that of a parameter array, by their numbers."""
        return shaped(self.choices, self.shapes)

    def taken(self, evaluator: Evaluator, x: Vector | None = None) -> Taken:
        """Returns the branches at `x`, or at the point of `evaluator`."""
        numbers = {branch.key: number for number, branch in enumerate(self.branches)}
        branches = np.zeros(len(numbers), bool)
        # A point at which a line does not run takes none of its branches, with no entry.
        entries = {n: np.zeros(math.prod(shape), bool) for n, shape in self.shaped.items()}
        seen = [_recorded(host, evaluator, self.orders, x) for host in self.hosts]
        for branch, masks in chain.from_iterable(each for each in seen if isinstance(each, list)):
            number = numbers.get(branch.key)
            if number is None:  # no point of the comparison took it
                continue
            branches[number] |= any(np.any(mask) for mask in masks)
            if number in self.shaped and {mask.shape for mask in masks} == {self.shaped[number]}:
                entries[number] = np.any(masks, axis=0).reshape(-1)
        return Taken(branches, entries)


def _recorded(
    host: HostFunction,
    evaluator: Evaluator,
    orders: Orders,
    x: Vector | None = None,
    *,
    faithful: bool = False,
) -> list[tuple[Branch, Masks]] | _Unseen:
    """Returns the branches with their masks, or the reason why they are unknown."""
    params, *rest = evaluator.host_args
    if x is not None:
        params = cast(evaluator.problem.layout.unflatten(x), evaluator.dtype)

    def called() -> list[tuple[Branch, Masks]] | _Unseen:
        recording, result = record(host.function, params, *rest, orders=orders)
        if faithful and not same(result, host.run(params, *rest)):
            return _Unseen.DIFFERS
        return list(recording.branches.values())

    outcome = outcome_of(called)
    return _Unseen.FAILS if isinstance(outcome, Exception) else outcome


def _followed(host: HostFunction, evaluator: Evaluator) -> bool:
    outcome = outcome_of(lambda: is_followed(host.function, *evaluator.host_args))
    return outcome is True


@dataclass(frozen=True)
class _Run:
    """One recorded call.

    Attributes:
        outside: The numbers that no recorded array holds, one after another.
        taken: The branches with their masks.
        steps: The expressions that change in steps.
    """

    outside: list[bytes]
    taken: list[tuple[Branch, list]]
    steps: tuple[str, ...]


def _runs(host: HostFunction, at: Sequence[Evaluator]) -> list[_Run]:
    """Returns a call at each point, and further ones around the first, where none fails."""
    first, *others = at
    points = [(first, x) for x in _around(first)] + [(other, other.x) for other in others]
    runs = [_run(host, evaluator, x) for evaluator, x in points]
    return [run for run in runs if run is not None]


def _loses(runs: Sequence[_Run]) -> bool:
    """Whether numbers that no recorded array holds depend on the point.

    Where branches are recorded, only points that take the same ones can tell.
    """
    return any(
        run.outside != runs[0].outside and (not runs[0].taken or run.taken == runs[0].taken)
        for run in runs
    )


def _around(evaluator: Evaluator) -> tuple[Vector, ...]:
    """Returns the point, one beside it, and one with its numbers in another order."""
    x, (lower, upper) = evaluator.x, evaluator.problem.bounds
    others = (x * (1 + NUDGE), np.concatenate([part[::-1] for part in _arrays(evaluator, x)]))
    return (x, *(np.clip(each, lower, upper) for each in others))


def _arrays(evaluator: Evaluator, x: Vector) -> list[Vector]:
    return np.split(x, evaluator.problem.layout.offsets[1:-1])


def _run(host: HostFunction, evaluator: Evaluator, x: Vector) -> _Run | None:
    params = cast(evaluator.problem.layout.unflatten(x), evaluator.dtype)
    args = (params, *evaluator.host_args[1:])
    outcome = outcome_of(lambda: record(host.function, *args, keeps="outside")[0])
    if isinstance(outcome, Exception):
        return None
    pairs = outcome.branches.values()
    taken = [(branch, [mask.tolist() for mask in masks]) for branch, masks in pairs]
    return _Run(outcome.outside or [], taken, tuple(outcome.steps))
