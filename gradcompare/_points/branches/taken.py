"""The branches that a point takes; by entry if they have the shape of a parameter array."""

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from ..._results.branch import Branch

LARGEST = 100_000
"""Largest number of entries for which the branches are recorded entry by entry."""

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Taken:
    """The branches that a point takes.

    Attributes:
        branches: Whether at least one entry takes each branch.
        entries: Whether each entry takes a branch, by the number of the branch; only for branches
            with the shape of an array of parameters.
    """

    branches: Bool[np.ndarray, " k"]
    entries: dict[int, Bool[np.ndarray, " n"]]


def each_once(choices: Iterable[tuple[Branch, Shape]]) -> tuple[Branch, ...]:
    """Returns the branches, each once: two choices by the same condition are one."""
    return tuple({branch.key: branch for branch, _ in choices}.values())


def shaped(choices: Iterable[tuple[Branch, Shape]], shapes: tuple[Shape, ...]) -> dict[int, Shape]:
    """Returns the shapes of the branches with that of a parameter array, by their numbers."""
    shapes_of: dict[Hashable, set[Shape]] = {}
    for branch, shape in choices:
        shapes_of.setdefault(branch.key, set()).add(shape)
    alike = {number: min(each) for number, each in enumerate(shapes_of.values()) if len(each) == 1}
    return {
        number: shape
        for number, shape in alike.items()
        if shape in shapes and 1 < math.prod(shape) <= LARGEST
    }
