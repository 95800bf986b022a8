"""The branches of an objective that the points reach, and more points for the other branches."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool

from .._model.problem import Problem
from .._model.verdict import Verdict
from .._results.branch import Branch
from .branches.combined import Choices
from .examination import Examination
from .search import seek

SOUGHT_POINTS = 3
"""Largest number of points that the search adds."""

POINTS_AGAIN = 2
"""Extra points after a failure in a branch: one point cannot show that the branch is to blame."""

NOT_FOUND = "no point was found that reaches it; give one as x0"
NOT_SOUGHT = "no point looked at reaches it; give one as x0, or look at more"
UNTOLD = "nothing can be told at the point found that reaches it; give another as x0"

Examine = Callable[[Problem], Examination]
"""Function that compares the derivatives at a point."""


@dataclass(eq=False)
class Coverage:
    """The points of one case, and the branches of its objective that they take.

    Attributes:
        points: The points examined; `extend` adds some.
        choices: The choices; without any, no point has a `taken`.
        notes: The reason why the search did not test a branch, by its number.
        failure: The reason why the choices are unknown, if they are.
    """

    points: list[Examination]
    choices: Choices = field(default_factory=Choices)
    notes: dict[int, str] = field(default_factory=dict)
    failure: str = ""

    @classmethod
    def of(cls, points: Sequence[Examination], keys: Sequence[Hashable]) -> "Coverage":
        """Records the branches of the functions under `keys` that the points take."""
        choices = Choices.of([point.evaluator for point in points], keys)
        if not choices.branches:
            return cls(list(points), choices)
        return cls([replace(p, taken=choices.taken(p.evaluator)) for p in points], choices)

    @property
    def unseen(self) -> str:
        """The reasons why there may be more choices; empty if all are known."""
        return "; and ".join(self.choices.unseen) or self.failure

    @property
    def taken(self) -> Bool[np.ndarray, "p k"]:
        """Whether each point takes each branch."""
        return np.array([p.taken.branches for p in self.points if p.taken is not None], bool)

    def extend(self, seed: int, usable: Callable[[Problem], bool], examine: Examine) -> None:
        """Adds points that take branches which no point has taken, if the search finds some.

        It also adds points that take a branch in which the gradient may be wrong. An inconclusive
        point is left out: it shows neither a correct nor a wrong gradient.
        """
        if not self.choices.branches:
            return
        wanted, wrong = ~self.taken.any(axis=0) | self._suspect(), 0
        again = POINTS_AGAIN * any(point.result.judgement.verdict.ok for point in self.points)
        # A branch with a note is not sought: the note says why.
        missing = {
            n for n, branch in enumerate(self.choices.branches) if wanted[n] and not branch.note
        }
        sought = seek(self.points[0].evaluator, self.choices, missing, seed, usable)
        for number, problem in enumerate(sought, 1):
            point = examine(problem)
            verdict, taken = point.result.judgement.verdict, self.choices.taken(point.evaluator)
            branches = np.flatnonzero(taken.branches).tolist()
            if verdict is Verdict.INCONCLUSIVE:
                self.notes |= dict.fromkeys(branches, UNTOLD)
            else:
                self.points.append(replace(point, taken=taken))
            wrong += verdict is Verdict.ANALYTIC_WRONG
            # One wrong point cannot show that its branch is to blame; a few more can.
            if number == SOUGHT_POINTS + again * bool(wrong):
                return
            if verdict is not Verdict.ANALYTIC_WRONG or wrong > again:
                missing -= set(branches)
        self.notes = dict.fromkeys(missing, NOT_FOUND) | self.notes

    def _suspect(self) -> Bool[np.ndarray, " k"]:
        """Whether exactly the points with a wrong gradient take a branch, without the first."""
        verdicts = [point.result.judgement.verdict for point in self.points]
        wrong = np.array([verdict is Verdict.ANALYTIC_WRONG for verdict in verdicts])
        alike = np.all(self.taken == wrong[:, None], axis=0)
        return alike & wrong.any() & ~self.taken[0]

    @property
    def branches(self) -> tuple[Branch, ...]:
        """The branches; those not tested with the reason."""
        if not self.choices.branches:
            return ()
        return tuple(
            replace(branch, tested=True, note="")
            if reached
            else replace(branch, note=branch.note or self.notes.get(number, NOT_SOUGHT))
            for number, (branch, reached) in enumerate(
                zip(self.choices.branches, np.any(self.taken, axis=0).tolist(), strict=True)
            )
        )
