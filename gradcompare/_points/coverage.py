"""Which arms of its choices an objective was tested on, and the search for those it was not."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool

from .._evaluation.evaluator import Evaluator
from .._model.objective import Problem
from .._model.verdict import Verdict
from .._results.arm import Arm
from .._results.data import PointResult
from .branches.combined import Branches
from .branches.taken import Taken
from .search import seek

SOUGHT_POINTS = 3
"""At most so many points are looked at that were sought."""

POINTS_AGAIN = 2
"""So many more where the gradient is wrong at one: whether it is the arm cannot be told by one."""

NOT_FOUND = "no point was found that reaches it; give one as x0"
NOT_SOUGHT = "no point looked at reaches it; give one as x0, or look at more"
UNTOLD = "nothing can be told at the point found that reaches it; give another as x0"

Look = Callable[[Problem], PointResult]
"""Compares the derivatives at a point."""


@dataclass(eq=False)
class Coverage:
    """What the points of one case take of the choices of its objective.

    Attributes:
        branches: The choices.
        taken: What each point takes, in their order.
        notes: Why an arm that was sought was not tested, by its number.
    """

    branches: Branches = field(default_factory=Branches)
    taken: list[Taken] = field(default_factory=list)
    notes: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, at: Sequence[Evaluator], keys: Sequence[Hashable]) -> "Coverage":
        """Looks at which arms of the functions under `keys` the points take."""
        branches = Branches.of(at, keys)
        return cls(branches, [branches.taken(each) for each in at]) if branches.arms else cls()

    @property
    def reached(self) -> Bool[np.ndarray, " k"]:
        """Which arms some point takes."""
        return np.any([taken.arms for taken in self.taken], axis=0)

    def extend(
        self,
        evaluator: Evaluator,
        seed: int,
        points: Sequence[PointResult],
        usable: Callable[[Problem], bool],
        look: Look,
    ) -> list[PointResult]:
        """Looks at points that take arms which no point has taken, where such are found.

        And at more that take an arm in which the gradient may be wrong. A point at which nothing
        can be told is left out: it shows neither that the gradient is right nor that it is wrong.
        """
        if not self.taken:
            return []
        new, wanted = [], ~self.reached | self._suspect(points)
        again = POINTS_AGAIN * any(point.judgement.verdict.ok for point in points)
        missing = {n for n, arm in enumerate(self.branches.arms) if wanted[n] and not arm.note}
        found = seek(evaluator, self.branches, missing, seed, usable)
        for looked, problem in enumerate(found, 1):
            point = look(problem)
            taken = self.branches.taken(evaluator.at(problem.moved(point.x, problem.label)))
            arms, verdict = np.flatnonzero(taken.arms).tolist(), point.judgement.verdict
            if verdict is Verdict.INCONCLUSIVE:
                self.notes |= dict.fromkeys(arms, UNTOLD)
            else:
                new.append(point)
                self.taken.append(taken)
            wrong = [p for p in new if p.judgement.verdict is Verdict.ANALYTIC_WRONG]
            if looked == SOUGHT_POINTS + again * bool(wrong):
                return new
            if verdict is not Verdict.ANALYTIC_WRONG or len(wrong) > again:
                missing -= set(arms)
        self.notes = dict.fromkeys(missing, NOT_FOUND) | self.notes
        return new

    def _suspect(self, points: Sequence[PointResult]) -> Bool[np.ndarray, " k"]:
        """The arms that the points with a wrong gradient take, and no other; not the first."""
        wrong = np.array([p.judgement.verdict is Verdict.ANALYTIC_WRONG for p in points])
        taken = np.array([each.arms for each in self.taken])
        return np.all(taken == wrong[:, None], axis=0) & wrong.any() & ~taken[0]

    @property
    def arms(self) -> tuple[Arm, ...]:
        """The arms, tested or not, and why not."""
        if not self.taken:
            return ()
        return tuple(
            replace(arm, tested=True, note="")
            if reached
            else replace(arm, note=arm.note or self.notes.get(number, NOT_SOUGHT))
            for number, (arm, reached) in enumerate(
                zip(self.branches.arms, self.reached, strict=True)
            )
        )
