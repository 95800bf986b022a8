"""What a comparison found: the verdicts, and what one of them rests on."""

import enum
from dataclasses import dataclass


class Verdict(enum.Enum):
    """What a comparison found. `str` gives the sentence for the reader."""

    AGREE = "the derivatives agree within their error bars; nothing to do but read how far"
    VALID_SUBGRADIENT = (
        "the objective has a kink here and each entry given lies between the one-sided "
        "derivatives; check at a point beside the kink too"
    )
    INCONCLUSIVE = (
        "the derivatives do not agree and it cannot be told which is right; "
        "try another point, or look at the coordinates named"
    )
    VALUE_DIFFERS = (
        "the derivatives agree, and the value is not that of the reference; "
        "find out which of the two is the function that you mean"
    )
    AUTODIFF_WRONG = (
        "automatic differentiation is wrong here, the other sources agree; look for a custom "
        "rule, stop_gradient, a where that hides a NaN, or a special point"
    )
    ANALYTIC_WRONG = (
        "the analytic derivative is wrong, the other sources agree; "
        "re-derive the coordinates named"
    )
    NONFINITE = (
        "a value or derivative is NaN or infinite; "
        "move the point, or guard the operation that overflows or divides by zero"
    )
    STOCHASTIC = (
        "the objective gives different values at the same point; "
        "pass its random key or seed as data, so that every evaluation uses the same one"
    )
    NOT_A_CHECK = (
        "fewer than two independent derivatives were compared; "
        "give a gradient, or a method from another source"
    )
    ERROR = "the comparison could not be carried out; mend what the message says"

    def __str__(self) -> str:
        return f"{self.name} ({self.code}): {self.value}"

    @property
    def code(self) -> str:
        """A short name that stays: `docs/my-check-failed.md` has a section for each."""
        return CODES[self.name]

    @property
    def ok(self) -> bool:
        """Whether the derivative may be used: true for AGREE and VALID_SUBGRADIENT alone."""
        return self in (Verdict.AGREE, Verdict.VALID_SUBGRADIENT)

    @property
    def rank(self) -> int:
        """How bad it is, 0 for AGREE; the worst point gives its verdict to all of them."""
        return list(Verdict).index(self)


CODES = {
    "AGREE": "GC100",
    "VALID_SUBGRADIENT": "GC101",
    "INCONCLUSIVE": "GC201",
    "VALUE_DIFFERS": "GC202",
    "AUTODIFF_WRONG": "GC301",
    "ANALYTIC_WRONG": "GC302",
    "NONFINITE": "GC401",
    "STOCHASTIC": "GC402",
    "NOT_A_CHECK": "GC501",
    "ERROR": "GC502",
}
"""The code of each verdict; the first digit is its severity."""


NOTHING = "nothing was verified: no derivative is larger than its error bar; give another point"

NAMED = "mend what is named"
"""What to do where a diagnosis has found what misleads autodiff."""

ALONE = {
    Verdict.ANALYTIC_WRONG: (
        "the analytic derivative is not what finite differences find, and there is no third "
        "source; re-derive the coordinates named"
    ),
    Verdict.AUTODIFF_WRONG: (
        "automatic differentiation is not what finite differences find; look for a custom rule, "
        "stop_gradient, a where that hides a NaN, or a special point"
    ),
}
"""What two verdicts say where only two sources stood against each other."""


@dataclass(frozen=True, eq=False)
class Judgement:
    """The verdict at one point, and what it rests on.

    Attributes:
        verdict: The verdict over all coordinates.
        faulty: The coordinates that brought it about, the worst first.
        unverified: The coordinates about which finite differences had no say.
        floor: The detection floor: an error larger than this in any one verified
            coordinate would have been caught; NaN where no coordinate was verified. Kinks
            are left out: there, every value between the one-sided derivatives is right.
        scale: The largest derivative of any coordinate, to set the floor in relation to.
        note: What else the reader should know, or nothing.
    """

    verdict: Verdict
    faulty: tuple[int, ...] = ()
    unverified: tuple[int, ...] = ()
    floor: float = float("nan")
    scale: float = float("nan")
    note: str = ""

    @property
    def relative_floor(self) -> float:
        """The detection floor as a fraction of the largest derivative."""
        return self.floor / self.scale if self.scale > 0 else float("nan")
