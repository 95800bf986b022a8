"""Faults found by halving blocks, where what two halves show adds up to what the block shows.

Group testing finds k faulty ones among d by testing groups, of which each answers whether it
holds a fault: with about k log₂(d/k) + O(k) tests by F. K. Hwang, A method for detecting all
defective members in a population by group testing, J. Am. Stat. Assoc. 67 (1972), pp. 605–608;
no method can do with fewer than log₂(d choose k). Here a group answers with a number, its
mismatch, and the numbers of two halves add up. So one test gives both halves, every fault is
followed at the same time, and nothing is tested again to see what is left. A tree of d leaves
has at most

    k log₂(d/k) + 2k

inner nodes above k of them, and each costs one test.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

MISMATCH_SHARE = 1 / 20
"""A half is measured until its bar is below this fraction of the mismatch of its block."""

FOLLOWED_BLOCKS = 3
"""Of more faulty blocks than can be followed, so many lead to a coordinate to show."""


@dataclass(frozen=True)
class Block:
    """Neighbouring coordinates of a list, and what one test said about them.

    Attributes:
        start: The position of the first one.
        stop: The position after the last one.
        mismatch: By how much the derivative given exceeds the one measured, along a direction in
            which just these coordinates move.
        bound: How large the mismatch of a right derivative can be; infinite where the test
            could not tell.
    """

    start: int
    stop: int
    mismatch: float
    bound: float

    @property
    def size(self) -> int:
        """How many coordinates there are."""
        return self.stop - self.start

    @property
    def fails(self) -> bool:
        """Whether at least one of the coordinates is wrong."""
        return abs(self.mismatch) > self.bound

    def less(self, left: "Block") -> "Block":
        """Returns the rest of the block, of which `left` is the beginning."""
        apart = self.mismatch - left.mismatch
        return Block(left.stop, self.stop, apart, self.bound + left.bound)


Measure = Callable[[Sequence[tuple[int, int]], Float[np.ndarray, " n"]], list[Block]]
"""Measures blocks, given by their start and stop, each to a bar that is small enough."""


@dataclass(frozen=True)
class Found:
    """Where halving led.

    Attributes:
        ends: The lone coordinates that it led to, the largest mismatch first.
        failed: The largest number of separate blocks that failed at a time.
        blocks: Of how many.
    """

    ends: tuple[Block, ...]
    failed: int
    blocks: int


def halve(whole: Block, measure: Measure, most: int) -> Found:
    """Follows the faults of a block that fails down to lone coordinates, level by level.

    Args:
        whole: The block.
        measure: Tests blocks of it, with the direction with which it was tested itself.
        most: Where more separate blocks fail, only some of them are followed.
    """
    level, failed, blocks = 0, 1, 1
    ends: list[Block] = []
    active = [whole]
    while active:
        ends += [block for block in active if block.size == 1]
        active = [half for half in _halves(active, measure) if half.fails]
        level += 1
        if len(active) + len(ends) > failed:
            failed, blocks = len(active) + len(ends), min(2**level, whole.size)
        if failed > most:
            active = sorted(active, key=_size_of_mismatch)[:FOLLOWED_BLOCKS]
    ends.sort(key=_size_of_mismatch)
    return Found(tuple(ends), failed, blocks)


def _halves(blocks: Sequence[Block], measure: Measure) -> list[Block]:
    """Both halves of each block that has any: the first one measured, the second what is left.

    Where it then looks as if neither were faulty, the second one is measured as well.
    """
    wide = [block for block in blocks if block.size > 1]
    if not wide:
        return []
    enough = np.array([MISMATCH_SHARE * abs(block.mismatch) for block in wide])
    spans = [(block.start, (block.start + block.stop) // 2) for block in wide]
    first = measure(spans, enough)
    second = [block.less(left) for block, left in zip(wide, first, strict=True)]
    unclear = [i for i in range(len(wide)) if not (first[i].fails or second[i].fails)]
    if unclear:
        spans = [(second[i].start, second[i].stop) for i in unclear]
        for i, measured in zip(unclear, measure(spans, enough[unclear]), strict=True):
            second[i] = measured
    return [half for pair in zip(first, second, strict=True) for half in pair]


def _size_of_mismatch(block: Block) -> float:
    return -abs(block.mismatch)
