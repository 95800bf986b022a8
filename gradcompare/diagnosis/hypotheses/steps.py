"""A recursion whose derivative leaves steps out, repeats them, or is not carried on at one."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import ClassVar

from ..._foundation.layout import indices
from ..._model.finding import Finding
from ..evidence.data import Evidence
from ..evidence.naming import inside, others_agree, pointing_to
from ..terms.steps import Family, Steps
from ._base import AbstractHypothesis
from ._blocks import Block, Form, block_of
from .rows import RUNS

STEPS_BUDGET = 1e9
"""Number of operations for the steps of loops: about a second of one core."""

FORMS: dict[str, tuple[Form, ...]] = {"use": ("left out", "kept", "twice"), "carry": ("left out",)}


class LoopSteps(AbstractHypothesis):
    """a is the gradient if some steps of a loop add nothing, or if one takes over nothing."""

    rank: ClassVar = 63

    def explain(self, evidence: Evidence) -> Finding | None:
        traced = evidence.traced
        if traced is None or not evidence.declarable:
            return None
        steps = Steps(traced)
        for which in islice(_groups(steps), traced.affordable(STEPS_BUDGET) // RUNS):
            family = steps.families[which[0]]
            block = block_of(evidence, steps, which, FORMS[family.kind], mean=False)
            if block is not None:
                return _finding(evidence, family, block)
        return None


def _groups(steps: Steps) -> Iterator[list[int]]:
    """Yields each family of loops alone, and all of one loop and kind together."""
    loops: dict[tuple, list[int]] = {}
    for k, family in enumerate(steps.families):
        if family.kind != "sum":
            yield [k]
            if family.loop is not None:
                loops.setdefault((family.loop[0], family.kind), []).append(k)
    yield from (which for which in loops.values() if len(which) > 1)


def _finding(evidence: Evidence, family: Family, block: Block) -> Finding:
    chosen = evidence.open
    place = str(family.place or "a loop")
    if family.kind == "carry":
        text = _cut(_in_order(family, block), place)
        correction = "check at which step the recursion of the derivative begins and ends"
    else:
        text = _counted(_in_order(family, block), block, place)
        correction = "check the first and the last index of the recursion of the derivative"
    return Finding(
        "steps",
        f"{inside(evidence, chosen)}{text}{others_agree(evidence, chosen)}",
        correction=correction,
        coordinates=indices(chosen),
        **pointing_to(family.place),
    )


def _in_order(family: Family, block: Block) -> tuple[int, int]:
    """Returns the first and the last step in the order in which they run, counted from 1."""
    if family.reverse:
        return family.length - block.stop + 1, family.length - block.start
    return block.start + 1, block.stop


def _cut(steps: Sequence[int], place: str) -> str:
    first, last = steps
    if first == last:
        before = f"step {first - 1}" if first > 1 else "the start"
        return f"your gradient does not go back from step {first} to {before} of {place}"
    return f"your gradient does not go back through steps {first} to {last} of {place}"


def _counted(steps: Sequence[int], block: Block, place: str) -> str:
    first, last = steps
    which = f"step {first}" if first == last else f"steps {first} to {last}"
    if block.form == "left out" and last == block.length and first < last:
        return f"from step {first} on, your gradient lacks what the steps of {place} add to it"
    form = {
        "left out": "your gradient lacks what",
        "kept": "your gradient has only what",
        "twice": "your gradient has twice what",
    }[block.form]
    return f"{form} {which} of {block.length} of {place} add{'s' * (first == last)} to it"


HYPOTHESES = (LoopSteps(),)
