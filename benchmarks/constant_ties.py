"""The experiment on directions at ties and kinks."""

from constant_judging import Outcome
from families_ties import Tie, ties

from gradcompare import check

TIES = (1, 20)
"""Seeds of the functions."""

HARD = ("quantile of 8", "median of 8", "max of 8", "order of 5", "pieces", "norm", "eigenvalue")
"""Those with many pieces, or with narrow ones."""


def every_tie() -> list[Tie]:
    return [tie for seed in TIES for tie in ties(seed) if tie.name in HARD]


def at_ties(every: list[Tie]) -> Outcome:
    """The verdicts on elements of the generalised gradient, and on vectors that are none."""
    count = 0
    right, wrong = [], []
    for tie in every:

        def value(x, tie=tie):
            nonlocal count
            count += 1
            return tie.f(x)

        for vectors, verdicts in ((tie.elements, right), (tie.others, wrong)):
            for vector in vectors:
                verdicts.append(
                    check(value, lambda x, g=vector: g.copy(), tie.x, points=1).verdict
                )
    figures = {
        f"accused of {len(right)}": sum(not verdict.ok for verdict in right),
        f"missed of {len(wrong)}": sum(verdict.ok for verdict in wrong),
        "f/check": round(count / len(right + wrong)),
    }
    return Outcome(figures, [verdict.name for verdict in right + wrong])
