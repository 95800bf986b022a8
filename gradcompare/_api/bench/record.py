"""A figure as a flat record, and the file of records, one line of JSON each.

A record is written whole or not at all: a line that lacks its end is that of a process which was
killed while it wrote, and is dropped.
"""

import json
from pathlib import Path
from typing import Any, Literal, TypedDict

from ..._foundation.errors import InputError
from ..._foundation.storage.lines import append, append_line, drop_half_line, read_lines
from ..._foundation.storage.strict import read_json, require_types

FORMAT = 1
"""Version of the layout of a record."""

Status = Literal["ok", "skipped", "error"]


class Record(TypedDict):
    """One figure: a method on one objective, at one size, in one dtype, on one device.

    Times are in seconds. `low` and `high` bound the median with 95 %, and `ratio_low` and
    `ratio_high` the ratio to the time of the value that was measured by turns with it.
    `dispatch_seconds` is the median time of a program that computes nothing, and
    `yardstick_seconds` the fastest of a fixed loop, both by turns with it as well.
    """

    format: int
    objective: str
    size: int
    d: int
    method: str
    dtype: str
    device: str
    seconds: float | None
    low: float | None
    high: float | None
    compile_seconds: float | None
    first_seconds: float | None
    peak_bytes: int | None
    error: float | None
    calls: int
    status: Status
    reason: str
    fastest_seconds: float | None
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    dispatch_seconds: float | None
    fastest_dispatch_seconds: float | None
    yardstick_seconds: float | None
    spent_seconds: float | None
    seed: int
    machine: str
    version: str


IDENTITY = ("objective", "size", "method", "dtype", "device")
"""The fields by which a figure is found again in another file."""

CIRCUMSTANCES = ("seed", "machine", "version")
"""The fields that have to be equal too, if a figure is not to be measured again."""

REQUIRED = frozenset(Record.__annotations__)


def identity(record: Record) -> tuple:
    """Returns what tells a figure from all others of one run."""
    return tuple(record[field] for field in IDENTITY)


def circumstances(record: Record) -> tuple:
    """Returns what has to be equal for two records to be of the same measurement."""
    return tuple(record[field] for field in (*IDENTITY, *CIRCUMSTANCES))


def ladder(record: Record) -> tuple:
    """Returns what the figures of one method at all sizes have in common."""
    fields = [field for field in (*IDENTITY, *CIRCUMSTANCES) if field != "size"]
    return tuple(record[field] for field in fields)


def read_records(path: Path) -> list[Record]:
    """Returns the whole records of a file; the later one where a figure comes twice.

    Raises:
        InputError: if the file holds something else.
    """
    records = [_read(line, path, number) for number, line in enumerate(read_lines(path), 1)]
    return list({circumstances(record): record for record in records}.values())


def _read(line: bytes, path: Path, number: int) -> Record:
    try:
        body: Any = read_json(line)
        version = body["format"]
        if version != FORMAT:
            raise InputError(
                f"line {number} of {path} is of format {version}, this version reads {FORMAT}; "
                "measure it again"
            )
        missing = REQUIRED - body.keys()
        if missing:
            raise KeyError(*sorted(missing))
        require_types(body, Record.__annotations__)
    except InputError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(
            f"line {number} of {path} is no figure of a benchmark ({error!r}); "
            "give a file that gradcompare bench wrote"
        ) from error
    return body


class Journal:
    """The figures so far, and the file in which each one is kept as it comes."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._latest: dict[tuple, Record] = {}
        if path is None:
            return
        if path.exists():
            self._latest = {circumstances(record): record for record in read_records(path)}
            drop_half_line(path)
        else:
            append(path, b"")

    def append(self, record: Record) -> None:
        """Adds a record, and writes it before it returns."""
        if self._path is not None:
            append_line(self._path, json.dumps(record, allow_nan=False, ensure_ascii=False))
        self._latest[circumstances(record)] = record

    def like(self, record: Record) -> Record | None:
        """Returns the latest record of the same figure, if there is one."""
        return self._latest.get(circumstances(record))

    def smaller(self, record: Record) -> list[Record]:
        """Returns the records of the same method at smaller sizes, in ascending order."""
        same = [r for r in self._latest.values() if ladder(r) == ladder(record)]
        return sorted((r for r in same if r["size"] < record["size"]), key=lambda r: r["size"])
