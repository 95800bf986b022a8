"""Differentiability as it is defined: the remainder of the linear map by the gradient.

f is differentiable at x with the gradient g if |f(x + v) − f(x) − gᵀv| / ‖v‖ tends to 0 with v.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float
from tabulate import tabulate

from ..._foundation.serialization import Outcome
from ..._foundation.wording import short, with_bar
from ..._model.estimate import SAFETY
from .ladder import Ladder

ROW_EVERY = 4
"""Number of lengths from one row of the table to the next."""


@dataclass(frozen=True, eq=False)
class Remainder(Outcome):
    """The remainder of f at a point along a vector; `str` gives a table and the answer.

    Attributes:
        objective: The name of the function.
        d: The number of parameters.
        answer: `right` if the remainder tends to 0, `wrong` if it does not, `inexact` if it tends
            to less than 10⁻³ of the size of gᵀv / ‖v‖, `kink` if it tends to
            different limits for v and −v, `undecided` if noise hides the limit.
        forward: The ladder of v.
        backward: The ladder of −v; None if the domain ends there.
        second: The ladder of the second order, if a Hessian was given.
        second_answer: The answer for the Hessian; empty without one.
        scale: The typical size of the slope gᵀv / ‖v‖ over the signs of the entries of v.
        curvature: vᵀHv / (2 ‖v‖²); NaN without a Hessian.
        gradient_error: The rounding error of gᵀv / ‖v‖.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> def value(x):
        ...     return jnp.sum(x**3)
        >>> result = gradcompare.remainder(value, lambda x: 3 * x**2, [1.0, 2.0])
        >>> result.ok, round(result.slope, 2), abs(result.defect) < 1e-8
        (True, 1.0, True)
    """

    objective: str
    d: int
    answer: str
    forward: Ladder
    backward: Ladder | None
    second: Ladder | None
    second_answer: str
    scale: float
    curvature: float
    gradient_error: float

    _words: ClassVar[dict[str, str]] = {
        "right": "differentiable at x0 along v, with this gradient",
        "inexact": "this gradient is right to a few digits along v, and not further",
        "wrong": "this gradient is wrong along v",
        "kink": "f has a kink at x0 along v, and no gradient",
        "undecided": "it cannot be told, because f is too noisy along v",
    }
    _words_second: ClassVar[dict[str, str]] = {
        "right": "this Hessian is right along v",
        "wrong": "this Hessian is wrong along v",
        "undecided": "it cannot be told of the Hessian, because f is too noisy along v",
    }

    @property
    def ok(self) -> bool:
        """Whether the gradient, and the Hessian if there is one, are right along v."""
        return self.answer == "right" and self.second_answer in ("", "right")

    @property
    def steps(self) -> Float[np.ndarray, " n"]:
        """The norms of the vectors v."""
        return self.forward.steps

    @property
    def remainders(self) -> Float[np.ndarray, " n"]:
        """|f(x + v) − f(x) − gᵀv| / ‖v‖ for each."""
        return self.forward.ratios

    @property
    def slope(self) -> float:
        """The power of ‖v‖ with which the remainders fall: 1 or more with a right gradient."""
        return self.forward.slope

    @property
    def interval(self) -> tuple[float, float]:
        """The slope between its error bars."""
        return self.forward.interval

    @property
    def defect(self) -> float:
        """What the remainders tend to, with its sign: (∇f − g)ᵀv / ‖v‖ where f is smooth."""
        return self.forward.defect

    @property
    def defect_error(self) -> float:
        """The error bar of the defect."""
        return self.forward.defect_error + self.gradient_error

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data for JSON, with the slope and the defect."""
        names = ("slope", "interval", "defect", "defect_error")
        return super().to_dict() | {name: getattr(self, name) for name in names}

    def __str__(self) -> str:
        head = self._words[self.answer]
        lines = [f"{self.objective} (d = {self.d}): {head}"]
        lines += [f"  {line}" for line in _table(self.forward, "|f(x+v) − f(x) − gᵀv| / ‖v‖")]
        lines.append(f"  {_first_sentence(self)}")
        if self.second is not None:
            text = self._words_second[self.second_answer]
            lines.append(f"  {text}: {_second_sentence(self, self.second)}")
        return "\n".join(lines)


def _table(ladder: Ladder, head: str) -> list[str]:
    rows = [
        [short(step, 2), short(ratio, 3), "noise" if ratio <= bar else ""]
        for step, ratio, bar in zip(ladder.steps, ladder.ratios, ladder.bars, strict=True)
    ]
    return tabulate(
        rows[::ROW_EVERY], ["‖v‖", head, ""], "plain", disable_numparse=True
    ).splitlines()


def _fall(ladder: Ladder, extra: int = 0) -> str:
    if not np.isfinite(ladder.slope):
        return "is nowhere larger than the noise of f"
    power = f"{ladder.slope + extra:.2f} ± {short(ladder.slope_error, 1)}"
    return (
        f"falls like ‖v‖^({power}), ‖v‖ from {short(ladder.first, 2)} to {short(ladder.last, 2)}"
    )


def _first_sentence(result: Remainder) -> str:
    forward, backward = result.forward, result.backward
    limit = with_bar(abs(forward.defect), result.defect_error)
    share = f"{short(100 * abs(forward.defect) / result.scale, 2)} % of the size of gᵀv / ‖v‖"
    match result.answer:
        case "right":
            shown = SAFETY * result.defect_error
            return (
                f"The ratio {_fall(forward)}, and tends to 0: a defect above {short(shown, 2)} "
                f"would show, where gᵀv / ‖v‖ is of size {short(result.scale)}."
            )
        case "inexact" | "wrong":
            return f"The ratio tends to |(∇f − g)ᵀv| / ‖v‖ = {limit}, {share}."
        case "kink":
            assert backward is not None
            sides = [short(f.defect) for f in (forward, backward)]
            return (
                f"(f(x+v) − f(x) − gᵀv) / ‖v‖ tends to {sides[0]} for v and to {sides[1]} for −v."
            )
    return f"The ratio tends to {limit}: a smaller defect is hidden by noise."


def _second_sentence(result: Remainder, second: Ladder) -> str:
    what = "|f(x+v) − f(x) − gᵀv − vᵀHv/2|"
    limit = with_bar(abs(second.defect), second.defect_error)
    match result.second_answer:
        case "right":
            return f"{what} {_fall(second, 2)}."
        case "wrong":
            return (
                f"{what} / ‖v‖² tends to |vᵀ(∇²f − H)v| / (2 ‖v‖²) = {limit}, where "
                f"vᵀHv / (2 ‖v‖²) is {short(result.curvature)}."
            )
    if result.answer not in ("right", "inexact"):
        return "the gradient has to be right first."
    return f"{what} / ‖v‖² tends to {limit}."
