"""The result of descents with several gradients, in numbers and in sentences."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float
from tabulate import tabulate

from ..._foundation.serialization import Outcome
from ..._foundation.wording import duration, short, with_bar

WORSE = 1e-3
"""Share of the decrease of f by which the gradient under test may end above the others."""


@dataclass(frozen=True, eq=False)
class Run:
    """Gradient descent with one gradient.

    Attributes:
        gradient: The method that gives the gradient.
        values: f at the iterates, from the start.
        end: The last iterate.
        evaluations: The number of values of f, without those of differences.
        length: The length of the path.
        parts_at: The number of the first iterate that is not that of the first run; None if all
            are the same.
        seconds: The time, without compilation.
        reason: Why it stopped.
    """

    gradient: str
    values: Float[np.ndarray, " n"]
    end: Float[np.ndarray, " d"]
    evaluations: int
    length: float
    parts_at: int | None
    seconds: float
    reason: str

    @property
    def iterations(self) -> int:
        """The number of steps."""
        return len(self.values) - 1

    @property
    def final(self) -> float:
        """F at the end."""
        return float(self.values[-1])


@dataclass(frozen=True, eq=False)
class Descent(Outcome):
    """Gradient descent from one point with the gradient of each source; `str` gives a table.

    Attributes:
        objective: The name of the function.
        d: The number of parameters.
        answer: What the remainder along u = −g / ‖g‖ says of the gradient, as in `remainder`; or
            `stationary` if the gradient is zero.
        slope: f′(x; u) by the gradient under test, gᵀu.
        measured: f′(x; u) as f shows it.
        measured_error: The error bar of that.
        step: The longest step tried along u over which f changes by what is predicted, to 1 %;
            NaN if there is none.
        predicted: The change of f over this step by the gradient.
        actual: The change of f.
        runs: The descents, the gradient under test first.
        missing: The sources without a gradient, and why.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> result = gradcompare.descend(lambda x: jnp.sum(x**2), lambda x: 2 * x, [1.0, 2.0])
        >>> result.ok, [run.gradient for run in result.runs]
        (True, ['analytic', 'reverse', 'central'])
    """

    objective: str
    d: int
    answer: str
    slope: float
    measured: float
    measured_error: float
    step: float
    predicted: float
    actual: float
    runs: tuple[Run, ...]
    missing: dict[str, str]

    _json_option: ClassVar[str] = "--json or "

    @property
    def ok(self) -> bool:
        """Whether −g is a direction of descent as predicted, and f ends as low as with others."""
        return self.answer in ("right", "inexact", "stationary") and self.low

    @property
    def low(self) -> bool:
        """Whether the gradient under test ends as low as the others."""
        first, *others = self.runs
        lowest = min((run.final for run in others), default=first.final)
        return first.final <= lowest + WORSE * abs(float(first.values[0]) - lowest)

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data for JSON, with the final value of each run."""
        return super().to_dict() | {"final": {run.gradient: run.final for run in self.runs}}

    def __str__(self) -> str:
        lines = [f"{self.objective} (d = {self.d}): {self._head()}", *self._slopes()]
        rows = [
            [
                run.gradient,
                str(run.iterations),
                str(run.evaluations),
                f"{run.final:.8g}",
                short(run.length),
                "" if run.parts_at is None else str(run.parts_at),
                duration(run.seconds),
                run.reason,
            ]
            for run in self.runs
        ]
        heads = ["gradient", "steps", "values", "f at the end", "path", "parts at", "time", "end"]
        lines += tabulate(rows, heads, "plain", disable_numparse=True).splitlines()
        lines += [f"{name}: not available: {reason}" for name, reason in self.missing.items()]
        return "\n  ".join(lines)

    def _head(self) -> str:
        if self.answer == "stationary":
            return "the gradient is zero at the start, or leads out of the domain"
        if self.answer in ("wrong", "kink"):
            return "f does not change along −g as the gradient predicts"
        if not self.low:
            return "with this gradient, f does not fall as far as with others"
        if self.answer == "undecided":
            return "noise hides whether f changes along −g as predicted"
        return "f falls along −g as the gradient predicts, and as far as with other gradients"

    def _slopes(self) -> list[str]:
        if self.answer == "stationary":
            return []
        lines = [
            f"f′(x; u) = {short(self.slope, 6)} for u = −g / ‖g‖; "
            f"f shows {with_bar(self.measured, self.measured_error)}."
        ]
        if np.isfinite(self.step):
            lines.append(
                f"A step of {short(self.step, 2)} changes f by {short(self.actual, 4)}; predicted "
                f"is {short(self.predicted, 4)}."
            )
        return lines
