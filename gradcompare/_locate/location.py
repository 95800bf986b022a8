"""What the search for wrong coordinates found, in numbers and in sentences."""

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float
from tabulate import tabulate

from .._foundation.serialization import Outcome
from .._foundation.wording import LISTED, listed, short, with_bar
from .._model.verdict import Explanation, Verdict

EVEN = 3.0
"""Floors within this factor of each other are told as one."""


@dataclass(frozen=True)
class Fault:
    """One coordinate that is wrong.

    Attributes:
        coordinate: Its number in the flat vector.
        name: Its name.
        given: The entry of the gradient under test.
        measured: What differences of f along this coordinate say.
        bar: The bar of the difference between the two.
    """

    coordinate: int
    name: str
    given: float
    measured: float
    bar: float

    @property
    def error(self) -> float:
        """By how much the entry given is too large."""
        return self.given - self.measured


@dataclass(frozen=True, eq=False)
class Location(Outcome):
    """Which coordinates of a gradient are wrong. `str` gives the sentences for the reader.

    Attributes:
        objective: The name of the function.
        d: The number of parameters.
        faults: The wrong coordinates found, the largest error first.
        most: So many wrong coordinates are followed.
        many: Whether there are more, and `faults` are some of them.
        failed: How many separate blocks of coordinates failed at a time, at most.
        blocks: Of how many.
        untraced: Whether the gradient is wrong along directions, and no coordinate was found
            that explains it.
        evaluations: How many values of f it took.
        directions: Along how many directions.
        tests: How many random directions in succession all other coordinates passed.
        miss_probability: With which probability at most errors of several coordinates that
            are not found hid each other, where one of them at least is above its floor. An
            error alone above its floor is never missed.
        floors: For each coordinate the error that would have been seen; infinity where that
            is more than the largest entry of the gradient, and for those among `faults`.
        scale: The largest entry of the gradient, to set the floors in relation to.
        verified: In how many of the other coordinates an error as large as the entry itself
            would have been seen.
        nonzero: Of how many of them whose entry is not zero.
        bluntest: The name of the coordinate with the largest finite floor.
        untested: How many coordinates could not be tested: their floors are infinite.
        examples: The names of some of them.
        notes: What else the reader should know.

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

    @property
    def ok(self) -> bool:
        """Whether no coordinate was found wrong, and something was verified."""
        return not (self.faults or self.many or self.untraced or self.blind)

    @property
    def blind(self) -> bool:
        """Whether not even an error as large as an entry itself would have been seen."""
        return self.verified == 0 and (self.nonzero > 0 or not math.isfinite(self.floor))

    @property
    def coordinates(self) -> dict[int, str]:
        """The wrong coordinates found, by number and name."""
        return {fault.coordinate: fault.name for fault in self.faults}

    @property
    def floor(self) -> float:
        """The detection floor: an error above it in any one tested coordinate would be seen."""
        tested = self.floors[np.isfinite(self.floors)]
        return float(np.max(tested)) if tested.size else math.inf

    def to_dict(self) -> dict[str, Any]:
        """Returns it as plain data that JSON can hold, with the median and the largest floor."""
        return super().to_dict() | {"floor": self.floor, "median_floor": _median(self.floors)}

    def __str__(self) -> str:
        lines = [*_table(self.faults), _cost(self)]
        if not (self.many or self.untraced):
            lines += _reach(self)
        said = _explanation(self)
        body = [f"  {line}" for line in [said.advice, *lines, *self.notes]]
        return "\n".join([f"{self.objective} (d = {self.d}): {said.cause}", *body])


def _explanation(found: Location) -> Explanation:
    if found.many:
        shown = found.failed > found.most
        blocks = f", {found.failed} of {found.blocks} blocks failed" if shown else ""
        return Explanation(
            f"more than {_are('coordinate', found.most)} wrong{blocks}",
            "Check it with fewer parameters, and re-derive all of it.",
        )
    if found.untraced:
        return Explanation(
            "wrong along random directions, and not all of it can be traced to a coordinate: "
            "small errors in many of them",
            "Check it with fewer parameters.",
        )
    if found.faults:
        return Explanation(
            f"{_are('coordinate', len(found.faults))} wrong", "Re-derive what is listed."
        )
    if found.blind:
        return Explanation(
            "nothing was verified: no error as large as an entry itself would have been seen",
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


def _cost(found: Location) -> str:
    return (
        f"{found.evaluations} values of f along {found.directions} directions; central "
        f"differences take {2 * found.d}"
    )


def _reach(found: Location) -> list[str]:
    """What would have been seen, and how surely."""
    others = f"the {'other ' if found.faults else ''}{'tested ' if found.untested else ''}"
    others += "coordinates"
    lines = [*_floors(found, others)]
    if math.isfinite(found.floor):
        missed, ten = short(found.miss_probability, 2), short(10.0**-found.tests, 2)
        lines.append(
            f"several errors hide one another with a probability of at most {missed}, or "
            f"{ten} where one is ten times its floor"
        )
    if found.untested and not found.blind:
        names = [*found.examples, *[""] * (found.untested - len(found.examples))]
        lines.append(
            f"not tested, as no error below the largest entry would show: {listed(names)}"
        )
    return lines


def _floors(found: Location, others: str) -> list[str]:
    if not math.isfinite(found.floor):
        return [f"no error below the largest entry would show in any of {others}"]
    typical = _median(found.floors)
    share = f", {short(found.floor / found.scale)} of the largest," if found.scale > 0 else ""
    if found.floor <= EVEN * typical:
        said = f"an error above {short(found.floor)}{share} in any one of {others}"
    else:
        said = (
            f"an error above {short(typical)} in half of {others}, and above "
            f"{short(found.floor)}{share} in any one ({found.bluntest} is the bluntest)"
        )
    lines = [f"{said} would have been seen"]
    if found.verified < found.nonzero:
        lines.append(
            f"an entry that is missing, or doubled, would have been in {found.verified} of the "
            f"{found.nonzero} that are not zero"
        )
    return lines


def _are(noun: str, count: int) -> str:
    return f"1 {noun} is" if count == 1 else f"{count} {noun}s are"


def _median(floors: Float[np.ndarray, " d"]) -> float:
    tested = floors[np.isfinite(floors)]
    return float(np.median(tested)) if tested.size else math.inf
