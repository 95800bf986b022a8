"""What is known about one objective: the verdict at each point, and over all of them."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float

from .._foundation.layout import coordinate_name
from .._model.estimate import Estimate
from .._model.finding import Finding
from .._model.objective import Quantity
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
"""Two sources with larger bars than this fraction of the derivative verify nothing."""


@dataclass(frozen=True, eq=False)
class PointResult:
    """What was found at one point.

    Attributes:
        label: Which point this is.
        x: The point as a flat vector.
        value: The objective there.
        judgement: The verdict at this point.
        warnings: What makes it a poor place for a comparison.
        estimates: The flat estimate of each method that gave one, by its name.
        missing: Why each other method gave none.
        sources: The method that speaks for each source.
        pairs: How far the methods are apart, two by two.
        taylor: A second opinion on the gradient under test, where the verdict is not plain.

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
    """What was found about one objective at one size.

    Attributes:
        objective: Its name.
        size: The size it was made with; None for a user's own point.
        quantity: What was estimated.
        d: The number of parameters.
        paths: The names of the arrays that the estimated quantity consists of.
        shapes: The shapes of those arrays.
        points: What was found at each point.
        timings: How long each method takes, by its name; `value` for one value.
        accuracy: In a narrower dtype, how near each method comes to the derivative in float64.
        notes: What else the reader should know.
        message: Why there is no result, or nothing.
        expected: The verdict that the objective declares.
        diagnosis: What is wrong with the derivative that the verdict accuses.
        has_reference: Whether the values were compared with those of a reference.
        chunk: How many perturbed points are evaluated together; None where that is not so.
        branches: The branches of the choices in the objective and its gradient, tested or not.
        branches_unseen: Why there may be more of them, as the end of a sentence; or nothing.
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

    @property
    def verdict(self) -> Verdict:
        """The worst verdict over the points."""
        if self.message:
            return Verdict.ERROR
        verdicts = [point.judgement.verdict for point in self.points]
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
        """The cause and the advice, as they hold where a source is missing or all are blunt."""
        verdict, point = self.verdict, self.worst
        if verdict is Verdict.INCONCLUSIVE and self.sharpest is None:
            return NOTHING_VERIFIED
        if point is not None and point.judgement.explanation is not None:
            return point.judgement.explanation
        other = {Verdict.ANALYTIC_WRONG: "autodiff", Verdict.AUTODIFF_WRONG: "analytic"}
        alone = verdict in other and point is not None and other[verdict] not in point.votes
        explanation = TWO_SOURCES[verdict] if alone else verdict.explanation
        if verdict is Verdict.AUTODIFF_WRONG and self.diagnosis:
            return replace(explanation, advice=CORRECT_NAMED)
        return explanation

    @property
    def ok(self) -> bool:
        """Whether the verdict is what the objective declares: as a rule, that of a right one."""
        return self.verdict is self.expected or (self.verdict.ok and self.expected.ok)

    @property
    def as_declared(self) -> bool:
        """Whether the objective is a trap, and the verdict the bad one that it declares."""
        return self.ok and not self.verdict.ok

    @property
    def _two_exact(self) -> bool:
        """Whether analytic and autodiff stood against each other, with bars that say something."""
        exact = [(p.votes.get("analytic"), p.votes.get("autodiff")) for p in self.points]
        pairs = [(a, b) for a, b in exact if a is not None and b is not None]
        return len(pairs) == len(exact) and any(
            np.linalg.norm(a.error + b.error) <= BLUNT * np.linalg.norm(a.value) for a, b in pairs
        )

    @property
    def worst(self) -> PointResult | None:
        """The point that gave the verdict."""
        return max(self.points, key=lambda p: p.judgement.verdict.rank, default=None)

    @property
    def sharpest(self) -> PointResult | None:
        """The point with the smallest detection floor, or None where nothing was verified."""

        def floor(point: PointResult) -> float:
            relative = point.judgement.relative_floor
            return relative if math.isfinite(relative) else math.inf

        able = [point for point in self.points if math.isfinite(point.judgement.floor)]
        return min(able, key=floor, default=None)

    @property
    def unverified(self) -> tuple[int, ...]:
        """The entries about which finite differences had no say at any point."""
        silent = [set(point.judgement.unverified) for point in self.points]
        return tuple(sorted(set.intersection(*silent))) if silent else ()

    @property
    def entries(self) -> int:
        """How many numbers the estimated quantity consists of."""
        return sum(math.prod(shape) for shape in self.shapes)

    def name(self, entry: int) -> str:
        """Returns the name of one entry of the estimated quantity."""
        return coordinate_name(self.paths, self.shapes, entry)

    def cost_ratio(self, method: str) -> float | None:
        """The time of a method over the time of one value, or None where not both were timed."""
        if method not in self.timings or "value" not in self.timings:
            return None
        return self.timings[method].median_seconds / self.timings["value"].median_seconds
