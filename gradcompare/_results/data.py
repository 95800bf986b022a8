"""The result for one objective: the verdict at each point, and over all of them."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float

from .._foundation.layout import coordinate_name
from .._model.estimate import Estimate
from .._model.finding import Finding
from .._model.matrix_layout import Block, entry_name
from .._model.objective import Quantity
from .._model.sparse.layout import SparseBlock
from .._model.verdict import (
    CORRECT_NAMED,
    NOTHING_VERIFIED,
    TWO_SOURCES,
    Explanation,
    Judgement,
    Verdict,
)
from .branch import Branch
from .pairs import Accuracy, PairError
from .timing import Timing

BLUNT = 0.1
"""Largest error bars, relative to the derivative, at which two sources verify each other."""


@dataclass(frozen=True, eq=False)
class PointResult:
    """The result at one point.

    Attributes:
        label: The name of the point, such as `x0`.
        x: The point as a flat vector.
        value: The objective there.
        judgement: The verdict at this point.
        warnings: Reasons why it is a poor place for a comparison.
        estimates: The flat estimates, by the names of their methods.
        missing: Why each other method gave no estimate.
        sources: The method that speaks for each source.
        pairs: The differences between the methods, two by two.
        taylor: A second opinion on the gradient under test, where the verdict is not plain.
        abstains: Why this point does not vote; empty if it does.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> (result,) = gradcompare.check(lambda x: jnp.sum(x**2), lambda x: x, [1.0, 2.0])
        >>> point = result.points[0]
        >>> point.label, point.value, list(point.estimates)
        ('x0', 5.0, ['analytic', 'reverse', 'richardson'])
        >>> print(point.pair("analytic", "reverse").relative_norm)
        0.5
    """

    label: str
    x: Float[np.ndarray, " d"]
    value: float
    judgement: Judgement
    warnings: tuple[str, ...] = ()
    estimates: dict[str, Estimate] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    pairs: tuple[PairError, ...] = ()
    taylor: str = ""
    abstains: str = ""

    @property
    def votes(self) -> dict[str, Estimate]:
        """The estimate of each source that gave one."""
        named = {source: self.estimates.get(name) for source, name in self.sources.items()}
        return {source: estimate for source, estimate in named.items() if estimate is not None}

    def pair(self, first: str, second: str) -> PairError | None:
        """Returns the differences between two methods, or None if one gave no estimate."""
        return next((p for p in self.pairs if (p.first, p.second) == (first, second)), None)


@dataclass(frozen=True, eq=False)
class ResultData:
    """The result for one objective at one size, as data.

    Attributes:
        objective: The name of the objective.
        size: The size it was made with; None for a user's own point.
        quantity: The kind of derivative.
        d: The number of parameters.
        paths: The names of the arrays in the estimated derivative.
        shapes: The shapes of those arrays.
        points: The result at each point.
        timings: The running time of each method, by its name; `value` for one value.
        accuracy: In a narrower dtype, the accuracy of each method, by its name.
        notes: Further sentences for the reader.
        message: Why there is no result, or nothing.
        expected: The verdict that the objective declares.
        diagnosis: The findings about the derivative that the verdict accuses.
        has_reference: Whether the values were compared with those of a reference.
        chunk: Number of perturbed points that are evaluated together; None where they are not.
        branches: The branches of the choices in the objective and its gradient, tested or not.
        branches_unseen: Why there may be more of them, as the end of a sentence; or nothing.
        blocks: The blocks of a matrix, whose entries have a row and a column; else nothing.
        timed_out: Whether the time limit is why there is no result, but for `points` before it.
    """

    objective: str
    size: int | None
    quantity: Quantity
    d: int = 0
    paths: tuple[str, ...] = ()
    shapes: tuple[tuple[int, ...], ...] = ()
    points: tuple[PointResult, ...] = ()
    timings: dict[str, Timing] = field(default_factory=dict)
    accuracy: dict[str, Accuracy] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    message: str = ""
    expected: Verdict = Verdict.AGREE
    diagnosis: tuple[Finding, ...] = ()
    has_reference: bool = False
    chunk: int | None = None
    branches: tuple[Branch, ...] = ()
    branches_unseen: str = ""
    blocks: tuple[Block | SparseBlock, ...] = ()
    timed_out: bool = False

    @property
    def voting(self) -> tuple[PointResult, ...]:
        """The points that vote."""
        return tuple(point for point in self.points if not point.abstains)

    @property
    def verified(self) -> tuple[PointResult, ...]:
        """The points that vote, and at which finite differences verified some coordinate."""
        return tuple(point for point in self.voting if math.isfinite(point.judgement.floor))

    @property
    def drawn_alone(self) -> bool:
        """Whether the derivative is right at the point given, and at no other that votes."""
        first, *others = self.voting or (None,)
        elsewhere = self.verdict not in (Verdict.STOCHASTIC, Verdict.NONFINITE)
        if not elsewhere or first is None or not others or first is not self.points[0]:
            return False
        return first.judgement.verdict.ok and not any(p.judgement.verdict.ok for p in others)

    @property
    def agrees_to(self) -> float:
        """An upper bound of the relative error of the worst entry, at points that are verified."""
        return max((point.judgement.agrees_to for point in self.verified), default=math.nan)

    @property
    def verdict(self) -> Verdict:
        """The worst verdict over the points that vote."""
        if self.message:
            return Verdict.TIMEOUT if self.timed_out else Verdict.ERROR
        verdicts = [point.judgement.verdict for point in self.voting]
        worst = max(verdicts, key=lambda verdict: verdict.rank, default=Verdict.NOT_A_CHECK)
        if worst is Verdict.AGREE and self.sharpest is None and not self._two_exact:
            return Verdict.INCONCLUSIVE  # nothing was verified
        return worst

    @property
    def sources(self) -> dict[str, str]:
        """The method that votes for each source."""
        return self.points[0].sources if self.points else {}

    @property
    def explanation(self) -> Explanation:
        """The cause and the advice, adapted to a missing source and to large error bars."""
        verdict, point = self.verdict, self.worst
        if point is not None and point.judgement.explanation is not None:
            return point.judgement.explanation
        if verdict is Verdict.INCONCLUSIVE and self.sharpest is None:
            return NOTHING_VERIFIED
        other = {Verdict.ANALYTIC_WRONG: "autodiff", Verdict.AUTODIFF_WRONG: "analytic"}
        third = {other.get(verdict), "other"}
        alone = verdict in other and point is not None and third.isdisjoint(point.votes)
        explanation = TWO_SOURCES[verdict] if alone else verdict.explanation
        if verdict is Verdict.AUTODIFF_WRONG and self.diagnosis:
            return replace(explanation, advice=CORRECT_NAMED)
        return explanation

    @property
    def ok(self) -> bool:
        """Whether the verdict is the one that the objective declares, or both are good."""
        return self.verdict is self.expected or (self.verdict.ok and self.expected.ok)

    @property
    def as_declared(self) -> bool:
        """Whether the objective is a trap and has the bad verdict that it declares."""
        return self.ok and not self.verdict.ok

    @property
    def _two_exact(self) -> bool:
        """Whether analytic and autodiff were compared at every point, once with small bars."""
        exact = [(p.votes.get("analytic"), p.votes.get("autodiff")) for p in self.points]
        pairs = [(a, b) for a, b in exact if a is not None and b is not None]
        return len(pairs) == len(exact) and any(_verify_each_other(a, b) for a, b in pairs)

    @property
    def worst(self) -> PointResult | None:
        """The point that gave the verdict."""
        return max(self.voting, key=lambda p: p.judgement.verdict.rank, default=None)

    @property
    def sharpest(self) -> PointResult | None:
        """The point with the smallest detection floor, or None where nothing was verified."""
        return min(self.verified, key=_relative, default=None)

    @property
    def bluntest(self) -> PointResult | None:
        """The point with the largest detection floor of those at which anything was verified."""
        return max(self.verified, key=_relative, default=None)

    @property
    def unverified(self) -> tuple[int, ...]:
        """The entries that finite differences verified at no point."""
        silent = [set(point.judgement.unverified) for point in self.voting] or [set()]
        return tuple(sorted(set.intersection(*silent)))

    @property
    def entries(self) -> int:
        """The number of entries of the estimated derivative."""
        return sum(math.prod(shape) for shape in self.shapes)

    def name(self, entry: int) -> str:
        """Returns the name of one entry of the estimated derivative."""
        if self.blocks:
            return entry_name(self.blocks, entry)
        return coordinate_name(self.paths, self.shapes, entry)

    def cost_ratio(self, method: str) -> float | None:
        """Returns the time of a method divided by that of one value, or None if one is unknown."""
        if not {method, "value"} <= self.timings.keys():
            return None
        return self.timings[method].median_seconds / self.timings["value"].median_seconds


def _relative(point: PointResult) -> float:
    floor = point.judgement.relative_floor
    return floor if math.isfinite(floor) else math.inf


def _verify_each_other(a: Estimate, b: Estimate) -> bool:
    """Whether the error bars of two estimates are small in the 2-norm, without overflow."""
    largest = a.largest
    unit = largest if 0 < largest < math.inf else 1.0
    bars = np.linalg.norm(a.error / unit + b.error / unit)
    return bool(bars <= BLUNT * np.linalg.norm(a.value / unit))
