"""An estimate of a derivative: values with error bars."""

from dataclasses import dataclass
from itertools import islice

import numpy as np
from jaxtyping import Bool, Float
from tabulate import tabulate

from .._foundation.layout import Layout, PyTree
from .._foundation.serialization import Outcome
from .._foundation.wording import LISTED, with_bar


@dataclass(frozen=True, eq=False)
class Estimate(Outcome):
    """One method's value of a derivative, with error bars.

    Attributes:
        value: The derivative, NumPy float64 in the structure of the parameters.
        error: The error bar of each entry of `value`, same structure, never negative.
            The true derivative is expected in `value ± error`; NaN or infinity where
            the error is unknown.
        evaluations: Number of evaluations of the objective; 0 for methods that do not
            evaluate it.
        left: The derivative from the left at a kink of the objective; elsewhere equal to
            `value`. None if the method does not look for kinks.
        right: The same from the right.
        jumps: Whether the objective jumps, so that it has no derivative; likewise None.
        note: A remark for the reader on how the estimate was obtained, or empty.
        step: The largest step behind each entry, or None.
        noisy: Whether the values of the objective scatter by more than rounding.
        around: Where `left` and `right` are the least and the greatest slope at points nearby,
            since the one-sided derivatives do not bound them; None for nowhere.

    Examples:
        >>> import numpy as np
        >>> from gradcompare import Estimate, estimate
        >>> result = estimate(lambda p: p["w"] @ p["w"], {"w": np.array([1.0, 2.0])})
        >>> result.ok, sorted(result.value), result.value["w"].shape
        (True, ['w'], (2,))
        >>> again = Estimate.from_json(result.to_json())
        >>> bool(np.all(again.error["w"] == result.error["w"]))
        True
    """

    value: PyTree
    error: PyTree
    evaluations: int = 0
    left: PyTree | None = None
    right: PyTree | None = None
    jumps: Bool[np.ndarray, " k"] | None = None
    note: str = ""
    step: Float[np.ndarray, " k"] | None = None
    noisy: bool = False
    around: Bool[np.ndarray, " k"] | None = None

    @property
    def ok(self) -> bool:
        """Whether every entry and its error bar are finite."""
        layout = Layout.of(self.value)
        return all(np.all(np.isfinite(layout.flatten(t))) for t in (self.value, self.error))

    def __str__(self) -> str:
        layout = Layout.of(self.value, root="derivative")
        bars = zip(layout.flatten(self.value), layout.flatten(self.error), strict=True)
        rows = [[layout.name(i), with_bar(*bar)] for i, bar in enumerate(islice(bars, LISTED))]
        lines = tabulate(rows, tablefmt="plain", disable_numparse=True).splitlines()
        lines += [f"and {layout.size - LISTED} more"] if layout.size > LISTED else []
        lines += [f"{self.evaluations} values of f"] if self.evaluations else []
        return "\n".join([*lines, *([self.note] if self.note else [])])

    @property
    def one_sided(self) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
        """The derivatives from the left and from the right, which differ only at kinks."""
        return (
            self.value if self.left is None else self.left,
            self.value if self.right is None else self.right,
        )

    @property
    def kinked(self) -> Bool[np.ndarray, " k"]:
        """Whether the objective has a kink, for each coordinate."""
        left, right = self.one_sided
        return (left != right) & np.isfinite(left) & np.isfinite(right)

    @property
    def largest(self) -> float:
        """The size of the largest entry."""
        return float(np.max(np.abs(self.value), initial=0.0))

    def ends(self, i: int) -> str:
        """What `left` and `right` are for one entry, in words."""
        nearby = self.around is not None and self.around[i]
        return "least | largest nearby" if nearby else "left | right"

    def unflatten(self, layout: Layout) -> "Estimate":
        """Returns the estimate with flat vectors put into the structure of the parameters."""

        def tree(vector):
            return None if vector is None else layout.unflatten(vector)

        return Estimate(
            tree(self.value),
            tree(self.error),
            self.evaluations,
            tree(self.left),
            tree(self.right),
            tree(self.jumps),
            self.note,
            tree(self.step),
            self.noisy,
            tree(self.around),
        )


EPS = float(np.finfo(np.float64).eps)

LEAST_NORMAL = float(np.finfo(np.float64).tiny)
"""The least normal number: XLA flushes what is below it to 0."""

SAFETY = 3.0
"""Largest distance of two estimates that agree, as a multiple of the sum of their error bars."""

FIRST_ORDER = 1.1 / SAFETY
"""Ratio of the error bar to a bound of displacements of first order, so that two estimates differ
if they are further apart than this bound."""
