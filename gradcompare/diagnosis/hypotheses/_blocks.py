"""Blocks of rows, or of steps, that the gradient under test leaves out or repeats.

What each row gives to the derivative along a direction is known. What neighbouring rows give is a
difference of two running sums, so that each block is compared with what the gradient lacks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from ..._model.estimate import EPS, SAFETY
from ..evidence.data import Evidence
from ..terms.steps import Steps
from ._exact import agrees

Form = Literal["left out", "kept", "twice"]

DIRECTIONS = 2
"""Number of directions along which blocks are compared; each gives an equation at every point."""

MOST_ROWS = 1000
"""Largest number of rows of which any block is looked at; else single rows and both ends."""

NEARLY = 100.0
"""Ratio to its tolerance up to which the difference of a block is looked at more closely."""

MOST_CONFIRMED_BLOCKS = 4
"""Largest number of blocks that are looked at more closely."""


@dataclass(frozen=True)
class Block:
    """Neighbouring rows with another weight than the others.

    Attributes:
        start: The first of them, counted from 0.
        stop: The one after the last.
        length: The number of all rows.
        form: Whether they are left out, alone kept, or there twice.
        mean: Whether the sum is divided by the number of rows that it has.
    """

    start: int
    stop: int
    length: int
    form: Form
    mean: bool = False

    @property
    def factor(self) -> float:
        """The factor of all rows: that of a mean over another number of them."""
        n, size = self.length, self.stop - self.start
        present = {"left out": n - size, "kept": size, "twice": n + size}[self.form]
        return n / present if self.mean else 1.0

    @property
    def numbers(self) -> Float[np.ndarray, " n"]:
        """The weight of each row."""
        inside = np.zeros(self.length)
        inside[self.start : self.stop] = 1
        weights = {"left out": 1 - inside, "kept": inside, "twice": 1 + inside}[self.form]
        return self.factor * weights


def block_of(
    evidence: Evidence, steps: Steps, which: Sequence[int], forms: Sequence[Form], *, mean: bool
) -> Block | None:
    """Returns a block of rows that explains the gradient under test, if there is one.

    Args:
        evidence: The evidence.
        steps: What each row gives to the gradient.
        which: The families whose rows are left out, or repeated, together.
        forms: What may have happened to the block.
        mean: Whether the rest may be divided by the number of rows that it has.
    """
    candidates = _candidates(*_equations(evidence, steps, which), forms, mean)
    for block, trials in candidates[:MOST_CONFIRMED_BLOCKS]:
        gradients = steps.with_numbers(dict.fromkeys(which, block.numbers))
        bars = 3 * max(1.0, block.factor) * evidence.reference_bar
        if agrees(evidence, gradients, bars, evidence.open, trials):
            return block
    return None


def _equations(evidence: Evidence, steps: Steps, which: Sequence[int]):
    """Returns per equation what each row gives, what the gradient lacks, and the tolerance."""
    rng, shares, lacks, allowed = np.random.default_rng(0), [], [], []
    apart = evidence.reference - evidence.analytic
    usable = np.where(evidence.usable.all(axis=0) & evidence.open, 1.0, 0.0)
    size = np.max(np.abs(evidence.reference), axis=0)
    bars = evidence.allowed(evidence.reference, 3 * evidence.reference_bar)
    for _ in range(min(DIRECTIONS, int(evidence.open.sum()))):
        u = usable * rng.standard_normal(evidence.d) / np.where(size > 0, size, 1.0)
        every = steps.shares(u)
        shares.append(np.sum([every[k] for k in which], axis=0))
        lacks.append(apart @ u)
        allowed.append(bars @ np.abs(u))
    rows = np.concatenate(shares)
    rounding = SAFETY * EPS * rows.shape[1] * np.sum(np.abs(rows), axis=1)
    return rows, np.concatenate(lacks), np.concatenate(allowed) + rounding


def _candidates(
    rows: Float[np.ndarray, "q n"],
    lacks: Float[np.ndarray, " q"],
    allowed: Float[np.ndarray, " q"],
    forms: Sequence[Form],
    mean: bool,
) -> list[tuple[Block, float]]:
    """Returns the blocks that nearly hold, the best first, with the number of those tried."""
    n, trials = rows.shape[1], 0
    sums = np.concatenate([np.zeros((len(rows), 1)), np.cumsum(rows, axis=1)], axis=1)
    total, found = sums[:, -1], []
    with np.errstate(all="ignore"):
        for size in range(1, n):
            starts = _starts(n, size)
            given = sums[:, starts + size] - sums[:, starts]
            for form, of_mean, target in _targets(total, lacks, size, n, forms, mean):
                off = np.max(np.abs(given - target[:, None]) / allowed[:, None], axis=0)
                best = int(np.argmin(off))
                trials += len(starts)
                if off[best] <= NEARLY:
                    start = int(starts[best])
                    found.append((off[best], Block(start, start + size, n, form, of_mean)))
    found.sort(key=lambda each: (round(each[0]), each[1].mean))
    return [(block, float(trials)) for _, block in found]


def _starts(n: int, size: int) -> np.ndarray:
    every = n <= MOST_ROWS or size == 1
    return np.arange(n - size + 1) if every else np.array([0, n - size])


def _targets(
    total: np.ndarray, lacks: np.ndarray, size: int, n: int, forms: Sequence[Form], mean: bool
) -> Iterator[tuple[Form, bool, np.ndarray]]:
    """Yields what the block would have to give, for each thing that may have happened to it."""
    left = total - lacks  # what the gradient under test has of all rows
    targets: dict[tuple[Form, bool], np.ndarray] = {
        ("left out", False): lacks,
        ("kept", False): left,
        ("twice", False): -lacks,
        ("left out", True): total - left * (n - size) / n,
        ("kept", True): left * size / n,
        ("twice", True): left * (n + size) / n - total,
    }
    for (form, of_mean), target in targets.items():
        if form in forms and (mean or not of_mean):
            yield form, of_mean, target
