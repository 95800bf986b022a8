"""The search for wrong coordinates: test a family, halve it, confirm, leave out, repeat."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from .._evaluation.evaluator import Evaluator
from .._model.estimate import Estimate
from ..methods._extrapolation.lines import coordinate_scale
from .bisection import FOLLOWED_BLOCKS, Block, Halving, halve
from .directions import Family, families
from .location import Fault
from .mismatch import Direction, Mismatch, Mismatches

STALLS = 3
"""Number of halvings in succession without a wrong coordinate, after which the search stops."""

CLEAR_OF_ERROR = 1e-3
"""A single coordinate is measured until its error bar is below this fraction of its error."""

COORDINATES_PER_FAULT = 8
"""Number of coordinates per fault below which halving has no advantage."""


class Search:
    """The search for the wrong coordinates of one gradient at one point.

    Attributes:
        most: The largest number of wrong coordinates that the search follows.
        mismatches: Compares the gradient with differences, and counts the cost.
        faults: The wrong coordinates, by number.
        beyond: The result of halving if there are more than `most`; else None.
        untraced: Whether a mismatch could not be traced to a coordinate.
        passed: The families that passed, each with its largest threshold.
        alone: The mismatches of the coordinates that were measured alone.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        gradient: Estimate,
        tests: int,
        most: int,
        seed: int,
        suspects: Sequence[int] = (),
    ):
        self._programs, self._gradient = evaluator, gradient
        self._tests, self._suspects = tests, suspects
        self.most = min(most, max(1, evaluator.problem.layout.size // COORDINATES_PER_FAULT))
        self._rng = np.random.default_rng(seed)
        self.mismatches = Mismatches(evaluator, gradient)
        self._scale = coordinate_scale(evaluator)
        self.faults: dict[int, Fault] = {}
        self.alone: dict[int, Mismatch] = {}
        self.beyond: Halving | None = None
        self.untraced = False
        self.passed: list[tuple[Family, float]] = []

    def run(self) -> None:
        """Finds faults until all other coordinates pass."""
        # Entries that are not finite would spoil every direction: they are confirmed first.
        broken = np.flatnonzero(~np.isfinite(self._gradient.value)).tolist()
        if len(broken) > self.most:
            self.beyond = Halving((), len(broken), self._programs.problem.layout.size)
        shown = broken if self.beyond is None else broken[:FOLLOWED_BLOCKS]
        shown += [i for i in self._suspects if i not in shown][: self.most]
        self._confirm(shown, self._scale[shown], np.zeros(len(shown)))
        waiting, done = families(self._programs, broken), []
        while waiting and self.beyond is None and not self.untraced:
            family = waiting.pop(0)
            before = len(self.faults)
            threshold = self._clear(family)
            if len(self.faults) > before:  # the others passed with these faults in them
                waiting += [other for other, _ in done]
                done = []
            done.append((family, threshold))
        self.passed = done

    def _clear(self, family: Family) -> float:
        """Finds faults until the rest of a family passes; returns the threshold of that rest."""
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
            # Only directions that were passed in succession count.
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
        """Halves a failing block; returns the number of coordinates that are confirmed wrong."""

        def measure(
            spans: Sequence[tuple[int, int]], enough: Float[np.ndarray, " m"]
        ) -> list[Block]:
            parts = self._along(family, entries, spans, unit, enough)
            return [_block(a, b, part) for (a, b), part in zip(spans, parts, strict=True)]

        halving = halve(block, measure, self.most)
        before = len(self.faults)
        at = [end.start for end in halving.ends]
        errors = np.array([end.mismatch for end in halving.ends]) / entries[at]
        self._confirm(
            family.members[at].tolist(), family.reach[at], CLEAR_OF_ERROR * np.abs(errors)
        )
        confirmed = len(self.faults) - before
        if confirmed and max(halving.failed, len(self.faults)) > self.most:
            self.beyond = halving
        return confirmed

    def _along(
        self,
        family: Family,
        entries: Float[np.ndarray, " n"],
        spans: Sequence[tuple[int, int]],
        unit: float,
        enough: Float[np.ndarray, " m"],
    ) -> list[Mismatch]:
        """Returns the mismatches along parts of one direction."""
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
        """Measures coordinates one by one, and keeps those that are wrong.

        Each moves as far as it did with the others: a coordinate that is tiny by chance would
        move too little by its own size to show the error again.
        """
        if not coordinates:
            return
        x, layout = self._programs.x, self._programs.problem.layout
        units = np.exp2(np.floor(np.log2(reach)))
        alone = [
            Direction(np.array([i]), np.ones(1), True, float(x[i]), float(unit), float(bar))
            for i, unit, bar in zip(coordinates, units, enough, strict=True)
        ]
        for i, mismatch in zip(coordinates, self.mismatches.along(alone), strict=True):
            self.alone[i] = mismatch
            distance = abs(mismatch.given - mismatch.measured)
            if not math.isfinite(mismatch.given) or (
                math.isfinite(mismatch.bound) and not distance <= mismatch.bound
            ):
                self.faults[i] = Fault(
                    i, layout.name(i), mismatch.given, mismatch.measured, mismatch.bar
                )


def _block(start: int, stop: int, mismatch: Mismatch) -> Block:
    return Block(start, stop, mismatch.given - mismatch.measured, mismatch.bound)
