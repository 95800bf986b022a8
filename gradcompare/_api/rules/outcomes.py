"""Results of the further checks of a rule, which are no comparisons of derivatives at points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ..._foundation.layout import Layout
from ..._foundation.user_code import Place
from ..._model.estimate import Estimate
from ..._model.finding import Finding
from ..._model.verdict import Explanation, Judgement, Verdict
from ..._results.data import PointResult
from ..._results.result import Result


@dataclass(frozen=True)
class Outcome:
    """What a further check of a rule gave.

    Attributes:
        right: What was tested and is right, for a list in a sentence.
        notes: Sentences on what could not be tested.
        results: A result for each fault.
    """

    right: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    results: tuple[Result, ...] = ()

    @classmethod
    def of(cls, what: str, results: Sequence[Result]) -> "Outcome":
        """Returns the outcome of a check of something: its faults, or that it is right."""
        return cls(results=tuple(results)) if results else cls((what,))

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(
            self.right + other.right, self.notes + other.notes, self.results + other.results
        )


def wrong(
    name: str,
    layout: Layout,
    x: Float[np.ndarray, " d"],
    columns: Mapping[str, Float[np.ndarray, " d"]],
    explanation: Explanation,
    place: Place | None,
    label: str = "x0",
) -> Result:
    """Returns the result of a rule that gives other numbers than it should.

    Args:
        name: The name of the result.
        layout: The layout of the cotangent.
        x: The primal.
        columns: The cotangent as it is and as it should be, by their names.
        explanation: The cause and the advice.
        place: Where the rule computes it.
        label: The name of the point.
    """
    (first, tested), (second, wanted) = columns.items()
    apart = np.abs(tested - wanted)
    apart = np.where(np.isfinite(apart), apart, np.inf)
    order = np.argsort(-apart, kind="stable")
    faulty = tuple(int(i) for i in order if apart[i] >= apart.max() / 2)
    finite = np.all(np.isfinite(tested))
    verdict = Verdict.ANALYTIC_WRONG if finite else Verdict.NONFINITE
    judgement = Judgement(verdict, faulty, explanation=explanation)
    zero = np.zeros(len(x))
    point = PointResult(
        label,
        x,
        float("nan"),
        judgement,
        estimates={first: Estimate(tested, zero), second: Estimate(wanted, zero)},
        sources={"analytic": first, "autodiff": second},
    )
    return Result(
        name,
        None,
        "gradient",
        d=layout.size,
        paths=layout.paths,
        shapes=layout.shapes,
        points=(point,),
        diagnosis=() if place is None else (_where(place, faulty),),
    )


def _where(place: Place, faulty: tuple[int, ...]) -> Finding:
    """Returns the finding that names the line of a rule."""
    sentence = f"computed in {place}"
    return Finding("custom rule", sentence, 0.0, "", faulty, place.file, place.line)


def failure(name: str, message: str) -> Result:
    """Returns the result of a rule that cannot be called in a way in which it should."""
    return Result(name, None, "gradient", message=message)
