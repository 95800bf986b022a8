"""What became slower or less accurate from one benchmark to another, and what did not.

Times are those of the fastest call, which a load of the machine disturbs least. The interval of a
ratio has three parts: how far the fastest call scatters from one process to another, the time of
an empty call, and how fast the machine was at a fixed computation. The last two were measured by
turns with the figure; a difference of theirs may or may not have reached it.
"""

from dataclasses import dataclass
from typing import Literal

from ..._foundation.wording import duration, short
from ..._results.timing import ABOVE_DISPATCH
from .record import Record, identity
from .result import Bench, shows_work
from .statistics import Interval

SCATTER = 1.08
"""Factor within which the fastest call comes again."""

LESS_ACCURATE = 3.0
"""Factor by which an error has to grow."""

ROUNDED = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
"""The unit of rounding of each dtype; errors of a few of them are all the same."""

FEW = 16
"""Number of units of rounding that are a few."""

Kind = Literal["slower", "faster", "less accurate", "more accurate", "status"]


@dataclass(frozen=True)
class Change:
    """One figure that differs.

    Attributes:
        kind: What changed.
        regression: Whether it is for the worse.
        record: The new figure.
        sentence: The numbers of both.
    """

    kind: Kind
    regression: bool
    record: Record
    sentence: str

    def __str__(self) -> str:
        r = self.record
        where = f"{r['objective']} {r['size']}, {r['method']}, {r['dtype']}, {r['device']}"
        return f"{self.kind}: {where}: {self.sentence}"


@dataclass(frozen=True)
class Changes:
    """The differences between two benchmarks.

    Attributes:
        changes: The figures that differ, regressions first.
        compared: The number of figures in both.
        missing: The number of figures that only the old one has.
        added: The number of figures that only the new one has.
    """

    changes: tuple[Change, ...]
    compared: int
    missing: int
    added: int

    @property
    def ok(self) -> bool:
        """Whether nothing became worse."""
        return not any(change.regression for change in self.changes)

    def __str__(self) -> str:
        worse = sum(change.regression for change in self.changes)
        lines = [str(change) for change in self.changes]
        total = f"{self.compared} figures compared: {worse or 'no'} regression{'s' * (worse != 1)}"
        lines.append(f"{total}, {len(self.changes) - worse} other changes")
        lines += [f"{self.missing} figures of the old file are not in the new"] * bool(
            self.missing
        )
        lines += [f"{self.added} figures of the new file are not in the old"] * bool(self.added)
        return "\n".join(lines)


def changes(old: Bench, new: Bench, *, tolerance: float = 0.1) -> Changes:
    """Compares two benchmarks figure by figure.

    Args:
        old: The figures before.
        new: The figures after.
        tolerance: The relative slowdown that does not count.
    """
    before, after = ({identity(r): r for r in b.records} for b in (old, new))
    common = [key for key in before if key in after]
    found = [
        change
        for key in common
        for change in (
            _status(before[key], after[key]),
            _time(before[key], after[key], tolerance),
            _error(before[key], after[key]),
        )
        if change is not None
    ]
    found.sort(key=lambda change: not change.regression)
    lacking = len(before) - len(common), len(after) - len(common)
    return Changes(tuple(found), len(common), *lacking)


def _status(old: Record, new: Record) -> Change | None:
    if old["status"] == new["status"]:
        return None
    # A limit of time may be reached by chance; the sizes before it show whether it was.
    regression = new["status"] == "error"
    because = f" ({new['reason']})" if new["reason"] else ""
    return Change("status", regression, new, f"{old['status']} before, {new['status']}{because}")


def _time(old: Record, new: Record, tolerance: float) -> Change | None:
    ratio = time_ratio(old, new)
    if ratio is None:
        return None
    slower, faster = ratio.low > 1 + tolerance, ratio.high < 1 / (1 + tolerance)
    if not slower and not faster:
        return None
    times = f"{duration(old['fastest_seconds'])} before, {duration(new['fastest_seconds'])} now"
    return Change("slower" if slower else "faster", slower, new, f"{ratio} times, {times}")


def time_ratio(old: Record, new: Record) -> Interval | None:
    """Returns the ratio of two times with its interval.

    None if one was not measured, or shows no more than the call. From one process to another, the
    threads of the pool take longer or shorter to wake, up to the time of an empty call.
    """
    before, now = old["fastest_seconds"], new["fastest_seconds"]
    if not before or not now or not (shows_work(old) and shows_work(new)):
        return None
    waits = max(old["dispatch_seconds"] or 0, new["dispatch_seconds"] or 0)
    machine = _quotient(new["yardstick_seconds"], old["yardstick_seconds"])
    least = max(now - waits, 0) / before / max(machine, 1)
    most = now / max(before - waits, before / ABOVE_DISPATCH) / min(machine, 1)
    return Interval(now / before, least / SCATTER, most * SCATTER)


def _quotient(new: float | None, old: float | None) -> float:
    return new / old if new and old else 1.0


def _error(old: Record, new: Record) -> Change | None:
    before, now = old["error"], new["error"]
    if before is None or now is None:
        return None
    least = FEW * ROUNDED.get(new["dtype"], 0.0)
    worse = now > max(LESS_ACCURATE * before, least)
    if not worse and not before > max(LESS_ACCURATE * now, least):
        return None
    kind: Kind = "less accurate" if worse else "more accurate"
    return Change(kind, worse, new, f"error {short(before, 2)} before, {short(now, 2)} now")
