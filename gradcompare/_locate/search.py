"""The search for the wrong coordinates of one gradient: test, halve, look at one, leave out."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from .._evaluation.evaluator import Evaluator
from .._model.estimate import Estimate
from ..methods._extrapolation.lines import coordinate_scale
from .bisection import FOLLOWED_BLOCKS, Block, Found, halve
from .directions import Family, families
from .location import Fault
from .mismatch import Direction, Mismatch, Mismatches

STALLS = 3
"""So many times in succession halving may lead to no coordinate that is wrong by itself."""

CLEAR_OF_ERROR = 1e-3
"""A coordinate alone is measured until its bar is below this fraction of the error it shows."""

COORDINATES_PER_FAULT = 8
"""Where more than one coordinate in so many is wrong, halving has no advantage."""


class Search:
    """The search for the wrong coordinates of one gradient at one point.

    Attributes:
        most: So many wrong coordinates are followed.
        mismatches: What compares the gradient with differences, and counts.
        faults: The wrong coordinates found, by number.
        beyond: Where halving led when there were more; else None.
        untraced: Whether there is a mismatch that could not be traced to a coordinate.
        passed: The families that passed, each with its largest threshold.
    """

    def __init__(self, evaluator: Evaluator, gradient: Estimate, tests: int, most: int, seed: int):
        self._programs, self._gradient = evaluator, gradient
        self._tests = tests
        self.most = min(most, max(1, evaluator.problem.layout.size // COORDINATES_PER_FAULT))
        self._rng = np.random.default_rng(seed)
        self.mismatches = Mismatches(evaluator, gradient)
        self._scale = coordinate_scale(evaluator)
        self.faults: dict[int, Fault] = {}
        self.beyond: Found | None = None
        self.untraced = False
        self.passed: list[tuple[Family, float]] = []

    def run(self) -> None:
        """Finds faults until everything that is left passes."""
        broken = np.flatnonzero(~np.isfinite(self._gradient.value)).tolist()
        if len(broken) > self.most:
            self.beyond = Found((), len(broken), self._programs.problem.layout.size)
        shown = broken if self.beyond is None else broken[:FOLLOWED_BLOCKS]
        self._confirm(shown, self._scale[shown], np.zeros(len(shown)))
        waiting, done = families(self._programs, broken), []
        while waiting and self.beyond is None and not self.untraced:
            family = waiting.pop(0)
            before = len(self.faults)
            threshold = self._clear(family)
            if len(self.faults) > before:  # others passed with these faults inside
                waiting += [other for other, _ in done]
                done = []
            done.append((family, threshold))
        self.passed = done

    def _clear(self, family: Family) -> float:
        """Finds faults until the rest of a family passes; returns its threshold."""
        passed: list[float] = []
        stalls, unit = 0, 1.0
        while len(passed) < self._tests:
            rest = family.without(list(self.faults))
            if not rest.members.size:
                break
            entries = rest.draw(self._rng)
            whole = self._along(rest, entries, [(0, len(entries))], unit, np.zeros(1))[0]
            unit = whole.unit
            block = _block(0, len(entries), whole)
            if not block.fails:
                passed.append(whole.floor)
                continue
            passed = []
            confirmed = self._follow(rest, entries, block, unit)
            stalls = 0 if confirmed else stalls + 1
            self.untraced = stalls == STALLS
            if self.beyond is not None or self.untraced:
                break
        return max(passed, default=math.inf)

    def _follow(
        self, family: Family, entries: Float[np.ndarray, " n"], block: Block, unit: float
    ) -> int:
        """Halves a block that fails; returns how many coordinates turned out to be wrong."""

        def measure(
            spans: Sequence[tuple[int, int]], enough: Float[np.ndarray, " m"]
        ) -> list[Block]:
            found = self._along(family, entries, spans, unit, enough)
            return [_block(a, b, one) for (a, b), one in zip(spans, found, strict=True)]

        found = halve(block, measure, self.most)
        before = len(self.faults)
        at = [end.start for end in found.ends]
        errors = np.array([end.mismatch for end in found.ends]) / entries[at]
        self._confirm(
            family.members[at].tolist(), family.reach[at], CLEAR_OF_ERROR * np.abs(errors)
        )
        confirmed = len(self.faults) - before
        if confirmed and max(found.failed, len(self.faults)) > self.most:
            self.beyond = found
        return confirmed

    def _along(
        self,
        family: Family,
        entries: Float[np.ndarray, " n"],
        spans: Sequence[tuple[int, int]],
        unit: float,
        enough: Float[np.ndarray, " m"],
    ) -> list[Mismatch]:
        """Compares along the parts of one direction."""
        mixed = not np.any(family.inward)
        return self.mismatches.along(
            [
                Direction(
                    family.members[start:stop],
                    entries[start:stop],
                    mixed,
                    unit=unit,
                    enough=float(bar),
                )
                for (start, stop), bar in zip(spans, enough, strict=True)
            ]
        )

    def _confirm(
        self,
        coordinates: Sequence[int],
        reach: Float[np.ndarray, " k"],
        enough: Float[np.ndarray, " k"],
    ) -> None:
        """Looks at single coordinates, each along itself, and keeps those that are wrong.

        They move as far as they did together with others: one that is tiny by chance moves too
        little by its own size to show an error that was seen there.
        """
        if not coordinates:
            return
        x, layout = self._programs.x, self._programs.problem.layout
        units = np.exp2(np.floor(np.log2(reach)))
        alone = [
            Direction(np.array([i]), np.ones(1), True, float(x[i]), float(unit), float(bar))
            for i, unit, bar in zip(coordinates, units, enough, strict=True)
        ]
        for i, found in zip(coordinates, self.mismatches.along(alone), strict=True):
            apart = abs(found.given - found.measured)
            if not math.isfinite(found.given) or (
                math.isfinite(found.bound) and not apart <= found.bound
            ):
                self.faults[i] = Fault(i, layout.name(i), found.given, found.measured, found.bar)


def _block(start: int, stop: int, found: Mismatch) -> Block:
    return Block(start, stop, found.given - found.measured, found.bound)
