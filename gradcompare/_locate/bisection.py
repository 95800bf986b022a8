"""Finds faults by halving blocks: the mismatches of two halves add up to that of the block.

Group testing finds k faulty members among d by testing groups; a test says whether its group
holds a fault. The method of F. K. Hwang (A method for detecting all defective members in a
population by group testing, J. Am. Stat. Assoc. 67 (1972), pp. 605–608) needs about
k log₂(d/k) + O(k) tests, and no method needs fewer than log₂(d choose k). Here a test returns a
number, the mismatch of its block, and the numbers of two halves add up. So one test covers both
halves, all faults are followed at the same time, and the rest needs no test of its own. A tree
of d leaves has at most

    k log₂(d/k) + 2k

inner nodes above k of them, and each costs one test.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

MISMATCH_SHARE = 1 / 20
"""A half is measured until its error bar is below this fraction of the mismatch of its block."""

FOLLOWED_BLOCKS = 3
"""Number of blocks that are still followed when too many fail: enough to show examples."""


@dataclass(frozen=True)
class Block:
    """Neighbouring coordinates of a list, and the result of one test of them.

    Attributes:
        start: The position of the first one.
        stop: The position after the last one.
        mismatch: The derivative under test minus the measured one, along a direction in which
            only these coordinates move.
        bound: The largest mismatch that a correct derivative can have; infinite where the test
            decides nothing.
    """

    start: int
    stop: int
    mismatch: float
    bound: float

    @property
    def size(self) -> int:
        """The number of coordinates."""
        return self.stop - self.start

    @property
    def fails(self) -> bool:
        """Whether at least one of the coordinates is wrong."""
        return abs(self.mismatch) > self.bound

    def less(self, left: "Block") -> "Block":
        """Returns the rest of the block after `left`, its beginning."""
        mismatch = self.mismatch - left.mismatch
        return Block(left.stop, self.stop, mismatch, self.bound + left.bound)


Measure = Callable[[Sequence[tuple[int, int]], Float[np.ndarray, " n"]], list[Block]]
"""Measures the blocks with these starts and stops, each until its error bar is small enough."""


@dataclass(frozen=True)
class Halving:
    """The result of halving.

    Attributes:
        ends: The single coordinates at which it ended, the largest mismatch first.
        failed: The largest number of separate blocks that failed on one level.
        blocks: The number of blocks on that level.
    """

    ends: tuple[Block, ...]
    failed: int
    blocks: int


def halve(whole: Block, measure: Measure, most: int) -> Halving:
    """Follows the faults of a failing block down to single coordinates, level by level.

    Args:
        whole: The block.
        measure: Tests parts of the block, along the same direction as the block.
        most: If more separate blocks fail, only some of them are followed.
    """
    level, failed, blocks = 0, 1, 1
    ends: list[Block] = []
    active = [whole]
    while active:
        ends += [block for block in active if block.size == 1]
        active = [half for half in _halves(active, measure) if half.fails]
        level += 1
        # Blocks that are separate hold at least one fault each: a lower bound of their number.
        if len(active) + len(ends) > failed:
            failed, blocks = len(active) + len(ends), min(2**level, whole.size)
        if failed > most:
            active = sorted(active, key=_size_of_mismatch)[:FOLLOWED_BLOCKS]
    ends.sort(key=_size_of_mismatch)
    return Halving(tuple(ends), failed, blocks)


def _halves(blocks: Sequence[Block], measure: Measure) -> list[Block]:
    """Returns both halves of each block: the first is measured, the second is the rest.

    If then neither half seems faulty, the second one is measured as well.
    """
    wide = [block for block in blocks if block.size > 1]
    if not wide:
        return []
    enough = np.array([MISMATCH_SHARE * abs(block.mismatch) for block in wide])
    spans = [(block.start, (block.start + block.stop) // 2) for block in wide]
    first = measure(spans, enough)
    second = [block.less(left) for block, left in zip(wide, first, strict=True)]
    unclear = [i for i in range(len(wide)) if not (first[i].fails or second[i].fails)]
    # A difference has the bars of both terms; measured by itself, the half may still fail.
    if unclear:
        spans = [(second[i].start, second[i].stop) for i in unclear]
        for i, measured in zip(unclear, measure(spans, enough[unclear]), strict=True):
            second[i] = measured
    return [half for pair in zip(first, second, strict=True) for half in pair]


def _size_of_mismatch(block: Block) -> float:
    return -abs(block.mismatch)
