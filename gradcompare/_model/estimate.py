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
    """What one method says a derivative is, and how far it may be off.

    Attributes:
        value: The derivative, NumPy float64 in the structure of the parameters.
        error: The error bar of each entry of `value`, same structure, never negative.
            The true derivative is expected in `value ± error`; NaN or infinity where
            the method cannot tell.
        evaluations: How many times the objective was evaluated for it; 0 for methods
            that do not evaluate it.
        left: Where the objective has a kink, the derivative from the left; elsewhere equal
            to `value`. None where the method does not look.
        right: The same from the right.
        jumps: Where the objective jumps, so that there is no derivative; likewise.
        note: What the reader should know about how it was obtained, or nothing.
        step: The largest step that each entry rests on, or None.
        noisy: Whether the values of the objective scatter by more than rounding.

    Examples:
        >>> import numpy as np
        >>> from gradcompare import Estimate, estimate
        >>> found = estimate(lambda p: p["w"] @ p["w"], {"w": np.array([1.0, 2.0])})
        >>> found.ok, sorted(found.value), found.value["w"].shape
        (True, ['w'], (2,))
        >>> again = Estimate.from_json(found.to_json())
        >>> bool(np.all(again.error["w"] == found.error["w"]))
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

    @property
    def ok(self) -> bool:
        """Whether every entry is a number with an error bar: finite, both of them."""
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
        """The derivatives from the left and from the right; `value` twice but for kinks."""
        return (
            self.value if self.left is None else self.left,
            self.value if self.right is None else self.right,
        )

    @property
    def kinked(self) -> Bool[np.ndarray, " k"]:
        """At which coordinates the objective has a kink."""
        left, right = self.one_sided
        return (left != right) & np.isfinite(left) & np.isfinite(right)

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
        )


EPS = float(np.finfo(np.float64).eps)


SAFETY = 3.0
"""How many times the sum of two error bars two estimates may be apart."""
