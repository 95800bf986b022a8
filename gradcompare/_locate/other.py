"""What a second derivative of the user's own adds to the search for wrong coordinates.

It is compared with the gradient entry by entry, which costs no value of f. Where the two differ,
the coordinate is measured alone, however small the difference is beside the bar of a direction in
which all coordinates move. The differences decide; where they cannot, the coordinate is disputed.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from .._foundation.layout import Layout
from .._foundation.wording import LISTED, listed
from .._model.estimate import SAFETY, Estimate
from .._model.verdict import Explanation
from .mismatch import Mismatch


@dataclass(frozen=True, eq=False)
class Rival:
    """The other derivative beside the gradient under test.

    Attributes:
        estimate: The other derivative.
        differs: The coordinates in which it differs from the gradient by more than the bars of
            both and the accuracy allow, the largest difference first.
    """

    estimate: Estimate
    differs: tuple[int, ...]

    @classmethod
    def of(cls, estimate: Estimate, gradient: Estimate, accuracy: float | None) -> "Rival":
        """Returns the other derivative beside the gradient, at this accuracy."""
        size = np.abs(gradient.value)
        largest = np.max(size, where=np.isfinite(size), initial=0.0)
        allowed = SAFETY * (estimate.error + gradient.error) + (accuracy or 0.0) * largest
        with np.errstate(invalid="ignore"):
            apart = np.abs(estimate.value - gradient.value)
        order = np.argsort(-np.nan_to_num(apart, nan=np.inf), kind="stable")
        return cls(estimate, tuple(int(i) for i in order if not apart[i] <= allowed[i]))

    def disputed(
        self, measured: Mapping[int, Mismatch], wrong: Collection[int]
    ) -> tuple[int, ...]:
        """Returns the coordinates in which differences allow both.

        Args:
            measured: The coordinates that were measured alone.
            wrong: Those of them in which the gradient is wrong.
        """
        open_still = [i for i in self.differs if i in measured and i not in wrong]
        return tuple(i for i in open_still if self._fits(i, measured[i]))

    def sentences(
        self, measured: Mapping[int, Mismatch], wrong: Collection[int], layout: Layout
    ) -> Iterator[str]:
        """Says where the other derivative stands with differences, and where with the gradient."""
        if not (self.differs or wrong):
            yield "other agrees with the gradient in every coordinate, within their error bars"
        fits = {i for i in wrong if self._fits(i, measured[i])}
        same = set(wrong) - set(self.differs)
        refuted = set(self.differs) & measured.keys() - set(wrong)
        refuted -= set(self.disputed(measured, wrong))
        for where, words in (
            (fits - same, "other is what differences find at"),
            (same, "other makes the same error at"),
            (set(wrong) - fits - same, "other differs from the gradient and from differences at"),
            (refuted, "other is wrong at"),
        ):
            if where:
                yield f"{words} {_names(sorted(where), layout)}"

    def _fits(self, i: int, mismatch: Mismatch) -> bool:
        bars = SAFETY * (mismatch.bar + self.estimate.error[i])
        return bool(abs(self.estimate.value[i] - mismatch.measured) <= bars)


def dispute(names: tuple[str, ...]) -> Explanation:
    """Returns the cause and the advice where only the two derivatives differ.

    Args:
        names: The coordinates; at least one.
    """
    where = listed([*names[:LISTED], *[""] * (len(names) - LISTED)])
    return Explanation(
        f"the gradient and other differ at {where}, by less than differences can tell",
        "Derive these again, or make f more precise.",
    )


def _names(coordinates: list[int], layout: Layout) -> str:
    names = [layout.name(i) for i in coordinates[:LISTED]]
    return listed([*names, *[""] * (len(coordinates) - len(names))])
