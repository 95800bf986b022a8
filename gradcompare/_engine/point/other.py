"""The vote of a fourth source, the user's other derivative.

It has the weight of each of the three. Beside two of them, as where autodiff has no vote, it is
the third. Where three vote already:

| without it | it agrees with | verdict |
|---|---|---|
| two agree against the third | these two, or nobody | the same |
| two agree against the third | the third | INCONCLUSIVE, two against two |
| no two agree | finite differences | the analytic derivative is wrong |

The other derivative is not under test. Where it alone differs, the verdict is that of the rest,
and a note says so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..._evaluation.compiled import CompiledFunction
from ..._evaluation.evaluator import Evaluator
from ..._foundation.wording import listed
from ..._model.estimate import Estimate
from ..._model.verdict import ACCUSED, WRONG, Judgement, Verdict
from ..._results.judgement.excess import excess_of
from ...methods._base import AbstractMethod
from .remarks import voting_programs

Votes = Mapping[str, Estimate]


def without_copies(
    evaluator: Evaluator, methods: Sequence[AbstractMethod], votes: Votes
) -> dict[str, Estimate]:
    """Returns the votes without that of an other derivative that is the program of a source."""
    programs = voting_programs(evaluator, methods)
    mine = programs.pop("other", None)
    if not isinstance(mine, CompiledFunction):
        return dict(votes)
    for source, program in programs.items():
        if program is not None and program.fingerprint == mine.fingerprint:
            evaluator.cache.remark(f"other is the same program as {source}: it does not vote")
            return {s: e for s, e in votes.items() if s != "other"}
    return dict(votes)


def judged_with_other(
    judge: Callable[[Votes], Judgement], votes: Votes, name: Callable[[int], str]
) -> Judgement:
    """Returns the verdict of all sources.

    Args:
        judge: Returns the verdict of up to three sources, of which none is the other derivative.
        votes: The estimate of each source.
        name: Returns the name of an entry.
    """
    rest = {source: estimate for source, estimate in votes.items() if source != "other"}
    if "other" not in votes:
        return judge(rest)
    other, place = votes["other"], "autodiff" if "analytic" in rest else "analytic"
    with_it, without = judge({**rest, place: other}), judge(rest)
    alone = _alone(other, rest, with_it, WRONG[place])
    if alone:
        note = f"other differs from the sources that agree, at {listed([name(i) for i in alone])}"
        return replace(without, note="; ".join(filter(None, (without.note, note))))
    return with_it if place not in rest else _of_four(other, rest, with_it, without)


def _alone(other: Estimate, rest: Votes, with_it: Judgement, accused: Verdict) -> tuple[int, ...]:
    """Returns the entries in which the other derivative is the odd one out."""
    if not np.all(np.isfinite(other.value)):
        finite = all(np.all(np.isfinite(each.value)) for each in rest.values())
        return tuple(np.flatnonzero(~np.isfinite(other.value)).tolist()) if finite else ()
    if with_it.verdict is not accused:
        return ()
    replaced = rest.get(ACCUSED[accused])
    return tuple(i for i in with_it.faulty if not _agrees(other, replaced, i))


def _of_four(other: Estimate, rest: Votes, with_it: Judgement, without: Judgement) -> Judgement:
    """Returns the verdict of four sources, if the fourth is not alone."""
    source = ACCUSED.get(without.verdict)
    if source is not None:
        sides = [i for i in without.faulty if _agrees(other, rest[source], i)]
        if not sides:
            return without
        note = f"two against two: other agrees with {source}"
        return replace(
            without, verdict=Verdict.INCONCLUSIVE, faulty=tuple(sides), note=note, explanation=None
        )
    analytic, autodiff = rest["analytic"], rest["autodiff"]
    wrong = with_it.verdict is Verdict.ANALYTIC_WRONG
    lonely = not any(_agrees(analytic, autodiff, i) for i in with_it.faulty)
    # Two agree, and the analytic derivative with nobody.
    return with_it if without.verdict is Verdict.INCONCLUSIVE and wrong and lonely else without


def _agrees(one: Estimate, another: Estimate | None, entry: int) -> bool:
    """Whether two estimates of an entry agree within their bars; not if one is missing."""
    return another is not None and excess_of(one, another, like=another.kinked)[entry] <= 1
