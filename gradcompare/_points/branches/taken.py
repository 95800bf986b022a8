"""Which branches a point takes; entry by entry where they have the shape of a parameter array."""

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from ..._results.branch import Branch

LARGEST = 100_000
"""With more entries than that, it is not told which of them take a branch."""

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Taken:
    """What a point takes.

    Attributes:
        branches: Which branches at least one entry takes.
        entries: Which entries take a branch that has the shape of an array of parameters, by the
            number of the branch.
    """

    branches: Bool[np.ndarray, " k"]
    entries: dict[int, Bool[np.ndarray, " n"]]


def each_once(choices: Iterable[tuple[Branch, Shape]]) -> tuple[Branch, ...]:
    """The branches, each once: two choices by the same condition are one."""
    return tuple({branch.key: branch for branch, _ in choices}.values())


def shaped(choices: Iterable[tuple[Branch, Shape]], shapes: tuple[Shape, ...]) -> dict[int, Shape]:
    """The branches that have the shape of an array of parameters, by their numbers."""
    found: dict[Hashable, set[Shape]] = {}
    for branch, shape in choices:
        found.setdefault(branch.key, set()).add(shape)
    alike = {number: min(each) for number, each in enumerate(found.values()) if len(each) == 1}
    return {
        number: shape
        for number, shape in alike.items()
        if shape in shapes and 1 < math.prod(shape) <= LARGEST
    }
