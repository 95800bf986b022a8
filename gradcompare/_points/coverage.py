"""Which branches of an objective the points reach, and the search for points that reach others."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool

from .._model.objective import Problem
from .._model.verdict import Verdict
from .._results.branch import Branch
from .branches.combined import Choices
from .examination import Examination
from .search import seek

SOUGHT_POINTS = 3
"""At most so many points are looked at that were sought."""

POINTS_AGAIN = 2
"""Extra points after a failure in a branch: one point cannot show that the branch is to blame."""

NOT_FOUND = "no point was found that reaches it; give one as x0"
NOT_SOUGHT = "no point looked at reaches it; give one as x0, or look at more"
UNTOLD = "nothing can be told at the point found that reaches it; give another as x0"

Examine = Callable[[Problem], Examination]
"""Compares the derivatives at a point."""


@dataclass(eq=False)
class Coverage:
    """The points of one case, and the branches of its objective that they take.

    Attributes:
        points: The points examined; `extend` adds some.
        choices: The choices; without any, no point is asked what it takes.
        notes: Why a branch that was sought was not tested, by its number.
        failure: Why the choices could not be looked at, if so.
    """

    points: list[Examination]
    choices: Choices = field(default_factory=Choices)
    notes: dict[int, str] = field(default_factory=dict)
    failure: str = ""

    @classmethod
    def of(cls, points: Sequence[Examination], keys: Sequence[Hashable]) -> "Coverage":
        """Looks at which branches of the functions under `keys` the points take."""
        choices = Choices.of([point.evaluator for point in points], keys)
        if not choices.branches:
            return cls(list(points), choices)
        return cls([replace(p, taken=choices.taken(p.evaluator)) for p in points], choices)

    @property
    def unseen(self) -> str:
        """Why more choices may be there than were seen; nothing if all were."""
        return "; and ".join(self.choices.unseen) or self.failure

    @property
    def taken(self) -> Bool[np.ndarray, "p k"]:
        """Which branches each point takes."""
        return np.array([p.taken.branches for p in self.points if p.taken is not None], bool)

    def extend(self, seed: int, usable: Callable[[Problem], bool], examine: Examine) -> None:
        """Adds points that take branches which no point has taken, where such are found.

        And more that take a branch in which the gradient may be wrong. A point at which nothing
        can be told is left out: it shows neither that the gradient is right nor that it is wrong.
        """
        if not self.choices.branches:
            return
        wanted, wrong = ~self.taken.any(axis=0) | self._suspect(), 0
        again = POINTS_AGAIN * any(point.result.judgement.verdict.ok for point in self.points)
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
            if number == SOUGHT_POINTS + again * bool(wrong):
                return
            if verdict is not Verdict.ANALYTIC_WRONG or wrong > again:
                missing -= set(branches)
        self.notes = dict.fromkeys(missing, NOT_FOUND) | self.notes

    def _suspect(self) -> Bool[np.ndarray, " k"]:
        """The branches that the points with a wrong gradient take, and no other; not the first."""
        verdicts = [point.result.judgement.verdict for point in self.points]
        wrong = np.array([verdict is Verdict.ANALYTIC_WRONG for verdict in verdicts])
        alike = np.all(self.taken == wrong[:, None], axis=0)
        return alike & wrong.any() & ~self.taken[0]

    @property
    def branches(self) -> tuple[Branch, ...]:
        """The branches, tested or not, and why not."""
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
