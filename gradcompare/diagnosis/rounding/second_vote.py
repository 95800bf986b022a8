"""The second vote, with the rounding errors of the accused sources measured inside."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..._evaluation.evaluator import Evaluator
from ..._foundation.errors import optional, outcome_of
from ..._model.estimate import EPS, Estimate
from ..._model.verdict import Judgement, Verdict
from ...methods._base import AbstractMethod, estimate_as_declared
from ...methods.autodiff import ForwardMode
from .lost_digits import lost_digits
from .measured import noise_inside, widened_differences, widened_exact, within_stairs

ACCUSED = {
    Verdict.ANALYTIC_WRONG: ("differences", "analytic"),
    Verdict.AUTODIFF_WRONG: ("differences", "autodiff"),
    Verdict.INCONCLUSIVE: ("differences", "analytic", "autodiff"),
}
"""The sources whose bars a verdict rests on. Where autodiff has no sharp bar, it has no vote."""

FORWARD = (
    "reverse mode loses its digits in rounding here, and forward mode agrees with finite "
    "differences: run forward mode, jax.jacfwd"
)

MOST_FORWARD = 1000
"""Largest number of coordinates for which forward mode is tried."""

MOST_CONFIRMED = 16
"""Largest number of accused coordinates whose differences are measured again."""

CLEAR = 10.0
"""Ratio to the bars of differences from which a derivative is no stationary one."""

EXACT = ("autodiff", "analytic")

Votes = Mapping[str, Estimate]


def vote_again(
    evaluator: Evaluator,
    methods: Sequence[AbstractMethod],
    votes: Votes,
    judgement: Judgement,
    judge: Callable[[Votes], Judgement],
) -> tuple[Votes, Judgement, tuple[str, ...]]:
    """Returns the estimates of the sources with their final bars, the verdict, and remarks.

    Args:
        evaluator: The programs at the point.
        methods: The methods of the comparison.
        votes: The estimate of each source.
        judgement: The verdict so far.
        judge: Returns the verdict.
    """
    otherwise = (votes, judgement, ())
    again = _SecondVote(evaluator, methods, judge)
    if again.agrees_on_host(judgement):
        return optional("the noise of sums", lambda: again.with_noise(votes, judgement), otherwise)
    if judgement.verdict not in ACCUSED and not any(again.has_lost_half(s, votes) for s in EXACT):
        return otherwise
    return optional("the measurement of rounding", lambda: again.of(votes, judgement), otherwise)


class _SecondVote:
    """The vote that is repeated until every accused source was measured."""

    def __init__(
        self,
        evaluator: Evaluator,
        methods: Sequence[AbstractMethod],
        judge: Callable[[Votes], Judgement],
    ) -> None:
        self.evaluator, self.judge = evaluator, judge
        self.voting = {m.source: m for m in methods if m.votes}

    def of(self, votes: Votes, first: Judgement) -> tuple[Votes, Judgement, tuple[str, ...]]:
        now, left, judgement = dict(votes), [s for s in votes if s in self.voting], first
        while accused := [s for s in ACCUSED.get(judgement.verdict, ()) if s in left]:
            now[accused[0]] = self._measured(accused[0], now[accused[0]], judgement.faulty)
            left.remove(accused[0])
            judgement = self.judge(now)
        remarks = (self._lost_digits(votes, now, first, judgement), self._mode(now, judgement))
        return now, judgement, tuple(filter(None, remarks))

    @property
    def _may_measure(self) -> bool:
        """Whether the entries are the coordinates of a gradient as the method gives it."""
        problem = self.evaluator.problem
        return problem.quantity == "gradient" and problem.objective.convention.plain

    def agrees_on_host(self, judgement: Judgement) -> bool:
        """Whether the noise of a value on the host is all that may be missing in the bars."""
        value = self.evaluator.functions.get("value")
        return judgement.verdict is Verdict.AGREE and value is not None and value.on_host

    def with_noise(
        self, votes: Votes, judgement: Judgement
    ) -> tuple[Votes, Judgement, tuple[str, ...]]:
        """Returns an agreement whose floor holds the noise of long sums.

        An accusation is voted on again with it, so that no smaller error would be detected.
        """
        if "differences" not in votes:
            return votes, judgement, ()
        wider = widened_differences(votes["differences"], noise_inside(self.evaluator))
        now = dict(votes) | {"differences": wider}
        return now, self.judge(now), ()

    def has_lost_half(self, source: str, votes: Votes) -> bool:
        """Whether the bar of a source says that half of the digits of its type are lost.

        A derivative that is zero up to rounding has none to lose.
        """
        program = self.evaluator.functions.get(self.voting.get(source))
        if source not in votes or program is None:
            return False
        largest = float(np.max(np.abs(votes[source].value), initial=0.0))
        error = float(np.max(votes[source].error, initial=0.0))
        seen = votes.get("differences", votes[source])
        stationary = largest <= CLEAR * float(np.max(seen.error, initial=0.0))
        unit = max(program.epsilon, EPS)
        return not stationary and error > np.sqrt(unit) * largest

    def _measured(self, source: str, before: Estimate, faulty: Sequence[int]) -> Estimate:
        if source != "differences":
            return widened_exact(self.evaluator, self.voting[source], before)
        method, noise = self.voting[source], noise_inside(self.evaluator)
        if not self._may_measure:
            return widened_differences(before, noise)
        worst = np.array(faulty[:MOST_CONFIRMED], int)
        stairs = within_stairs(self.evaluator, before, worst, noise)
        now = method.above_noise(self.evaluator, before, stairs, noise) if stairs.size else before
        rest = np.setdiff1d(worst, stairs)
        return method.confirmed(self.evaluator, widened_differences(now, noise), rest)

    def _lost_digits(
        self, votes: Votes, now: Votes, first: Judgement, judgement: Judgement
    ) -> str:
        """Returns a sentence on the operation that loses digits, if that decides the verdict."""
        decided = first.verdict is not judgement.verdict
        for source in EXACT:
            if source not in now or source not in self.voting:
                continue
            after = now[source]
            wider = decided and np.any(after.error > votes[source].error)
            if wider or self.has_lost_half(source, now):
                at = list(first.faulty or judgement.faulty) or [int(np.argmax(after.error))]
                found = lost_digits(self.evaluator, self.voting[source], at)
                if found:
                    return found
        return ""

    def _mode(self, now: Votes, judgement: Judgement) -> str:
        """Returns the advice to run forward mode, where only reverse mode loses its digits."""
        accused = judgement.verdict is Verdict.AUTODIFF_WRONG and "differences" in now
        d = self.evaluator.problem.layout.size
        if not accused or d > MOST_FORWARD or not self.has_lost_half("autodiff", now):
            return ""
        forward = outcome_of(lambda: estimate_as_declared(ForwardMode(), self.evaluator))
        if not isinstance(forward, Estimate):  # a rule of the user's may serve reverse mode alone
            return ""
        alone = {"autodiff": forward, "differences": now["differences"]}
        return FORWARD if self.judge(alone).verdict is Verdict.AGREE else ""
