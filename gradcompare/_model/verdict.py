"""The verdicts of a comparison, and the judgement at one point."""

import enum
from dataclasses import dataclass


@dataclass(frozen=True)
class Explanation:
    """The cause of a verdict, and advice.

    Attributes:
        cause: The cause: a clause that follows a colon.
        advice: The reader's next step, as a sentence.

    Examples:
        >>> from gradcompare import Verdict
        >>> print(Verdict.NONFINITE.explanation.advice)
        Move the point, or guard the operation that overflows or divides by zero.
    """

    cause: str
    advice: str

    def __str__(self) -> str:
        return f"{self.cause}. {self.advice}"


class Verdict(enum.Enum):
    """The outcome of a comparison, from the best to the worst.

    Attributes:
        code: A stable short name: `docs/my-check-failed.md` has a section for each. The first
            digit is its severity.
        ok: Whether the derivative may be used.
        explanation: The cause and the advice, which are also attributes of their own.
        rank: The position in this list, 0 for AGREE. The verdict of the worst point is that of
            the comparison.

    Examples:
        >>> from gradcompare import Verdict
        >>> Verdict.ANALYTIC_WRONG.code, Verdict.ANALYTIC_WRONG.ok
        ('GC302', False)
        >>> print(Verdict.ANALYTIC_WRONG.advice)
        Re-derive the coordinates listed.
        >>> print(Verdict.AGREE)
        AGREE (GC100): the derivatives agree within their error bars
    """

    AGREE = (
        "GC100",
        True,
        "the derivatives agree within their error bars",
        "The lines below say how small an error would have been detected.",
    )
    VALID_SUBGRADIENT = (
        "GC101",
        True,
        "the objective has a kink here, and no direction tried excludes this derivative",
        "Check at a point beside the kink too.",
    )
    INCONCLUSIVE = (
        "GC201",
        False,
        "the derivatives disagree, and it cannot be told which one is right",
        "Try another point, or look at the coordinates listed.",
    )
    VALUE_DIFFERS = (
        "GC202",
        False,
        "the derivatives agree, but the value differs from that of the reference",
        "Find out which of the two is the function that you mean.",
    )
    AUTODIFF_INEXACT = (
        "GC203",
        False,
        "automatic differentiation is right to a few digits, and not further",
        "Give accuracy= to accept them, or tighten the tolerance of f.",
    )
    ANALYTIC_INEXACT = (
        "GC204",
        False,
        "the analytic derivative is right to a few digits, and not further",
        "Give accuracy= to accept them, or tighten the tolerance of f.",
    )
    AUTODIFF_WRONG = (
        "GC301",
        False,
        "automatic differentiation is wrong here, and the other sources agree",
        "Look for a custom rule, stop_gradient, a where that hides a NaN, or a special point.",
    )
    ANALYTIC_WRONG = (
        "GC302",
        False,
        "the analytic derivative is wrong, and the other sources agree",
        "Re-derive the coordinates listed.",
    )
    BOTH_WRONG = (
        "GC303",
        False,
        "the analytic derivative and automatic differentiation make the same mistake",
        "Correct both.",
    )
    NONFINITE = (
        "GC401",
        False,
        "a value or a derivative is NaN or infinite",
        "Move the point, or guard the operation that overflows or divides by zero.",
    )
    STOCHASTIC = (
        "GC402",
        False,
        "a function gives different numbers at the same point",
        "Pass its random key or seed as data, so that every evaluation uses the same one.",
    )
    NOT_A_CHECK = (
        "GC501",
        False,
        "fewer than two independent derivatives were compared",
        "Give a gradient, or a method from another source.",
    )
    ERROR = (
        "GC502",
        False,
        "the comparison could not be carried out",
        "Correct what the message says.",
    )
    TIMEOUT = (
        "GC503",
        False,
        "the time limit ended the comparison",
        "Give more time, fewer points or a smaller problem.",
    )

    code: str
    ok: bool
    explanation: Explanation
    rank: int
    cause: str
    advice: str

    def __new__(cls, code: str, ok: bool, cause: str, advice: str) -> "Verdict":
        member = object.__new__(cls)
        member._value_ = code
        member.code, member.ok, member.rank = code, ok, len(cls.__members__)
        member.cause, member.advice = cause, advice
        member.explanation = Explanation(cause, advice)
        return member

    @property
    def title(self) -> str:
        """The name with the code, which begins a report."""
        return f"{self.name} ({self.code})"

    def __str__(self) -> str:
        return f"{self.title}: {self.cause if self.ok else self.explanation}"


WRONG = {"analytic": Verdict.ANALYTIC_WRONG, "autodiff": Verdict.AUTODIFF_WRONG}
"""The verdict that accuses each exact source alone, that under test first."""

EXACT = tuple(WRONG)

ACCUSED = {verdict: source for source, verdict in WRONG.items()}
"""The exact source that each of these verdicts accuses."""

DISPUTED = (*ACCUSED, Verdict.INCONCLUSIVE)
"""Verdicts that say that sources differ, and rest on the digits of f."""

NOTHING_VERIFIED = Explanation(
    "nothing was verified: no derivative is larger than its error bar", "Give another point."
)
"""INCONCLUSIVE because all error bars are too large."""

SAME_PROGRAM = Explanation(
    "the analytic derivative is the same program as autodiff, so it checks nothing",
    "Give gradient=None to check autodiff.",
)
"""NOT_A_CHECK because two sources are one."""

TWO_SOURCES = {
    Verdict.ANALYTIC_WRONG: Explanation(
        "the analytic derivative is not what finite differences find, and there is no third "
        "source",
        Verdict.ANALYTIC_WRONG.advice,
    ),
    Verdict.AUTODIFF_WRONG: Explanation(
        "automatic differentiation is not what finite differences find",
        Verdict.AUTODIFF_WRONG.advice,
    ),
}
"""Two verdicts that rest on only two sources."""

NO_ELEMENT = {
    verdict: Explanation(
        f"{source} no element of Clarke's generalised gradient at this kink", verdict.advice
    )
    for verdict, source in (
        (Verdict.ANALYTIC_WRONG, "the analytic derivative is"),
        (Verdict.AUTODIFF_WRONG, "automatic differentiation gives"),
        (Verdict.BOTH_WRONG, "the analytic derivative and automatic differentiation are"),
    )
}
"""Verdicts that rest on a direction at a kink."""

CORRECT_NAMED = "Correct what is named below."
"""Advice if the diagnosis names the fault of autodiff."""


@dataclass(frozen=True, eq=False)
class Judgement:
    """The verdict at one point, and its basis.

    Attributes:
        verdict: The verdict over all coordinates.
        faulty: The coordinates that caused the verdict, the worst first.
        unverified: The coordinates that finite differences could not verify.
        floor: The detection floor: an error larger than this in any one verified coordinate
            would have been detected; NaN if no coordinate was verified. Kinks are left out:
            there, more than one value is right.
        scale: The largest derivative of any coordinate, the unit of the relative floor.
        note: A remark for the reader, or empty.
        explanation: The cause and the advice here, if they are not those of the verdict.
        agrees_to: An upper bound of the error of the derivative under test that its difference
            from the reference and both bars allow: in its worst entry, relative to the largest.
        agrees_to_norm: The same in the 2-norm; along lines where only integrals tell.

    Examples:
        >>> import jax.numpy as jnp
        >>> import gradcompare
        >>> (result,) = gradcompare.check(lambda x: jnp.sum(x**2), lambda x: x, [1.0, 2.0])
        >>> judgement = result.points[0].judgement
        >>> judgement.verdict.name, judgement.faulty, judgement.relative_floor < 1e-10
        ('ANALYTIC_WRONG', (1, 0), True)
    """

    verdict: Verdict
    faulty: tuple[int, ...] = ()
    unverified: tuple[int, ...] = ()
    floor: float = float("nan")
    scale: float = float("nan")
    note: str = ""
    explanation: Explanation | None = None
    agrees_to: float = float("nan")
    agrees_to_norm: float = float("nan")

    @property
    def relative_floor(self) -> float:
        """The detection floor as a fraction of the largest derivative."""
        return self.floor / self.scale if self.scale > 0 else float("nan")
