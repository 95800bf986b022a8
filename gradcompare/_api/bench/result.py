"""`Bench`: the figures of a benchmark, with tables, growth and break-even sizes."""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tabulate import tabulate

from ..._foundation.errors import InputError
from ..._foundation.storage.whole import write_csv
from ..._foundation.wording import duration, memory, ratio, short
from ..._results.timing import ABOVE_DISPATCH
from .record import Record, ladder, read_records
from .statistics import Z, slope_interval, standard_error
from .subject import VALUE

if TYPE_CHECKING:
    import pandas  # pyright: ignore[reportMissingImports]

FEWEST = 3
"""Least number of sizes through which a slope is drawn."""

VAGUE = 1.0
"""Half the width of the interval from which on an exponent is not printed."""

PLACE = ("objective", "dtype", "device")
"""What the figures of one table have in common."""


@dataclass(frozen=True)
class Bench:
    """The figures of a benchmark; `str` gives a table for each objective.

    Attributes:
        records: One flat record for each figure: a dictionary of numbers and names.
        resumed: How many of them were in the file before.

    Examples:
        >>> import gradcompare
        >>> figures = gradcompare.bench("ridge", ["value", "reverse"], sizes=[10, 20])
        >>> isinstance(figures, gradcompare.Bench), len(figures.records), figures.resumed
        (True, 4, 0)
        >>> [field for field in figures.records[0] if field.endswith("bytes")]
        ['peak_bytes']
    """

    records: tuple[Record, ...]
    resumed: int = 0

    @classmethod
    def read(cls, file: str | PathLike[str]) -> "Bench":
        """Returns the figures in a file that `bench` wrote.

        Raises:
            InputError: if it is another file.
        """
        return cls(tuple(read_records(Path(file))))

    def to_records(self) -> list[dict[str, Any]]:
        """Returns the records as dictionaries of their own."""
        return [dict(record) for record in self.records]

    def to_pandas(self) -> "pandas.DataFrame":
        """Returns the records as a data frame of pandas.

        Raises:
            InputError: if pandas is not installed.
        """
        try:
            import pandas  # pyright: ignore[reportMissingImports]
        except ImportError as error:
            raise InputError("to_pandas needs pandas; install it, or use to_records") from error
        return pandas.DataFrame.from_records(self.to_records())

    def to_csv(self, path: str | PathLike[str]) -> None:
        """Writes the records into a file of comma-separated values, with their names on top.

        Raises:
            InputError: if the file cannot be written.
        """
        write_csv(Path(path), list(Record.__annotations__), self.records)

    def growth(self) -> list[dict[str, Any]]:
        """Returns the exponent p of time ~ d^p for each method, with its 95 % interval.

        The times are those of the fastest calls, which a load of the machine disturbs least. The
        line goes through the sizes at which they are at least three times that of an empty call.
        Methods with fewer than three such sizes are left out.

        Returns:
            Dictionaries with `objective`, `dtype`, `device`, `method`, `exponent`, `low`, `high`,
            and the number of `sizes`.
        """
        slopes = []
        for records in _grouped(self.records, ladder):
            shown = [r for r in records if shows_work(r)]
            if len({r["d"] for r in shown}) < FEWEST:
                continue
            d, seconds = (np.array([r[n] for r in shown], float) for n in ("d", "fastest_seconds"))
            slope = slope_interval(np.log(d), np.log(seconds))
            head = {name: records[0][name] for name in (*PLACE, "method")}
            ends = {"exponent": slope.value, "low": slope.low, "high": slope.high}
            slopes.append(head | ends | {"sizes": len(shown)})
        return slopes

    def break_even(self) -> list[dict[str, Any]]:
        """Returns where one method becomes cheaper than another: d with its 95 % interval.

        The times are interpolated between the two sizes, as powers of d. Both methods have to
        show their work on both sides, and the order has to be clear there.

        Returns:
            Dictionaries with `objective`, `dtype`, `device`, the method that is `cheaper` from
            there on, the one that is `dearer`, `d`, `low` and `high`.
        """
        crossings = []
        for records in _grouped(self.records, _place_of):
            head = {name: records[0][name] for name in PLACE}
            shown = [r for r in records if shows_work(r) and r["method"] != VALUE]
            methods = {
                name: {r["d"]: r for r in shown if r["method"] == name}
                for name in dict.fromkeys(r["method"] for r in shown)
            }
            for a, b in itertools.combinations(methods, 2):
                common = sorted(methods[a].keys() & methods[b].keys())
                for d in itertools.pairwise(common):
                    ends = [(methods[a][each], methods[b][each]) for each in d]
                    if found := _crossing(ends):
                        crossings.append(head | found)
        return crossings

    def __str__(self) -> str:
        return "\n\n".join(self._report(group) for group in _grouped(self.records, _place_of))

    def _report(self, records: Sequence[Record]) -> str:
        """Returns the table of one objective in one dtype on one device, and what follows."""
        first = records[0]
        head = f"{first['objective']}, {first['dtype']}, {first['device']} ({first['machine']})"
        mine = [e for e in self.growth() if _place_of(e) == _place_of(first)]
        slopes = [
            f"{e['method']} d^{e['exponent']:.2f} ± {half:.2f}"
            for e in mine
            if (half := (e["high"] - e["low"]) / 2) < VAGUE
        ]
        lines = [head, _table(records)]
        lines += [f"growth: {', '.join(slopes)}"] if slopes else []
        lines += [
            f"{e['cheaper']} costs less than {e['dearer']} from d = {e['d']:.0f} "
            f"[{e['low']:.0f}, {e['high']:.0f}]"
            for e in self.break_even()
            if _place_of(e) == _place_of(first)
        ]
        return "\n".join([*lines, *_omissions(records)])


def shows_work(record: Record) -> bool:
    """Whether the time of a figure is more than that of the call alone."""
    seconds, floor = record["fastest_seconds"], record["fastest_dispatch_seconds"]
    return bool(seconds) and seconds >= ABOVE_DISPATCH * (floor or 0.0)


def _place_of(record: Any) -> tuple:
    return tuple(record[name] for name in PLACE)


def _grouped(records: Sequence[Record], key: Any) -> Iterator[list[Record]]:
    groups: dict[tuple, list[Record]] = {}
    for record in records:
        groups.setdefault(key(record), []).append(record)
    return iter(groups.values())


def _crossing(ends: Sequence[tuple[Record, Record]]) -> dict[str, Any] | None:
    """Returns where the times of two methods cross between two sizes, if they clearly do."""
    logs = np.log([[a["seconds"] or 0, b["seconds"] or 0] for a, b in ends])
    bars = [
        math.hypot(*(standard_error(r["low"] or 0, r["high"] or 0) for r in pair)) for pair in ends
    ]
    gaps = logs[:, 0] - logs[:, 1]
    if gaps[0] * gaps[1] >= 0 or np.any(np.abs(gaps) < Z * np.array(bars)):
        return None
    (a, b), _ = ends
    methods = (a["method"], b["method"]) if gaps[1] < 0 else (b["method"], a["method"])
    start, stop = np.log([a["d"] for a, _ in ends])
    share = gaps[0] / (gaps[0] - gaps[1])
    # Near the crossing, the gap is known as well as at the ends, weighted alike.
    bar = Z * np.hypot((1 - share) * bars[0], share * bars[1]) / abs(gaps[0] - gaps[1])
    d = np.exp(start + (stop - start) * np.clip([share, share - bar, share + bar], 0, 1))
    names = ("d", "low", "high")
    return {
        "cheaper": methods[0],
        "dearer": methods[1],
        **dict(zip(names, d.tolist(), strict=True)),
    }


def _table(records: Sequence[Record]) -> str:
    methods = list(dict.fromkeys(r["method"] for r in records))
    rows = []
    for at in _grouped([r for r in records if r["status"] == "ok"], lambda r: (r["size"],)):
        cells = {r["method"]: _cells(r) for r in at}
        for kind, name in enumerate(("time", "× value", "error", "memory", "compile")):
            row = [cells[m][kind] if m in cells else "" for m in methods]
            rows.append([at[0]["d"] if kind == 0 else "", name, *row])
    heads = ["d", "", *methods]
    return tabulate(rows, heads, tablefmt="plain", disable_numparse=True, colalign=["right"])


def _cells(record: Record) -> tuple[str, ...]:
    """Returns the time, the ratio to the value, the error, the memory and the compilation."""
    times = "" if record["method"] == VALUE else _times_value(record)
    return (
        duration(record["seconds"]),
        times,
        short(record["error"], 1),
        memory(record["peak_bytes"]),
        duration(record["compile_seconds"], 2),
    )


def _times_value(record: Record) -> str:
    """Returns the ratio to the time of the value, where both show their work; else a mark."""
    seconds, factor = record["seconds"], record["ratio"]
    floor, low, high = record["dispatch_seconds"], record["ratio_low"], record["ratio_high"]
    if not (seconds and factor and low and high):
        return "~"
    # The value of the same turn took seconds / factor.
    if min(seconds, seconds / factor) < ABOVE_DISPATCH * (floor or 0.0):
        return "~"
    return f"{ratio(factor)} [{ratio(low)}, {ratio(high)}]"


def _omissions(records: Sequence[Record]) -> list[str]:
    """Returns a line on the mark in the table, and one for each reason why a figure is missing."""
    marked = any(r["status"] == "ok" and _times_value(r) == "~" for r in records)
    lines = ["~: too short beside the time of an empty call for a ratio"] if marked else []
    reasons: dict[tuple, list[Record]] = {}
    for r in records:
        if r["status"] != "ok":
            reasons.setdefault((r["method"], r["status"]), []).append(r)
    for (method, status), group in reasons.items():
        sizes = ", ".join(str(r["size"]) for r in group)
        lines.append(f"{method} {status} at size {sizes}: {group[0]['reason']}")
    return lines
