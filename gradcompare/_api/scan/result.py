"""What a scan returns: its functions, the faults of each, and their text."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from tabulate import tabulate

from ..._foundation.storage.strict import require_types
from ..._foundation.wording import short

Kind = Literal["wrong", "not finite", "relative", "extreme"]

MEANING = {
    "wrong": "the derivative is wrong",
    "not finite": "the derivative is not finite, and the true one is",
    "relative": "small beside the usual derivative, but with few or no right digits",
    "extreme": "not finite, at a number above 1e50 or below 1e-50",
}


@dataclass(frozen=True)
class Fault:
    """A derivative of a function that is not what autodiff says.

    Attributes:
        function: The name of the function.
        argument: The argument with respect to which it is differentiated.
        point: All arguments, as Python text.
        kind: `wrong`; `not finite`; `relative`, if the error is small beside the usual
            derivative of the function, and large beside the one at this point; or `extreme`, if
            it is not finite where a number is so large or small that its powers are out of range.
        autodiff: The derivative of autodiff.
        truth: The true derivative; at a kink, the closest slope of both sides.
        bar: A bound of the error of `truth`.
        absolute: The distance of the two.
        relative: The distance divided by the true derivative; infinite if that is zero.
        source: What knows the truth: a function of mpmath, the function's own program in
            mpmath, or the judge.
        cause: Why, as far as it is known.
        more: The number of further points with the same fault.
        reproducer: Three lines of Python that show it.

    Examples:
        >>> import gradcompare
        >>> scan = gradcompare.scan("jax.numpy.tanh")
        >>> fault = scan.faults[0]
        >>> fault.argument, fault.kind, fault.source
        ('x', 'relative', 'mpmath')
    """

    function: str
    argument: str
    point: str
    kind: Kind
    autodiff: float
    truth: float
    bar: float
    absolute: float
    relative: float
    source: str
    cause: str = ""
    more: int = 0
    reproducer: str = ""

    @property
    def identity(self) -> tuple[str, str, str]:
        """What tells a fault from others in a baseline: its points may differ."""
        return self.function, self.argument, self.kind

    def __str__(self) -> str:
        head = f"{self.function}({self.point}), by {self.argument}: {MEANING[self.kind]}"
        return "\n".join([head, *filter(None, [self.cause]), self.reproducer])

    @property
    def row(self) -> tuple[str, ...]:
        """The cells of a table."""
        further = f" (+{self.more})" if self.more else ""
        return (
            self.function,
            self.argument,
            f"{self.point}{further}",
            self.kind,
            f"{self.autodiff:.6g}",
            f"{self.truth:.6g} ± {short(self.bar)}",
            short(self.absolute),
            short(self.relative),
            self.source,
        )


HEADERS = (
    *("function", "argument", "point", "fault", "autodiff", "truth"),
    *("absolute", "relative", "known by"),
)


@dataclass(frozen=True)
class Entry:
    """One function of a scan.

    Attributes:
        function: Its name.
        arguments: How it was called, such as `x: scalar`; empty if it was not.
        points: The number of points at which its derivative was examined.
        confirmed: How many of them were computed with many digits, or judged.
        faults: What is wrong.
        reason: Why it was not examined; empty if it was.
        notes: What could not be examined of it.
    """

    function: str
    arguments: tuple[str, ...] = ()
    points: int = 0
    confirmed: int = 0
    faults: tuple[Fault, ...] = ()
    reason: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scan:
    """The result of a scan.

    Attributes:
        entries: The functions, in the order of the targets.
        known: The faults of the baseline, which are not counted as new.
        resumed: How many entries were in the file before.

    Examples:
        >>> import gradcompare
        >>> scan = gradcompare.scan(["jax.numpy.sin", "jax.numpy.arange"])
        >>> print(scan)
        no faults
        <BLANKLINE>
        1 function examined at ... points; 1 not examined:
          jax.numpy.arange: ...
    """

    entries: tuple[Entry, ...]
    known: frozenset[tuple[str, str, str]] = field(default=frozenset())
    resumed: int = 0

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults that the baseline does not hold."""
        every = (fault for entry in self.entries for fault in entry.faults)
        return tuple(fault for fault in every if fault.identity not in self.known)

    @property
    def skipped(self) -> tuple[Entry, ...]:
        """The functions that were not examined."""
        return tuple(entry for entry in self.entries if entry.reason)

    @property
    def ok(self) -> bool:
        """Whether there is no fault, or none that the baseline does not hold."""
        return not self.faults

    def __str__(self) -> str:
        rows = [fault.row for fault in self.faults]
        table = tabulate(rows, headers=HEADERS, disable_numparse=True) if rows else "no faults"
        meaning = [f"{kind}: {MEANING[kind]}" for kind in MEANING if any(kind in r for r in rows)]
        known = len({f.identity for e in self.entries for f in e.faults} & self.known)
        tail = [f"{known} known faults of the baseline are left out"] if known else []
        return "\n".join([table, *meaning, *tail, "", *self._counted()])

    def _counted(self) -> list[str]:
        checked = [entry for entry in self.entries if not entry.reason]
        points = sum(entry.points for entry in checked)
        plural = "" if len(checked) == 1 else "s"
        first = f"{len(checked)} function{plural} examined at {points} points"
        if not self.skipped:
            return [first]
        lines = [f"  {entry.function}: {entry.reason}" for entry in self.skipped]
        return [f"{first}; {len(lines)} not examined:", *lines]

    def to_json(self) -> str:
        """Returns one line of JSON for each function, as in the file of a scan."""
        return "".join(f"{to_line(entry)}\n" for entry in self.entries)


NUMBERS = ("autodiff", "truth", "bar", "absolute", "relative")


def to_line(entry: Entry, **circumstances: Any) -> str:
    """Returns an entry as one line of JSON; numbers that JSON lacks are text."""
    body = asdict(entry)
    for fault in body["faults"]:
        fault |= {name: repr(fault[name]) for name in NUMBERS}
    return json.dumps({**circumstances, **body}, allow_nan=False, ensure_ascii=False)


def from_line(body: dict[str, Any]) -> Entry:
    """Returns the entry that a line of JSON holds.

    Raises:
        TypeError: if the line holds something else.
    """
    require_types(body, Entry.__annotations__)
    faults = tuple(
        Fault(**{**fault, **{name: float(fault[name]) for name in NUMBERS}})
        for fault in body["faults"]
    )
    rest = {name: body[name] for name in Entry.__annotations__ if name in body}
    rest |= {name: tuple(body[name]) for name in ("arguments", "notes")}
    return Entry(**{**rest, "faults": faults})
