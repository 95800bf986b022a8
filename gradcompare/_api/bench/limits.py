"""The sizes, and which of them would take too long or too much memory, as smaller ones show."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..._foundation.errors import InputError
from ..._foundation.wording import duration, memory
from .record import Record

SMALLEST, LARGEST, STEPS = 10, 10_000, 2
"""The ladder of sizes: its ends, and its number of steps for each factor of ten."""

FIRST_GROWTH = 1.0
"""Exponent with which a call is expected to grow, as long as one size is known."""

STEEPEST = 4.0
"""Largest exponent that is believed: between two sizes, a load of the machine shows others."""

RUNS = 8
"""Number of calls that one figure takes at least: the estimate with its bar, and the samples."""


@dataclass(frozen=True)
class Limits:
    """What one figure may cost.

    Attributes:
        seconds: The longest time for one figure, with its compilation.
        memory_bytes: The most memory of one program with its arguments.
    """

    seconds: float
    memory_bytes: int

    def reason_to_skip(self, smaller: Sequence[Record], size: int) -> str:
        """Returns why a method is not measured at a size; empty if it is.

        Args:
            smaller: Its records at smaller sizes, in ascending order.
            size: The size.
        """
        known = [record for record in smaller if record["status"] == "ok"]
        if not known:
            return ""
        failed = [r for r in smaller if r["status"] == "error" and r["size"] > known[-1]["size"]]
        if failed:
            return f"it failed at size {failed[0]['size']}"
        compiling = _grown(known, "compile_seconds", size, first=0.0)
        seconds = RUNS * _grown(known, "fastest_seconds", size) + compiling
        if seconds > self.seconds:
            return f"about {duration(seconds, 2)} expected, more than {duration(self.seconds, 2)}"
        peak = _grown(known, "peak_bytes", size)
        if peak > self.memory_bytes:
            return f"about {memory(peak)} expected, more than {memory(self.memory_bytes)}"
        return ""


def _grown(records: Sequence[Record], field: str, size: int, first: float = FIRST_GROWTH) -> float:
    """Returns a cost at a larger size, which grows as between the last two; 0 if not known."""
    points = [(r["size"], r[field]) for r in records if r[field]]
    if not points:
        return 0.0
    (last, cost), exponent = points[-1], first
    if len(points) > 1:
        before, less = points[-2]
        exponent = min(max(math.log(cost / less) / math.log(last / before), 0.0), STEEPEST)
    return cost * (size / last) ** exponent


def ladder_of_sizes(sizes: int | Sequence[int] | None, largest: int) -> list[int]:
    """Returns the sizes in ascending order; for None, a geometric ladder.

    Raises:
        InputError: if they are no positive integers.
    """
    whole = (int, np.integer)
    if sizes is None:
        if not isinstance(largest, whole) or largest < SMALLEST:
            raise InputError(f"largest is {largest!r}; give an integer of at least {SMALLEST}")
        count = math.floor(STEPS * math.log10(largest / SMALLEST) + 1e-9)
        # Two digits: 10, 32, 100. Round and even numbers suit objectives made of pairs.
        return [int(float(f"{SMALLEST * 10 ** (k / STEPS):.1e}")) for k in range(count + 1)]
    chosen = [sizes] if isinstance(sizes, whole) else list(sizes)
    if not chosen or not all(isinstance(size, whole) and size > 0 for size in chosen):
        raise InputError(f"the sizes are {chosen}; give positive integers")
    return sorted({int(size) for size in chosen})
