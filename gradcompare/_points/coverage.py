"""Which branches of an objective the points reach, and the search for points that reach others."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool

from .._model.objective import Problem
from .._model.verdict import Verdict
from .._results.arm import Arm
from .branches.combined import Branches
from .examination import Examination
from .search import seek

SOUGHT_POINTS = 3
"""At most so many points are looked at that were sought."""

POINTS_AGAIN = 2
"""So many more where the gradient is wrong at one: whether it is the arm cannot be told by one."""

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
        branches: The choices; without any, no point is asked what it takes.
        notes: Why an arm that was sought was not tested, by its number.
        failure: Why the choices could not be looked at, if so.
    """

    points: list[Examination]
    branches: Branches = field(default_factory=Branches)
    notes: dict[int, str] = field(default_factory=dict)
    failure: str = ""

    @classmethod
    def of(cls, points: Sequence[Examination], keys: Sequence[Hashable]) -> "Coverage":
        """Looks at which branches of the functions under `keys` the points take."""
        branches = Branches.of([point.evaluator for point in points], keys)
        if not branches.arms:
            return cls(list(points), branches)
        return cls([replace(p, taken=branches.taken(p.evaluator)) for p in points], branches)

    @property
    def unseen(self) -> str:
        """Why more choices may be there than were seen; nothing if all were."""
        return "; and ".join(self.branches.unseen) or self.failure

    @property
    def taken(self) -> Bool[np.ndarray, "p k"]:
        """Which arms each point takes."""
        return np.array([p.taken.arms for p in self.points if p.taken is not None], bool)

    def extend(self, seed: int, usable: Callable[[Problem], bool], examine: Examine) -> None:
        """Adds points that take arms which no point has taken, where such are found.

        And more that take an arm in which the gradient may be wrong. A point at which nothing can
        be told is left out: it shows neither that the gradient is right nor that it is wrong.
        """
        if not self.branches.arms:
            return
        wanted, wrong = ~self.taken.any(axis=0) | self._suspect(), 0
        again = POINTS_AGAIN * any(point.result.judgement.verdict.ok for point in self.points)
        missing = {n for n, arm in enumerate(self.branches.arms) if wanted[n] and not arm.note}
        sought = seek(self.points[0].evaluator, self.branches, missing, seed, usable)
        for number, problem in enumerate(sought, 1):
            point = examine(problem)
            verdict, taken = point.result.judgement.verdict, self.branches.taken(point.evaluator)
            arms = np.flatnonzero(taken.arms).tolist()
            if verdict is Verdict.INCONCLUSIVE:
                self.notes |= dict.fromkeys(arms, UNTOLD)
            else:
                self.points.append(replace(point, taken=taken))
            wrong += verdict is Verdict.ANALYTIC_WRONG
            if number == SOUGHT_POINTS + again * bool(wrong):
                return
            if verdict is not Verdict.ANALYTIC_WRONG or wrong > again:
                missing -= set(arms)
        self.notes = dict.fromkeys(missing, NOT_FOUND) | self.notes

    def _suspect(self) -> Bool[np.ndarray, " k"]:
        """The arms that the points with a wrong gradient take, and no other; not the first."""
        verdicts = [point.result.judgement.verdict for point in self.points]
        wrong = np.array([verdict is Verdict.ANALYTIC_WRONG for verdict in verdicts])
        alike = np.all(self.taken == wrong[:, None], axis=0)
        return alike & wrong.any() & ~self.taken[0]

    @property
    def arms(self) -> tuple[Arm, ...]:
        """The arms, tested or not, and why not."""
        if not self.branches.arms:
            return ()
        return tuple(
            replace(arm, tested=True, note="")
            if reached
            else replace(arm, note=arm.note or self.notes.get(number, NOT_SOUGHT))
            for number, (arm, reached) in enumerate(
                zip(self.branches.arms, np.any(self.taken, axis=0).tolist(), strict=True)
            )
        )
