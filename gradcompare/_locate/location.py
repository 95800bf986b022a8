"""The result of the search for wrong coordinates, in numbers and in sentences."""

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float
from tabulate import tabulate

from .._foundation.serialization import Outcome
from .._foundation.wording import LISTED, listed, short, with_bar
from .._model.verdict import Explanation, Verdict
from .other import dispute

EVEN = 3.0
"""Largest ratio of floors that the report gives as one number."""


@dataclass(frozen=True)
class Fault:
    """One wrong coordinate.

    Attributes:
        coordinate: Its number in the flat vector.
        name: Its name.
        given: The entry of the gradient under test.
        measured: The derivative by differences of f along this coordinate.
        bar: The error bar of the difference between the two.
    """

    coordinate: int
    name: str
    given: float
    measured: float
    bar: float

    @property
    def error(self) -> float:
        """How much too large the entry of the gradient is."""
        return self.given - self.measured


@dataclass(frozen=True, eq=False)
class Location(Outcome):
    """Which coordinates of a gradient are wrong. `str` returns the report.

    Attributes:
        objective: The name of the function.
        d: The number of parameters.
        faults: The wrong coordinates, the largest error first.
        most: The largest number of wrong coordinates that the search follows.
        many: Whether there are more; `faults` then holds some of them.
        failed: The largest number of separate blocks of coordinates that failed at a time.
        blocks: The number of blocks at that time.
        untraced: Whether the gradient is wrong along a direction and no single coordinate
            explains it.
        evaluations: The number of values of f.
        directions: The number of directions.
        tests: The number of random directions in succession that all other coordinates passed.
        miss_probability: A bound of the probability that errors of several coordinates hid
            each other, where at least one of them is above its floor. A single error above
            its floor is never missed.
        floors: For each coordinate the smallest error that would have been detected; infinity
            where that is more than the largest entry of the gradient, and for those in
            `faults`.
        scale: The largest entry of the gradient; the report gives floors relative to it.
        verified: The number of other coordinates in which an error as large as the entry
            itself would have been detected.
        nonzero: The number of other coordinates whose entry is not zero.
        bluntest: The name of the coordinate with the largest finite floor.
        untested: The number of coordinates that could not be tested: their floors are infinite.
        examples: The names of some of them.
        notes: Further remarks for the reader.
        disputed: The coordinates in which `other` differs by less than differences can tell.

    Examples:
        >>> import numpy as np
        >>> import gradcompare
        >>> x0 = np.linspace(1, 2, 50)
        >>> location = gradcompare.locate(lambda x: float(x @ x), lambda x: 2 * x, x0)
        >>> location.ok, location.coordinates, location.floor < 1e-6
        (True, {}, True)
    """

    _json_option: ClassVar[str] = "--json or "

    objective: str
    d: int
    faults: tuple[Fault, ...]
    most: int
    many: bool
    failed: int
    blocks: int
    untraced: bool
    evaluations: int
    directions: int
    tests: int
    miss_probability: float
    floors: Float[np.ndarray, " d"] = field(repr=False)
    scale: float
    verified: int
    nonzero: int
    bluntest: str
    untested: int = 0
    examples: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    disputed: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether something was verified and no coordinate is wrong."""
        wrong = self.faults or self.many or self.untraced
        return not (wrong or self.blind or self.disputed)

    @property
    def blind(self) -> bool:
        """Whether even an error as large as the entry itself would have been missed."""
        return self.verified == 0 and (self.nonzero > 0 or not math.isfinite(self.floor))

    @property
    def coordinates(self) -> dict[int, str]:
        """The wrong coordinates: names by number."""
        return {fault.coordinate: fault.name for fault in self.faults}

    @property
    def floor(self) -> float:
        """The detection floor: a larger error in any one tested coordinate would be detected."""
        tested = self.floors[np.isfinite(self.floors)]
        return float(np.max(tested)) if tested.size else math.inf

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data for JSON, with the median and the largest floor."""
        return super().to_dict() | {"floor": self.floor, "median_floor": _median(self.floors)}

    def __str__(self) -> str:
        lines = [*_table(self.faults), _cost(self)]
        if not (self.many or self.untraced):
            lines += _reach(self)
        explanation = _explanation(self)
        body = [f"  {line}" for line in [explanation.advice, *lines, *self.notes]]
        return "\n".join([f"{self.objective} (d = {self.d}): {explanation.cause}", *body])


def _explanation(location: Location) -> Explanation:
    if location.many:
        shown = location.failed > location.most
        blocks = f", {location.failed} of {location.blocks} blocks failed" if shown else ""
        return Explanation(
            f"more than {_are('coordinate', location.most)} wrong{blocks}",
            "Check the gradient with fewer parameters, and re-derive all of it.",
        )
    if location.untraced:
        return Explanation(
            "wrong along random directions, but not all of the mismatch can be traced to single "
            "coordinates: small errors in many of them",
            "Check the gradient with fewer parameters.",
        )
    if location.faults:
        return Explanation(
            f"{_are('coordinate', len(location.faults))} wrong", "Re-derive what is listed."
        )
    if location.disputed:
        return dispute(location.disputed)
    if location.blind:
        return Explanation(
            "nothing was verified: even an error as large as an entry itself would be missed",
            "Give another point.",
        )
    return Explanation("no coordinate was found wrong", Verdict.AGREE.advice)


def _table(faults: tuple[Fault, ...]) -> list[str]:
    if not faults:
        return []
    rows = [
        [
            fault.name,
            f"{fault.given:.10g}",
            with_bar(fault.measured, fault.bar),
            short(fault.error),
            f"{fault.given / fault.measured:.6g}" if abs(fault.measured) > fault.bar else "",
        ]
        for fault in faults[:LISTED]
    ]
    heads = ["", "gradient", "differences", "error", "ratio"]
    lines = tabulate(rows, heads, tablefmt="plain", disable_numparse=True).splitlines()
    if len(faults) > LISTED:
        lines.append(f"and {len(faults) - LISTED} more")
    return lines


def _cost(location: Location) -> str:
    return (
        f"{location.evaluations} values of f along {location.directions} directions; central "
        f"differences take {2 * location.d}"
    )


def _reach(location: Location) -> list[str]:
    """Returns the sentences about the errors that would have been detected, and how surely."""
    others = f"the {'other ' if location.faults else ''}{'tested ' if location.untested else ''}"
    others += "coordinates"
    lines = [*_floors(location, others)]
    if math.isfinite(location.floor):
        missed, ten = short(location.miss_probability, 2), short(10.0**-location.tests, 2)
        lines.append(
            f"Several errors hide one another with a probability of at most {missed}, or "
            f"{ten} where one is ten times its floor."
        )
    if location.untested and not location.blind:
        names = [*location.examples, *[""] * (location.untested - len(location.examples))]
        lines.append(
            "Not tested, because no error below the largest entry would be detected: "
            f"{listed(names)}"
        )
    return lines


def _floors(location: Location, others: str) -> list[str]:
    if not math.isfinite(location.floor):
        return [f"No error below the largest entry would be detected in any of {others}."]
    typical = _median(location.floors)
    largest = short(location.floor)
    if location.scale > 0:
        largest += f" ({short(location.floor / location.scale)} of the largest entry)"
    if location.floor <= EVEN * typical:
        where = f"{largest} in any one of {others}"
    else:
        where = (
            f"{short(typical)} in half of {others}, and above {largest} in any one "
            f"(the largest floor is that of {location.bluntest})"
        )
    lines = [f"An error above {where} would have been detected."]
    if location.verified < location.nonzero:
        lines.append(
            f"A missing or doubled entry would have been detected in {location.verified} of the "
            f"{location.nonzero} nonzero entries."
        )
    return lines


def _are(noun: str, count: int) -> str:
    return f"1 {noun} is" if count == 1 else f"{count} {noun}s are"


def _median(floors: Float[np.ndarray, " d"]) -> float:
    tested = floors[np.isfinite(floors)]
    return float(np.median(tested)) if tested.size else math.inf
