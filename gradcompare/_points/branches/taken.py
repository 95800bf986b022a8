"""Which arms a point takes, entry by entry where they have the shape of an array of parameters."""

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from ..._results.arm import Arm

LARGEST = 100_000
"""With more entries than that, it is not told which of them take an arm."""

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Taken:
    """What a point takes.

    Attributes:
        arms: Which arms at least one entry takes.
        entries: For arms that have the shape of an array of parameters, by their numbers: which
            entries take them.
    """

    arms: Bool[np.ndarray, " k"]
    entries: dict[int, Bool[np.ndarray, " n"]]


def each_once(choices: Iterable[tuple[Arm, Shape]]) -> tuple[Arm, ...]:
    """The arms, each once: two choices by the same condition are one."""
    return tuple({arm.key: arm for arm, _ in choices}.values())


def shaped(choices: Iterable[tuple[Arm, Shape]], shapes: tuple[Shape, ...]) -> dict[int, Shape]:
    """The arms that have the shape of an array of parameters, by their numbers."""
    found: dict[Hashable, set[Shape]] = {}
    for arm, shape in choices:
        found.setdefault(arm.key, set()).add(shape)
    alike = {number: min(each) for number, each in enumerate(found.values()) if len(each) == 1}
    return {
        number: shape
        for number, shape in alike.items()
        if shape in shapes and 1 < math.prod(shape) <= LARGEST
    }
