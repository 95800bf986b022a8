"""The evidence of a diagnosis: the gradient under test and the reference at every point."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float

from ..._foundation.layout import coordinate_name
from ..._foundation.user_code import Place
from ..._model.estimate import EPS, SAFETY
from ..terms.other_data import OtherData
from ..terms.parts import Traced
from .fit import BY_CHANCE, log_chance, news


@dataclass(frozen=True, eq=False)
class Leaf:
    """One array of the parameters or of the data.

    Attributes:
        name: Its name for the reader.
        shape: Its shape.
        start: Where it starts in the flat vector of parameters; 0 for data.
        values: Its numbers, for data; empty for parameters, which differ from point to point.
    """

    name: str
    shape: tuple[int, ...]
    start: int = 0
    values: Float[np.ndarray, "..."] | None = None

    @property
    def span(self) -> slice:
        """Its slice of the flat vector of parameters."""
        return slice(self.start, self.start + math.prod(self.shape))


@dataclass(frozen=True, eq=False)
class Region:
    """The points or entries at which a branch of a choice is taken.

    Attributes:
        words: The condition, as the end of a sentence.
        place: The file and the line.
        taken: Whether each point, or each entry of the parameters, takes the branch.
        among: The coordinates, for entries; None for whole points.
    """

    words: str
    place: str
    taken: Bool[np.ndarray, "p d"]
    among: slice | None = None

    def __str__(self) -> str:
        return f"{self.words} ({self.place})" if self.place else self.words


@dataclass(frozen=True, eq=False)
class Evidence:
    """The pair (analytic, reference) at p points in d coordinates, with possible explanations.

    Attributes:
        labels: The points.
        x: The parameters.
        analytic: The gradient under test.
        analytic_bar: Its error bars.
        reference: The derivative with which it is compared.
        reference_bar: Its error bars.
        usable: Which entries can be compared: finite, no kink, and a reference that two
            sources agree on.
        slight: Where the judge attributes a mismatch to bars that are small by chance.
        paths: The names of the arrays of parameters.
        shapes: Their shapes.
        data: The arrays of the data.
        literals: The numbers in the code of the objective and its gradient, with their places.
        declarable: Whether no convention is declared, so that one may be the answer.
        settled: The coordinates that are explained already.
        traced: The reference by autodiff, part by part, where the objective can be traced.
        regions: The points or entries at which each branch is taken.
        other_data: The value and the gradient under test with other data.
        imaginary: Which coordinates are imaginary parts; None if no parameter is complex.
        rivals: The number of hypotheses that are tried on it.
    """

    labels: tuple[str, ...]
    x: Float[np.ndarray, "p d"]
    analytic: Float[np.ndarray, "p d"]
    analytic_bar: Float[np.ndarray, "p d"]
    reference: Float[np.ndarray, "p d"]
    reference_bar: Float[np.ndarray, "p d"]
    usable: Bool[np.ndarray, "p d"]
    slight: Bool[np.ndarray, "p d"]
    paths: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    data: tuple[Leaf, ...] = ()
    literals: Mapping[float, Place] = field(default_factory=dict)
    declarable: bool = True
    settled: Bool[np.ndarray, " d"] | None = None
    traced: Traced | None = None
    regions: tuple[Region, ...] = ()
    other_data: OtherData | None = None
    imaginary: Bool[np.ndarray, " d"] | None = None
    rivals: int = 1

    @property
    def d(self) -> int:
        """The number of coordinates."""
        return self.x.shape[1]

    @cached_property
    def leaves(self) -> tuple[Leaf, ...]:
        """The arrays of parameters."""
        starts = np.cumsum([0, *(math.prod(shape) for shape in self.shapes)])[:-1].tolist()
        return tuple(map(Leaf, self.paths, self.shapes, starts))

    def allowed(
        self, prediction: Float[np.ndarray, "p d"], bar: Float[np.ndarray, "p d"]
    ) -> Float[np.ndarray, "p d"]:
        """Returns how far the analytic derivative may be from a prediction with this bar."""
        return SAFETY * (self.analytic_bar + bar) + 8 * EPS * np.abs(prediction)

    def same(
        self, gradients: Float[np.ndarray, "p d"], times: float = 1
    ) -> Bool[np.ndarray, "p d"]:
        """Whether the analytic derivative equals autodiff of a changed objective or point.

        A difference of such gradients has up to three times the bar of the reference. If parts
        of it are multiplied by `times`, so is the bar.
        """
        allowed = self.allowed(gradients, 3 * times * self.reference_bar)
        return np.abs(self.analytic - gradients) <= allowed

    def convinces(
        self, explained: Bool[np.ndarray, "p d"], bar: Float[np.ndarray, "p d"], trials: float
    ) -> bool:
        """Whether a prediction without a constant explains these entries, not by chance.

        Args:
            explained: The entries that agree with the prediction.
            bar: The error bar of the prediction.
            trials: The number of predictions that were tried.
        """
        where = explained & self.wrong
        with np.errstate(all="ignore"):
            widths = self.allowed(self.analytic, bar) / np.abs(self.analytic - self.reference)
        logs = log_chance(widths, news(self.analytic - self.reference, self.usable))
        chance = float(np.sum(logs[where])) + math.log10(max(trials, 1) * self.rivals)
        return chance < math.log10(BY_CHANCE)

    @cached_property
    def wrong(self) -> Bool[np.ndarray, "p d"]:
        """The entries in which the two differ by more than their bars allow."""
        apart = np.abs(self.analytic - self.reference)
        return self.usable & (apart > self.allowed(self.reference, self.reference_bar))

    @cached_property
    def open(self) -> Bool[np.ndarray, " d"]:
        """The coordinates that are wrong at some point and not explained yet."""
        faulty = self.wrong.any(axis=0)
        return np.asarray(faulty if self.settled is None else faulty & ~self.settled)

    @cached_property
    def determined(self) -> Bool[np.ndarray, " d"]:
        """The coordinates whose derivative is larger than its bar at some point."""
        larger = self.usable & (np.abs(self.reference) > SAFETY * self.reference_bar)
        return np.asarray(larger.any(axis=0) | self.wrong.any(axis=0))

    @property
    def mismatch(self) -> float:
        """The norm of the mismatch that is not explained yet."""
        where = self.wrong & self.open
        return float(np.linalg.norm((self.analytic - self.reference)[where]))

    def without(self, coordinates: Sequence[int]) -> "Evidence":
        """Returns the evidence with these coordinates explained."""
        settled = np.zeros(self.d, bool) if self.settled is None else self.settled.copy()
        settled[list(coordinates)] = True
        return replace(self, settled=settled)

    def without_slight(self) -> "Evidence":
        """Returns the evidence with bars as large as any mismatch that may be rounding alone."""
        mismatch = np.where(self.slight, np.abs(self.analytic - self.reference), 0)
        return replace(self, analytic_bar=np.maximum(self.analytic_bar, mismatch))

    def where_wrong(self) -> "Evidence":
        """Returns the evidence without the right entries of arrays that are wrong elsewhere."""
        return replace(self, usable=self.wrong | (self.usable & ~self.tainted))

    @cached_property
    def tainted(self) -> Bool[np.ndarray, " d"]:
        """The coordinates of arrays with a fault in any entry at any point."""
        tainted = np.zeros(self.d, bool)
        for leaf in self.leaves:
            tainted[leaf.span] = self.wrong[:, leaf.span].any()
        return tainted

    def name(self, coordinate: int) -> str:
        """Returns the name of one coordinate."""
        return coordinate_name(self.paths, self.shapes, coordinate)
