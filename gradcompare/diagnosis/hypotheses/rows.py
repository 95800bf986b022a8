"""A sum that leaves out or repeats rows of the data."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import ClassVar

from ..._foundation.layout import indices
from ..._foundation.wording import short
from ..._model.finding import Finding
from ..evidence.data import Evidence
from ..evidence.naming import NAMED_COORDINATES, inside, others_agree, pointing_to, together
from ..terms.steps import Steps
from ._base import AbstractHypothesis
from ._blocks import Block, block_of

ROWS_BUDGET = 1e9
"""Number of operations for sums over rows: about a second of one core."""

RUNS = 24
"""Number of gradients that the blocks of one sum take at each point, at most: two along directions
with their derivatives, and those looked at more closely."""


class Rows(AbstractHypothesis):
    """a is the gradient if a sum has all but a block of its rows, a block alone, or one twice."""

    rank: ClassVar = 61

    def explain(self, evidence: Evidence) -> Finding | None:
        traced = evidence.traced
        if traced is None or not evidence.declarable:
            return None
        steps = Steps(traced)
        for which in islice(_groups(steps), traced.affordable(ROWS_BUDGET) // RUNS):
            block = block_of(evidence, steps, which, ("left out", "kept", "twice"), mean=True)
            if block is not None:
                return _finding(evidence, steps, which, block)
        return None


def _groups(steps: Steps) -> Iterator[list[int]]:
    """Yields all sums of the same length together, then each alone."""
    sums = {k: each.length for k, each in enumerate(steps.families) if each.kind == "sum"}
    for length in dict.fromkeys(sums.values()):
        yield [k for k, n in sums.items() if n == length]
    for k, length in sums.items():
        if list(sums.values()).count(length) > 1:
            yield [k]


def _finding(evidence: Evidence, steps: Steps, which: Sequence[int], block: Block) -> Finding:
    place, chosen = steps.families[which[0]].place, evidence.open
    where = inside(evidence, chosen)
    names = [leaf.name for leaf in evidence.data if leaf.shape[:1] == (block.length,)]
    return Finding(
        "rows",
        f"{where}{_said(block, names, str(place or 'a sum'))}{others_agree(evidence, chosen)}",
        correction="check where the loop over them begins and ends, and the size of its last part",
        coordinates=indices(chosen),
        **pointing_to(place),
    )


def _said(block: Block, names: Sequence[str], place: str) -> str:
    """Returns what happened to the rows, with the numbers of a reader and those of Python."""
    first, last, n = block.start + 1, block.stop, block.length
    rows = f"row {first}" if first == last else f"rows {first} to {last}"
    named = (
        together(list(names[:NAMED_COORDINATES])) if names else f"the items that {place} adds up"
    )
    part = f"{names[0] if names else ''}[{block.start}:{block.stop}]"
    factor = f", times {short(block.factor)}" if block.mean else ""
    verb = "is" if first == last else "are"
    end = {"left out": "left out of your gradient", "kept": "in your gradient",
           "twice": "counted twice in your gradient"}[block.form]  # fmt: skip
    only = "only " if block.form == "kept" else ""
    return f"{only}{rows} of the {n} of {named} ({part}) {verb} {end}{factor}"


HYPOTHESES = (Rows(),)
