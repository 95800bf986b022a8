"""Which branches of the choices in what is called on the host the points of a comparison take."""

import enum
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
from ..taken import Shape, Taken, each_once, shaped
from .recorded_array import is_followed, record, same
from .recording import Masks, Orders

Vector = Float[np.ndarray, " d"]


class _Unseen(enum.Enum):
    """Why the choices of a function on the host cannot be seen, as the end of a sentence."""

    FAILS = "fails when it is given arrays that record what is done with them"
    DIFFERS = "returns something else when it is given arrays that record what is done with them"
    LOST = "computes with numbers that cannot be followed, as float, math and SciPy return them"


@dataclass(frozen=True, eq=False)
class RecordedChoices:
    """The choices of one objective that some point was seen to make on the host.

    Attributes:
        hosts: What is called there.
        shapes: The shapes of the arrays of parameters.
        choices: The branches, with the shapes that they have.
        unseen: Why more could not be seen, in words.
        orders: The orders of what is sorted at the first point.
    """

    hosts: tuple[HostFunction, ...] = ()
    shapes: tuple[Shape, ...] = ()
    choices: tuple[tuple[Branch, Shape], ...] = ()
    unseen: tuple[str, ...] = ()
    orders: Orders = field(default_factory=dict)

    @classmethod
    def of(cls, at: Sequence[Evaluator], keys: Sequence) -> "RecordedChoices":
        """Records the choices at these points of what is called on the host under these keys.

        Those of a function that returns something else when it is recorded are left out.
        """
        hosts, choices, unseen = [], [], []
        orders: Orders = {}
        for key in keys:
            host = at[0].functions.get(key)
            name = key if isinstance(key, str) else f"the {key.name} derivative"
            if isinstance(host, HostFunction):
                seen = [_recorded(host, point, orders, faithful=True) for point in at]
                why = [each for each in seen if isinstance(each, _Unseen)]
                branches = [pair for each in seen if isinstance(each, list) for pair in each]
                if not branches and not why and not _followed(host, at[0]):
                    why = [_Unseen.LOST]
                hosts += [host] if branches else []
                choices += [(branch, mask.shape) for branch, masks in branches for mask in masks]
                unseen += [f"{name} {each.value}" for each in why[:1]]
        shapes = at[0].problem.layout.shapes
        return cls(tuple(hosts), shapes, tuple(dict.fromkeys(choices)), tuple(unseen), orders)

    @cached_property
    def branches(self) -> tuple[Branch, ...]:
        """The branches, each once."""
        return each_once(self.choices)

    @cached_property
    def shaped(self) -> dict[int, Shape]:
        """The branches that have the shape of an array of parameters, by their numbers."""
        return shaped(self.choices, self.shapes)

    def taken(self, evaluator: Evaluator, x: Vector | None = None) -> Taken:
        """Returns what the point of `evaluator` takes, or another one."""
        numbers = {branch.key: number for number, branch in enumerate(self.branches)}
        branches, entries = np.zeros(len(numbers), bool), {}
        seen = [_recorded(host, evaluator, self.orders, x) for host in self.hosts]
        for branch, masks in chain.from_iterable(each for each in seen if isinstance(each, list)):
            number = numbers.get(branch.key)
            if number is None:  # of a function that no given point calls
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
    """The branches that are taken, with their masks; or why they cannot be seen."""
    params, *rest = evaluator.host_args
    if x is not None:
        params = cast(evaluator.problem.layout.unflatten(x), evaluator.dtype)

    def called() -> list[tuple[Branch, Masks]] | _Unseen:
        found, result = record(host.function, params, *rest, orders=orders)
        if faithful and not same(result, host.run(params, *rest)):
            return _Unseen.DIFFERS
        return list(found.branches.values())

    outcome = outcome_of(called)
    return _Unseen.FAILS if isinstance(outcome, Exception) else outcome


def _followed(host: HostFunction, evaluator: Evaluator) -> bool:
    outcome = outcome_of(lambda: is_followed(host.function, *evaluator.host_args))
    return outcome is True
